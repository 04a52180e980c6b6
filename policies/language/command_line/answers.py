"""What a command answers: an exit code, a text for people and a document for machines."""

import json
from dataclasses import dataclass
from enum import IntEnum

from stellapolicy.kernel.canonical_json import JsonValue


class ExitCode(IntEnum):
    """How a command ends; 1 is left to the interpreter and never returned on purpose."""

    FINE = 0
    BLOCKED = 2
    DIAGNOSTICS = 4
    FAILED_TEST = 5
    INTERNAL = 10
    USAGE = 11


@dataclass(frozen=True, slots=True)
class Answer:
    """The end of a command: `text` goes to people, `document` to machines, `complaint` to standard error."""

    code: ExitCode
    text: str
    document: JsonValue
    complaint: str = ""


class UsageRefused(Exception):  # noqa: N818 - an answer to whoever called, not an accident
    """The command was called in a way it cannot follow."""


def as_json(document: JsonValue) -> str:
    """Return a document for reading by machines and eyes: indented, keys in order."""
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
