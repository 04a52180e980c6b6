"""Artifacts, the reports about them, and the immutable snapshots made of reports."""

from datetime import datetime
from typing import Self

from django.db import models

from stellapolicy.tenancy.models import Service, TenantModel, TenantQuerySet


class ArtifactQuerySet(TenantQuerySet["Artifact"]):
    """Artifacts of the tenant."""

    def seen_since(self, instant: datetime) -> Self:
        """Those first heard of at or after the instant."""
        return self.filter(first_seen_at__gte=instant)


class Basis(models.TextChoices):
    """Whose word an artifact's name and service are."""

    CLAIMED = "claimed"
    STATED = "stated"
    ASSIGNED = "assigned"


class Artifact(TenantModel):
    """Something that may ship, named by the digest of its content.

    Name and service follow the artifact's reports; what an uploader merely claims gives way to them.
    """

    service_path = "service"

    digest = models.CharField(max_length=140)
    name = models.CharField(max_length=500, blank=True)
    labels = models.JSONField(default=dict, blank=True)
    service = models.ForeignKey(Service, null=True, blank=True, on_delete=models.PROTECT, related_name="artifacts")
    basis = models.CharField(
        max_length=16,
        choices=Basis.choices,
        default=Basis.CLAIMED,
        help_text="Claimed by whoever asked first, stated by a report, or assigned by a person.",
    )
    joined_because = models.CharField(
        max_length=700, blank=True, help_text="The glob, the labels or the reason that led to the service."
    )
    first_seen_at = models.DateTimeField()

    objects = ArtifactQuerySet.as_manager()

    class Meta(TenantModel.Meta):
        ordering = ["-first_seen_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "digest"], name="artifact_once_per_digest"),
            models.CheckConstraint(condition=models.Q(basis__in=Basis.values), name="artifact_basis_is_known"),
        ]
        # Searched by the beginning of the name, which in most collations only this operator class can answer.
        indexes = [
            models.Index(
                fields=["tenant", "name"], opclasses=["uuid_ops", "varchar_pattern_ops"], name="artifact_by_name"
            )
        ]

    def __str__(self) -> str:
        return self.name or self.digest


class Report(TenantModel):
    """One uploaded document, kept as it came: the same bytes about the same artifact are one import."""

    service_path = "artifact__service"

    artifact = models.ForeignKey(Artifact, on_delete=models.PROTECT, related_name="reports")
    digest = models.CharField(max_length=71)
    filename = models.CharField(max_length=255, blank=True)
    stored_as = models.CharField(max_length=255)
    size_bytes = models.BigIntegerField()
    format = models.CharField(max_length=32)
    source_type = models.CharField(max_length=16)
    tool = models.CharField(max_length=100)
    tool_version = models.CharField(max_length=100, blank=True)
    subject = models.JSONField(default=dict)
    subject_stated = models.BooleanField()
    fidelity = models.JSONField(default=dict)
    record_count = models.PositiveIntegerField()
    scanned_at = models.DateTimeField(
        null=True, help_text="When the scanner says it looked; unknown if it does not say."
    )
    uploaded_by = models.CharField(max_length=200)
    uploaded_at = models.DateTimeField()

    objects = TenantQuerySet["Report"].as_manager()

    class Meta(TenantModel.Meta):
        ordering = ["-uploaded_at", "-id"]
        constraints = [models.UniqueConstraint(fields=["artifact", "digest"], name="report_once_per_artifact")]

    def __str__(self) -> str:
        return f"{self.tool} {self.digest[:19]}"


class Snapshot(TenantModel):
    """The evidence about one artifact at one moment: immutable, named by its sources alone."""

    service_path = "artifact__service"

    artifact = models.ForeignKey(Artifact, on_delete=models.PROTECT, related_name="snapshots")
    name = models.CharField(max_length=75, help_text="ksm:sha256:… over the manifest.")
    manifest = models.JSONField()
    evidence = models.JSONField(help_text="Scan state, scan time, filters admitted, tools.")
    counts = models.JSONField(default=dict)
    content_digest = models.CharField(
        max_length=71, help_text="Over all findings, statements and components; checked on load."
    )
    digest_version = models.PositiveSmallIntegerField(
        default=1, help_text="What the content digest covers: 1 facts and statements, 2 every column."
    )
    components_digest = models.CharField(max_length=71, blank=True, help_text="Over all components, from version 2.")
    reports = models.ManyToManyField(Report, related_name="snapshots", through="SnapshotSource")
    created_at = models.DateTimeField()

    objects = TenantQuerySet["Snapshot"].as_manager()

    class Meta(TenantModel.Meta):
        ordering = ["-created_at", "-id"]
        constraints = [models.UniqueConstraint(fields=["tenant", "name"], name="snapshot_once_per_content")]
        indexes = [models.Index(fields=["artifact", "-created_at"])]

    def __str__(self) -> str:
        return self.name[:23]


