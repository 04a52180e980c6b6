"""Finding what the outbox keeps, by id, in the tenant of the scope."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Min, QuerySet

from stellapolicy.outbox.errors import WebhookUnknown
from stellapolicy.outbox.models import Delivery, Notification, WebhookDelivery, WebhookSubscription
from stellapolicy.tenancy.scope import current_tenant


@dataclass(frozen=True, slots=True)
class GivenUp:
    """How many deliveries nobody tries any more, and since when the oldest."""

    count: int
    oldest: datetime | None


def webhook_by_id(pk: UUID) -> WebhookSubscription:
    """Return a webhook that was not deleted, or refuse."""
    webhook = WebhookSubscription.objects.kept().filter(pk=pk).first()
    if webhook is None:
        raise WebhookUnknown("there is no such webhook in this tenant")
    return webhook


def attempts_of(pk: UUID) -> QuerySet[WebhookDelivery]:
    """Return the attempts to tell a webhook, with their events; refuses where there is no such webhook."""
    return WebhookDelivery.objects.filter(webhook=webhook_by_id(pk)).select_related("event")


def inbox_of(person: str) -> QuerySet[Notification]:
    """Return the notifications of a person, with their messages."""
    return Notification.objects.of_person(person).select_related("message")


def given_up() -> GivenUp:
    """Return how many deliveries of the tenant were given up."""
    counted = (
        Delivery.objects.of_tenant(current_tenant()).given_up().aggregate(count=Count("pk"), oldest=Min("finished_at"))
    )
    return GivenUp(**counted)
