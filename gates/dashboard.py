"""What the overview counts: decisions by day, what is blocked now, how the queue stands; a query each."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Count, Exists, Min, OuterRef, Q
from django.db.models.functions import TruncDate

from gates.models import Decision, GateDecision, GateJob, GateMode, JobStatus
from gates.models.decision import GateDecisionQuerySet
from gates.models.job import OPEN_STATUSES
from stellapolicy.tenancy.scope import current_tenant

# A block of a gate that only observes holds nobody up; it is counted with the warnings.
_ENFORCED = Q(mode=GateMode.ENFORCE)


@dataclass(frozen=True, slots=True)
class DayOfDecisions:
    """How many decisions of each kind one UTC day saw."""

    day: date
    passed: int = 0
    warned: int = 0
    blocked: int = 0

    @property
    def total(self) -> int:
        """All decisions of the day."""
        return self.passed + self.warned + self.blocked


@dataclass(frozen=True, slots=True)
class QueueState:
    """How many jobs wait or run, since when the oldest waits, and how many were given up."""

    depth: int
    oldest: datetime | None
    dead: int


def decisions_by_day(*, at: datetime, days: int) -> list[DayOfDecisions]:
    """Return the last `days` UTC days up to and with the day of `at`, quiet days included."""
    first = at.date() - timedelta(days=days - 1)
    begin = at.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=days - 1)
    rows = (
        GateDecision.objects.since(begin)
        .order_by()
        .annotate(day=TruncDate("created_at"))
        .values("day")
        .annotate(
            passed=Count("pk", filter=Q(decision=Decision.PASS)),
            warned=Count("pk", filter=Q(decision=Decision.WARN) | (Q(decision=Decision.BLOCK) & ~_ENFORCED)),
            blocked=Count("pk", filter=Q(decision=Decision.BLOCK) & _ENFORCED),
        )
    )
    known = {row["day"]: DayOfDecisions(**row) for row in rows}
    every_day = (first + timedelta(days=place) for place in range(days))
    return [known.get(day) or DayOfDecisions(day) for day in every_day]


def standing_blocks() -> GateDecisionQuerySet:
    """Return the blocks that no later decision about the same artifact and environment has replaced, newest first."""
    return GateDecision.objects.stopping().filter(~_replaced())


def recent_blocks(*, limit: int) -> list[GateDecision]:
    """Return the newest blocks without their bodies; `is_standing` says of each whether it is the last word."""
    rows = GateDecision.objects.stopping().annotate(is_standing=~_replaced())
    return list(rows.select_related("artifact", "environment").defer("body", "inputs")[:limit])


def blocking_checks(*, at: datetime, days: int) -> list[tuple[str, int]]:
    """Return which check was the first to block, and how often in the last `days` UTC days, the most frequent first."""
    begin = at.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=days - 1)
    rows = GateDecision.objects.since(begin).stopping().order_by()
    counted = rows.values("blocked_by").annotate(number=Count("pk")).order_by("-number", "blocked_by")
    return [(row["blocked_by"], row["number"]) for row in counted]


def _replaced() -> Exists:
    """Whether a later decision about the same artifact and environment exists."""
    same_target = GateDecision.objects.filter(artifact=OuterRef("artifact"), environment=OuterRef("environment"))
    return Exists(
        same_target.filter(
            Q(created_at__gt=OuterRef("created_at")) | Q(created_at=OuterRef("created_at"), pk__gt=OuterRef("pk"))
        )
    )


def queue_state() -> QueueState:
    """Return how the queue of the tenant stands."""
    counted = GateJob.objects.filter(tenant_id=current_tenant()).aggregate(
        depth=Count("pk", filter=Q(status__in=OPEN_STATUSES)),
        oldest=Min("created_at", filter=Q(status=JobStatus.QUEUED)),
        dead=Count("pk", filter=Q(status=JobStatus.DEAD_LETTER)),
    )
    return QueueState(**counted)
