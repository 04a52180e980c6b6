"""The composition root as an app: management commands, system checks and the Celery application."""

from django.apps import AppConfig


class StellapolicyConfig(AppConfig):
    """Wiring; it has no models."""

    name = "stellapolicy"
    label = "stellapolicy"

    def ready(self) -> None:
        """Make our Celery application the one that web and commands send to, and register what the roof has to say.

        Without the first, web and commands would ask a stranger.
        """
        from stellapolicy.celery import app  # noqa: PLC0415 - needs settings

        app.set_current()
        app.set_default()
        _register()


def _register() -> None:
    from stellapolicy import checks, database_checks  # noqa: F401, PLC0415 - registered with Django as they load
    from stellapolicy.api import health  # noqa: PLC0415 - needs loaded apps
    from stellapolicy.audit import actions  # noqa: PLC0415 - needs loaded apps
    from stellapolicy.kernel import retention  # noqa: PLC0415 - needs loaded apps
    from stellapolicy.management.retention import SESSIONS  # noqa: PLC0415 - needs loaded apps

    health.register("database_login", database_checks.be_ready)
    actions.register({"tenant.deleted": "Tenant deleted", "retention.purged": "Outlived rows removed"})
    retention.register(SESSIONS)
