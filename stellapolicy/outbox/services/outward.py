"""Deliveries that leave the house: claimed, sent between two transactions, recorded by whoever still holds them."""

from datetime import datetime
from time import monotonic
from typing import Final

import structlog
from django.db import transaction

from stellapolicy.kernel.refusals import Refusal
from stellapolicy.outbox.errors import LeaseLost
from stellapolicy.outbox.models import Delivery, Lane
from stellapolicy.outbox.models.notification import MESSAGE_PREFIX
from stellapolicy.outbox.services.dispatching import Clock
from stellapolicy.outbox.services.leases import claim_next, give_back, hold
from stellapolicy.outbox.services.notifying import send_message
from stellapolicy.outbox.services.webhook_delivery import tell_webhook

BATCH: Final = 50
# After this nothing new is begun: a task may take ten minutes, and what it is at takes less than a lease.
BATCH_SECONDS: Final = 300.0

log = structlog.get_logger(__name__)


def deliver(*, clock: Clock, limit: int = BATCH, seconds: float = BATCH_SECONDS) -> int:
    """Send what is due, oldest first, at most `limit`; return how many deliveries this worker tried.

    seconds: after which nothing new is begun.

    INVARIANT: no transaction is open while somebody else's server is waited for, and sending takes less time than a
    lease lasts.
    """
    tried, ends_at = 0, monotonic() + seconds
    while tried < limit and monotonic() < ends_at and (claimed := claim_next(Lane.OUTWARD, at=clock())):
        _send(claimed, clock)
        tried += 1
    return tried


def _send(claimed: Delivery, clock: Clock) -> None:
    try:
        if claimed.subscriber.startswith(MESSAGE_PREFIX):
            send_message(claimed, clock=clock)
        else:
            tell_webhook(claimed, clock=clock)
    except LeaseLost:
        log.warning("outbox.lease_lost", delivery=str(claimed.pk))
    except Refusal as refusal:
        log.warning("outbox.not_sent", delivery=str(claimed.pk), code=refusal.code, detail=refusal.detail)
        _wait(claimed, refusal.code, at=clock())
    except BaseException as surprise:
        _wait(claimed, type(surprise).__name__, at=clock())
        raise


def _wait(claimed: Delivery, failure: str, *, at: datetime) -> None:
    """Let it wait for its next attempt, unless the lease was lost: then somebody else says how it went."""
    try:
        with transaction.atomic():
            give_back(hold(claimed), failure=failure[:100], at=at)
    except LeaseLost:
        log.warning("outbox.lease_lost", delivery=str(claimed.pk), failure=failure)
