"""Services that artifacts join by their labels."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tenancy", "0002_row_level_security"),
    ]

    operations = [
        migrations.AddField(
            model_name="service",
            name="labels",
            field=models.JSONField(
                blank=True, default=dict, help_text="Labels an artifact must all carry to join where no glob claims it."
            ),
        ),
    ]
