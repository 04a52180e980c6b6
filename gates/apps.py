"""The gates app."""

from django.apps import AppConfig


class GatesConfig(AppConfig):
    """What may ship: checks, decisions, the queue."""

    name = "gates"
    label = "gates"
