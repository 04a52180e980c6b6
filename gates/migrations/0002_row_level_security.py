"""Row-level security on every table of a tenant; decisions are append-only."""

from typing import ClassVar

from django.db import migrations

from stellapolicy.tenancy import rls


class Migration(migrations.Migration):
    dependencies: ClassVar = [("gates", "0001_initial")]
    operations: ClassVar = [
        *[
            rls.protect(table)
            for table in (
                "gates_gate",
                "gates_gatedecision",
                "gates_gatejobrequest",
            )
        ],
        rls.append_only("gates_gatedecision"),
    ]
