"""A version of a gate stays as it was written; a question in the queue belongs to the service it is about."""

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models

from stellapolicy.tenancy import rls


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("gates", "0002_row_level_security"),
        ("policies", "0001_initial"),
        ("tenancy", "0001_initial"),
    ]
    operations: ClassVar = [
        migrations.AddField(
            model_name="gatejobrequest",
            name="service",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="tenancy.service",
            ),
        ),
        # Without this, nobody who is limited to a service finds the questions they asked before.
        rls.for_each_tenant(
            """
            UPDATE gates_gatejobrequest AS request SET service_id = artifact.service_id
            FROM policies_artifact AS artifact
            WHERE artifact.tenant_id = request.tenant_id
            AND artifact.digest = request.question -> 'artifact' ->> 'digest'
            """
        ),
        rls.frozen(
            "gates_gate",
            (
                "tenant_id",
                "environment_id",
                "name",
                "version",
                "mode",
                "preset",
                "chain",
                "digest",
                "created_by",
                "created_at",
            ),
        ),
    ]
