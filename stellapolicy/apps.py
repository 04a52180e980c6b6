"""The composition root as an app: management commands and system checks."""

from django.apps import AppConfig


class StellapolicyConfig(AppConfig):
    """Wiring; it has no models."""

    name = "stellapolicy"
    label = "stellapolicy"
