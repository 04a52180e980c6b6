"""Policies and facts from files."""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from policies.language.command_line.answers import UsageRefused
from policies.language.source import Source
from stellapolicy.kernel.canonical_json import JsonValue

STANDARD_INPUT = "-"


def read_sources(names: Sequence[str]) -> tuple[Source, ...]:
    """Return the sources of files and of the `*.stella` files of folders, each once; raises UsageRefused."""
    found: dict[str, Source] = {}
    for name in names:
        for path in _policies_at(name):
            found[path] = Source.of_bytes(path, _bytes_of(path))
    return tuple(found.values())


def _policies_at(name: str) -> list[str]:
    if name == STANDARD_INPUT or not Path(name).is_dir():
        return [name]
    inside = sorted(str(path) for path in Path(name).glob("*.stella"))
    if not inside:
        raise UsageRefused(f"{name}: no *.stella file in this folder")
    return inside


def _bytes_of(name: str) -> bytes:
    if name == STANDARD_INPUT:
        return sys.stdin.buffer.read()
    try:
        return Path(name).read_bytes()
    except OSError as failure:
        raise UsageRefused(f"{name}: {failure.strerror or 'cannot be read'}") from failure


def read_findings(name: str) -> tuple[Mapping[str, JsonValue], ...]:
    """Return the findings of a facts file: one JSON object by path, or a list of them; raises UsageRefused."""
    content = _bytes_of(name)
    try:
        document: JsonValue = json.loads(content, object_pairs_hook=_object, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as failure:
        raise UsageRefused(f"{name}: no JSON that can be read: {failure}") from failure
    findings = document if isinstance(document, list) else [document]
    if not all(isinstance(finding, Mapping) for finding in findings):
        raise UsageRefused(f"{name}: a facts file is one JSON object by path, or a list of them")
    return tuple(finding for finding in findings if isinstance(finding, Mapping))


def _object(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = next(key for number, (key, _) in enumerate(pairs) if key in dict(pairs[:number]))
        raise ValueError(f"`{twice}` is given twice")
    return found


def _refuse_constant(constant: str) -> JsonValue:
    raise ValueError(f"{constant} is not JSON")
