"""The API floor as an app."""

from django.apps import AppConfig


class ApiConfig(AppConfig):
    """What every endpoint stands on."""

    name = "stellapolicy.api"
    label = "api"
