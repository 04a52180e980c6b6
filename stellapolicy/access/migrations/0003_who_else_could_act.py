"""Who besides a person could act as them: by the secret of a token, or by the first password."""

import django.contrib.postgres.fields
from django.db import migrations, models

# What is known of tokens issued before: somebody signed in made them for somebody else.
ISSUED_FOR_OTHERS = """
UPDATE access_apitoken AS token SET issued_by_people = ARRAY[token.created_by]
FROM access_user AS person
WHERE person.id = token.user_id
  AND token.created_by LIKE 'user:%' AND token.created_by <> 'user:' || person.username
"""


class Migration(migrations.Migration):
    dependencies = [("access", "0002_others_identities")]

    operations = [
        migrations.AddField(
            model_name="apitoken",
            name="issued_by_people",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=200),
                blank=True,
                default=list,
                help_text="Who besides its person was shown the secret.",
                size=None,
            ),
        ),
        migrations.AddField(
            model_name="user",
            name="created_by",
            field=models.CharField(blank=True, default="", editable=False, max_length=200),
        ),
        migrations.AddField(
            model_name="user",
            name="password_set_by",
            field=models.TextField(blank=True, default="", editable=False),
        ),
        migrations.RunSQL(ISSUED_FOR_OTHERS, migrations.RunSQL.noop),
    ]
