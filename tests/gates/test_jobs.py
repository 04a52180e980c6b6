"""The queue: claimed once, decided once, whoever is killed."""

import os
import signal
import subprocess
import threading
from datetime import datetime, timedelta

import pytest
from django.db import connection, connections, transaction

from gates.errors import EnvironmentUnknown, LeaseLost
from gates.models import GateDecision, GateJob, GateJobRequest, JobStatus
from gates.services import jobs
from gates.services.leases import LEASE, _renew, kept_alive
from policies.importers.refusals import JsonInvalid
from stellapolicy.audit.models import ChainHead
from stellapolicy.tenancy.scope import tenant_scope
from tests.factories import NOON
from tests.gates.conftest import Shop
from tests.processes import python
from tests.reports import KEV_CRITICAL, trivy

REPORT = trivy("shop/api", [KEV_CRITICAL], scanned_at=NOON - timedelta(hours=1))

# Of this database alone: another worker of the tests has locks of its own beside us.
WAITING_HERE = (
    "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE NOT granted AND datname = current_database()"
)


def enqueue(shop: Shop, report: bytes = REPORT, *, event: str = "") -> GateJob:
    with tenant_scope(shop.tenant.pk):
        return jobs.enqueue(actor=shop.actor, request=shop.request("shop/api", report), at=NOON, event=event)


def decisions(shop: Shop) -> list[GateDecision]:
    with tenant_scope(shop.tenant.pk):
        return list(GateDecision.objects.all())


def fresh(job: GateJob) -> GateJob:
    return GateJob.objects.get(pk=job.pk)


def test_a_queued_question_is_answered_by_whoever_runs_it(shop: Shop) -> None:
    job = enqueue(shop)

    assert jobs.drain(clock=lambda: NOON) == 1

    (decision,) = decisions(shop)
    assert fresh(job).status == JobStatus.SUCCEEDED
    assert decision.decision == "block"
    with tenant_scope(shop.tenant.pk):
        assert GateJobRequest.objects.get(job=job).decision_id == decision.pk


def test_the_queue_and_the_direct_call_give_the_same_answer(shop: Shop) -> None:
    enqueue(shop)
    jobs.drain(clock=lambda: NOON)
    with tenant_scope(shop.tenant.pk):
        direct = shop.ask("shop/api", REPORT)

    queued = next(decision for decision in decisions(shop) if decision.pk != direct.pk)

    assert queued.body_digest == direct.body_digest


def test_a_question_asked_again_while_it_waits_is_the_same_job(shop: Shop) -> None:
    first = enqueue(shop)

    second = enqueue(shop)

    assert second.pk == first.pk


def test_another_event_about_the_same_artifact_is_another_job(shop: Shop) -> None:
    assert enqueue(shop, event="push 1").pk != enqueue(shop, event="push 2").pk


def test_a_finished_job_does_not_keep_the_question_from_being_asked_again(shop: Shop) -> None:
    first = enqueue(shop)
    jobs.drain(clock=lambda: NOON)

    assert enqueue(shop).pk != first.pk


def test_a_report_that_cannot_be_read_is_refused_to_the_one_who_queues_it(shop: Shop) -> None:
    with pytest.raises(JsonInvalid):
        enqueue(shop, b'{"broken": ')

    assert not GateJob.objects.exists()


def test_an_unknown_environment_is_refused_before_anything_is_queued(shop: Shop) -> None:
    with tenant_scope(shop.tenant.pk), pytest.raises(EnvironmentUnknown):
        jobs.enqueue(actor=shop.actor, request=shop.request("shop/api", environment="moon"), at=NOON)

    assert not GateJob.objects.exists()


def test_a_job_that_is_not_due_is_left_alone(shop: Shop) -> None:
    enqueue(shop)

    assert jobs.drain(clock=lambda: NOON - timedelta(seconds=1)) == 0


def test_a_leased_job_is_not_run_by_a_second_worker(shop: Shop) -> None:
    job = enqueue(shop)
    jobs._claim(job.pk, at=NOON)

    assert jobs.run(job_id=job.pk, clock=lambda: NOON) is False
    assert decisions(shop) == []


def test_a_worker_that_lost_its_lease_leaves_no_decision(shop: Shop) -> None:
    job = enqueue(shop)
    slow = jobs._claim(job.pk, at=NOON)
    assert slow is not None
    later = NOON + LEASE + timedelta(minutes=10)
    assert jobs.reap(at=later) == 1
    jobs.run(job_id=job.pk, clock=lambda: later + timedelta(minutes=10))

    with pytest.raises(LeaseLost):
        jobs._decide(slow, at=later)

    assert len(decisions(shop)) == 1


def test_a_refused_job_fails_with_the_code_and_is_not_tried_again(shop: Shop) -> None:
    job = enqueue(shop)
    with tenant_scope(shop.tenant.pk):
        asked = GateJobRequest.objects.get(job=job)
        GateJobRequest.objects.filter(job=job).update(question={**asked.question, "snapshot": "ksm:sha256:gone"})

    jobs.drain(clock=lambda: NOON)

    assert fresh(job).status == JobStatus.FAILED
    with tenant_scope(shop.tenant.pk):
        assert GateJobRequest.objects.get(job=job).failure["code"] == "snapshot.unknown"


def test_a_surprise_sends_a_job_back_with_a_growing_pause_and_at_last_to_the_dead_letters(shop: Shop) -> None:
    job = enqueue(shop)
    with tenant_scope(shop.tenant.pk):
        GateJobRequest.objects.filter(job=job).update(question={"nonsense": True})
    at, pauses = NOON, []

    for _ in range(jobs.MAX_ATTEMPTS):
        with pytest.raises(ValueError, match="not a stored gate request"):
            jobs.run(job_id=job.pk, clock=lambda at=at: at)  # type: ignore[misc]  # binds the instant of this round
        pauses.append(fresh(job).available_at - at)
        at = fresh(job).available_at

    assert [pause.total_seconds() for pause in pauses[:4]] == [2, 4, 8, 16]
    assert fresh(job).status == JobStatus.DEAD_LETTER


