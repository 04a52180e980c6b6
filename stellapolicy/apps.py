"""The composition root as an app: management commands, system checks and the Celery application."""

from django.apps import AppConfig


class StellapolicyConfig(AppConfig):
    """Wiring; it has no models."""

    name = "stellapolicy"
    label = "stellapolicy"

    def ready(self) -> None:
        """Make our Celery application the one that web and commands send to; without it they would ask a stranger."""
        from stellapolicy import checks, database_checks  # noqa: F401, PLC0415 - registered with Django as they load
        from stellapolicy.api import health  # noqa: PLC0415 - needs settings
        from stellapolicy.celery import app  # noqa: PLC0415 - needs settings

        health.register("database_login", database_checks.be_ready)

        app.set_current()
        app.set_default()
