"""How feeds arrive, and what EPSS said before: history, changes, files kept aside, aliases by which a feed finds."""

import django.contrib.postgres.indexes
import django.db.models.deletion
import django_fsm
from django.db import migrations, models

import stellapolicy.kernel.ids
import stellapolicy.tenancy.scope
from stellapolicy.tenancy import rls

# Rows of the history are never changed; those out of retention are deleted.
_NEVER_CHANGED = migrations.RunSQL(
    sql="""
        CREATE FUNCTION policies_epsshistory_is_never_changed() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'policies_epsshistory is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$;
        CREATE TRIGGER never_changed BEFORE UPDATE ON policies_epsshistory
        FOR EACH STATEMENT EXECUTE FUNCTION policies_epsshistory_is_never_changed();
    """,
    reverse_sql="""
        DROP TRIGGER never_changed ON policies_epsshistory; DROP FUNCTION policies_epsshistory_is_never_changed();
    """,
)
# What is known at this moment is where the history begins.
_BEGIN = migrations.RunSQL(
    sql="""
        INSERT INTO policies_epsshistory (cve, model_date, load, score, percentile)
        SELECT cve, model_date, 0, score, percentile FROM policies_epssscore;
        INSERT INTO policies_feedchange (name, version, model_date, digest, origin, row_count, added, changed, removed,
                                         event_count, wholesale, is_past, loaded_at)
        SELECT name, version, model_date, digest, 'command', row_count, row_count, 0, 0, 0, 'first', false, checked_at
        FROM policies_feedstate WHERE model_date IS NOT NULL AND version <> 'sample';
    """,
    reverse_sql=migrations.RunSQL.noop,
)
# The owner is under row-level security as well, so for this one statement it is not forced upon the owner.
_KNOWN_ALIASES = migrations.RunSQL(
    sql="""
        ALTER TABLE policies_snapshotfinding NO FORCE ROW LEVEL SECURITY;
        INSERT INTO policies_snapshotalias (id, tenant_id, snapshot_id, identifier)
        SELECT gen_random_uuid(), tenant_id, snapshot_id, identifier FROM (
            SELECT DISTINCT finding.tenant_id, finding.snapshot_id, alias.identifier
            FROM policies_snapshotfinding finding
            CROSS JOIN LATERAL jsonb_array_elements_text(
                CASE jsonb_typeof(finding.facts -> 'vuln.aliases')
                WHEN 'array' THEN finding.facts -> 'vuln.aliases' ELSE '[]' END
            ) AS alias(identifier)
            WHERE alias.identifier LIKE 'CVE-%' AND alias.identifier <> finding.identifier
        ) named;
        ALTER TABLE policies_snapshotfinding FORCE ROW LEVEL SECURITY;
    """,
    reverse_sql=migrations.RunSQL.noop,
)


