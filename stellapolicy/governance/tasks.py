"""What workers run: one service call."""

from celery import shared_task

from stellapolicy.governance.services.approvals import expire_due
from stellapolicy.kernel.clock import now


@shared_task(name="governance.expire_approvals", acks_late=True, ignore_result=True)
def expire_approvals() -> None:
    """Close the requests whose time ran out."""
    expire_due(at=now())
