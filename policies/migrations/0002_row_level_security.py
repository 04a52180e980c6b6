"""Row-level security on every table of a tenant; evidence is append-only."""

from typing import ClassVar

from django.db import migrations

from stellapolicy.tenancy import rls


class Migration(migrations.Migration):
    dependencies: ClassVar = [("policies", "0001_initial")]
    operations: ClassVar = [
        *[
            rls.protect(table)
            for table in (
                "policies_artifact",
                "policies_report",
                "policies_snapshot",
                "policies_snapshotsource",
                "policies_snapshotfinding",
                "policies_snapshotcomponent",
                "policies_vexstatement",
                "policies_policypack",
                "policies_packrevision",
                "policies_packbinding",
            )
        ],
        rls.append_only("policies_report"),
        rls.append_only("policies_snapshot"),
        rls.append_only("policies_snapshotsource"),
        rls.append_only("policies_snapshotfinding"),
        rls.append_only("policies_snapshotcomponent"),
        rls.append_only("policies_vexstatement"),
    ]
