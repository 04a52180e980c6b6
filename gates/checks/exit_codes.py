"""The one table of exit codes, shared by the body of a decision and the command; the CI client keeps a copy.

1 is never returned on purpose: a crash is 10 and a mistake in the arguments 11. The classic style, asked for by name,
gives 1 for a warning, as older tools do.
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import IntEnum, StrEnum


class Decision(StrEnum):
    """What a gate decides."""

    PASS = "pass"  # noqa: S105 - a decision, not a password
    WARN = "warn"
    BLOCK = "block"


class GateMode(StrEnum):
    """How much a gate holds back: observe shows, warn turns a block into a warning, enforce means it."""

    OBSERVE = "observe"
    WARN = "warn"
    ENFORCE = "enforce"


class FailOn(StrEnum):
    """What else a caller wants its pipeline to stop for."""

    WARN = "warn"
    EXCEPTIONS = "exceptions"
    BYPASS = "bypass"


class ExitStyle(StrEnum):
    """Which table the caller reads."""

    STANDARD = "standard"
    CLASSIC = "classic"


class ExitCode(IntEnum):
    """What a process that asked a gate ends with."""

    PASSED = 0
    CLASSIC_WARNED = 1
    BLOCKED = 2
    WARNED = 3
    PASSED_WITH_EXCEPTIONS = 4
    INTERNAL = 10
    USAGE = 11
    EVIDENCE_MISSING = 12
    TIMEOUT = 13
    BYPASSED = 14


@dataclass(frozen=True, slots=True)
class Ruling:
    """What an exit code depends on; `is_evidence_only` says that every reason to block is missing or stale evidence."""

    decision: Decision
    mode: GateMode
    with_exceptions: bool = False
    is_bypassed: bool = False
    is_evidence_only: bool = False


def exit_code(
    ruling: Ruling,
    *,
    fail_on: Collection[FailOn] = (),
    strict: bool = False,
    style: ExitStyle = ExitStyle.STANDARD,
) -> ExitCode:
    """Return what a process ends with after this ruling; a gate that observes never stops a pipeline."""
    if ruling.mode is GateMode.OBSERVE:
        return ExitCode.PASSED
    if ruling.is_bypassed:
        return ExitCode.BYPASSED if FailOn.BYPASS in fail_on else ExitCode.PASSED
    if ruling.decision is Decision.BLOCK:
        return ExitCode.EVIDENCE_MISSING if strict and ruling.is_evidence_only else ExitCode.BLOCKED
    if ruling.decision is Decision.WARN and (style is ExitStyle.CLASSIC or FailOn.WARN in fail_on):
        return ExitCode.CLASSIC_WARNED if style is ExitStyle.CLASSIC else ExitCode.WARNED
    excused = ruling.with_exceptions and FailOn.EXCEPTIONS in fail_on
    return ExitCode.PASSED_WITH_EXCEPTIONS if excused else ExitCode.PASSED
