"""Outgoing webhooks: made and shown their secret once, given a new one, paused, tested, deleted."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction

from stellapolicy.audit import services as audit
from stellapolicy.egress.factory import require_callable
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.ids import new_id
from stellapolicy.kernel.refusals import Fault
from stellapolicy.outbox import names
from stellapolicy.outbox.errors import (
    DeliveryUnderway,
    DeliveryUnknown,
    EventNameUnknown,
    TooManyWebhooks,
    WebhookNotPaused,
    WebhookPaused,
    WebhookUnknown,
)
from stellapolicy.outbox.models import (
    Delivery,
    Lane,
    OutboxEvent,
    WebhookDelivery,
    WebhookState,
    WebhookSubscription,
)
from stellapolicy.outbox.models.delivery import OPEN_STATUSES
from stellapolicy.outbox.secrets_at_rest import new_webhook_secret, seal
from stellapolicy.outbox.services.dispatching import WRITE_SCOPE
from stellapolicy.outbox.services.events import publish, queue, record_event, wake_after_commit
from stellapolicy.outbox.services.leases import queue_again

PURPOSE: Final = "webhook"
MOST_WEBHOOKS: Final = 100
# After a new secret, messages are signed with both, so that the other side may change over without losing one.
GRACE: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class CreatedWebhook:
    """A webhook and its secret, which nobody will see again."""

    webhook: WebhookSubscription
    secret: str


@transaction.atomic
def create_webhook(
    *, actor: Actor, url: str, events: Collection[str], description: str = "", at: datetime
) -> CreatedWebhook:
    """Let an address be told of events from now on.

    Refuses events nobody publishes, addresses that lead inside or are not https, and all of them while sealed.
    """
    actor.require(WRITE_SCOPE)
    refuse_unknown_events(events)
    require_callable(url, purpose=PURPOSE)
    if WebhookSubscription.objects.kept().count() >= MOST_WEBHOOKS:
        raise TooManyWebhooks(f"a tenant has at most {MOST_WEBHOOKS} webhooks")
    pk, secret = new_id(), new_webhook_secret()
    webhook = WebhookSubscription(
        pk=pk,
        url=url,
        description=description,
        events=sorted(set(events)),
        sealed_secret=seal(secret, owner=pk),
        created_at=at,
        created_by=actor.subject,
        changed_at=at,
    )
    webhook.save(force_insert=True)
    audit.record(actor, "webhook.created", webhook, at=at)
    return CreatedWebhook(webhook, secret)


@transaction.atomic
def rotate_secret(*, actor: Actor, pk: UUID, at: datetime) -> CreatedWebhook:
    """Give a webhook a new secret; for a day messages carry a signature of the old one as well."""
    webhook = _locked(actor, pk)
    secret = new_webhook_secret()
    webhook.sealed_previous_secret, webhook.previous_secret_until = webhook.sealed_secret, at + GRACE
    webhook.sealed_secret, webhook.changed_at = seal(secret, owner=webhook.pk), at
    webhook.save(
        update_fields=["sealed_secret", "sealed_previous_secret", "previous_secret_until", "changed_at"],
    )
    audit.record(actor, "webhook.rotated", webhook, at=at)
    return CreatedWebhook(webhook, secret)


@transaction.atomic
def pause_webhook(*, actor: Actor, pk: UUID, reason: str, at: datetime) -> WebhookSubscription:
    """Tell a webhook of nothing more until it is resumed; what waits for it is called off as it comes up."""
    webhook = _locked(actor, pk)
    if webhook.state == WebhookState.PAUSED:
        raise WebhookPaused("it is paused already")
    pause_locked(webhook, actor=actor, reason=reason, at=at)
    return webhook


def pause_locked(webhook: WebhookSubscription, *, actor: Actor, reason: str, at: datetime) -> None:
    """Pause a webhook that this transaction holds, and tell of it."""
    webhook.pause()
    webhook.pause_reason, webhook.changed_at = reason[:200], at
    webhook.save(update_fields=["state", "pause_reason", "changed_at"])
    audit.record(actor, "webhook.paused", webhook, at=at, reason=reason)
    told = {"webhook_id": str(webhook.pk), "description": webhook.description, "reason": webhook.pause_reason}
    publish("webhook.paused", actor=actor, subject=webhook.subscriber, data=told, at=at)


@transaction.atomic
def resume_webhook(*, actor: Actor, pk: UUID, at: datetime) -> WebhookSubscription:
    """Tell a paused webhook of events again, of those that happen from now on."""
    webhook = _locked(actor, pk)
    if webhook.state != WebhookState.PAUSED:
        raise WebhookNotPaused("it is active already")
    require_callable(webhook.url, purpose=PURPOSE)
    webhook.resume()
    webhook.pause_reason, webhook.consecutive_failures, webhook.changed_at = "", 0, at
    webhook.save(update_fields=["state", "pause_reason", "consecutive_failures", "changed_at"])
    audit.record(actor, "webhook.resumed", webhook, at=at)
    return webhook


@transaction.atomic
def delete_webhook(*, actor: Actor, pk: UUID, at: datetime, reason: str = "") -> WebhookSubscription:
    """End a webhook: its secrets are forgotten, its log stays."""
    webhook = _locked(actor, pk)
    webhook.delete_for_good()
    webhook.sealed_secret = webhook.sealed_previous_secret = ""
    webhook.previous_secret_until, webhook.changed_at = None, at
    webhook.save(
        update_fields=["state", "sealed_secret", "sealed_previous_secret", "previous_secret_until", "changed_at"]
    )
    audit.record(actor, "webhook.deleted", webhook, at=at, reason=reason)
    return webhook


@transaction.atomic
def ping_webhook(*, actor: Actor, pk: UUID, at: datetime) -> OutboxEvent:
    """Send an active webhook, and nobody else, a test event; how it went stands in its log."""
    webhook = _locked(actor, pk)
    if webhook.state == WebhookState.PAUSED:
        raise WebhookPaused("resume it first")
    require_callable(webhook.url, purpose=PURPOSE)
    told = {"webhook_id": str(webhook.pk)}
    event = record_event("webhook.ping", actor=actor, subject=webhook.subscriber, data=told, at=at)
    queue(event, webhook.subscriber, Lane.OUTWARD, at=at)
    audit.record(actor, "webhook.pinged", webhook, at=at)
    wake_after_commit()
    return event


@transaction.atomic
def redeliver(*, actor: Actor, webhook_id: UUID, pk: UUID, at: datetime) -> OutboxEvent:
    """Send an active webhook the event of an earlier attempt once more, under the same id."""
    webhook = _locked(actor, webhook_id)
    if webhook.state == WebhookState.PAUSED:
        raise WebhookPaused("resume it first")
    attempt = WebhookDelivery.objects.select_related("event").filter(pk=pk, webhook=webhook).first()
    if attempt is None:
        raise DeliveryUnknown("this webhook has no such delivery")
    waiting = Delivery.objects.select_for_update().filter(
        tenant_id=actor.tenant_id, event_id=attempt.event_id, subscriber=webhook.subscriber
    )
    delivery = waiting.first()
    if delivery is None:
        queue(attempt.event, webhook.subscriber, Lane.OUTWARD, at=at)
    elif delivery.status in OPEN_STATUSES:
        raise DeliveryUnderway("its next attempt is due by itself")
    else:
        queue_again(delivery, at=at)
    audit.record(actor, "webhook.redelivered", webhook, at=at)
    wake_after_commit()
    return attempt.event


def refuse_unknown_events(events: Collection[str]) -> None:
    """Refuse names and globs that mean no event at all."""
    faults = tuple(
        Fault(f"/events/{index}", EventNameUnknown.code, f"no event is called {pattern}")
        for index, pattern in enumerate(events)
        if not names.is_meaningful(pattern)
    )
    if faults or not events:
        raise EventNameUnknown("name at least one event there is, or a glob such as gate.*", faults=faults)


def _locked(actor: Actor, pk: UUID) -> WebhookSubscription:
    actor.require(WRITE_SCOPE)
    webhook = WebhookSubscription.objects.kept().locked().filter(pk=pk).first()
    if webhook is None:
        raise WebhookUnknown("there is no such webhook in this tenant")
    return webhook
