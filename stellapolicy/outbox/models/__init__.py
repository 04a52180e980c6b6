"""Events, their deliveries, webhooks."""

from stellapolicy.outbox.models.delivery import Delivery, DeliveryStatus, Lane
from stellapolicy.outbox.models.event import OutboxEvent
from stellapolicy.outbox.models.webhook import (
    AttemptOutcome,
    Latency,
    WebhookDelivery,
    WebhookState,
    WebhookSubscription,
)

__all__ = [
    "AttemptOutcome",
    "Delivery",
    "DeliveryStatus",
    "Lane",
    "Latency",
    "OutboxEvent",
    "WebhookDelivery",
    "WebhookState",
    "WebhookSubscription",
]
