"""The admin floor as an app."""

from django.apps import AppConfig


class AdminConfig(AppConfig):
    """What every admin page stands on."""

    name = "stellapolicy.admin"
    label = "stella_admin"

    def ready(self) -> None:
        """Make our site the one that apps register their pages with; their modules are found later."""
        from django.contrib import admin  # noqa: PLC0415 - needs loaded apps
        from django.contrib.admin import sites  # noqa: PLC0415 - needs loaded apps

        from stellapolicy.admin.site import StellaSite  # noqa: PLC0415 - needs loaded apps

        admin.site = sites.site = StellaSite()
