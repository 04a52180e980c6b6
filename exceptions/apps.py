"""The exceptions app."""

from importlib import import_module

from django.apps import AppConfig


class ExceptionsConfig(AppConfig):
    """What is forgiven, by whom, until when."""

    name = "exceptions"
    label = "exceptions"

    def ready(self) -> None:
        """Name actions and events, register the kinds of request, and follow what may change the facts."""
        import_module("exceptions.wiring").wire()
