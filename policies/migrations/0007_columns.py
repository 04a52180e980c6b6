"""Where the columns of snapshots are kept."""

from typing import Any, ClassVar

import django.db.models.deletion
from django.db import migrations, models

import stellapolicy.kernel.ids
import stellapolicy.tenancy.scope
from stellapolicy.tenancy import rls

_TENANT: dict[str, Any] = {
    "default": stellapolicy.tenancy.scope.current_tenant,
    "editable": False,
    "on_delete": django.db.models.deletion.PROTECT,
    "related_name": "+",
    "to": "tenancy.tenant",
}
_ID: dict[str, Any] = {
    "default": stellapolicy.kernel.ids.new_id,
    "editable": False,
    "primary_key": True,
    "serialize": False,
}


class Migration(migrations.Migration):
    dependencies: ClassVar = [("policies", "0006_revisions_move_and_stay"), ("tenancy", "0001_initial")]
    operations: ClassVar = [
        migrations.CreateModel(
            name="ColumnFile",
            fields=[
                ("id", models.UUIDField(**_ID)),
                ("digest", models.CharField(max_length=71)),
                ("stored_as", models.CharField(max_length=255)),
                ("layout", models.PositiveSmallIntegerField(help_text="Version of the columns.")),
                ("size_bytes", models.BigIntegerField()),
                ("row_count", models.PositiveIntegerField()),
                ("written_at", models.DateTimeField()),
                (
                    "superseded_at",
                    models.DateTimeField(blank=True, help_text="When compaction put another in its place.", null=True),
                ),
                ("tenant", models.ForeignKey(**_TENANT)),
            ],
            options={"ordering": ["-written_at", "-id"], "abstract": False, "base_manager_name": "objects"},
        ),
        migrations.CreateModel(
            name="SnapshotColumns",
            fields=[
                ("id", models.UUIDField(**_ID)),
                ("row_count", models.PositiveIntegerField()),
                (
                    "file",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="snapshots",
                        to="policies.columnfile",
                    ),
                ),
                (
                    "snapshot",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="columns", to="policies.snapshot"
                    ),
                ),
                ("tenant", models.ForeignKey(**_TENANT)),
            ],
            options={
                "verbose_name_plural": "snapshot columns",
                "ordering": ["snapshot"],
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.AddConstraint(
            model_name="columnfile",
            constraint=models.UniqueConstraint(fields=("tenant", "digest"), name="column_file_once_per_content"),
        ),
        rls.protect("policies_columnfile"),
        rls.protect("policies_snapshotcolumns"),
    ]
