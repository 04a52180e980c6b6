"""What workers run for access."""

from celery import shared_task

from stellapolicy.access.services import retention
from stellapolicy.kernel.clock import now


@shared_task(name="access.purge_workload_tokens", acks_late=True, ignore_result=True)
def purge_workload_tokens() -> None:
    """Forget the tokens of pipelines that ended a week ago."""
    retention.forget_ended_workload_tokens(at=now())
