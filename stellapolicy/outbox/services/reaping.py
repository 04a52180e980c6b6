"""What workers claimed and let go of: the attempt failed, and the delivery waits for its next."""

from datetime import datetime

from django.db import transaction

from stellapolicy.outbox.models import Delivery, Lane
from stellapolicy.outbox.models.notification import MESSAGE_PREFIX
from stellapolicy.outbox.services import notifying, webhook_delivery
from stellapolicy.outbox.services.leases import LEASE_EXPIRED, give_back


def reap(*, at: datetime) -> int:
    """Return to the queue what no worker that lives holds any more, each in a transaction of its own; return how many.

    An attempt to reach somebody outside is logged and counted as failed: who keeps workers until they are killed is
    paused like who answers no.
    """
    reaped = 0
    while _reap_next(at=at):
        reaped += 1
    return reaped


@transaction.atomic
def _reap_next(*, at: datetime) -> bool:
    abandoned = Delivery.objects.abandoned(at=at).unclaimed().order_by("pk").first()
    if abandoned is None:
        return False
    if abandoned.lane == Lane.INWARD:
        give_back(abandoned, failure=LEASE_EXPIRED, at=at)
    elif abandoned.subscriber.startswith(MESSAGE_PREFIX):
        notifying.record_lost(abandoned, at=at)
    else:
        webhook_delivery.record_lost(abandoned, at=at)
    return True
