"""Who may read all of an exception's history, and what signed evidence was signed about."""

from typing import ClassVar

import django.contrib.postgres.fields
from django.db import migrations, models

from stellapolicy.tenancy import rls


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("exceptions", "0002_locks"),
    ]

    operations: ClassVar = [
        migrations.AddField(
            model_name="exceptionevidence",
            name="subject",
            field=models.CharField(blank=True, help_text="The digest that was signed about.", max_length=71),
        ),
        migrations.AddField(
            model_name="policyexception",
            name="reach",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.UUIDField(),
                default=list,
                help_text="The services that all its terms stayed within; none: any.",
                size=None,
            ),
        ),
        rls.for_each_tenant("UPDATE exceptions_policyexception SET reach = service_ids"),
    ]
