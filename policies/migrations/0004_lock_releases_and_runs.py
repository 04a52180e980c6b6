"""Row-level security on builds, deployments, conflicts, VEX about products and what runs hold; history stays."""

from typing import ClassVar

from django.db import migrations

from stellapolicy.tenancy import rls


class Migration(migrations.Migration):
    dependencies: ClassVar = [("policies", "0003_releases_runs_and_whole_snapshots")]
    operations: ClassVar = [
        *[
            rls.protect(table)
            for table in (
                "policies_build",
                "policies_deployment",
                "policies_ownershipconflict",
                "policies_vexdocument",
                "policies_productstatement",
                "policies_runcontent",
            )
        ],
        rls.append_only("policies_build"),
        rls.append_only("policies_deployment"),
        rls.append_only("policies_vexdocument"),
        rls.append_only("policies_productstatement"),
    ]
