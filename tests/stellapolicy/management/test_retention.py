"""What is removed after its time, what is not, and what says so."""

from datetime import datetime, timedelta

import pytest
from django.contrib.sessions.models import Session

from gates.models import GateDecision, GateJob, GateJobRequest
from gates.services import jobs
from gates.services.retention import JOBS
from stellapolicy.audit.models import Entry
from stellapolicy.kernel import retention
from stellapolicy.kernel.retention import Purge, Reach
from stellapolicy.management import retention as runner
from stellapolicy.management.retention import SESSIONS, purge_everything
from stellapolicy.schedule import SCHEDULE
from stellapolicy.tasks import purge
from stellapolicy.tenancy.scope import tenant_scope
from tests.factories import NOON
from tests.gates.conftest import Shop, make_shop
from tests.processes import ROOT
from tests.reports import HARMLESS, trivy

pytestmark = pytest.mark.django_db
LATER = NOON + JOBS.kept + timedelta(seconds=1)


@pytest.fixture
def shop() -> Shop:
    return make_shop()


def decided_job(shop: Shop, event: str, at: datetime = NOON) -> GateJob:
    report = trivy("shop/api", [HARMLESS], scanned_at=NOON - timedelta(hours=1))
    with tenant_scope(shop.tenant.pk):
        job = jobs.enqueue(actor=shop.actor, request=shop.request("shop/api", report), at=at, event=event)
        GateJob.objects.filter(pk=job.pk).update(status="cancelled", finished_at=at)
    return job


def purged(shop: Shop) -> list[str]:
    with tenant_scope(shop.tenant.pk):
        return list(Entry.objects.filter(action="retention.purged").values_list("reason", flat=True))


def test_a_finished_job_goes_after_its_time_and_the_audit_says_so(shop: Shop) -> None:
    decided_job(shop, "push 1")

    early = purge_everything(at=LATER - timedelta(seconds=2))
    late = purge_everything(at=LATER)

    assert (early["gates.jobs"], late["gates.jobs"]) == (0, 1)
    assert not GateJob.objects.exists()
    assert purged(shop) == ["1 finished jobs of the queue (their decisions stay)"]


def test_decisions_stay_when_their_jobs_go(shop: Shop) -> None:
    report = trivy("shop/api", [HARMLESS], scanned_at=NOON - timedelta(hours=1))
    with tenant_scope(shop.tenant.pk):
        shop.ask("shop/api", report)

    purge_everything(at=LATER)

    with tenant_scope(shop.tenant.pk):
        assert GateDecision.objects.count() == 1


def test_a_job_that_waits_stays_however_old(shop: Shop) -> None:
    with tenant_scope(shop.tenant.pk):
        jobs.enqueue(
            actor=shop.actor,
            request=shop.request("shop/api", trivy("shop/api", [HARMLESS], scanned_at=NOON)),
            at=NOON,
        )

    purge_everything(at=LATER)

    assert GateJob.objects.count() == 1
    with tenant_scope(shop.tenant.pk):
        assert GateJobRequest.objects.count() == 1


def test_a_purge_goes_on_in_batches_until_nothing_is_left(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "BATCH", 2)
    for number in range(5):
        decided_job(shop, f"push {number}")

    removed = purge_everything(at=LATER)

    assert removed["gates.jobs"] == 5
    assert len(purged(shop)) == 3


def test_sessions_go_a_day_after_they_ended() -> None:
    for key, ended in (("old", NOON - timedelta(days=2)), ("fresh", NOON)):
        Session.objects.create(session_key=key, session_data="", expire_date=ended)

    purge_everything(at=NOON)

    assert list(Session.objects.values_list("session_key", flat=True)) == ["fresh"]


def test_the_task_of_the_schedule_is_the_task_that_purges() -> None:
    purge()

    assert purge.name in {periodic.task for periodic in SCHEDULE}


def test_two_purges_of_one_name_are_a_mistake() -> None:
    other = Purge("sessions", "something else", timedelta(days=1), Reach.INSTALLATION, lambda _before, _limit: 0)

    with pytest.raises(ValueError, match="registered already"):
        retention.register(other)
    retention.register(SESSIONS)


def test_everything_that_is_purged_is_documented() -> None:
    document = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")

    missing = [known.name for known in retention.purges() if f"| {known.what} | {known.kept.days} day" not in document]

    assert missing == []
