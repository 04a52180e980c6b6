"""Forgetting: events, their deliveries and what was said of them, once they are old and nothing waits for them."""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import Exists, OuterRef, QuerySet

from stellapolicy.outbox.models import (
    Delivery,
    MessageStatus,
    Notice,
    Notification,
    NotificationMessage,
    OutboxEvent,
    WebhookDelivery,
)
from stellapolicy.tenancy.models import Tenant
from stellapolicy.tenancy.scope import tenant_scope

# A place in the queue says nothing that the logs do not, once it is this old.
DELIVERIES: Final = timedelta(days=30)
_BATCH: Final = 5000


def purge(*, at: datetime) -> int:
    """Remove what is older than OUTBOX_RETENTION_DAYS, a transaction for each tenant and batch; return how much."""
    before = at - timedelta(days=settings.OUTBOX_RETENTION_DAYS)
    removed = 0
    for tenant_id in Tenant.objects.order_by("pk").values_list("pk", flat=True):
        while batch := _purge_batch(tenant_id, before=before, queue_before=max(before, at - DELIVERIES)):
            removed += batch
    return removed


def _purge_batch(tenant_id: UUID, *, before: datetime, queue_before: datetime) -> int:
    with tenant_scope(tenant_id):
        _say_that_this_is_retention()
        counts = [
            _remove(rows)
            for rows in (
                Delivery.objects.of_tenant(tenant_id).ended_before(queue_before),
                WebhookDelivery.objects.older_than(before),
                Notification.objects.filter(created_at__lt=before),
                Notice.objects.filter(message__created_at__lt=before).exclude(message__status=MessageStatus.QUEUED),
                NotificationMessage.objects.filter(created_at__lt=before)
                .exclude(status=MessageStatus.QUEUED)
                .filter(~Exists(Notice.objects.filter(message=OuterRef("pk")))),
                _forgettable_events(before),
            )
        ]
        return sum(counts)


def _forgettable_events(before: datetime) -> QuerySet[OutboxEvent]:
    """Return old events that nothing waits for and nothing tells of any more."""
    kept_by = (Delivery, WebhookDelivery, Notice)
    events = OutboxEvent.objects.older_than(before)
    for model in kept_by:
        events = events.filter(~Exists(model._default_manager.filter(event=OuterRef("pk"))))  # noqa: SLF001 - Django's public face of a model
    return events


def _remove(rows: QuerySet[Any]) -> int:  # Any: rows of any model
    """Remove the first of the rows, at most a batch, without loading them."""
    chosen = list(rows.order_by("pk").values_list("pk", flat=True)[:_BATCH])
    model = rows.model
    return int(model._default_manager.filter(pk__in=chosen)._raw_delete(using="default")) if chosen else 0  # noqa: SLF001 - the database keeps the references


def _say_that_this_is_retention() -> None:
    """Open the lock on events for this transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.retention', 'on', true)")
