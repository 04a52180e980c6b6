"""Row-level security on every table of a tenant."""

from typing import ClassVar

from django.db import migrations

from stellapolicy.tenancy import rls


class Migration(migrations.Migration):
    dependencies: ClassVar = [("tenancy", "0001_initial")]
    operations: ClassVar = [
        *[
            rls.protect(table)
            for table in (
                "tenancy_team",
                "tenancy_service",
                "tenancy_environment",
            )
        ],
    ]