@pytest.mark.parametrize("attempts,seconds", [(1, 2), (2, 4), (8, 256), (9, 300), (40, 300)])
def test_the_pause_doubles_up_to_five_minutes(attempts: int, seconds: int) -> None:
    assert jobs.pause_after(attempts) == timedelta(seconds=seconds)


@pytest.mark.django_db(transaction=True)
def test_many_workers_at_once_decide_each_job_once(committed_shop: Shop) -> None:
    wanted = [enqueue(committed_shop, event=f"push {number}") for number in range(6)]

    def work() -> None:
        try:
            jobs.drain(clock=lambda: NOON)
        finally:
            connections.close_all()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert {fresh(job).status for job in wanted} == {JobStatus.SUCCEEDED}
    assert len(decisions(committed_shop)) == len(wanted)


def test_a_surprise_in_one_job_keeps_no_other_waiting(shop: Shop) -> None:
    broken, sound = enqueue(shop, event="first"), enqueue(shop, event="second")
    with tenant_scope(shop.tenant.pk):
        GateJobRequest.objects.filter(job=broken).update(question={"nonsense": True})

    with pytest.raises(ExceptionGroup) as surprises:
        jobs.drain(clock=lambda: NOON)

    assert [type(one) for one in surprises.value.exceptions] == [ValueError]
    assert (fresh(broken).status, fresh(sound).status) == (JobStatus.QUEUED, JobStatus.SUCCEEDED)


def test_each_job_of_a_batch_is_decided_as_of_its_own_instant(shop: Shop) -> None:
    enqueue(shop, event="first")
    enqueue(shop, event="second")
    instants = iter([NOON, NOON + timedelta(seconds=1), NOON + timedelta(seconds=9)])

    jobs.drain(clock=lambda: next(instants))

    assert sorted((one.at - NOON).seconds for one in decisions(shop)) == [1, 9]


def test_a_job_whose_workers_were_all_lost_says_so(shop: Shop) -> None:
    job = enqueue(shop)
    at = NOON
    for _ in range(jobs.MAX_ATTEMPTS):
        assert jobs._claim(job.pk, at=at)
        jobs.reap(at=at + LEASE + timedelta(seconds=1))
        at += timedelta(hours=1)

    assert fresh(job).status == JobStatus.DEAD_LETTER
    with tenant_scope(shop.tenant.pk):
        assert GateJobRequest.objects.get(job=job).failure["code"] == jobs.EXHAUSTED


@pytest.mark.django_db(transaction=True)
def test_a_lease_is_renewed_while_its_worker_works(committed_shop: Shop) -> None:
    job = jobs._claim(enqueue(committed_shop).pk, at=NOON)
    assert job is not None
    assert job.lease is not None
    is_renewed = threading.Event()
    later = NOON + timedelta(minutes=10)

    def clock() -> datetime:
        is_renewed.set()
        return later

    with kept_alive(job.pk, job.lease, clock=clock, every=timedelta(milliseconds=1)):
        assert is_renewed.wait(timeout=30)

    assert fresh(job).leased_until == later + LEASE


@pytest.mark.django_db(transaction=True)
def test_a_lease_that_was_lost_is_not_renewed(committed_shop: Shop) -> None:
    job = jobs._claim(enqueue(committed_shop).pk, at=NOON)
    assert job is not None
    assert job.lease is not None
    jobs.reap(at=NOON + timedelta(hours=1))

    _renew(job.pk, job.lease, lambda: NOON, timedelta(0), threading.Event())

    assert fresh(job).leased_until is None


WORKER = """
import sys
import django
django.setup()
from datetime import datetime
from uuid import UUID
from gates.services import jobs
jobs.run(job_id=UUID(sys.argv[1]), clock=lambda: datetime.fromisoformat(sys.argv[2]))
"""


@pytest.fixture
def committed_shop(transactional_db: None) -> Shop:
    from tests.gates.conftest import make_shop

    return make_shop()


@pytest.mark.django_db(transaction=True)
def test_the_job_of_a_killed_worker_is_decided_exactly_once_by_the_next(committed_shop: Shop) -> None:
    job = enqueue(committed_shop)
    worker = stuck_worker(committed_shop, job)

    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()

    assert fresh(job).status == JobStatus.LEASED
    assert decisions(committed_shop) == []
    later = NOON + LEASE + timedelta(seconds=1)
    assert jobs.reap(at=later) == 1
    assert jobs.drain(clock=lambda: later + timedelta(minutes=1)) == 1
    assert fresh(job).status == JobStatus.SUCCEEDED
    assert len(decisions(committed_shop)) == 1


def stuck_worker(shop: Shop, job: GateJob) -> "subprocess.Popen[bytes]":
    """Start a worker process and hold what its decision must write, so that it stands in the middle of its job."""
    with tenant_scope(shop.tenant.pk), transaction.atomic():
        ChainHead.objects.locked().get()
        worker = python("-c", WORKER, str(job.pk), NOON.isoformat())
        waiting = WAITING_HERE
        with connection.cursor() as cursor:
            while worker.poll() is None:
                cursor.execute(waiting)
                (count,) = cursor.fetchone()
                if count:
                    break
                cursor.execute("SELECT pg_sleep(0.02)")
        assert worker.poll() is None, "the worker ended before it could be killed"
        os.kill(worker.pid, signal.SIGSTOP)
    return worker
