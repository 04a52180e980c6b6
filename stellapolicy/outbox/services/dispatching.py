"""Handing events to whoever follows them: each (event, subscriber) once, each tried again alone."""

from collections.abc import Callable
from datetime import datetime
from typing import Final
from uuid import UUID

import structlog
from django.db import transaction

from stellapolicy.audit import services as audit
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.refusals import Refusal
from stellapolicy.outbox import subscriptions
from stellapolicy.outbox.errors import DeliveryUnderway, DeliveryUnknown, LeaseLost
from stellapolicy.outbox.models import Delivery, DeliveryStatus, Lane, OutboxEvent, WebhookSubscription
from stellapolicy.outbox.models.delivery import FAN_OUT, OPEN_STATUSES
from stellapolicy.outbox.services.events import new_delivery, wake_after_commit
from stellapolicy.outbox.services.leases import claim_next, finish, give_back, hold, queue_again
from stellapolicy.tenancy.scope import tenant_scope

Clock = Callable[[], datetime]
WRITE_SCOPE: Final = "webhook:write"
BATCH: Final = 200

log = structlog.get_logger(__name__)


def dispatch(*, clock: Clock, limit: int = BATCH) -> int:
    """Hand over what is due, oldest first, at most `limit`; return how many deliveries this worker tried.

    Any number of workers may do so at once. Each delivery is leased as of the instant it begins.
    """
    tried = 0
    while tried < limit and (claimed := claim_next(Lane.INWARD, at=clock())):
        _try(claimed, clock)
        tried += 1
    return tried


@transaction.atomic
def retry(*, actor: Actor, pk: UUID, reason: str, at: datetime) -> Delivery:
    """Let a delivery that was given up begin anew."""
    actor.require(WRITE_SCOPE)
    delivery = Delivery.objects.of_tenant(actor.tenant_id).select_for_update().filter(pk=pk).first()
    if delivery is None:
        raise DeliveryUnknown("there is no such delivery in this tenant")
    if delivery.status in OPEN_STATUSES or delivery.status == DeliveryStatus.SUCCEEDED:
        raise DeliveryUnderway("only what was given up or called off begins anew")
    queue_again(delivery, at=at)
    audit.record(actor, "outbox.retried", delivery, at=at, reason=reason)
    wake_after_commit()
    return delivery


def _try(claimed: Delivery, clock: Clock) -> None:
    """Hand over one delivery; a failure is kept with it and keeps no other delivery waiting."""
    try:
        _hand_over(claimed, at=clock())
    except LeaseLost:
        log.warning("outbox.lease_lost", delivery=str(claimed.pk))
    except Refusal as refusal:
        log.warning("outbox.subscriber_refused", delivery=str(claimed.pk), code=refusal.code, detail=refusal.detail)
        _record_failure(claimed, refusal.code, at=clock())
    except Exception as surprise:
        log.exception("outbox.subscriber_failed", delivery=str(claimed.pk), subscriber=claimed.subscriber)
        _record_failure(claimed, type(surprise).__name__, at=clock())


def _hand_over(claimed: Delivery, *, at: datetime) -> None:
    """INVARIANT: what a subscriber writes and the mark that it did are one transaction, valid only with our lease."""
    with tenant_scope(claimed.tenant_id):
        held = hold(claimed)
        event = OutboxEvent.objects.get(pk=claimed.event_id)
        if held.subscriber == FAN_OUT:
            _fan_out(event, at=at)
        else:
            subscriptions.subscriber(held.subscriber).act(event.published(at=at))
        finish(held, DeliveryStatus.SUCCEEDED, at=at)


def _fan_out(event: OutboxEvent, *, at: datetime) -> None:
    """Let the event wait for everybody who follows it now, inside and out."""
    deliveries = [
        new_delivery(event, follower.key, Lane.INWARD, at=at) for follower in subscriptions.followers(event.name)
    ]
    deliveries += [
        new_delivery(event, webhook.subscriber, Lane.OUTWARD, at=at)
        for webhook in WebhookSubscription.objects.active().order_by("pk")
        if webhook.follows(event.name)
    ]
    Delivery.objects.bulk_create(deliveries)


def _record_failure(claimed: Delivery, failure: str, *, at: datetime) -> None:
    with transaction.atomic():
        try:
            held = hold(claimed)
        except LeaseLost:
            return
        give_back(held, failure=failure[:100], at=at)
