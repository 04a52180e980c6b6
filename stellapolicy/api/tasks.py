"""What workers run for the API floor."""

from celery import shared_task
from celery.signals import worker_ready

from stellapolicy.api import heartbeat, idempotency
from stellapolicy.kernel.clock import now


@shared_task(name="api.purge_idempotency", acks_late=True, ignore_result=True)
def purge_idempotency() -> None:
    """Forget the answers that are past their 24 hours."""
    idempotency.forget_outlived(at=now())


@shared_task(name="api.beat_heart", acks_late=True, ignore_result=True)
def beat_heart() -> None:
    """Leave a sign of life, as often as beat asks for one."""
    heartbeat.leave(at=now())


@worker_ready.connect(dispatch_uid="api.heartbeat.begin")
def begin_heartbeat(**_: object) -> None:
    """Leave the first sign as soon as a worker is ready: nobody need wait for beat's first round."""
    heartbeat.leave(at=now())
