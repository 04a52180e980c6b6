"""The outbox app."""

from django.apps import AppConfig


class OutboxConfig(AppConfig):
    """Events written with the change they tell of, handed on after it is committed."""

    name = "stellapolicy.outbox"
    label = "outbox"

    def ready(self) -> None:
        from stellapolicy.audit import actions  # noqa: PLC0415 - needs loaded apps

        actions.register({"outbox.retried": "Delivery tried anew"})
