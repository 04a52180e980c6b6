"""Runs: queued, claimed by one worker at a time, ended exactly once; progress is seen at once, a cancel is heard."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

from policies.errors import LeaseLost, RunEnded
from policies.models import Run, RunContent, RunStatus
from policies.models.run import HELD_STATUSES
from policies.runs import RunKind, kind_named
from policies.services.run_leases import LEASE, kept_alive
from stellapolicy.audit import services as audit
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.kernel.each import each
from stellapolicy.kernel.ids import new_id
from stellapolicy.kernel.refusals import Refusal
from stellapolicy.tenancy.scope import tenant_scope

MAX_ATTEMPTS = 3
_FIRST_PAUSE = timedelta(seconds=5)
EXHAUSTED = "run.attempts_exhausted"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Work:
    """A claimed run."""

    run: Run
    lease: UUID
    actor: Actor
    question: Mapping[str, Any]  # Any: JSON
    clock: Callable[[], datetime]

    def now(self) -> datetime:
        return self.clock()

    def progress(self, done: int, total: int) -> None:
        held = Run.objects.filter(pk=self.run.pk).of_lease(self.lease)
        at = self.clock()
        if not held.update(done=done, total=total, status=RunStatus.RUNNING, leased_until=at + LEASE):
            raise LeaseLost(f"the run {self.run.pk} was cancelled, or another worker has it")


@transaction.atomic
def enqueue(
    *,
    actor: Actor,
    kind: str,
    title: str,
    question: Mapping[str, JsonValue],
    at: datetime,
    total: int = 0,
    pk: UUID | None = None,
) -> Run:
    """Let long work wait for a worker, who will do it as the actor; a worker is woken after the commit."""
    kind_named(kind)
    run = Run.objects.create(
        id=pk or new_id(), tenant_id=actor.tenant_id, kind=kind, total=total, available_at=at, created_at=at
    )
    RunContent.objects.create(
        run=run,
        title=title[:300],
        question=dict(question),
        subject=actor.subject,
        scopes=sorted(actor.scopes),
        services=None if actor.services is None else sorted(map(str, actor.services)),
        service_scopes={str(service): sorted(held) for service, held in actor.service_scopes.items()},
    )
    audit.record(actor, "run.queued", run, at=at, reason=title[:300])
    transaction.on_commit(lambda: _wake_a_worker(run.pk))
    return run


@transaction.atomic
def cancel(*, actor: Actor, run: Run, at: datetime) -> Run:
    """End a run that has not ended; the worker that holds it notices at its next step and leaves nothing behind."""
    ended = Run.objects.filter(pk=run.pk, tenant_id=actor.tenant_id).open()
    if not ended.update(status=RunStatus.CANCELLED, finished_at=at, lease=None, leased_until=None):
        raise RunEnded(f"the run {run.pk} has ended already")
    audit.record(actor, "run.cancelled", run, at=at)
    content = RunContent.objects.get(run=run)
    transaction.on_commit(lambda: kind_named(run.kind).discard(content.question))
    run.refresh_from_db()
    return run


def drain(*, clock: Callable[[], datetime], limit: int = 20) -> int:
    """Do the runs that are due, oldest first; return how many this worker did.

    A surprise in one keeps no other waiting; all are raised at the end.
    """
    due = list(Run.objects.due(at=clock()).values_list("pk", flat=True)[:limit])
    return each(due, lambda pk: perform(run_id=pk, clock=clock), otherwise="runs that went back to the queue")


def perform(*, run_id: UUID, clock: Callable[[], datetime]) -> bool:
    """Do one run if it is due and nobody else holds it; return whether we did.

    A refusal ends it as failed, with its places. A surprise sends it back, after the last attempt to the dead letters,
    and propagates.
    """
    work = _claim(run_id, clock=clock)
    if work is None:
        return False
    kind = kind_named(work.run.kind)
    try:
        with kept_alive(work.run.pk, work.lease, clock=clock):
            _complete(work, kind, kind.prepare(work))
    except LeaseLost as lost:
        log.warning("run.lease_lost", run=str(run_id), reason=lost.detail)
    except Refusal as refusal:
        _fail(work, kind, RunStatus.FAILED, _told(refusal))
    except BaseException as surprise:
        _give_back(work, kind, type(surprise).__name__)
        raise
    else:
        kind.discard(work.question)
    return True


def reap(*, at: datetime) -> int:
    """Return to the queue the runs whose workers are lost; return how many."""
    abandoned = list(Run.objects.abandoned(at=at).order_by("pk").values_list("pk", "tenant_id"))
    return sum(_reap_one(pk, tenant_id, at=at) for pk, tenant_id in abandoned)


def _wake_a_worker(run_id: UUID) -> None:
    """Ask a worker to look at once; without a broker the periodic drain finds the run."""
    try:
        current_app.send_task("policies.perform_run", kwargs={"run_id": str(run_id)}, retry=False)
    except OperationalError as error:
        log.warning("run.worker_not_woken", run=str(run_id), reason=str(error))


def _claim(run_id: UUID, *, clock: Callable[[], datetime]) -> _Work | None:
    at = clock()
    with transaction.atomic():
        run = Run.objects.due(at=at).unclaimed().filter(pk=run_id).first()
        if run is None:
            return None
        lease = new_id()
        run.status, run.lease, run.leased_until = RunStatus.LEASED, lease, at + LEASE
        run.attempts += 1
        run.started_at = run.started_at or at
        run.save(update_fields=["status", "lease", "leased_until", "attempts", "started_at"])
    with tenant_scope(run.tenant_id):
        content = RunContent.objects.get(run=run)
    return _Work(run, lease, _actor_of(run, content), content.question, clock)


def _actor_of(run: Run, content: RunContent) -> Actor:
    return Actor(
        tenant_id=run.tenant_id,
        subject=content.subject,
        scopes=frozenset(content.scopes),
        services=None if content.services is None else frozenset(map(UUID, content.services)),
        service_scopes={UUID(service): frozenset(held) for service, held in content.service_scopes.items()},
    )


def _complete(work: _Work, kind: RunKind, prepared: object) -> None:
    """INVARIANT: what the run writes and its end are one transaction, valid only while our lease is."""
    with tenant_scope(work.run.tenant_id):
        result = kind.complete(work, prepared)
        RunContent.objects.filter(run=work.run).update(result=result)
        held = Run.objects.filter(pk=work.run.pk).of_lease(work.lease)
        at = work.now()
        if not held.update(status=RunStatus.SUCCEEDED, finished_at=at, lease=None, leased_until=None):
            raise LeaseLost(f"the run {work.run.pk} was cancelled, or another worker has it")


def _told(refusal: Refusal) -> dict[str, JsonValue]:
    return {
        "code": refusal.code,
        "detail": refusal.detail,
        "errors": [
            {"pointer": fault.pointer, "code": fault.code, "message": fault.message} for fault in refusal.faults
        ],
    }


def _fail(work: _Work, kind: RunKind, status: RunStatus, failure: dict[str, JsonValue]) -> None:
    with tenant_scope(work.run.tenant_id):
        held = Run.objects.filter(pk=work.run.pk).of_lease(work.lease)
        if not held.update(status=status, finished_at=work.now(), lease=None, leased_until=None):
            return
        RunContent.objects.filter(run=work.run).update(failure=failure)
    kind.discard(work.question)


def _give_back(work: _Work, kind: RunKind, surprise: str) -> None:
    if work.run.attempts >= MAX_ATTEMPTS:
        _fail(work, kind, RunStatus.DEAD_LETTER, {"code": EXHAUSTED, "detail": surprise, "errors": []})
        return
    held = Run.objects.filter(pk=work.run.pk).of_lease(work.lease)
    held.update(
        status=RunStatus.QUEUED, available_at=work.now() + pause_after(work.run.attempts), lease=None, leased_until=None
    )


def _reap_one(run_id: UUID, tenant_id: UUID, *, at: datetime) -> bool:
    with tenant_scope(tenant_id):
        run = Run.objects.abandoned(at=at).unclaimed().filter(pk=run_id).first()
        if run is None:
            return False
        exhausted = run.attempts >= MAX_ATTEMPTS
        Run.objects.filter(pk=run_id, status__in=HELD_STATUSES).update(
            status=RunStatus.DEAD_LETTER if exhausted else RunStatus.QUEUED,
            finished_at=at if exhausted else None,
            available_at=at + pause_after(run.attempts),
            lease=None,
            leased_until=None,
        )
        if exhausted:
            failure = {"code": EXHAUSTED, "detail": "every worker that took it was lost", "errors": []}
            RunContent.objects.filter(run=run_id).update(failure=failure)
    return True


def pause_after(attempts: int) -> timedelta:
    """Return how long a run rests after so many attempts: 5 s, doubling."""
    doublings: int = 2 ** max(attempts - 1, 0)
    return _FIRST_PAUSE * doublings
