"""`migrate`, run as the role that owns the tables."""

from typing import Any

from django.core.management.commands.migrate import Command as Migrate

from stellapolicy.tenancy.schema import as_owner


class Command(Migrate):
    def handle(self, *args: Any, **options: Any) -> None:  # Any: Django's own signature
        with as_owner(options["database"]):
            super().handle(*args, **options)
