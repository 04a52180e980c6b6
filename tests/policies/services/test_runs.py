"""Long work: claimed once, seen while it is done, ended once, whoever is killed or cancels."""

import signal
import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections

from policies.errors import LeaseLost, RunEnded, RunUnknown
from policies.models import Report, Run, RunContent, RunStatus, Snapshot
from policies.runs import kind_named
from policies.selectors import run_by_id, runs_of
from policies.services import evidence_files, runs
from policies.services.evidence import ArtifactReference, Upload
from policies.services.evidence_runs import is_large, queue_import
from stellapolicy.kernel.actor import Actor, ScopeMissing
from stellapolicy.kernel.ids import new_id
from stellapolicy.tenancy.models import Tenant
from stellapolicy.tenancy.scope import tenant_scope
from tests.factories import NOON, TenantFactory, almighty
from tests.processes import python
from tests.reports import HARMLESS, digest_of, trivy

REPORT = trivy("shop/api", [HARMLESS], scanned_at=NOON - timedelta(hours=1))


@pytest.fixture
def tenant(db: None) -> Tenant:
    return TenantFactory()


@pytest.fixture
def committed(transactional_db: None) -> Tenant:
    return TenantFactory()


def queue(tenant: Tenant, *reports: bytes) -> Run:
    with tenant_scope(tenant.pk):
        return queue_import(
            actor=almighty(tenant),
            artifact=ArtifactReference(digest_of("shop/api"), "shop/api"),
            uploads=[Upload(f"{index}.json", report) for index, report in enumerate(reports)],
            at=NOON,
        )


def fresh(run: Run) -> Run:
    return Run.objects.get(pk=run.pk)


def content_of(run: Run) -> RunContent:
    with tenant_scope(run.tenant_id):
        return RunContent.objects.get(run=run)


def noon() -> Any:
    return NOON


def test_a_queued_import_is_done_by_whoever_drains(tenant: Tenant) -> None:
    run = queue(tenant, REPORT)

    assert runs.drain(clock=noon) == 1

    done = fresh(run)
    assert (done.status, done.done, done.total) == (RunStatus.SUCCEEDED, 1, 2)
    with tenant_scope(tenant.pk):
        assert content_of(run).result["snapshot"] == Snapshot.objects.get().name


def test_a_broken_report_fails_the_run_with_its_place_and_keeps_nothing(tenant: Tenant) -> None:
    run = queue(tenant, REPORT, b'{"SchemaVersion": 2, "Results": [')

    runs.drain(clock=noon)

    failure = content_of(run).failure
    assert fresh(run).status == RunStatus.FAILED
    assert failure["code"] == "evidence.json_invalid"
    assert failure["errors"][0]["pointer"].startswith("/reports/1")
    with tenant_scope(tenant.pk):
        assert not Report.objects.exists()


def test_what_waited_is_gone_once_the_run_has_ended(committed: Tenant) -> None:
    run = queue(committed, REPORT)
    (kept,) = content_of(run).question["uploads"]
    assert evidence_files.storage().exists(kept["stored_as"])

    runs.perform(run_id=run.pk, clock=noon)

    assert not evidence_files.storage().exists(kept["stored_as"])


def test_a_cancelled_run_is_never_done(tenant: Tenant) -> None:
    run = queue(tenant, REPORT)

    with tenant_scope(tenant.pk):
        runs.cancel(actor=almighty(tenant), run=run, at=NOON)

    assert runs.drain(clock=noon) == 0
    assert fresh(run).status == RunStatus.CANCELLED


def test_a_run_cancelled_while_it_is_done_leaves_nothing(tenant: Tenant) -> None:
    run = queue(tenant, REPORT, trivy("shop/api", [], scanned_at=NOON))
    work = runs._claim(run.pk, clock=noon)
    assert work is not None
    with tenant_scope(tenant.pk):
        runs.cancel(actor=almighty(tenant), run=run, at=NOON)

    with pytest.raises(LeaseLost):
        work.progress(1, 3)

    with tenant_scope(tenant.pk):
        assert not Report.objects.exists()


def test_an_ended_run_cannot_be_cancelled(tenant: Tenant) -> None:
    run = queue(tenant, REPORT)
    runs.drain(clock=noon)

    with tenant_scope(tenant.pk), pytest.raises(RunEnded):
        runs.cancel(actor=almighty(tenant), run=run, at=NOON)


