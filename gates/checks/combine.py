"""From the results of a chain to one decision."""

from collections.abc import Sequence
from dataclasses import dataclass

from gates.checks.base import CheckKind, CheckResult, Outcome
from gates.checks.exit_codes import Decision, ExitCode, GateMode, Ruling, exit_code

EVIDENCE_PREFIX = "evidence."
"""Reasons whose code begins so say that evidence is missing or stale, not that the release is bad."""

_DECISIONS = {
    Outcome.SKIP: Decision.PASS,
    Outcome.PASS: Decision.PASS,
    Outcome.PASS_WITH_NOTE: Decision.PASS,
    Outcome.WARN: Decision.WARN,
    Outcome.BLOCK: Decision.BLOCK,
}


@dataclass(frozen=True, slots=True)
class Combined:
    """The decision of a chain: `verdict` is what the checks say, `decision` what the mode makes of it."""

    decision: Decision
    verdict: Decision
    mode: GateMode
    blocked_by: CheckKind | None
    warned_by: CheckKind | None
    with_exceptions: bool
    is_bypassed: bool
    is_evidence_only: bool

    @property
    def exit_code(self) -> ExitCode:
        """What a process ends with when its caller asked for nothing special."""
        return exit_code(self.ruling)

    @property
    def ruling(self) -> Ruling:
        """What an exit code depends on."""
        return Ruling(self.decision, self.mode, self.with_exceptions, self.is_bypassed, self.is_evidence_only)

    @property
    def wording(self) -> str:
        """The decision as one sentence, the mode's part in it included."""
        if self.verdict is Decision.BLOCK:
            return _wording_of_a_block(self)
        if self.verdict is Decision.WARN:
            applied = "exceptions applied and " if self.with_exceptions else ""
            return f"It may ship, with {applied}warnings; the first is from {self.warned_by}."
        return "It may ship, with exceptions applied." if self.with_exceptions else "It may ship."


def combine(
    results: Sequence[CheckResult],
    *,
    mode: GateMode,
    with_exceptions: bool = False,
    is_bypassed: bool = False,
) -> Combined:
    """Return the decision of these results in chain order; a chain without a single check blocks.

    INVARIANT: the verdict is the worst outcome, so that one more result never improves it.
    """
    heaviest = max((result.outcome for result in results), key=lambda outcome: outcome.rank, default=Outcome.BLOCK)
    verdict = _DECISIONS[heaviest]
    softened = verdict is Decision.BLOCK and mode is GateMode.WARN
    return Combined(
        decision=Decision.WARN if softened else verdict,
        verdict=verdict,
        mode=mode,
        blocked_by=_first(results, Outcome.BLOCK),
        warned_by=_first(results, Outcome.WARN),
        with_exceptions=with_exceptions,
        is_bypassed=is_bypassed,
        is_evidence_only=_blocks_for_evidence_only(results),
    )


def _first(results: Sequence[CheckResult], outcome: Outcome) -> CheckKind | None:
    return next((result.check for result in results if result.outcome is outcome), None)


def _blocks_for_evidence_only(results: Sequence[CheckResult]) -> bool:
    """Whether there is a block and each of its reasons is about evidence; a block without a reason is not."""
    blocking = [result for result in results if result.outcome is Outcome.BLOCK]
    return bool(blocking) and all(_is_about_evidence(result) for result in blocking)


def _is_about_evidence(result: CheckResult) -> bool:
    codes = [reason.code for reason in result.reasons if reason.outcome is Outcome.BLOCK]
    return bool(codes) and all(code.startswith(EVIDENCE_PREFIX) for code in codes)


def _wording_of_a_block(combined: Combined) -> str:
    cause = combined.blocked_by or "a chain without checks"
    if combined.is_bypassed:
        return f"Blocked by {cause}, and let through by a break-glass bypass."
    if combined.mode is GateMode.OBSERVE:
        return f"It would be blocked by {cause}; this gate only observes."
    if combined.mode is GateMode.WARN:
        return f"It would be blocked by {cause}; this gate only warns."
    return f"It may not ship: blocked by {cause}."
