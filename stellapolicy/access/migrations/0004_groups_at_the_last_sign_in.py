"""The groups of a person at their last sign-in."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("access", "0003_who_else_could_act")]

    operations = [
        migrations.AddField(
            model_name="user",
            name="provider_groups",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.TextField(), blank=True, default=list, editable=False, size=None
            ),
        ),
    ]
