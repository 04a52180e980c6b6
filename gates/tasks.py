"""What workers run: ids in, one service call."""

from uuid import UUID

from celery import shared_task

from gates.services import jobs
from stellapolicy.kernel.clock import now


@shared_task(name="gates.evaluate_job", acks_late=True, ignore_result=True)
def evaluate_job(*, job_id: str) -> None:
    """Decide one job, if nobody else does."""
    jobs.run(job_id=UUID(job_id), clock=now)


@shared_task(name="gates.drain_queue", acks_late=True, ignore_result=True)
def drain_queue() -> None:
    """Decide what waits."""
    jobs.drain(clock=now)


@shared_task(name="gates.reap_leases", acks_late=True, ignore_result=True)
def reap_leases() -> None:
    """Give back what lost workers held."""
    jobs.reap(at=now())