class SnapshotSource(TenantModel):
    """Which report is part of which snapshot."""

    service_path = "snapshot__artifact__service"

    snapshot = models.ForeignKey(Snapshot, on_delete=models.PROTECT, related_name="+")
    report = models.ForeignKey(Report, on_delete=models.PROTECT, related_name="+")

    objects = TenantQuerySet["SnapshotSource"].as_manager()

    class Meta(TenantModel.Meta):
        constraints = [models.UniqueConstraint(fields=["snapshot", "report"], name="report_once_per_snapshot")]


class SnapshotFinding(TenantModel):
    """One finding of a snapshot with the facts its evidence gives; later knowledge is never written here."""

    service_path = "snapshot__artifact__service"

    snapshot = models.ForeignKey(Snapshot, on_delete=models.PROTECT, related_name="findings")
    position = models.PositiveIntegerField(help_text="Order by key, from 0.")
    key = models.TextField()
    kind = models.CharField(max_length=16)
    identifier = models.CharField(max_length=200, blank=True, help_text="CVE, rule or licence.")
    purl = models.TextField(blank=True)
    severity = models.CharField(max_length=8)
    facts = models.JSONField()
    origin = models.JSONField(default=dict, help_text="Tools, ratings, scanner-side suppression: shown, not judged.")

    objects = TenantQuerySet["SnapshotFinding"].as_manager()

    class Meta(TenantModel.Meta):
        ordering = ["snapshot", "position"]
        constraints = [models.UniqueConstraint(fields=["snapshot", "position"], name="finding_once_per_position")]
        indexes = [models.Index(fields=["tenant", "identifier"])]

    def __str__(self) -> str:
        return self.key


class SnapshotAlias(TenantModel):
    """A CVE that findings of a snapshot go by besides their own identifier, so that a feed finds them by it."""

    service_path = "snapshot__artifact__service"

    snapshot = models.ForeignKey(Snapshot, on_delete=models.PROTECT, related_name="+")
    identifier = models.CharField(max_length=200)

    objects = TenantQuerySet["SnapshotAlias"].as_manager()

    class Meta(TenantModel.Meta):
        constraints = [models.UniqueConstraint(fields=["snapshot", "identifier"], name="alias_once_per_snapshot")]
        indexes = [models.Index(fields=["tenant", "identifier"])]

    def __str__(self) -> str:
        return self.identifier


class SnapshotComponent(TenantModel):
    """One part of the artifact."""

    service_path = "snapshot__artifact__service"

    snapshot = models.ForeignKey(Snapshot, on_delete=models.PROTECT, related_name="components")
    position = models.PositiveIntegerField()
    purl = models.TextField(blank=True)
    name = models.TextField()
    version = models.TextField(blank=True)
    licences = models.JSONField(default=list)
    scope = models.TextField(blank=True, help_text="What the component is needed for, where the report says.")
    paths = models.JSONField(default=list, help_text="Where it lies in the artifact.")
    direct = models.BooleanField(null=True, help_text="Whether it is a direct dependency; unknown where nobody says.")

    objects = TenantQuerySet["SnapshotComponent"].as_manager()

    class Meta(TenantModel.Meta):
        ordering = ["snapshot", "position"]
        constraints = [models.UniqueConstraint(fields=["snapshot", "position"], name="component_once_per_position")]

    def __str__(self) -> str:
        return self.purl or self.name


class VexStatement(TenantModel):
    """Somebody's claim about a vulnerability of this artifact; whether it is believed is decided at each gate."""

    service_path = "snapshot__artifact__service"

    snapshot = models.ForeignKey(Snapshot, on_delete=models.PROTECT, related_name="statements")
    position = models.PositiveIntegerField()
    vulnerability = models.CharField(max_length=200)
    status = models.CharField(max_length=32)
    claim = models.JSONField()

    objects = TenantQuerySet["VexStatement"].as_manager()

    class Meta(TenantModel.Meta):
        ordering = ["snapshot", "position"]
        constraints = [models.UniqueConstraint(fields=["snapshot", "position"], name="statement_once_per_position")]

    def __str__(self) -> str:
        return f"{self.vulnerability} {self.status}"
