"""The egress app."""

from django.apps import AppConfig


class EgressConfig(AppConfig):
    """The one way out: outbound clients, who may be called, and whether anybody may."""

    name = "stellapolicy.egress"
    label = "egress"

    def ready(self) -> None:
        from stellapolicy.audit import actions  # noqa: PLC0415 - needs loaded apps

        actions.register(
            {
                "egress.connected": "Installation connected",
                "egress.constrained": "Installation limited to its allow list",
                "egress.sealed": "Installation sealed",
            }
        )
