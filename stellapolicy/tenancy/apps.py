"""Tenancy: whose rows these are."""

from django.apps import AppConfig
from django.db.models.signals import pre_migrate


class TenancyConfig(AppConfig):
    """Creates the schema before the first table of any app."""

    name = "stellapolicy.tenancy"
    label = "tenancy"

    def ready(self) -> None:
        from stellapolicy.tenancy.schema import create_schema  # noqa: PLC0415 - needs loaded apps

        pre_migrate.connect(create_schema, sender=self, dispatch_uid="tenancy.create_schema")
