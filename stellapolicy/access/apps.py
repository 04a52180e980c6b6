"""The access app."""

from django.apps import AppConfig


class AccessConfig(AppConfig):
    """People, roles, scopes and tokens."""

    name = "stellapolicy.access"
    label = "access"
