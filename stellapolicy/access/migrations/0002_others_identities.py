import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import stellapolicy.kernel.ids
import stellapolicy.tenancy.scope
from stellapolicy.tenancy.rls import protect

# The groups of whoever signs in, as a JSON list: their mappings are read before a tenant is known.
GROUPS = """ "group" IN (
    SELECT jsonb_array_elements_text(NULLIF(current_setting('app.groups', true), '')::jsonb)
) """
# The repository whose proven token is being exchanged: who trusts it is read before a tenant is known.
REPOSITORY = """
    repository_id = NULLIF(current_setting('app.repository_id', true), '')
    OR repository = NULLIF(current_setting('app.repository', true), '')
"""


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0001_initial"),
        ("tenancy", "0002_row_level_security"),
    ]

    operations = [
        migrations.CreateModel(
            name="SpentIdentity",
            fields=[
                (
                    "digest",
                    models.CharField(
                        help_text="Of issuer and `jti`.", max_length=71, primary_key=True, serialize=False
                    ),
                ),
                ("expires_at", models.DateTimeField(db_index=True)),
            ],
        ),
        migrations.AddField(
            model_name="apitoken",
            name="acts_as",
            field=models.CharField(blank=True, help_text="The subject of a pipeline's token.", max_length=200),
        ),
        migrations.AlterField(
            model_name="apitoken",
            name="user",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.CreateModel(
            name="ExternalIdentity",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=stellapolicy.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("issuer", models.CharField(max_length=255)),
                ("subject", models.CharField(max_length=255)),
                ("created_at", models.DateTimeField()),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="identities",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "external identities",
                "ordering": ["issuer", "subject"],
            },
        ),
        migrations.CreateModel(
            name="GroupMapping",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=stellapolicy.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("group", models.CharField(max_length=200)),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("viewer", "viewer"),
                            ("requester", "requester"),
                            ("reviewer", "reviewer"),
                            ("security", "security"),
                            ("release_captain", "release_captain"),
                            ("ciso", "ciso"),
                            ("policy_author", "policy_author"),
                            ("policy_reviewer", "policy_reviewer"),
                            ("policy_approver", "policy_approver"),
                            ("policy_operator", "policy_operator"),
                            ("auditor", "auditor"),
                            ("admin", "admin"),
                            ("service", "service"),
                        ],
                        max_length=20,
                    ),
                ),
                ("created_by", models.CharField(max_length=200)),
                ("created_at", models.DateTimeField()),
                (
                    "service",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenancy.service",
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenancy.team",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        default=stellapolicy.tenancy.scope.current_tenant,
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenancy.tenant",
                    ),
                ),
            ],
            options={
                "ordering": ["group", "role", "id"],
                "abstract": False,
                "base_manager_name": "objects",
                "default_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="TrustedWorkload",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=stellapolicy.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "issuer",
                    models.CharField(help_text="Name of an issuer that the installation believes.", max_length=64),
                ),
                (
                    "repository_id",
                    models.CharField(
                        help_text="Immutable: GitHub's repository_id, GitLab's project_id.", max_length=255
                    ),
                ),
                (
                    "repository",
                    models.CharField(help_text="Its name when it was trusted, to recognise it.", max_length=255),
                ),
                (
                    "ref_pattern",
                    models.CharField(help_text="A glob over full refs, such as refs/heads/main.", max_length=255),
                ),
                ("protected_only", models.BooleanField(default=True)),
                (
                    "environment",
                    models.CharField(blank=True, help_text="Only for this environment; empty for any.", max_length=255),
                ),
                ("created_by", models.CharField(max_length=200)),
                ("created_at", models.DateTimeField()),
                ("withdrawn_by", models.CharField(blank=True, max_length=200)),
                ("withdrawn_at", models.DateTimeField(blank=True, null=True)),
                (
                    "service",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="tenancy.service"
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        default=stellapolicy.tenancy.scope.current_tenant,
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenancy.tenant",
                    ),
                ),
            ],
            options={
                "ordering": ["repository", "id"],
                "abstract": False,
                "base_manager_name": "objects",
                "default_manager_name": "objects",
            },
        ),
        migrations.AddField(
            model_name="apitoken",
            name="workload",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="access.trustedworkload",
            ),
        ),
        migrations.AddConstraint(
            model_name="apitoken",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("acts_as", ""), ("user__isnull", False), ("workload__isnull", True)),
                    models.Q(
                        ("service__isnull", False),
                        ("user__isnull", True),
                        ("workload__isnull", False),
                        models.Q(("acts_as", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="token_speaks_for_a_person_or_a_workload",
            ),
        ),
        migrations.AddConstraint(
            model_name="apitoken",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("workload__isnull", True),
                    ("scopes__contained_by", ["evidence:write", "gate:evaluate"]),
                    _connector="OR",
                ),
                name="workload_token_asks_and_submits_only",
            ),
        ),
        migrations.AddConstraint(
            model_name="externalidentity",
            constraint=models.UniqueConstraint(fields=("issuer", "subject"), name="identity_is_one_person"),
        ),
        migrations.AddConstraint(
            model_name="groupmapping",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "role__in",
                        [
                            "viewer",
                            "requester",
                            "reviewer",
                            "security",
                            "release_captain",
                            "ciso",
                            "policy_author",
                            "policy_reviewer",
                            "policy_approver",
                            "policy_operator",
                            "auditor",
                            "admin",
                            "service",
                        ],
                    )
                ),
                name="mapped_role_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="groupmapping",
            constraint=models.CheckConstraint(
                condition=models.Q(("team__isnull", True), ("service__isnull", True), _connector="OR"),
                name="group_is_mapped_for_a_team_or_a_service",
            ),
        ),
        migrations.AddConstraint(
            model_name="groupmapping",
            constraint=models.CheckConstraint(
                condition=models.Q(("group", ""), _negated=True), name="mapped_group_has_a_name"
            ),
        ),
        migrations.AddConstraint(
            model_name="groupmapping",
            constraint=models.UniqueConstraint(
                fields=("tenant", "group", "role", "team", "service"), name="group_is_mapped_once", nulls_distinct=False
            ),
        ),
        migrations.AddIndex(
            model_name="trustedworkload",
            index=models.Index(fields=["issuer", "repository_id"], name="workload_by_repository"),
        ),
        migrations.AddConstraint(
            model_name="trustedworkload",
            constraint=models.UniqueConstraint(
                condition=models.Q(("withdrawn_at__isnull", True)),
                fields=("tenant", "issuer", "repository_id", "ref_pattern", "environment", "service"),
                name="workload_is_trusted_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="trustedworkload",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("withdrawn_at__isnull", True), ("withdrawn_by", "")),
                    models.Q(("withdrawn_at__isnull", False), models.Q(("withdrawn_by", ""), _negated=True)),
                    _connector="OR",
                ),
                name="workload_withdrawal_names_its_author",
            ),
        ),
        protect("access_groupmapping", also=GROUPS),
        protect("access_trustedworkload", also=REPOSITORY),
    ]
