"""Events, their deliveries, webhooks, notifications."""

from stellapolicy.outbox.models.delivery import Delivery, DeliveryStatus, Lane
from stellapolicy.outbox.models.event import OutboxEvent
from stellapolicy.outbox.models.notification import (
    ChannelKind,
    Digest,
    MessageStatus,
    Notice,
    Notification,
    NotificationChannel,
    NotificationMessage,
    NotificationRule,
)
from stellapolicy.outbox.models.webhook import (
    AttemptOutcome,
    Latency,
    WebhookDelivery,
    WebhookState,
    WebhookSubscription,
)

__all__ = [
    "AttemptOutcome",
    "ChannelKind",
    "Delivery",
    "DeliveryStatus",
    "Digest",
    "Lane",
    "Latency",
    "MessageStatus",
    "Notice",
    "Notification",
    "NotificationChannel",
    "NotificationMessage",
    "NotificationRule",
    "OutboxEvent",
    "WebhookDelivery",
    "WebhookState",
    "WebhookSubscription",
]
