"""What workers run for the API floor."""

from celery import shared_task

from stellapolicy.api import idempotency
from stellapolicy.kernel.clock import now


@shared_task(name="api.purge_idempotency", acks_late=True, ignore_result=True)
def purge_idempotency() -> None:
    """Forget the answers that are past their 24 hours."""
    idempotency.forget_outlived(at=now())
