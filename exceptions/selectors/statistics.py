"""Counts over exceptions, for whoever governs them: what holds, what should not, whose debt it is, how long it took."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Self
from uuid import UUID

from django.db.models import (
    Aggregate,
    CharField,
    Count,
    DateTimeField,
    DurationField,
    Exists,
    ExpressionWrapper,
    F,
    Min,
    OuterRef,
    Q,
    Sum,
    Value,
)
from django.db.models.functions import Cast

from exceptions import ports
from exceptions.matching.index import in_order
from exceptions.matching.standing import StandingException
from exceptions.models import Change, ExceptionTerms, PolicyException
from exceptions.models.exception import SEVERE, SOON, PolicyExceptionQuerySet
from exceptions.ports import Selection
from exceptions.rules.vocabulary import ExceptionType, Kind, Level, State
from exceptions.selectors import KIND, standing_form
from exceptions.selectors.queues import stands
from stellapolicy.governance.models import ApprovalRequest, ApprovalState
from stellapolicy.kernel.severity import Severity

MOST_COMPARED: Final = 500
_DAY: Final = timedelta(days=1)


class Median(Aggregate):
    """The middle one of lengths of time."""

    function = "PERCENTILE_CONT"
    template = "%(function)s(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = DurationField()


@dataclass(frozen=True, slots=True)
class Debt:
    """What a team owes: exceptions in force, how many of these are of high or critical severity, since when."""

    team: str
    exceptions: int
    severe: int
    days: int
    oldest_at: datetime | None


@dataclass(frozen=True, slots=True)
class Statistics:
    """Counts as of an instant. What is said by severity, level and kind is of exceptions that apply."""

    by_state: Mapping[str, int]
    by_severity: Mapping[str, int]
    by_level: Mapping[str, int]
    by_kind: Mapping[str, int]
    applying: int
    expiring: int
    unused: int
    over_broad: int
    renewals: int
    debt: Sequence[Debt]
    median_decision: timedelta | None

    @classmethod
    def of(cls, rows: PolicyExceptionQuerySet, *, at: datetime) -> Self:
        """Count the rows; a number of reads that does not grow with them."""
        applying = rows.in_force(at=at)
        counted = applying.aggregate(
            all=Count("pk"),
            expiring=Count("pk", filter=Q(expires_at__lte=at + SOON)),
            unused=Count("pk", filter=Q(pk__in=rows.unused(at=at).values("pk"))),
            over_broad=Count("pk", filter=Q(pk__in=rows.over_broad().values("pk"))),
        )
        return cls(
            by_state=_by_state(rows, at=at),
            by_severity=_by(applying, "severity", [one.value for one in Severity]),
            by_level=_by(applying, "level", [one.value for one in Level]),
            by_kind=_by(applying, "kind", [one.value for one in Kind]),
            applying=counted["all"],
            expiring=counted["expiring"],
            unused=counted["unused"],
            over_broad=counted["over_broad"],
            renewals=_renewals(rows),
            debt=_debt(applying, at=at),
            median_decision=_median_decision(rows),
        )


def shadowed_ids(*, at: datetime) -> list[UUID]:
    """Return the exceptions that apply and decide nothing: whatever they cover today, another one wins.

    Of the oldest 500 that apply; two reads.
    """
    applying = PolicyException.objects.in_force(at=at).select_related("terms").order_by("approved_at", "pk")
    rows = {row.number: row for row in applying[:MOST_COMPARED] if row.terms is not None}
    forms = {number: standing_form(row) for number, row in rows.items()}
    selections = [Selection(number, form.scope, ExceptionType(form.type)) for number, form in forms.items()]
    covered = ports.estate().covered_each(selections, at=at) if selections else {}
    holders: defaultdict[tuple[UUID, str], list[str]] = defaultdict(list)
    for number, coverage in covered.items():
        for found in coverage.findings:
            holders[found.artifact.id, found.key].append(number)
    rank = {form.id: place for place, form in enumerate(in_order(forms.values()))}
    beaten: defaultdict[str, set[tuple[UUID, str]]] = defaultdict(set)
    for key, numbers in holders.items():
        for number in _losers(sorted(numbers, key=rank.__getitem__), forms):
            beaten[number].add(key)
    return [
        rows[number].pk
        for number, coverage in covered.items()
        if coverage.findings and len(beaten[number]) == len({(one.artifact.id, one.key) for one in coverage.findings})
    ]


def _losers(ranked: Sequence[str], forms: Mapping[str, StandingException]) -> Iterator[str]:
    """Return those that decide a finding nowhere, of all that cover it, the strongest first; each is looked at once."""
    is_decided_everywhere, decided = False, set[str]()
    for number in ranked:
        places = forms[number].scope.environments
        if is_decided_everywhere or (places and decided.issuperset(places)):
            yield number
        is_decided_everywhere = is_decided_everywhere or not places
        decided.update(places)


def _by(rows: PolicyExceptionQuerySet, field: str, words: Sequence[str]) -> Mapping[str, int]:
    found = dict(rows.order_by().values_list(field).annotate(count=Count("pk")))
    return {word: found.get(word, 0) for word in words}


def _by_state(rows: PolicyExceptionQuerySet, *, at: datetime) -> Mapping[str, int]:
    counts = {state.value: Count("pk", filter=stands(state, at=at)) for state in State}
    found: Mapping[str, int] = rows.order_by().aggregate(**counts)
    return found


def _renewals(rows: PolicyExceptionQuerySet) -> int:
    """Return how often somebody agreed to a later end."""
    agreed = ApprovalRequest.objects.filter(
        kind=KIND, state=ApprovalState.APPROVED, target_id=Cast(OuterRef("pk"), CharField())
    )
    terms = ExceptionTerms.objects.filter(change=Change.EXTENSION, exception__in=rows.order_by().values("pk"))
    return terms.filter(Exists(agreed)).count()


def _debt(applying: PolicyExceptionQuerySet, *, at: datetime) -> list[Debt]:
    """Return what each team owes, the most severe first; what no team owns counts under no name."""
    severe = Q(severity__in=SEVERE)
    age = ExpressionWrapper(Value(at, DateTimeField()) - F("first_approved_at"), DurationField())
    found = (
        applying.order_by()
        .values("owner_team__slug")
        .annotate(
            exceptions=Count("pk"),
            severe=Count("pk", filter=severe),
            age=Sum(age),
            oldest=Min("first_approved_at"),
        )
        .order_by("-severe", "-exceptions", "owner_team__slug")
    )
    return [
        Debt(
            team=row["owner_team__slug"] or "",
            exceptions=row["exceptions"],
            severe=row["severe"],
            days=(row["age"] or timedelta()) // _DAY,
            oldest_at=row["oldest"],
        )
        for row in found
    ]


def _median_decision(rows: PolicyExceptionQuerySet) -> timedelta | None:
    """Return the middle time from asking to the first yes or the no."""
    found: timedelta | None = rows.timed_decisions().aggregate(median=Median("took"))["median"]
    return found
