"""What gates count, and what is told of their queue."""

from datetime import timedelta

import pytest
from prometheus_client import REGISTRY
from pytest_django import DjangoCaptureOnCommitCallbacks

from gates.metrics import queue_age, queue_depth
from gates.models import GateJob
from policies.metrics import epss_age
from policies.models import FeedState
from tests.admin_pages import Inhabited, inhabit
from tests.reports import HARMLESS, KEV_CRITICAL, trivy

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme(db: None) -> Inhabited:
    return inhabit("acme")


def counted(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def test_an_answer_is_counted_once_it_is_kept(
    acme: Inhabited, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    before = counted("gate_decisions_total", decision="block", mode="enforce")
    suppressed = counted("policy_suppressions_total", source="scanner")
    report = trivy("acme/web", [KEV_CRITICAL], hidden=[HARMLESS], scanned_at=acme.at - timedelta(hours=1))

    with django_capture_on_commit_callbacks(execute=False):
        acme.ask("acme/web", report)
    undone = counted("gate_decisions_total", decision="block", mode="enforce")
    with django_capture_on_commit_callbacks(execute=True):
        acme.ask("acme/web", report)

    assert undone == before
    assert counted("gate_decisions_total", decision="block", mode="enforce") == before + 1
    assert counted("policy_suppressions_total", source="scanner") == suppressed + 1


def test_rules_that_fired_are_counted_by_what_they_said(
    acme: Inhabited, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    def fired() -> float:
        return sum(
            sample.value
            for family in REGISTRY.collect()
            for sample in family.samples
            if sample.name == "policy_rules_fired_total"
        )

    before, ran = fired(), counted("policy_run_seconds_count")

    with django_capture_on_commit_callbacks(execute=True):
        acme.ask("acme/web", trivy("acme/web", [KEV_CRITICAL], scanned_at=acme.at - timedelta(hours=1)))

    assert fired() > before
    assert counted("policy_run_seconds_count") > ran


def test_the_queue_tells_how_long_it_is_and_how_long_it_takes(acme: Inhabited) -> None:
    later, waiting = acme.at + timedelta(minutes=5), GateJob.objects.filter(status="queued").count()

    assert queue_depth(at=later) == waiting > 0
    assert queue_age(at=later) == 300.0


def test_an_empty_queue_is_not_old(acme: Inhabited) -> None:
    GateJob.objects.update(status="cancelled")

    assert (queue_depth(at=acme.at), queue_age(at=acme.at)) == (0.0, 0.0)


def test_the_age_of_epss_counts_from_the_day_it_speaks_of(acme: Inhabited) -> None:
    midnight = acme.at.replace(hour=0, minute=0, second=0, microsecond=0)

    assert epss_age(at=midnight + timedelta(days=2)) == 2 * 86_400.0


def test_epss_that_was_never_loaded_has_no_age(acme: Inhabited) -> None:
    FeedState.objects.all().delete()

    assert epss_age(at=acme.at) is None
