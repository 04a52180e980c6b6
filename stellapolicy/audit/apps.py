"""The audit app."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """Append-only, hash-chained entries of every write."""

    name = "stellapolicy.audit"
    label = "audit"
