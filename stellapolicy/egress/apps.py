"""The egress app."""

from django.apps import AppConfig


class EgressConfig(AppConfig):
    """The one way out: outbound clients, who may be called, and whether anybody may."""

    name = "stellapolicy.egress"
    label = "egress"
