"""The queue: any number of workers, each job claimed once at a time and decided exactly once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import structlog
from celery import current_app
from django.db import IntegrityError, transaction
from kombu.exceptions import OperationalError

from gates.errors import LeaseLost
from gates.models import GateJob, GateJobRequest, JobStatus
from gates.models.job import OPEN_STATUSES
from gates.requests import GateRequest
from gates.services.evaluation import EVALUATE_SCOPE, evaluate_gate, refuse_far, require_gate
from gates.services.leases import LEASE, kept_alive
from policies.models import Artifact
from policies.services.evidence import receive_evidence, register_artifact
from stellapolicy.audit import services as audit
from stellapolicy.kernel import digest
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.each import each
from stellapolicy.kernel.refusals import Refusal
from stellapolicy.tenancy.scope import tenant_scope

MAX_ATTEMPTS = 5
EXHAUSTED = "job.attempts_exhausted"
_FIRST_PAUSE = timedelta(seconds=2)
_LONGEST_PAUSE = timedelta(minutes=5)

_AGAIN = "again"

log = structlog.get_logger(__name__)


@transaction.atomic
def enqueue(*, actor: Actor, request: GateRequest, at: datetime, event: str = "") -> GateJob:
    """Put a question into the queue; asked again while it waits, it is the same job.

    Reports are imported now, so that what cannot be read is refused to the one who posted it.
    """
    artifact = register_artifact(request.artifact, at=at)
    actor.require(EVALUATE_SCOPE, service=artifact.service_id)
    require_gate(request)
    refuse_far(request, at=at)
    if request.uploads:
        received = receive_evidence(actor=actor, artifact=request.artifact, uploads=request.uploads, at=at)
        artifact = received.artifact
        request = replace(request, uploads=(), snapshot=received.snapshot.name)
    key = digest.of_json({"request": request.digest, "event": event})
    job, is_new = _place_in_queue(actor, key, at=at)
    if not is_new:
        return job
    GateJobRequest.objects.create(
        job=job,
        service_id=artifact.service_id,
        question=request.to_json(),
        subject=actor.subject,
        scopes=sorted(actor.scopes),
        services=None if actor.services is None else sorted(map(str, actor.services)),
        service_scopes={str(service): sorted(held) for service, held in actor.service_scopes.items()},
    )
    audit.record(actor, "gate.job_queued", job, at=at, after_digest=key)
    transaction.on_commit(lambda: _wake_workers([job.pk]))
    return job


@dataclass(frozen=True, slots=True)
class Question:
    """A question about the present evidence of an artifact, asked by the product itself."""

    artifact: Artifact
    request: GateRequest


@transaction.atomic
def enqueue_again(*, actor: Actor, questions: Sequence[Question], event: str, reason: str, at: datetime) -> int:
    """Put questions of one event into the queue, each once however often it is said; return how many are new.

    What already waits for its turn will see what this event tells of, so that many events at once are one question;
    what is being decided may have looked before it, and is asked once more. Few statements whatever their number, and
    one entry in the audit chain for all of them.
    """
    keys = _new_keys(questions, event)
    jobs = [GateJob(tenant_id=actor.tenant_id, dedupe_key=key, available_at=at, created_at=at) for key in sorted(keys)]
    GateJob.objects.bulk_create(jobs, ignore_conflicts=True)
    new = list(GateJob.objects.filter(pk__in=[job.pk for job in jobs]).order_by("dedupe_key"))
    GateJobRequest.objects.bulk_create(
        GateJobRequest(
            job=job,
            service_id=keys[job.dedupe_key].artifact.service_id,
            question=keys[job.dedupe_key].request.to_json(),
            subject=actor.subject,
            scopes=sorted(actor.scopes),
        )
        for job in new
    )
    if new:
        told = digest.of_json([job.dedupe_key for job in new])
        audit.record(
            actor, "gate.asked_again", audit.Target("outbox.event", event), at=at, after_digest=told, reason=reason
        )
        transaction.on_commit(lambda: _wake_workers([job.pk for job in new]))
    return len(new)


def _new_keys(questions: Sequence[Question], event: str) -> dict[str, Question]:
    """Return what is to be asked, each under its key; left out is what waits in the queue."""
    plain = {digest.of_json({"request": one.request.digest, "event": _AGAIN}): one for one in questions}
    open_ = GateJob.objects.filter(dedupe_key__in=list(plain), status__in=OPEN_STATUSES)
    found = dict(open_.values_list("dedupe_key", "status"))
    keys = {}
    for key, one in plain.items():
        if key not in found:
            keys[key] = one
        elif found[key] != JobStatus.QUEUED:
            keys[digest.of_json({"request": one.request.digest, "event": event})] = one
    return keys


def _place_in_queue(actor: Actor, key: str, *, at: datetime) -> tuple[GateJob, bool]:
    """Return the job of a question and whether it is new; one that ends between our two looks makes room for ours."""
    while True:
        waiting = GateJob.objects.filter(tenant_id=actor.tenant_id, dedupe_key=key, status__in=OPEN_STATUSES).first()
        if waiting is not None:
            return waiting, False
        try:
            with transaction.atomic():
                new = GateJob.objects.create(tenant_id=actor.tenant_id, dedupe_key=key, available_at=at, created_at=at)
        except IntegrityError:
            continue
        return new, True


def _wake_workers(jobs: Sequence[UUID]) -> None:
    """Ask workers to look at once; without a broker the periodic drain finds the jobs."""
    for job_id in jobs:
        try:
            current_app.send_task("gates.evaluate_job", kwargs={"job_id": str(job_id)}, retry=False)
        except OperationalError as error:
            log.warning("gate.worker_not_woken", job=str(job_id), reason=str(error))
            return


def drain(*, clock: Callable[[], datetime], limit: int = 100) -> int:
    """Run the jobs that are due, oldest first, at most `limit`; return how many this worker ran.

    Each is decided as of its own instant. A surprise in one keeps no other waiting; all are raised at the end.
    """
    due = list(GateJob.objects.due(at=clock()).values_list("pk", flat=True)[:limit])
    return each(due, lambda pk: run(job_id=pk, clock=clock), otherwise="jobs that went back to the queue")


def run(*, job_id: UUID, clock: Callable[[], datetime]) -> bool:
    """Run one job if it is due and nobody else holds it; return whether we did.

    A refusal ends the job as failed. A surprise sends it back with a growing pause, after the last attempt to the
    dead letters, and propagates.
    """
    at = clock()
    job = _claim(job_id, at=at)
    if job is None:
        return False
    try:
        with kept_alive(job.pk, _lease(job), clock=clock):
            _decide(job, at=at)
    except LeaseLost:
        log.warning("gate.lease_lost", job=str(job_id))
    except Refusal as refusal:
        _end(job, JobStatus.FAILED, code=refusal.code, detail=refusal.detail, at=at)
    except BaseException as surprise:
        _give_back(job, detail=type(surprise).__name__, at=at)
        raise
    return True


def reap(*, at: datetime) -> int:
    """Return to the queue what workers claimed and let go of; return how many."""
    abandoned = list(GateJob.objects.abandoned(at=at).order_by("pk").values_list("pk", "tenant_id"))
    return sum(_reap_one(job_id, tenant_id, at=at) for job_id, tenant_id in abandoned)


def _reap_one(job_id: UUID, tenant_id: UUID, *, at: datetime) -> bool:
    with tenant_scope(tenant_id):
        job = GateJob.objects.abandoned(at=at).unclaimed().filter(pk=job_id).first()
        if job is None:
            return False
        _back_to_queue(job, at=at)
        if job.status == JobStatus.DEAD_LETTER:
            failure = {"code": EXHAUSTED, "detail": "every worker that took it was lost"}
            GateJobRequest.objects.filter(job=job).update(failure=failure)
    return True


def _claim(job_id: UUID, *, at: datetime) -> GateJob | None:
    with transaction.atomic():
        job = GateJob.objects.due(at=at).unclaimed().filter(pk=job_id).first()
        if job is None:
            return None
        job.status, job.lease, job.leased_until = JobStatus.LEASED, uuid4(), at + LEASE
        job.attempts += 1
        job.save(update_fields=["status", "lease", "leased_until", "attempts"])
        return job


def _decide(job: GateJob, *, at: datetime) -> None:
    """INVARIANT: the decision and the end of the job are one transaction, valid only while our lease is."""
    with tenant_scope(job.tenant_id):
        content = GateJobRequest.objects.get(job=job)
        actor = _actor_of(job, content)
        decision = evaluate_gate(actor=actor, request=GateRequest.of_snapshot(content.question), at=at)
        content.decision = decision
        content.save(update_fields=["decision"])
        ended = GateJob.objects.filter(pk=job.pk).of_lease(lease=_lease(job))
        if not ended.update(status=JobStatus.SUCCEEDED, finished_at=at, lease=None, leased_until=None):
            raise LeaseLost(str(job.pk))


def _actor_of(job: GateJob, content: GateJobRequest) -> Actor:
    """Return whoever asked, with exactly what they held when they did."""
    return Actor(
        tenant_id=job.tenant_id,
        subject=content.subject,
        scopes=frozenset(content.scopes),
        services=None if content.services is None else frozenset(map(UUID, content.services)),
        service_scopes={UUID(service): frozenset(held) for service, held in content.service_scopes.items()},
    )


def _lease(job: GateJob) -> UUID:
    if job.lease is None:
        raise LeaseLost(str(job.pk))
    return job.lease


def _end(job: GateJob, status: JobStatus, *, code: str, detail: str, at: datetime) -> None:
    with tenant_scope(job.tenant_id):
        held = GateJob.objects.filter(pk=job.pk).of_lease(lease=_lease(job))
        if held.update(status=status, finished_at=at, lease=None, leased_until=None):
            GateJobRequest.objects.filter(job=job).update(failure={"code": code, "detail": detail})


def _give_back(job: GateJob, *, detail: str, at: datetime) -> None:
    if job.attempts >= MAX_ATTEMPTS:
        _end(job, JobStatus.DEAD_LETTER, code=EXHAUSTED, detail=detail, at=at)
        return
    with transaction.atomic():
        held = GateJob.objects.of_lease(lease=_lease(job)).unclaimed().filter(pk=job.pk).first()
        if held is not None:
            _back_to_queue(held, at=at)


def _back_to_queue(job: GateJob, *, at: datetime) -> None:
    exhausted = job.attempts >= MAX_ATTEMPTS
    job.status = JobStatus.DEAD_LETTER if exhausted else JobStatus.QUEUED
    job.finished_at = at if exhausted else None
    job.available_at = at + pause_after(job.attempts)
    job.lease = job.leased_until = None
    job.save(update_fields=["status", "finished_at", "available_at", "lease", "leased_until"])


def pause_after(attempts: int) -> timedelta:
    """Return how long a job rests after so many attempts: 2 s, doubling, at most 5 min."""
    doublings: int = 2 ** max(attempts - 1, 0)
    return min(_FIRST_PAUSE * doublings, _LONGEST_PAUSE)
