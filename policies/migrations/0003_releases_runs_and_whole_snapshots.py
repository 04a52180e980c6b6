"""Builds and deployments, runs, VEX about products, and snapshots whose digest covers every column."""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
from django.db import migrations, models

import stellapolicy.kernel.ids
import stellapolicy.tenancy.scope


class Migration(migrations.Migration):
    dependencies = [
        ("policies", "0002_row_level_security"),
        ("tenancy", "0003_service_labels"),
    ]

    operations = [
        migrations.CreateModel(
            name="Build",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=stellapolicy.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("commit", models.CharField(max_length=100)),
                ("branch", models.CharField(blank=True, max_length=255)),
                ("base_commit", models.CharField(blank=True, max_length=100)),
                ("repository", models.CharField(blank=True, max_length=500)),
                ("pipeline_url", models.CharField(blank=True, max_length=1000)),
                ("ci", models.CharField(blank=True, max_length=50)),
                (
                    "built_at",
                    models.DateTimeField(help_text="When it was built; unknown where nobody says.", null=True),
                ),
                (
                    "source",
                    models.CharField(
                        choices=[("client", "Client"), ("provenance", "Provenance")], default="client", max_length=16
                    ),
                ),
                ("said_by", models.CharField(max_length=200)),
                ("recorded_at", models.DateTimeField()),
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
                "ordering": ["-recorded_at", "-id"],
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="Deployment",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=stellapolicy.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("deployed_at", models.DateTimeField()),
                (
                    "url",
                    models.CharField(blank=True, help_text="Where the deployment can be looked at.", max_length=1000),
                ),
                ("said_by", models.CharField(max_length=200)),
                ("recorded_at", models.DateTimeField()),
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
                "ordering": ["-deployed_at", "-id"],
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="OwnershipConflict",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=stellapolicy.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("repository", models.CharField(help_text="What the report says the artifact is.", max_length=500)),
                ("said_by", models.CharField(max_length=200)),
                ("noticed_at", models.DateTimeField()),
                ("settled_by", models.CharField(blank=True, max_length=200)),
                ("settled_at", models.DateTimeField(null=True)),
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
                "ordering": ["-noticed_at", "-id"],
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="ProductStatement",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=stellapolicy.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("position", models.PositiveIntegerField()),
                ("vulnerability", models.CharField(max_length=200)),
                (
                    "names",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.TextField(), help_text="Every name of the vulnerability.", size=None
                    ),
                ),
                ("status", models.CharField(max_length=32)),
                ("claim", models.JSONField()),
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
                "ordering": ["document", "position"],
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="Run",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=stellapolicy.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("kind", models.CharField(max_length=40)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("queued", "Queued"),
                            ("leased", "Leased"),
                            ("running", "Running"),
                            ("succeeded", "Succeeded"),
                            ("failed", "Failed"),
                            ("dead_letter", "Dead Letter"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="queued",
                        max_length=16,
                    ),
                ),
                ("done", models.PositiveIntegerField(default=0)),
                ("total", models.PositiveIntegerField(default=0, help_text="Steps in all; 0 until they are counted.")),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("available_at", models.DateTimeField()),
                ("lease", models.UUIDField(null=True)),
                ("leased_until", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField()),
                ("started_at", models.DateTimeField(null=True)),
                ("finished_at", models.DateTimeField(null=True)),
                (
                    "tenant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="tenancy.tenant"
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at", "-id"],
            },
        ),
        migrations.CreateModel(
            name="RunContent",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=stellapolicy.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("title", models.CharField(max_length=300)),
                ("question", models.JSONField()),
                ("subject", models.CharField(max_length=200)),
                ("scopes", models.JSONField(default=list)),
                (
                    "services",
                    models.JSONField(help_text="The services the scopes are held in; empty for all.", null=True),
                ),
                ("service_scopes", models.JSONField(default=dict, help_text="Further scopes, each in one service.")),
                ("result", models.JSONField(blank=True, default=dict)),
                (
                    "failure",
                    models.JSONField(blank=True, default=dict, help_text="Code, sentence and places of the refusal."),
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
                "ordering": ["-run__created_at", "-id"],
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="VexDocument",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=stellapolicy.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("digest", models.CharField(max_length=71)),
                (
                    "document_id",
                    models.CharField(
                        blank=True, help_text="The document's own name, where it has one.", max_length=500
                    ),
                ),
                ("filename", models.CharField(blank=True, max_length=255)),
                ("stored_as", models.CharField(max_length=255)),
                ("size_bytes", models.BigIntegerField()),
                ("format", models.CharField(max_length=32)),
                ("tool", models.CharField(max_length=100)),
                ("fidelity", models.JSONField(default=dict)),
                ("statement_count", models.PositiveIntegerField()),
                ("issued_at", models.DateTimeField(null=True)),
                ("uploaded_by", models.CharField(max_length=200)),
                ("uploaded_at", models.DateTimeField()),
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
                "ordering": ["-uploaded_at", "-id"],
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.AddField(
            model_name="artifact",
            name="basis",
            field=models.CharField(
                choices=[("claimed", "Claimed"), ("stated", "Stated"), ("assigned", "Assigned")],
                default="claimed",
                help_text="Claimed by whoever asked first, stated by a report, or assigned by a person.",
                max_length=16,
            ),
        ),
        migrations.AddField(
            model_name="artifact",
            name="joined_because",
            field=models.CharField(
                blank=True, help_text="The glob, the labels or the reason that led to the service.", max_length=700
            ),
        ),
        migrations.AddField(
            model_name="snapshot",
            name="components_digest",
            field=models.CharField(blank=True, help_text="Over all components, from version 2.", max_length=71),
        ),
        migrations.AddField(
            model_name="snapshot",
            name="digest_version",
            field=models.PositiveSmallIntegerField(
                default=1, help_text="What the content digest covers: 1 facts and statements, 2 every column."
            ),
        ),
        migrations.AddField(
            model_name="snapshotcomponent",
            name="direct",
            field=models.BooleanField(
                help_text="Whether it is a direct dependency; unknown where nobody says.", null=True
            ),
        ),
        migrations.AddField(
            model_name="snapshotcomponent",
            name="paths",
            field=models.JSONField(default=list, help_text="Where it lies in the artifact."),
        ),
        migrations.AddField(
            model_name="snapshotcomponent",
            name="scope",
            field=models.TextField(blank=True, help_text="What the component is needed for, where the report says."),
        ),
        migrations.AlterField(
            model_name="snapshot",
            name="content_digest",
            field=models.CharField(
                help_text="Over all findings, statements and components; checked on load.", max_length=71
            ),
        ),
        migrations.AddConstraint(
            model_name="artifact",
            constraint=models.CheckConstraint(
                condition=models.Q(("basis__in", ["claimed", "stated", "assigned"])), name="artifact_basis_is_known"
            ),
        ),
        migrations.AddField(
            model_name="build",
            name="artifact",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="builds", to="policies.artifact"
            ),
        ),
        migrations.AddField(
            model_name="deployment",
            name="artifact",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="deployments", to="policies.artifact"
            ),
        ),
        migrations.AddField(
            model_name="deployment",
            name="environment",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="deployments", to="tenancy.environment"
            ),
        ),
        migrations.AddField(
            model_name="deployment",
            name="service",
            field=models.ForeignKey(
                blank=True,
                help_text="The service of the artifact at that time.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="deployments",
                to="tenancy.service",
            ),
        ),
        migrations.AddField(
            model_name="ownershipconflict",
            name="artifact",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="conflicts", to="policies.artifact"
            ),
        ),
        migrations.AddField(
            model_name="ownershipconflict",
            name="kept_service",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="tenancy.service",
            ),
        ),
        migrations.AddField(
            model_name="ownershipconflict",
            name="stated_service",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="tenancy.service",
            ),
        ),
        migrations.AddField(
            model_name="runcontent",
            name="run",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT, related_name="content", to="policies.run"
            ),
        ),
        migrations.AddField(
            model_name="productstatement",
            name="document",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="statements", to="policies.vexdocument"
            ),
        ),
        migrations.AddIndex(
            model_name="build",
            index=models.Index(fields=["tenant", "commit"], name="builds_by_commit"),
        ),
        migrations.AddConstraint(
            model_name="build",
            constraint=models.UniqueConstraint(
                fields=("artifact", "commit", "pipeline_url"), name="build_once_per_pipeline"
            ),
        ),
        migrations.AddConstraint(
            model_name="build",
            constraint=models.CheckConstraint(
                condition=models.Q(("source__in", ["client", "provenance"])), name="build_source_is_known"
            ),
        ),
        migrations.AddIndex(
            model_name="deployment",
            index=models.Index(fields=["service", "environment", "-deployed_at"], name="deployments_current"),
        ),
        migrations.AddConstraint(
            model_name="deployment",
            constraint=models.UniqueConstraint(
                fields=("artifact", "environment", "deployed_at"), name="deployment_once_per_instant"
            ),
        ),
        migrations.AddConstraint(
            model_name="ownershipconflict",
            constraint=models.UniqueConstraint(
                condition=models.Q(("settled_at", None)),
                fields=("artifact", "repository"),
                name="one_open_conflict_per_repository",
            ),
        ),
        migrations.AddIndex(
            model_name="run",
            index=models.Index(
                condition=models.Q(("status", "queued")), fields=["available_at", "id"], name="runs_due"
            ),
        ),
        migrations.AddIndex(
            model_name="run",
            index=models.Index(fields=["leased_until"], name="runs_leased"),
        ),
        migrations.AddIndex(
            model_name="run",
            index=models.Index(fields=["tenant", "-created_at"], name="runs_of_tenant"),
        ),
        migrations.AddConstraint(
            model_name="run",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("status__in", ["queued", "leased", "running", "succeeded", "failed", "dead_letter", "cancelled"])
                ),
                name="run_status_is_known",
            ),
        ),
        migrations.AddIndex(
            model_name="vexdocument",
            index=models.Index(fields=["tenant", "document_id"], name="vex_documents_by_id"),
        ),
        migrations.AddConstraint(
            model_name="vexdocument",
            constraint=models.UniqueConstraint(fields=("tenant", "digest"), name="vex_document_once_per_tenant"),
        ),
        migrations.AddIndex(
            model_name="productstatement",
            index=django.contrib.postgres.indexes.GinIndex(fields=["names"], name="product_statements_by_name"),
        ),
        migrations.AddConstraint(
            model_name="productstatement",
            constraint=models.UniqueConstraint(
                fields=("document", "position"), name="product_statement_once_per_position"
            ),
        ),
    ]
