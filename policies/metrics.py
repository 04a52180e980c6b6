"""What evaluations count."""

from datetime import UTC, datetime, time

from prometheus_client import Counter, Histogram

from policies.models import FeedName, FeedState
from stellapolicy.api.metrics import Gauge

RUN_SECONDS = Histogram(
    "policy_run_seconds",
    "How long the program of a pack took over one set of findings.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0),
)
RULES_FIRED = Counter("policy_rules_fired_total", "Findings that a rule gave this status.", ["status"])
SUPPRESSIONS = Counter("policy_suppressions_total", "Findings left out of account, by who asked for that.", ["source"])


def epss_age(*, at: datetime) -> float | None:
    """Return how old the day of the EPSS scores in force is, in seconds; None where none were ever loaded."""
    state = FeedState.objects.filter(name=FeedName.EPSS).first()
    if state is None or state.model_date is None:
        return None
    return (at - datetime.combine(state.model_date, time(), tzinfo=UTC)).total_seconds()


EPSS_AGE = Gauge("epss_age_seconds", "Age of the day of the EPSS scores in force.", epss_age)
