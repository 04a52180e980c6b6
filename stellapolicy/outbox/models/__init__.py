"""Events and their deliveries."""

from stellapolicy.outbox.models.delivery import Delivery, DeliveryStatus, Lane
from stellapolicy.outbox.models.event import OutboxEvent

__all__ = ["Delivery", "DeliveryStatus", "Lane", "OutboxEvent"]
