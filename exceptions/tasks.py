"""What workers run: one service call each."""

from celery import shared_task

from exceptions.services import lifecycle, recheck
from stellapolicy.kernel.clock import now


@shared_task(name="exceptions.advance_lifecycles", acks_late=True, ignore_result=True)
def advance_lifecycles() -> None:
    """Begin what begins, tell what is out of grace, ask the owners of idle ones."""
    lifecycle.advance_lifecycles(at=now())


@shared_task(name="exceptions.expire_due", acks_late=True, ignore_result=True)
def expire_due() -> None:
    """Record the end of what is over, announce what ends soon."""
    lifecycle.expire_due(at=now())


@shared_task(name="exceptions.recheck_sweep", acks_late=True, ignore_result=True)
def recheck_sweep() -> None:
    """Compare everything in force with the facts of today."""
    recheck.sweep(at=now())
