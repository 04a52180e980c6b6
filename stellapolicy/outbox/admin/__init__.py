"""Events, webhooks and notifications in the admin, and what the overview shows of them."""

from stellapolicy.admin import dashboard
from stellapolicy.outbox.admin.attempts import WebhookDeliveryAdmin
from stellapolicy.outbox.admin.events import DeliveryAdmin, OutboxEventAdmin
from stellapolicy.outbox.admin.inbox import InboxAdmin, NotificationMessageAdmin
from stellapolicy.outbox.admin.notifications import NotificationChannelAdmin, NotificationRuleAdmin
from stellapolicy.outbox.admin.overview import show
from stellapolicy.outbox.admin.webhooks import WebhookAdmin

dashboard.register(show, place=40)

__all__ = [
    "DeliveryAdmin",
    "InboxAdmin",
    "NotificationChannelAdmin",
    "NotificationMessageAdmin",
    "NotificationRuleAdmin",
    "OutboxEventAdmin",
    "WebhookAdmin",
    "WebhookDeliveryAdmin",
]
