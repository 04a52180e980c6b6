"""Reports that say an artifact belongs elsewhere than where it stands."""

from typing import Self

from django.db import models

from policies.models.evidence import Artifact
from stellapolicy.tenancy.models import Service, TenantModel, TenantQuerySet


class OwnershipConflictQuerySet(TenantQuerySet["OwnershipConflict"]):
    """Conflicts of the tenant."""

    def open(self) -> Self:
        """Those nobody has settled."""
        return self.filter(settled_at=None)


class OwnershipConflict(TenantModel):
    """A report names a repository of another service; the artifact stayed where it was until a person says."""

    service_path = "artifact__service"

    artifact = models.ForeignKey(Artifact, on_delete=models.PROTECT, related_name="conflicts")
    repository = models.CharField(max_length=500, help_text="What the report says the artifact is.")
    stated_service = models.ForeignKey(Service, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    kept_service = models.ForeignKey(Service, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    said_by = models.CharField(max_length=200)
    noticed_at = models.DateTimeField()
    settled_by = models.CharField(max_length=200, blank=True)
    settled_at = models.DateTimeField(null=True)

    objects = OwnershipConflictQuerySet.as_manager()

    class Meta(TenantModel.Meta):
        ordering = ["-noticed_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["artifact", "repository"],
                condition=models.Q(settled_at=None),
                name="one_open_conflict_per_repository",
            )
        ]

    def __str__(self) -> str:
        return self.repository
