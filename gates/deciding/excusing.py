"""Exceptions in the words of checks: what a finding is excused by, and how each exception stands."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from exceptions.matching.standing import StandingException
from exceptions.rules.conditions import Action, ConditionKind
from exceptions.rules.recheck import Fired
from gates.checks.base import ExceptionState, Excuse, JudgedFinding, Outcome
from policies.excepted_verdicts import Excepted
from policies.excepting import ExceptedRelease, Standing
from policies.language.types import Facts
from policies.language.verdict import Status, Verdict
from stellapolicy.kernel.clock import rfc3339
from stellapolicy.kernel.severity import Severity

MOST_SAID: Final = 20
_UNCOUNTED: Final = Verdict(Status.IGNORED, Severity.NONE, "", Status.IGNORED)


def in_words(exception: StandingException) -> str:
    """Return how a reason names an exception."""
    return f"{exception.id} ({exception.reason.value.replace('_', ' ')}) until {rfc3339(exception.expires_at)}"


def excused(raw: JudgedFinding, excepted: Excepted) -> JudgedFinding:
    """Return a finding as checks see it after exceptions; one that none covers is the very same."""
    exception = excepted.exception
    if exception is None:
        return raw
    excuse = Excuse(exception.id, in_words(exception), excepted.is_out_of_account)
    return JudgedFinding(raw.key, excepted.facts, excepted.verdict, excuse)


def for_release(one: Excepted) -> tuple[Facts, Verdict]:
    """Return a finding as release rules count it: what is out of account they do not."""
    return one.facts, _UNCOUNTED if one.is_out_of_account else one.verdict


def states(release: ExceptedRelease, keys: Sequence[str], weights: Mapping[str, Outcome]) -> tuple[ExceptionState, ...]:
    """Return how every exception stands; `weights` is the most that the checks make of each finding raw."""
    return tuple(_state(one, _relying(one, release, keys), keys, weights) for one in release.standings)


def said(fired: Iterable[Fired]) -> tuple[str, ...]:
    """Return what became true in words, each once; the list is cut where a reader gives up."""
    return tuple(sorted({one.in_words() for one in fired})[:MOST_SAID])


def is_notice(one: Fired) -> bool:
    """Whether it says no more than that the exception ends soon."""
    return one.condition.kind is ConditionKind.EXPIRY_WITHIN and one.action is Action.WARN


def _relying(standing: Standing, release: ExceptedRelease, keys: Sequence[str]) -> tuple[str, ...]:
    """Return the findings an exception decides; of one that is held, those that nothing else excuses."""
    wanted = standing.exception.id if standing.held is None else None
    winners = ((place, release.findings[place].exception) for place in standing.covered)
    return tuple(sorted(keys[place] for place, one in winners if (None if one is None else one.id) == wanted))


def _state(
    standing: Standing, relying: tuple[str, ...], keys: Sequence[str], weights: Mapping[str, Outcome]
) -> ExceptionState:
    warnings = [one for one in standing.fired if one.action is Action.WARN]
    raw = (weights.get(key, Outcome.PASS) for key in relying)
    return ExceptionState(
        id=standing.exception.id,
        findings=tuple(sorted(keys[place] for place in standing.covered)),
        relying=relying,
        weight=max(raw, key=lambda outcome: outcome.rank, default=Outcome.PASS),
        expires_at=standing.exception.expires_at,
        held=standing.held,
        grace_until=standing.grace_until,
        changes=said(one for one in standing.fired if one.action is not Action.WARN),
        warnings=said(one for one in warnings if not is_notice(one)),
        beyond=tuple(sorted(keys[place] for place in standing.beyond)),
        is_ending=any(map(is_notice, warnings)),
    )