class Migration(migrations.Migration):
    dependencies = [
        ("policies", "0004_lock_releases_and_runs"),
        ("tenancy", "0002_row_level_security"),
    ]

    operations = [
        migrations.AddField(model_name="feedstate", name="error", field=models.CharField(blank=True, max_length=500)),
        migrations.AddField(
            model_name="feedstate", name="error_code", field=models.CharField(blank=True, max_length=64)
        ),
        migrations.AddField(
            model_name="feedstate",
            name="etag",
            field=models.CharField(
                blank=True, help_text="What the server called the content last fetched.", max_length=255
            ),
        ),
        migrations.AddField(model_name="feedstate", name="failed_at", field=models.DateTimeField(null=True)),
        migrations.AddField(
            model_name="feedstate",
            name="failures",
            field=models.PositiveIntegerField(default=0, help_text="Failed checks since the last successful one."),
        ),
        migrations.AddField(
            model_name="feedstate",
            name="last_modified",
            field=models.CharField(blank=True, help_text="When the server said it had changed.", max_length=64),
        ),
        migrations.AlterField(
            model_name="feedstate",
            name="checked_at",
            field=models.DateTimeField(help_text="The last successful check; empty before the first.", null=True),
        ),
        migrations.AlterField(model_name="feedstate", name="digest", field=models.CharField(blank=True, max_length=71)),
        migrations.AlterField(model_name="feedstate", name="row_count", field=models.PositiveIntegerField(default=0)),
        migrations.AlterField(
            model_name="feedstate", name="version", field=models.CharField(blank=True, max_length=64)
        ),
        migrations.CreateModel(
            name="EpssHistory",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "cve", "model_date", "load", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("cve", models.CharField(max_length=32)),
                ("model_date", models.DateField()),
                (
                    "load",
                    models.BigIntegerField(
                        help_text="The number of the load that brought it; 0 from before loads were kept."
                    ),
                ),
                ("score", models.PositiveIntegerField(null=True)),
                ("percentile", models.PositiveIntegerField(null=True)),
            ],
            options={
                "ordering": ["cve", "-model_date", "-load"],
                "indexes": [
                    django.contrib.postgres.indexes.BrinIndex(fields=["model_date"], name="epss_history_by_day")
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("percentile__isnull", False), ("score__isnull", False)),
                            models.Q(("percentile__isnull", True), ("score__isnull", True)),
                            _connector="OR",
                        ),
                        name="epss_history_scores_whole_or_not_at_all",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="FeedChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(choices=[("epss", "EPSS"), ("kev", "KEV")], max_length=16)),
                ("version", models.CharField(max_length=64)),
                ("model_date", models.DateField()),
                ("digest", models.CharField(max_length=71)),
                (
                    "origin",
                    models.CharField(
                        choices=[
                            ("command", "Command line"),
                            ("upload", "Upload"),
                            ("fetch", "Fetched"),
                            ("bundle", "Bundle"),
                            ("bootstrap", "Bootstrap"),
                        ],
                        max_length=16,
                    ),
                ),
                ("row_count", models.PositiveIntegerField()),
                ("added", models.PositiveIntegerField()),
                ("changed", models.PositiveIntegerField()),
                ("removed", models.PositiveIntegerField()),
                (
                    "event_count",
                    models.PositiveIntegerField(default=0, help_text="CVEs that crossed a threshold, or are news."),
                ),
                (
                    "wholesale",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "No"),
                            ("first", "First load"),
                            ("model", "New model version"),
                            ("flood", "Too many changes to tell apart"),
                        ],
                        default="",
                        max_length=8,
                    ),
                ),
                (
                    "is_past",
                    models.BooleanField(default=False, help_text="An older day, loaded into the history alone."),
                ),
                ("loaded_at", models.DateTimeField()),
            ],
            options={
                "ordering": ["-id"],
                "indexes": [models.Index(fields=["name", "model_date"], name="policies_fe_name_b9f09e_idx")],
            },
        ),
        migrations.CreateModel(
            name="HeldFeed",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=stellapolicy.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("name", models.CharField(choices=[("epss", "EPSS"), ("kev", "KEV")], max_length=16)),
                (
                    "state",
                    django_fsm.FSMField(
                        choices=[
                            ("held", "Kept aside"),
                            ("waiting", "Waiting for a second person"),
                            ("loaded", "Loaded"),
                            ("discarded", "Discarded"),
                        ],
                        default="held",
                        max_length=16,
                        protected=True,
                    ),
                ),
                (
                    "origin",
                    models.CharField(
                        choices=[
                            ("command", "Command line"),
                            ("upload", "Upload"),
                            ("fetch", "Fetched"),
                            ("bundle", "Bundle"),
                            ("bootstrap", "Bootstrap"),
                        ],
                        max_length=16,
                    ),
                ),
                ("digest", models.CharField(max_length=71)),
                ("stored_as", models.CharField(max_length=255)),
                ("size_bytes", models.BigIntegerField()),
                (
                    "code",
                    models.CharField(
                        help_text="Why it is kept aside: a refusal's code, or feed.to_review.", max_length=64
                    ),
                ),
                ("reason", models.CharField(max_length=500)),
                ("is_readable", models.BooleanField(help_text="Whether it is a whole feed that could be loaded.")),
                ("version", models.CharField(blank=True, max_length=64)),
                ("model_date", models.DateField(null=True)),
                ("row_count", models.PositiveIntegerField(null=True)),
                ("kept_by", models.CharField(max_length=200)),
                ("kept_at", models.DateTimeField()),
                ("approval", models.UUIDField(help_text="The request that a second person decides.", null=True)),
                ("decided_by", models.CharField(blank=True, max_length=200)),
                ("decided_at", models.DateTimeField(null=True)),
            ],
            options={
                "ordering": ["-kept_at", "-id"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["held", "waiting", "loaded", "discarded"])),
                        name="held_feed_state_is_known",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ["held", "waiting"])),
                        fields=("name", "digest"),
                        name="held_feed_once_while_open",
                    ),
                ],
            },
            bases=(django_fsm.FSMModelMixin, models.Model),
        ),
        migrations.CreateModel(
            name="FeedNotice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("told_at", models.DateTimeField()),
                (
                    "change",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="policies.feedchange"
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="tenancy.tenant"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "change"), name="feed_notice_once_per_tenant")
                ]
            },
        ),
        migrations.CreateModel(
            name="IntelligenceEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("cve", models.CharField(max_length=32)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("epss_crossed", "EPSS crossed a threshold"),
                            ("epss_moved", "EPSS moved far"),
                            ("epss_first", "First EPSS score"),
                            ("epss_withdrawn", "EPSS score withdrawn"),
                            ("kev_listed", "Newly known exploited"),
                            ("kev_changed", "KEV entry changed"),
                            ("kev_removed", "Removed from KEV"),
                        ],
                        max_length=16,
                    ),
                ),
                ("before", models.PositiveIntegerField(help_text="EPSS in 10⁻⁵.", null=True)),
                ("after", models.PositiveIntegerField(help_text="EPSS in 10⁻⁵.", null=True)),
                (
                    "said",
                    models.JSONField(
                        blank=True, default=dict, help_text="What changed in a KEV entry: [before, after]."
                    ),
                ),
                (
                    "change",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="events", to="policies.feedchange"
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
                "indexes": [models.Index(fields=["cve", "-id"], name="policies_in_cve_37e65b_idx")],
                "constraints": [
                    models.UniqueConstraint(fields=("change", "cve"), name="intelligence_event_once_per_change"),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "kind__in",
                                [
                                    "epss_crossed",
                                    "epss_moved",
                                    "epss_first",
                                    "epss_withdrawn",
                                    "kev_listed",
                                    "kev_changed",
                                    "kev_removed",
                                ],
                            )
                        ),
                        name="intelligence_kind_is_known",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SnapshotAlias",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=stellapolicy.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("identifier", models.CharField(max_length=200)),
                (
                    "snapshot",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="policies.snapshot"
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
                "abstract": False,
                "base_manager_name": "objects",
                "indexes": [models.Index(fields=["tenant", "identifier"], name="policies_sn_tenant__ee8833_idx")],
                "constraints": [
                    models.UniqueConstraint(fields=("snapshot", "identifier"), name="alias_once_per_snapshot")
                ],
            },
        ),
        _NEVER_CHANGED,
        _BEGIN,
        _KNOWN_ALIASES,
        rls.protect("policies_snapshotalias"),
        rls.append_only("policies_snapshotalias"),
    ]
