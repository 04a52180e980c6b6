"""Writes exceptions in force as a document of a format."""

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from exceptions.formats import csaf, cyclonedx_writing, ndjson_writing, openvex
from exceptions.formats.forgiven import Forgiven, Issue, Written


class Format(StrEnum):
    """What exceptions are exported as."""

    NDJSON = ndjson_writing.FORMAT
    OPENVEX = openvex.FORMAT
    CSAF = csaf.FORMAT
    CYCLONEDX = cyclonedx_writing.FORMAT


_WRITERS: Final[Mapping[Format, Callable[[Iterable[Forgiven], Issue], Written]]] = MappingProxyType(
    {
        Format.NDJSON: ndjson_writing.write,
        Format.OPENVEX: openvex.write,
        Format.CSAF: csaf.write,
        Format.CYCLONEDX: cyclonedx_writing.write,
    }
)


def needs_coverage(wanted: Format) -> bool:
    """Whether a format names products, and so what exceptions cover has to be looked at first."""
    return wanted is not Format.NDJSON


def write(wanted: Format, forgiven: Iterable[Forgiven], issue: Issue) -> Written:
    """Return the document; the same exceptions as of the same instant are the same bytes."""
    return _WRITERS[wanted](forgiven, issue)
