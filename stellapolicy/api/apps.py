"""The API floor as an app."""

from importlib import import_module

from django.apps import AppConfig


class ApiConfig(AppConfig):
    """What every endpoint stands on."""

    name = "stellapolicy.api"
    label = "api"

    def ready(self) -> None:
        """Listen to requests for their identifier."""
        import_module("stellapolicy.api.request_id")
