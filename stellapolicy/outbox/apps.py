"""The outbox app."""

from django.apps import AppConfig


class OutboxConfig(AppConfig):
    """Events written with the change they tell of, handed on after it is committed."""

    name = "stellapolicy.outbox"
    label = "outbox"

    def ready(self) -> None:
        from stellapolicy.audit import actions  # noqa: PLC0415 - needs loaded apps
        from stellapolicy.outbox import names, subscriptions  # noqa: PLC0415 - needs loaded apps
        from stellapolicy.outbox.services import notifying  # noqa: PLC0415 - needs loaded apps

        actions.register(
            {
                "outbox.retried": "Delivery tried anew",
                "webhook.created": "Webhook created",
                "webhook.rotated": "Webhook given a new secret",
                "webhook.paused": "Webhook paused",
                "webhook.resumed": "Webhook resumed",
                "webhook.deleted": "Webhook deleted",
                "webhook.pinged": "Webhook tested",
                "webhook.redelivered": "Event sent to a webhook again",
                "channel.created": "Notification channel created",
                "channel.removed": "Notification channel removed",
                "rule.created": "Notification rule created",
                "rule.muted": "Notification rule muted",
                "rule.unmuted": "Notification rule unmuted",
                "rule.removed": "Notification rule removed",
            }
        )
        subscriptions.subscribe_own("*", key=notifying.SUBSCRIBER, act=notifying.notice)
        names.register({"webhook.ping": "A test of one webhook", "webhook.paused": "A webhook was paused"})
