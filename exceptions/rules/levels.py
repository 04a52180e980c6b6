"""How many people must agree: the level that an exception needs by what it covers, computed in steps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from exceptions.rules.facts import LIKELY_EXPLOITED, SeenFacts, in_words
from exceptions.rules.level_table import (
    PRESETS,
    SEAT_ROLES,
    SMALL_TEAM,
    STANDARD,
    LevelRule,
    SeatRule,
    longest,
    read_levels,
    write_levels,
)
from exceptions.rules.vocabulary import Level
from exceptions.rules.wording import size
from stellapolicy.kernel.severity import RANKS, Severity

__all__ = [
    "PRESETS",
    "SEAT_ROLES",
    "SMALL_TEAM",
    "STANDARD",
    "Breadth",
    "Judged",
    "LevelRule",
    "SeatRule",
    "Step",
    "level_of",
    "longest",
    "read_levels",
    "write_levels",
]

MANY_ARTIFACTS: Final = 25
MANY_SERVICES: Final = 3
_LEVELS: Final = tuple(Level)
_LOWEST, _HIGHEST = 1, len(_LEVELS) - 1
# INVARIANT: what nobody rated, and what nobody has looked at, counts as critical.
_BASE: Final[Mapping[Severity, int]] = {
    Severity.NONE: 0,
    Severity.INFO: 0,
    Severity.LOW: 1,
    Severity.MEDIUM: 1,
    Severity.HIGH: 2,
    Severity.CRITICAL: 3,
    Severity.UNKNOWN: 3,
}


@dataclass(frozen=True, slots=True)
class Breadth:
    """How much of the estate an exception matches."""

    artifacts: int
    services: int

    @property
    def is_wide(self) -> bool:
        """Whether it matches more than one look can take in."""
        return self.artifacts > MANY_ARTIFACTS or self.services > MANY_SERVICES


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the computation of a level; the values add up to it."""

    value: int
    why: str

    def in_words(self) -> str:
        """Return the step as a page shows it: `known to be exploited: +1`."""
        return f"{self.why}: {self.value:+d}"


@dataclass(frozen=True, slots=True)
class Judged:
    """The level of a request and how it came about."""

    level: Level
    steps: tuple[Step, ...]


def level_of(
    seen: Sequence[SeenFacts], breadth: Breadth, *, reachable_in_production: bool, outside_production: bool
) -> Judged:
    """Return the level of what is seen, with its computation; the worst row decides.

    a0 is for findings that only inform and carry nothing that adds; anything else is at least a1. What is no
    vulnerability and carries no severity, as a licence does, informs of nothing: a policy says what it is worth.
    """
    base = _base(seen)
    additions = [*_exploitation(seen), *_reach(breadth, reachable_in_production=reachable_in_production)]
    if base.value == 0 and not additions and not any(_is_left_to_policy(row) for row in seen):
        return Judged(Level.A0, (base,))
    steps = [base, *additions]
    if outside_production:
        steps.append(Step(-1, "outside production"))
    total = sum(step.value for step in steps)
    bounded = min(max(total, _LOWEST), _HIGHEST)
    if bounded != total:
        steps.append(Step(bounded - total, f"never {'above' if total > bounded else 'below'} {_LEVELS[bounded]}"))
    return Judged(_LEVELS[bounded], tuple(steps))


def ceiling_of(seen: Sequence[SeenFacts]) -> Severity:
    """Return the worst severity that was looked at; nothing at all, and what nobody rates, counts as critical."""
    found = _severities(seen)
    if not found or Severity.UNKNOWN in found:
        return Severity.CRITICAL
    return max(found, key=lambda severity: severity.rank)


def _is_left_to_policy(row: SeenFacts) -> bool:
    return not row.vulnerability and row.severity == Severity.NONE


def _severities(seen: Sequence[SeenFacts]) -> set[Severity]:
    """Return every severity that counts: what a feed alone tells of is rated by the findings there are of it."""
    rated = {row.vulnerability for row in seen if row.severity != Severity.UNKNOWN}
    return {
        Severity(row.severity)
        for row in seen
        if row.package or row.severity != Severity.UNKNOWN or row.vulnerability not in rated
    }


def _base(seen: Sequence[SeenFacts]) -> Step:
    """Return the step for the worst severity.

    A row about a vulnerability as such, which carries what feeds say, leaves the severity to those about its packages.
    """
    if not seen:
        return Step(_BASE[Severity.UNKNOWN], "nothing is found there yet, which counts as critical")
    worst = max(_severities(seen), key=lambda severity: (_BASE[severity], RANKS[severity]))
    counted = ", which counts as critical" if worst is Severity.UNKNOWN else ""
    return Step(_BASE[worst], f"{worst} severity{counted}")


def _exploitation(seen: Sequence[SeenFacts]) -> list[Step]:
    """Return the one step for what is exploited or likely to be."""
    listed = any(row.kev for row in seen)
    likeliest = max(seen, key=lambda row: row.epss or 0, default=None)
    reasons = ["known to be exploited"] if listed else []
    if likeliest is not None and (likeliest.epss or 0) >= LIKELY_EXPLOITED:
        reasons.append(f"EPSS {in_words(likeliest, 'epss')}")
    return [Step(1, ", ".join(reasons))] if reasons else []


def _reach(breadth: Breadth, *, reachable_in_production: bool) -> list[Step]:
    steps = [Step(1, "reachable in production")] if reachable_in_production else []
    if breadth.is_wide:
        steps.append(Step(1, f"matches {size(breadth.artifacts, breadth.services)}"))
    return steps
