"""What workers run for the installation as a whole."""

from celery import shared_task

from stellapolicy.kernel.clock import now
from stellapolicy.management.retention import purge_everything


@shared_task(name="stellapolicy.purge", acks_late=True, ignore_result=True)
def purge() -> None:
    """Remove what has been kept long enough."""
    purge_everything(at=now())
