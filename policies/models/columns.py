"""Which columnar file holds the findings of which snapshot; rebuildable, never the truth."""

from datetime import datetime
from typing import Self

from django.db import models

from policies.models.evidence import Snapshot
from stellapolicy.tenancy.models import TenantModel, TenantQuerySet


class ColumnFileQuerySet(TenantQuerySet["ColumnFile"]):
    """Columnar files of the tenant."""

    def current(self) -> Self:
        """Those that hold the columns of at least one snapshot."""
        return self.filter(superseded_at=None)

    def superseded_before(self, instant: datetime) -> Self:
        """Those that another file took the place of, long enough ago that nobody reads them any more."""
        return self.filter(superseded_at__lt=instant)


class ColumnFile(TenantModel):
    """One Parquet file, named by the digest of its bytes."""

    digest = models.CharField(max_length=71)
    stored_as = models.CharField(max_length=255)
    layout = models.PositiveSmallIntegerField(help_text="Version of the columns.")
    size_bytes = models.BigIntegerField()
    row_count = models.PositiveIntegerField()
    written_at = models.DateTimeField()
    superseded_at = models.DateTimeField(null=True, blank=True, help_text="When compaction put another in its place.")

    objects = ColumnFileQuerySet.as_manager()

    class Meta(TenantModel.Meta):
        ordering = ["-written_at", "-id"]
        constraints = [models.UniqueConstraint(fields=["tenant", "digest"], name="column_file_once_per_content")]

    def __str__(self) -> str:
        return self.digest[:19]


class SnapshotColumns(TenantModel):
    """Where the columns of one snapshot are; a snapshot without findings has no file."""

    service_path = "snapshot__artifact__service"

    snapshot = models.OneToOneField(Snapshot, on_delete=models.PROTECT, related_name="columns")
    file = models.ForeignKey(ColumnFile, null=True, on_delete=models.PROTECT, related_name="snapshots")
    row_count = models.PositiveIntegerField()

    objects = TenantQuerySet["SnapshotColumns"].as_manager()

    class Meta(TenantModel.Meta):
        ordering = ["snapshot"]
        verbose_name_plural = "snapshot columns"

    def __str__(self) -> str:
        return str(self.snapshot_id)
