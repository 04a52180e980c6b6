"""Who may read all of an exception's history, and what signed evidence was signed about."""

from typing import ClassVar

import django.contrib.postgres.fields
from django.db import migrations, models

from stellapolicy.tenancy import rls

# INVARIANT: whoever may read an exception may read all of its history: any terms that were bound to no services, and
# it was of the whole tenant; else it reached every service that any of its terms stayed within.
REACH = """
    UPDATE exceptions_policyexception AS exception SET reach = CASE
        WHEN EXISTS (
            SELECT FROM exceptions_exceptionterms AS terms
            WHERE terms.exception_id = exception.id
            AND jsonb_array_length(COALESCE(terms.counts -> 'within', '[]')) = 0
        ) THEN '{}'
        ELSE ARRAY (
            SELECT DISTINCT service::uuid
            FROM exceptions_exceptionterms AS terms, jsonb_array_elements_text(terms.counts -> 'within') AS service
            WHERE terms.exception_id = exception.id
            ORDER BY service::uuid
        )
    END
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("exceptions", "0002_locks"),
    ]

    operations: ClassVar = [
        migrations.AddField(
            model_name="exceptionevidence",
            name="subjects",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=71),
                blank=True,
                default=list,
                help_text="The digests that were signed about.",
                size=None,
            ),
        ),
        migrations.AddField(
            model_name="policyexception",
            name="reach",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.UUIDField(),
                default=list,
                help_text="The services it stayed within at all times; none: any.",
                size=None,
            ),
        ),
        rls.for_each_tenant(REACH),
    ]
