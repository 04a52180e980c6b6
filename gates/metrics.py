"""What gates count, and how their queue stands."""

from datetime import datetime

from django.db.models import Min
from prometheus_client import Counter

from gates.deciding.decide import Decided
from gates.models import GateJob
from gates.models.job import JobStatus
from policies.metrics import RULES_FIRED, SUPPRESSIONS
from stellapolicy.api.metrics import Gauge

DECISIONS = Counter("gate_decisions_total", "Answers of gates, and whether the gate enforces.", ["decision", "mode"])


def count_decision(decided: Decided) -> None:
    """Count an answer and what led to it; called once it is committed."""
    DECISIONS.labels(decided.combined.decision.value, decided.combined.mode.value).inc()
    for status, count in decided.fired.items():
        RULES_FIRED.labels(status.value).inc(count)
    for source, count in decided.suppressed.items():
        SUPPRESSIONS.labels(source).inc(count)


def queue_depth(*, at: datetime) -> float:  # noqa: ARG001 - how gauges are read
    """Return how many jobs wait."""
    return float(GateJob.objects.filter(status=JobStatus.QUEUED).count())


def queue_age(*, at: datetime) -> float:
    """Return for how long the job that waits longest has been due, in seconds; 0 where none is."""
    oldest = GateJob.objects.due(at=at).order_by().aggregate(oldest=Min("available_at"))["oldest"]
    return 0.0 if oldest is None else (at - oldest).total_seconds()


QUEUE_DEPTH = Gauge("policy_run_queue_depth", "Evaluations that wait in the queue.", queue_depth)
QUEUE_AGE = Gauge("gate_queue_age_seconds", "For how long the evaluation that waits longest has been due.", queue_age)
