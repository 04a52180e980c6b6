"""What workers run: one service call each."""

from celery import shared_task

from stellapolicy.kernel.clock import now
from stellapolicy.outbox.services import dispatching, notifying, outward, reaping, retention


@shared_task(name="outbox.dispatch", acks_late=True, ignore_result=True)
def dispatch() -> None:
    """Hand over the events that wait."""
    dispatching.dispatch(clock=now)


@shared_task(name="outbox.deliver_webhooks", acks_late=True, ignore_result=True)
def deliver_webhooks() -> None:
    """Send what waits to leave the house."""
    outward.deliver(clock=now)


@shared_task(name="outbox.send_digests", acks_late=True, ignore_result=True)
def send_digests() -> None:
    """Compose the messages whose time has come."""
    notifying.send_digests(at=now())


@shared_task(name="outbox.purge", acks_late=True, ignore_result=True)
def purge() -> None:
    """Forget what is older than its retention."""
    retention.purge(at=now())


@shared_task(name="outbox.reap", acks_late=True, ignore_result=True)
def reap() -> None:
    """Give back what lost workers held."""
    reaping.reap(at=now())
