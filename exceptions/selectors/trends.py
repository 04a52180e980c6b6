"""How exceptions went over the last weeks, and whose they are: what the reports draw."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from django.db.models import Count, Min, Q

from exceptions.models.exception import SEVERE, PolicyExceptionQuerySet
from stellapolicy.kernel.severity import Severity

WEEKS: Final = 12
_WEEK: Final = timedelta(days=7)
_BANDS: Final = {"critical": (Severity.CRITICAL, Severity.UNKNOWN), "high": (Severity.HIGH,)}
_BUCKETS: Final = (
    ("within_hours", timedelta(hours=4)),
    ("within_day", timedelta(days=1)),
    ("within_days", timedelta(days=3)),
    ("within_week", timedelta(days=7)),
)


@dataclass(frozen=True, slots=True)
class WeekOfDebt:
    """How many exceptions were in force at the end of a week, by their severity; unknown counts as critical."""

    ended: date
    critical: int
    high: int
    other: int


@dataclass(frozen=True, slots=True)
class Owing:
    """What one person asked for and still has: exceptions in force, the severe among them, since when."""

    person: str
    exceptions: int
    severe: int
    oldest_at: datetime | None


@dataclass(frozen=True, slots=True)
class Decided:
    """How many decisions took so long: up to this many of them, and those beyond the longest."""

    words: str
    count: int


def debt_by_week(rows: PolicyExceptionQuerySet, *, at: datetime, weeks: int = WEEKS) -> list[WeekOfDebt]:
    """Return the weeks that end with the instant, the oldest first; one read."""
    ends = [at - _WEEK * back for back in range(weeks - 1, -1, -1)]
    counts = {}
    for place, end in enumerate(ends):
        held = _held(end)
        counts[f"all{place}"] = Count("pk", filter=held)
        for name, severities in _BANDS.items():
            counts[f"{name}{place}"] = Count("pk", filter=held & Q(severity__in=severities))
    found = rows.order_by().aggregate(**counts)
    return [
        WeekOfDebt(
            ended=end.date(),
            critical=found[f"critical{place}"],
            high=found[f"high{place}"],
            other=found[f"all{place}"] - found[f"critical{place}"] - found[f"high{place}"],
        )
        for place, end in enumerate(ends)
    ]


def owing(rows: PolicyExceptionQuerySet, *, at: datetime, limit: int) -> Sequence[Owing]:
    """Return who asked for most of what applies now; one read."""
    severe = Q(severity__in=SEVERE)
    found = (
        rows.in_force(at=at)
        .order_by()
        .values("person")
        .annotate(all=Count("pk"), severe=Count("pk", filter=severe), oldest=Min("first_approved_at"))
        .order_by("-severe", "-all", "person")[:limit]
    )
    return [Owing(row["person"], row["all"], row["severe"], row["oldest"]) for row in found]


def decisions_by_length(rows: PolicyExceptionQuerySet) -> list[Decided]:
    """Return how long it took to the first yes or the no; one read."""
    timed = rows.timed_decisions()
    found = timed.aggregate(all=Count("pk"), **{name: Count("pk", filter=Q(took__lte=up)) for name, up in _BUCKETS})
    counts = [found[name] for name, _ in _BUCKETS]
    steps = [upper - lower for lower, upper in zip([0, *counts], [*counts, found["all"]], strict=True)]
    names = [*(name for name, _ in _BUCKETS), "later"]
    return [Decided(words, count) for words, count in zip(names, steps, strict=True)]


def _held(at: datetime) -> Q:
    """Return the condition that an exception was in force at an instant of the past, as far as its row still tells."""
    not_closed = Q(closed_at__isnull=True) | Q(closed_at__gt=at)
    return Q(first_approved_at__lte=at, starts_at__lte=at, expires_at__gt=at) & not_closed
