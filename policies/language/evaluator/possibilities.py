"""Which statuses the effects of a rule assign: one, none, or, where facts are unknown, any of several."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from policies.language.functions.quantities import microseconds
from policies.language.ruleset import (
    RUN_AT,
    AddWarning,
    AssignStatus,
    DeferUntil,
    DemandVex,
    Effect,
    EscalateTo,
    IgnoreUntil,
    StatusEffect,
    terms_of,
)
from policies.language.terms import STATEMENTS_PATH, Constant, Term
from policies.language.types import UNKNOWN, Facts, Statement
from policies.language.verdict import STATUS_WORDS, Status

ValueOf: TypeAlias = Callable[[Term], Any]  # the type of the term says what it is


@dataclass(frozen=True, slots=True)
class Possible:
    """What may be assigned: `low` is certain at least (None where it may be nothing), `high` at most.

    `least` is the least restrictive status that is assigned if any is. All three are one status where all is known.
    """

    low: Status | None = None
    high: Status | None = None
    least: Status | None = None

    @classmethod
    def certainly(cls, status: Status | None) -> "Possible":
        """Return exactly this status, or exactly nothing."""
        return cls(status, status, status)

    @classmethod
    def perhaps(cls, statuses: Sequence[Status]) -> "Possible":
        """Return that one of these statuses is assigned, or nothing."""
        ordered = sorted(statuses, key=lambda status: status.restrictiveness)
        return cls(None, ordered[-1], ordered[0]) if ordered else NOTHING

    @property
    def is_open(self) -> bool:
        """Whether unknown facts leave more than one answer."""
        return self.low is not self.high


NOTHING = Possible()


def is_static(effects: Sequence[Effect]) -> bool:
    """Whether the effects are the same for all facts."""
    return not any(_needs_facts(effect) for effect in effects)


def _needs_facts(effect: Effect) -> bool:
    if isinstance(effect, DeferUntil | DemandVex):
        return True
    if isinstance(effect, IgnoreUntil):
        return effect.until is not None
    return not all(isinstance(term, Constant) for term in terms_of(effect))


def possible(effects: Sequence[Effect], value_of: ValueOf, facts: Facts) -> Possible:
    """Return what the effects of a branch assign, given facts.

    `warn` assigns only where the other effects of the branch assign nothing.
    """
    asked = [_of_effect(effect, value_of, facts) for effect in effects if _assigns(effect)]
    found = _together(asked)
    if not any(isinstance(effect, AddWarning) for effect in effects) or found.low is not None:
        return found
    if found.high is None or found.least is None:
        return Possible.certainly(Status.WARNED)
    both = sorted((found.least, found.high, Status.WARNED), key=lambda status: status.restrictiveness)
    return Possible(both[0], both[-1], both[0])


def _assigns(effect: Effect) -> bool:
    return isinstance(effect, AssignStatus | IgnoreUntil | DeferUntil | EscalateTo | DemandVex)


def _together(asked: Sequence[Possible]) -> Possible:
    """Return what several effects assign together: the most restrictive of what they do assign."""
    lows = [one.low for one in asked if one.low is not None]
    highs = [one.high for one in asked if one.high is not None]
    leasts = [one.least for one in asked if one.least is not None]
    if not highs:
        return NOTHING
    low = max(lows, key=_rank) if lows else None
    return Possible(low, max(highs, key=_rank), low if low is not None else min(leasts, key=_rank))


def _rank(status: Status) -> int:
    return status.restrictiveness


def _of_effect(effect: Effect, value_of: ValueOf, facts: Facts) -> Possible:
    match effect:
        case AssignStatus(term, words):
            return _of_word(value_of(term), words)
        case IgnoreUntil(None):
            return Possible.certainly(Status.IGNORED)
        case IgnoreUntil(until) if until is not None:
            return _before(value_of(until), facts, Status.IGNORED, None)
        case DeferUntil(until):
            return _before(value_of(until), facts, Status.DEFERRED, Status.BLOCKED)
        case DemandVex():
            return _of_demand(effect, facts)
        case _:
            return Possible.certainly(Status.ESCALATED)


def _of_word(word: object, words: tuple[str, ...]) -> Possible:
    if isinstance(word, str) and word in STATUS_WORDS:
        return Possible.certainly(STATUS_WORDS[word])
    if isinstance(word, str):
        # No status has this name. Nobody can tell what was meant, so the worst stays possible.
        return Possible.perhaps([Status.BLOCKED])
    meant = [STATUS_WORDS.get(one) for one in words]
    statuses = list(Status) if not words else [status for status in meant if status is not None]
    return Possible.perhaps(statuses)


def _before(until: float, facts: Facts, running: Status, over: Status | None) -> Possible:
    """Return the status while `run.at` is before an instant, and the one from it on."""
    now = microseconds(facts.get(RUN_AT, UNKNOWN))
    if now < until:
        return Possible.certainly(running)
    if now >= until:
        return Possible.certainly(over)
    return Possible.perhaps([running]) if over is None else Possible(running, over, running)


def _of_demand(effect: DemandVex, facts: Facts) -> Possible:
    statements = facts.get(STATEMENTS_PATH, UNKNOWN)
    if not isinstance(statements, tuple):
        return Possible.perhaps([Status.REQUIRES_VEX])
    answers = [_meets(effect, statement) for statement in statements if not isinstance(statement, str)]
    if any(answer is True for answer in answers):
        return NOTHING
    if all(answer is False for answer in answers):
        return Possible.certainly(Status.REQUIRES_VEX)
    return Possible.perhaps([Status.REQUIRES_VEX])


def _meets(effect: DemandVex, statement: Statement) -> bool | float:
    source, justification = statement.get("source", UNKNOWN), statement.get("justification", UNKNOWN)
    by_vendor = source.lower() in effect.vendors if isinstance(source, str) else UNKNOWN
    with_reason = justification in effect.justifications if isinstance(justification, str) else UNKNOWN
    if by_vendor is False or with_reason is False:
        return False
    return True if by_vendor is True and with_reason is True else UNKNOWN


def highest(effects: Sequence[Effect]) -> Status | None:
    """Return the most restrictive status that effects could assign on any facts, None where they assign none."""
    bounds = [bound.high for bound in map(_bounds, effects) if bound.high is not None]
    return max(bounds, key=_rank) if bounds else None


def lowest(effects: Sequence[Effect]) -> Status | None:
    """Return the least restrictive status that effects could assign on any facts, None where they assign none."""
    bounds = [bound.least for bound in map(_bounds, effects) if bound.least is not None]
    return min(bounds, key=_rank) if bounds else None


_BOUNDS = {
    DeferUntil: Possible(Status.DEFERRED, Status.BLOCKED, Status.DEFERRED),
    DemandVex: Possible.perhaps([Status.REQUIRES_VEX]),
    EscalateTo: Possible.certainly(Status.ESCALATED),
    IgnoreUntil: Possible.perhaps([Status.IGNORED]),
    AddWarning: Possible.certainly(Status.WARNED),
}


def _bounds(effect: Effect) -> Possible:
    match effect:
        case AssignStatus(Constant(_, word), _):
            return Possible.certainly(STATUS_WORDS[str(word)])
        case AssignStatus(_, words):
            return _of_word(UNKNOWN, words)
        case _:
            return _BOUNDS.get(type(effect), NOTHING)


def is_only_status(effects: Sequence[Effect]) -> bool:
    """Whether effects do nothing but assign a status, so that nothing of them is left once one is assigned."""
    return all(isinstance(effect, StatusEffect) and not _speaks(effect) for effect in effects)


def _speaks(effect: Effect) -> bool:
    return isinstance(effect, AddWarning) and effect.message is not None