def test_a_worker_that_lost_its_lease_completes_nothing(tenant: Tenant) -> None:
    run = queue(tenant, REPORT)
    slow = runs._claim(run.pk, clock=noon)
    assert slow is not None
    later = NOON + timedelta(minutes=10)
    assert runs.reap(at=later) == 1
    runs.perform(run_id=run.pk, clock=lambda: later + timedelta(minutes=10))
    kind = kind_named(run.kind)

    with pytest.raises(LeaseLost):
        runs._complete(slow, kind, [])

    assert fresh(run).status == RunStatus.SUCCEEDED


def test_a_surprise_sends_a_run_back_and_at_last_to_the_dead_letters(tenant: Tenant) -> None:
    run = queue(tenant, REPORT)
    with tenant_scope(tenant.pk):
        RunContent.objects.filter(run=run).update(question={"nonsense": True, "uploads": []})

    for _ in range(runs.MAX_ATTEMPTS):
        with pytest.raises(KeyError):
            runs.perform(run_id=run.pk, clock=lambda: fresh(run).available_at)

    assert fresh(run).status == RunStatus.DEAD_LETTER
    assert content_of(run).failure["code"] == runs.EXHAUSTED


def test_a_file_that_waited_and_is_gone_fails_the_run_in_words(tenant: Tenant) -> None:
    run = queue(tenant, REPORT)
    evidence_files._waiting.clear()

    runs.drain(clock=noon)

    assert content_of(run).failure["code"] == "evidence.file_missing"


def test_whoever_may_not_upload_queues_nothing(tenant: Tenant) -> None:
    with tenant_scope(tenant.pk), pytest.raises(ScopeMissing):
        queue_import(
            actor=Actor(tenant.pk, "token:reader"),
            artifact=ArtifactReference(digest_of("shop/api")),
            uploads=[Upload("r", REPORT)],
            at=NOON,
        )

    assert not Run.objects.exists()


def test_a_run_of_another_tenant_is_unknown(tenant: Tenant) -> None:
    run = queue(tenant, REPORT)
    stranger = almighty(TenantFactory())

    with tenant_scope(stranger.tenant_id), pytest.raises(RunUnknown):
        run_by_id(stranger, run.pk)


def test_a_reader_of_one_service_sees_their_own_runs_alone(tenant: Tenant) -> None:
    queue(tenant, REPORT)
    narrow = Actor(tenant.pk, "token:ci", frozenset({"findings:read"}), services=frozenset({new_id()}))

    with tenant_scope(tenant.pk):
        assert list(runs_of(narrow)) == []
        assert len(runs_of(almighty(tenant))) == 1


@pytest.mark.parametrize("size,large", [(8 * 1024 * 1024, False), (8 * 1024 * 1024 + 1, True)])
def test_above_eight_mebibytes_an_import_is_large(size: int, large: bool) -> None:  # noqa: FBT001
    assert is_large([Upload("r", b"x" * size)]) is large


def test_two_workers_at_once_do_a_run_once(committed: Tenant) -> None:
    run = queue(committed, REPORT)
    together, did = threading.Barrier(2), list[bool]()

    def work() -> None:
        try:
            together.wait(timeout=30)
            did.append(runs.perform(run_id=run.pk, clock=noon))
        finally:
            connections.close_all()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert sorted(did) == [False, True]


_DYING = """
import django, os, signal, sys
django.setup()
from uuid import UUID
from policies.services import runs, uploads
from stellapolicy.kernel.clock import now
import policies.services.evidence_runs as evidence_runs
def die(*args, **kwargs):
    os.kill(os.getpid(), signal.SIGKILL)
evidence_runs.understand = die
runs.perform(run_id=UUID(sys.argv[1]), clock=now)
"""


def test_a_killed_worker_leaves_the_run_to_the_next(committed: Tenant) -> None:
    run = queue(committed, REPORT)

    killed = python("-c", _DYING, str(run.pk), DJANGO_SETTINGS_MODULE="stellapolicy.settings")

    assert killed.wait(timeout=60) == -signal.SIGKILL
    held = fresh(run)
    assert held.status == RunStatus.RUNNING
    assert held.leased_until is not None
    later = held.leased_until + timedelta(seconds=1)
    assert runs.reap(at=later) == 1
    assert runs.perform(run_id=run.pk, clock=lambda: later + timedelta(minutes=1))
    assert fresh(run).status == RunStatus.SUCCEEDED
