"""Reads a file of exceptions, whatever it is: the format is known by what is in it, never asked for."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from exceptions.formats import (
    cyclonedx,
    defectdojo,
    dependency_track,
    grype,
    ndjson,
    trivyignore,
    trivyignore_yaml,
)
from exceptions.formats.content import json_of, text_of
from exceptions.formats.nodes import Node, refused
from exceptions.formats.values import Defaults, ReadFile
from exceptions.formats.yaml_nodes import yaml_of

KNOWN: Final = (
    ndjson.TITLE + f" ({ndjson.FORMAT})",
    trivyignore.TITLE,
    trivyignore_yaml.TITLE,
    grype.TITLE,
    dependency_track.TITLE,
    cyclonedx.TITLE,
    defectdojo.TITLE,
)
_MEMBER = re.compile(r"(?m)^(?:---|\"?[A-Za-z_][\w-]*\"?:(?:[ \t]|\r?$))")


class _Read(Protocol):
    def __call__(self, root: Node, *, filename: str, defaults: Defaults) -> ReadFile:
        """Return the drafts."""
        ...


@dataclass(frozen=True, slots=True)
class _Format:
    looks_like: Callable[[Node], bool]
    read: _Read


# Grype and Trivy write YAML, of which JSON is a part.
_TREES: Final = (
    _Format(trivyignore_yaml.looks_like, trivyignore_yaml.read),
    _Format(grype.looks_like, grype.read),
    _Format(dependency_track.looks_like, dependency_track.read),
    _Format(cyclonedx.looks_like, cyclonedx.read),
    _Format(defectdojo.looks_like, defectdojo.read),
)


def read_exceptions(content: bytes, *, filename: str, defaults: Defaults) -> ReadFile:
    """Return the drafts of a file; raises ImportRefused with every mistake at its line or JSON Pointer.

    The name of the file says nothing about its format; it is told to whoever decides.
    """
    text = text_of(content)
    begins = text.lstrip()[:1]
    if ndjson.looks_like(text):
        return ndjson.read(text, filename=filename, defaults=defaults)
    if begins in ("{", "["):
        return _tree(json_of(text), filename=filename, defaults=defaults)
    if not _MEMBER.search(text) and trivyignore.looks_like(text):
        return trivyignore.read(text, filename=filename, defaults=defaults)
    if _MEMBER.search(text):
        return _tree(yaml_of(text), filename=filename, defaults=defaults)
    raise _unknown()


def _tree(root: Node, *, filename: str, defaults: Defaults) -> ReadFile:
    for one in _TREES:
        if one.looks_like(root):
            return one.read(root, filename=filename, defaults=defaults)
    raise _unknown()


def _unknown() -> Exception:
    return refused("", "format_unknown", f"the format is not known; what is read: {'; '.join(KNOWN)}")
