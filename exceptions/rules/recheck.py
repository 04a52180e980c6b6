"""Whether an exception is void: today's facts against those its approvers saw. Only a change for the worse counts.

A condition that compares asks what became worse, so that an exception approved for an exploited vulnerability lives
with its exploitation. An absolute one asks what is; it may not be true already when it is approved.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final, TypeAlias

from exceptions.rules import facts
from exceptions.rules.conditions import (
    ABSOLUTE,
    AROUND,
    Action,
    Condition,
    ConditionKind,
    days,
    default_conditions,
    ordered,
    read_conditions,
)
from exceptions.rules.facts import LIKELY_EXPLOITED, NOT_SEEN, SeenFacts, Snapshot, united
from exceptions.rules.wording import size
from stellapolicy.kernel import version_ranges
from stellapolicy.kernel.clock import rfc3339
from stellapolicy.kernel.decimals import cvss_tenths, epss_units

__all__ = [
    "GRACE",
    "Action",
    "Condition",
    "ConditionKind",
    "EstateCounts",
    "Fired",
    "already_true",
    "default_conditions",
    "fired",
    "grace_left",
    "ordered",
    "read_conditions",
    "strongest",
]

GRACE: Final = timedelta(hours=72)
NO_GRACE: Final = timedelta(0)
FEWEST_MORE_ARTIFACTS: Final = 5
_NO_RANGES: Final[Mapping[str, Sequence[str]]] = MappingProxyType({})
_PERCENT = 100
_WITHOUT_GRACE = frozenset(
    {ConditionKind.KEV_LISTED, ConditionKind.KEV_IS_LISTED, ConditionKind.REACHABILITY_GAINS_PATH}
)
_ABOUT_SEVERITY = frozenset({ConditionKind.CVSS_RISES, ConditionKind.CVSS_ABOVE})


@dataclass(frozen=True, slots=True)
class EstateCounts:
    """How much an exception matches now and matched when it was approved, and how many unknowns it covers now."""

    artifacts: int
    services: int
    unknowns: int
    seen_artifacts: int
    seen_services: int


@dataclass(frozen=True, slots=True)
class Fired:
    """A condition that became true: about which row, by what change, and how long one may still rely on it."""

    condition: Condition
    action: Action
    vulnerability: str
    package: str
    before: str
    now: str
    grace: timedelta

    def in_words(self) -> str:
        """Return what happened as a sentence without its full stop."""
        subject = " in ".join(filter(None, (self.vulnerability, self.package))) or "the finding"
        sentence = _SENTENCES[self.condition.kind]
        return sentence.format(subject=subject, package=self.package or "the package", before=self.before, now=self.now)


_SENTENCES: Final[Mapping[ConditionKind, str]] = {
    ConditionKind.KEV_LISTED: "{subject} is now known to be exploited",
    ConditionKind.EPSS_RISES: "EPSS of {subject} rose to {now} ({before} when approved)",
    ConditionKind.CVSS_RISES: "severity of {subject} rose to {now} ({before} when approved)",
    ConditionKind.REACHABILITY_GAINS_PATH: "{subject} is now reachable ({before} when approved)",
    ConditionKind.FIX_APPEARS: "there is now a fix for {subject}",
    ConditionKind.VEX_WORSENS: "VEX of {subject} is now {now} ({before} when approved)",
    ConditionKind.NEW_CVE_IN_PACKAGE: "{subject} is new since the approval",
    ConditionKind.PACKAGE_VERSION_LEAVES_RANGE: "{package} is now at {now}, outside {before}",
    ConditionKind.UNKNOWNS_ABOVE: "unknown findings covered: {now}, more than {before}",
    ConditionKind.SCOPE_GREW: "it now matches {now} ({before} when approved)",
    ConditionKind.EXPIRY_WITHIN: "it ends at {now}",
    ConditionKind.EPSS_ABOVE: "EPSS of {subject} is {now} ({before} when approved)",
    ConditionKind.CVSS_ABOVE: "score of {subject} is {now} ({before} when approved)",
    ConditionKind.KEV_IS_LISTED: "{subject} is known to be exploited",
}


@dataclass(frozen=True, slots=True)
class _Pair:
    """A row of today beside what it is compared with."""

    now: SeenFacts
    before: SeenFacts
    was_seen: bool
    is_new_vulnerability: bool
    version_ranges: Sequence[str]


@dataclass(frozen=True, slots=True)
class _Rule:
    """When a condition about rows holds, and which fields of the two rows show it; none of them: their versions."""

    holds: Callable[[Condition, _Pair], bool]
    fields: tuple[str, ...] = ()


def fired(
    conditions: Iterable[Condition],
    *,
    seen: Sequence[SeenFacts],
    now: Sequence[SeenFacts],
    environment: str = "",
    estate: EstateCounts | None = None,
    around: Sequence[SeenFacts] | None = None,
    known: Sequence[SeenFacts] = (),
    ranges: Mapping[str, Sequence[str]] = _NO_RANGES,
    expires_at: datetime,
    at: datetime,
) -> tuple[Fired, ...]:
    """Return every condition that is true, the strongest first, in a total order.

    A condition with environments fires only where `environment` is one of them. Without counts of the estate nothing
    is said of its size. What is asked about packages as such looks at `around` (without it, at `now`), of which `known`
    was there besides what was seen; `ranges` gives their version ranges in scope, without which no version leaves one.
    """
    pairs = _pairs(now, seen, _NO_RANGES)
    wide = _pairs(now if around is None else around, [*seen, *known], ranges)
    found = [
        one
        for condition in ordered(conditions)
        if not condition.environments or environment in condition.environments
        for one in (
            *_about_rows(condition, wide if condition.kind in AROUND else pairs),
            *_about_the_rest(condition, estate, expires_at, at),
        )
    ]
    return tuple(sorted(found, key=_strongest_first))


def strongest(several: Iterable[Fired]) -> Action | None:
    """Return the strongest action that is asked for."""
    return max((one.action for one in several), key=lambda action: action.rank, default=None)


def grace_left(several: Iterable[Fired]) -> timedelta:
    """Return how long an exception goes on applying: the shortest grace of those that do more than warn."""
    return min((one.grace for one in several if one.action is not Action.WARN), default=GRACE)


def already_true(conditions: Iterable[Condition], *, seen: Sequence[SeenFacts]) -> tuple[Condition, ...]:
    """Return the absolute conditions that are true of what is seen at approval: they could never become so."""
    snapshot = Snapshot(seen)
    pairs = [_pair(row, snapshot, _NO_RANGES) for row in snapshot.rows]
    return tuple(
        condition
        for condition in ordered(conditions)
        if condition.kind in ABSOLUTE and any(_RULES[condition.kind].holds(condition, pair) for pair in pairs)
    )


def _pairs(rows: Iterable[SeenFacts], seen: Sequence[SeenFacts], ranges: Mapping[str, Sequence[str]]) -> list[_Pair]:
    snapshot = Snapshot(seen)
    return [_pair(row, snapshot, ranges) for row in united(rows)]


def _pair(row: SeenFacts, snapshot: Snapshot, ranges: Mapping[str, Sequence[str]]) -> _Pair:
    return _Pair(
        now=row,
        before=snapshot.before(row),
        was_seen=snapshot.row_of(row) is not None,
        is_new_vulnerability=bool(row.vulnerability) and not snapshot.knows(row.vulnerability),
        version_ranges=ranges.get(row.package, ()),
    )


def _about_rows(condition: Condition, pairs: Iterable[_Pair]) -> Iterator[Fired]:
    rule = _RULES.get(condition.kind)
    if rule is None:
        return
    for pair in pairs:
        if rule.holds(condition, pair):
            before, now = _shown(rule, pair)
            yield Fired(condition, condition.action, *pair.now.key, before, now, _grace(condition, pair))


def _shown(rule: _Rule, pair: _Pair) -> tuple[str, str]:
    if not rule.fields:
        return " or ".join(pair.version_ranges), facts.in_words(pair.now, "versions")
    before, now = (" ".join(facts.in_words(row, field) for field in rule.fields) for row in (pair.before, pair.now))
    return before if pair.was_seen else NOT_SEEN, now


def _about_the_rest(
    condition: Condition, estate: EstateCounts | None, expires_at: datetime, at: datetime
) -> Iterator[Fired]:
    """Yield what is true of counts and the calendar."""
    match condition.kind, estate:
        case ConditionKind.EXPIRY_WITHIN, _:
            if at >= expires_at - days(condition.limit):
                yield _of_no_row(condition, before="", now=rfc3339(expires_at))
        case ConditionKind.UNKNOWNS_ABOVE, EstateCounts(unknowns=unknowns):
            if unknowns > int(condition.limit):
                yield _of_no_row(condition, before=condition.limit, now=str(unknowns))
        case ConditionKind.SCOPE_GREW, EstateCounts() as counts:
            if _grew(counts, percent=int(condition.limit)):
                before = size(counts.seen_artifacts, counts.seen_services)
                yield _of_no_row(condition, before=before, now=size(counts.artifacts, counts.services))


def _of_no_row(condition: Condition, *, before: str, now: str) -> Fired:
    return Fired(condition, condition.action, "", "", before, now, _grace(condition, None))


def _grew(counts: EstateCounts, *, percent: int) -> bool:
    """Whether there is any new service, or more artifacts than chance brings: by share and by number."""
    more = counts.artifacts - counts.seen_artifacts
    by_share = more * _PERCENT > percent * counts.seen_artifacts
    return counts.services > counts.seen_services or (more >= FEWEST_MORE_ARTIFACTS and by_share)


def _grace(condition: Condition, pair: _Pair | None) -> timedelta:
    """Return 72 hours; none for a block, a KEV listing, a path to the code, and a severity risen to critical."""
    if condition.action is Action.BLOCK or condition.kind in _WITHOUT_GRACE:
        return NO_GRACE
    if pair and condition.kind in _ABOUT_SEVERITY and facts.becomes_critical(pair.before, pair.now):
        return NO_GRACE
    return GRACE


_Order: TypeAlias = tuple[int, tuple[int, int, str, tuple[str, ...]], str, str]


def _strongest_first(one: Fired) -> _Order:
    return -one.action.rank, one.condition.order, one.vulnerability, one.package


def _epss_rises(condition: Condition, pair: _Pair) -> bool:
    before, now = pair.before.epss or 0, pair.now.epss or 0
    return now - before >= epss_units(condition.limit) or before < LIKELY_EXPLOITED <= now


def _cvss_rises(condition: Condition, pair: _Pair) -> bool:
    rise = facts.score_rise(pair.before.cvss, pair.now.cvss)
    return rise >= cvss_tenths(condition.limit) or facts.severity_rises(pair.before, pair.now)


def _leaves_range(_condition: Condition, pair: _Pair) -> bool:
    """Whether no version of today is in a range in scope, and one was not known; one that cannot be read is in none."""
    if not pair.version_ranges or set(pair.now.versions) <= set(pair.before.versions):
        return False
    return not any(
        version_ranges.contains(spoken, version) for version in pair.now.versions for spoken in pair.version_ranges
    )


_RULES: Final[Mapping[ConditionKind, _Rule]] = {
    ConditionKind.KEV_LISTED: _Rule(lambda _, pair: facts.is_newly_listed(pair.before, pair.now), ("kev",)),
    ConditionKind.EPSS_RISES: _Rule(_epss_rises, ("epss",)),
    ConditionKind.CVSS_RISES: _Rule(_cvss_rises, ("severity", "cvss")),
    ConditionKind.REACHABILITY_GAINS_PATH: _Rule(
        lambda _, pair: facts.is_newly_reachable(pair.before, pair.now), ("reachability",)
    ),
    ConditionKind.FIX_APPEARS: _Rule(lambda _, pair: facts.fix_appeared(pair.before, pair.now), ("fix",)),
    ConditionKind.VEX_WORSENS: _Rule(lambda _, pair: facts.vex_worsened(pair.before, pair.now), ("vex",)),
    ConditionKind.NEW_CVE_IN_PACKAGE: _Rule(lambda _, pair: pair.is_new_vulnerability, ("severity",)),
    ConditionKind.PACKAGE_VERSION_LEAVES_RANGE: _Rule(_leaves_range),
    ConditionKind.EPSS_ABOVE: _Rule(
        lambda condition, pair: (pair.now.epss or 0) > epss_units(condition.limit), ("epss",)
    ),
    ConditionKind.CVSS_ABOVE: _Rule(
        lambda condition, pair: (pair.now.cvss or 0) > cvss_tenths(condition.limit), ("cvss",)
    ),
    ConditionKind.KEV_IS_LISTED: _Rule(lambda _, pair: pair.now.kev is True, ("kev",)),
}
