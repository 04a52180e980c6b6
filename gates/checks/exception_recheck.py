"""exception_recheck: what exceptions rest on, as it is today; one that is void covers nothing."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from gates.checks.base import CheckInput, CheckKind, CheckResult, ExceptionState, Outcome, Reason, Tier
from policies.excepting import Held
from stellapolicy.kernel.clock import rfc3339

_ANEW = "Ask for the exception to be approved anew on the facts of today, or remove what it covers."
_GONE = {
    Held.GRACE_OVER: "it had to be approved anew and was not in time",
    Held.REAPPROVAL: "it must be approved anew first",
    Held.REVOKED: "that revokes it",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExceptionRecheckOptions:
    """What fires, and what that asks for, each exception says itself."""


def defaults(_tier: Tier) -> ExceptionRecheckOptions:
    """Return the shipped options, which are the same everywhere."""
    return ExceptionRecheckOptions()


def check(subject: CheckInput, _options: ExceptionRecheckOptions) -> CheckResult:
    """Say what is wrong with each exception that covers a finding.

    Only a condition whose approvers asked for a block holds back what would ship without the exception: anything else
    weighs no more than what relies on it does raw.
    """
    reasons = [reason for one in subject.exceptions for reason in _reasons(one)]
    return CheckResult.because(CheckKind.EXCEPTION_RECHECK, reasons)


def _reasons(one: ExceptionState) -> Iterator[Reason]:
    match one.held:
        case Held.BLOCKED:
            yield _reason(one, "exception.blocks", f"{_changes(one)}; what it covers waits for a decision", blocks=True)
        case Held.GRACE_OVER | Held.REAPPROVAL | Held.REVOKED:
            yield _reason(one, f"exception.{one.held}", f"does not apply, {_GONE[one.held]}{_why(one)}")
        case Held.NOT_BEGUN | Held.ENDED:
            yield _reason(one, f"exception.{one.held}", "does not apply at this instant", is_note=True)
        case None:
            yield from _of_applying(one)


def _of_applying(one: ExceptionState) -> Iterator[Reason]:
    if one.grace_until is not None:
        until = f"applies until {rfc3339(one.grace_until)} only, then it must have been approved anew{_why(one)}"
        yield _reason(one, "exception.in_grace", until)
    for warning in one.warnings:
        yield _reason(one, "exception.warning", warning)
    if one.beyond:
        words = f"does not apply to {len(one.beyond)} of its findings, worse than what its approvers looked at"
        yield replace(_reason(one, "exception.beyond", words, is_note=True), findings=one.beyond, fix=_ANEW)
    if one.is_ending:
        yield _reason(one, "exception.ending", f"ends at {rfc3339(one.expires_at)}", is_note=True)


def _reason(one: ExceptionState, code: str, words: str, *, blocks: bool = False, is_note: bool = False) -> Reason:
    outcome = min(Outcome.PASS_WITH_NOTE if is_note else Outcome.WARN, _most(one), key=lambda found: found.rank)
    return Reason(
        code=code,
        text=f"{one.id} {words}.",
        outcome=Outcome.BLOCK if blocks else outcome,
        value=len(one.findings if blocks else one.relying),
        threshold=rfc3339(one.grace_until or one.expires_at),
        findings=one.findings if blocks else one.relying,
        evidence=(one.id,),
        fix=None if is_note else _ANEW,
    )


def _most(one: ExceptionState) -> Outcome:
    """Return the most that the state of an exception may weigh; to be told of it is always in order."""
    return max(Outcome.PASS_WITH_NOTE, one.weight, key=lambda found: found.rank)


def _changes(one: ExceptionState) -> str:
    return f"must be decided again: {'; '.join(one.changes)}" if one.changes else "must be decided again"


def _why(one: ExceptionState) -> str:
    return f": {'; '.join(one.changes)}" if one.changes else ""
