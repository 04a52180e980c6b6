"""The admin floor as an app."""

from django.apps import AppConfig


class AdminConfig(AppConfig):
    """What every admin page stands on."""

    name = "stellapolicy.admin"
    label = "stella_admin"
