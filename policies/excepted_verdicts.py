"""What the effect of an exception makes of one verdict."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from exceptions.matching.standing import StandingException
from exceptions.rules.vocabulary import Effect
from policies.importers.records import FindingKind
from policies.language.program import Program
from policies.language.ruleset import AddAnnotation, AssignMeasure, ProposeException
from policies.language.types import Facts, FactValue
from policies.language.verdict import Obligation, ObligationKind, Status, Verdict
from stellapolicy.kernel.clock import rfc3339
from stellapolicy.kernel.decimals import CVSS_UNITS
from stellapolicy.kernel.severity import Severity

_PREFIX: Final = "exception."
_STATUS: Final = {
    Effect.SUPPRESS: Status.IGNORED,
    Effect.SUPPRESS_DEPRECATION: Status.IGNORED,
    Effect.SUPPRESS_LICENSE: Status.IGNORED,
    Effect.DEFER: Status.DEFERRED,
    Effect.DEFER_VENDOR: Status.DEFERRED,
    Effect.DEFER_DEFAULT: Status.DEFERRED,
    Effect.REQUIRE_CONTROL: Status.GUARDED_PASS,
}
# The worst severity and score (in tenths) that a downgraded finding may still have.
_CEILING: Final = {Effect.DOWNGRADE_LOW: (Severity.LOW, 39), Effect.DOWNGRADE_MEDIUM: (Severity.MEDIUM, 69)}
# What a rule may do about an exception without saying what becomes of the finding.
_NOTES: Final = (AddAnnotation, AssignMeasure, ProposeException)
_WORST_RANK: Final = Severity.CRITICAL.rank + 1


@dataclass(frozen=True, slots=True)
class Excepted:
    """A finding after exceptions: the facts and verdict that count, and the exception that won.

    has_spoken: the policy has rules of its own about exceptions, and its answer stands instead of the effect.
    """

    facts: Facts
    verdict: Verdict
    exception: StandingException | None = None
    has_spoken: bool = False

    @property
    def is_out_of_account(self) -> bool:
        """Whether nothing else counts the finding: its exception had its decision; a downgraded one still counts."""
        return self.exception is not None and not self.has_spoken and self.exception.effect in _STATUS


class Excepting:
    """Applies exceptions to the findings of one program.

    INVARIANT: no verdict becomes more restrictive, and no severity higher, than it was.
    """

    def __init__(self, program: Program) -> None:
        self._program = program
        self._is_told = any(path.startswith(_PREFIX) for path in program.reads)
        deciding = (rule for rule in program.rules if not all(isinstance(one, _NOTES) for one in rule.effects))
        self._deciding = frozenset(rule.name for rule in deciding)
        # A program gives equal findings the very same verdict, and so does an exception.
        self._known: dict[tuple[int, str], tuple[Verdict, Verdict]] = {}

    def apply(self, exception: StandingException, facts: Facts, raw: Verdict) -> Excepted:
        """Return what an exception makes of a finding that it covers."""
        told = {**facts, **_facts_of(exception)}
        answer = self._program.evaluate(told) if self._is_told else raw
        if answer is not raw and self._says(answer) != self._says(raw):
            return Excepted(told, _milder(answer, raw), exception, has_spoken=True)
        if exception.effect in _CEILING:
            severity, tenths = _CEILING[exception.effect]
            capped = _capped_facts(told, severity, tenths / CVSS_UNITS)
            lowered = _milder(self._program.evaluate(capped), raw)
            return Excepted(capped, replace(lowered, severity=_capped(lowered.severity, severity)), exception)
        return Excepted(told, self._with_status(answer, exception), exception)

    def _with_status(self, answer: Verdict, exception: StandingException) -> Verdict:
        key = id(answer), exception.id
        if key not in self._known:
            self._known[key] = answer, _with_status(answer, exception)
        return self._known[key][1]

    def _says(self, verdict: Verdict) -> Verdict:
        """Return what a verdict decides, without what it merely notes."""
        matched = tuple(rule for rule in verdict.matched_rules if rule in self._deciding)
        plain = replace(verdict, annotations=(), requested_exception=(), score=None, confidence=None)
        return replace(plain, matched_rules=matched)


def _facts_of(exception: StandingException) -> dict[str, FactValue]:
    """Return what a policy may know of the exception that applies."""
    return {
        "exception.applied": True,
        "exception.id": exception.id,
        "exception.effect": exception.effect.value,
        "exception.reason": exception.reason.value,
        "exception.kind": exception.kind.value,
        "exception.expires_at": exception.expires_at,
        "exception.controls": exception.controls,
    }


def _with_status(raw: Verdict, exception: StandingException) -> Verdict:
    status = _STATUS[exception.effect]
    if _weight(raw) <= (status.restrictiveness, status.restrictiveness):
        return raw
    return replace(
        raw,
        status=status,
        worst=status,
        undecided=False,
        code=None,
        required_vex=(),
        unknown_facts=(),
        obligations=tuple(sorted(_obligations(status, exception))),
    )


def _obligations(status: Status, exception: StandingException) -> Iterable[Obligation]:
    if status is Status.DEFERRED:
        return [Obligation(ObligationKind.RESOLVE_BEFORE, rfc3339(exception.expires_at))]
    if status is Status.GUARDED_PASS:
        return {Obligation(ObligationKind.KEEP_CONTROL, control) for control in exception.controls}
    return ()


def _milder(answer: Verdict, raw: Verdict) -> Verdict:
    """Return the answer where it is no more restrictive than the raw verdict, else that; severity likewise."""
    chosen = answer if _weight(answer) <= _weight(raw) else raw
    return chosen if _rank(chosen.severity) <= _rank(raw.severity) else replace(chosen, severity=raw.severity)


def _weight(verdict: Verdict) -> tuple[int, int]:
    """Return how restrictive a verdict is; one that is undecided is at least a warning."""
    own = verdict.status.restrictiveness
    return max(own, Status.WARNED.restrictiveness) if verdict.undecided else own, own


def _capped_facts(facts: Facts, severity: Severity, score: float) -> dict[str, FactValue]:
    """Return facts with severity and score no worse than these; what nobody knows might be."""
    capped = dict(facts)
    stated = facts.get("severity.normalized")
    capped["severity.normalized"] = _capped(Severity(stated) if isinstance(stated, str) else None, severity).value
    known = facts.get("cvss.score")
    if isinstance(known, int | float) and not isinstance(known, bool):
        capped["cvss.score"] = min(float(known), score)
    elif facts.get("finding.kind") == FindingKind.VULNERABILITY.value:
        capped["cvss.score"] = score
    return capped


def _capped(severity: Severity | None, ceiling: Severity) -> Severity:
    known = severity or Severity.UNKNOWN
    return known if _rank(known) <= ceiling.rank else ceiling


def _rank(severity: Severity) -> int:
    """Return how bad a severity may be: what nobody knows may be worse than the worst."""
    return _WORST_RANK if severity is Severity.UNKNOWN else severity.rank
