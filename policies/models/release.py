"""Builds of artifacts and where they went."""

from datetime import datetime
from typing import Self
from uuid import UUID

from django.db import models

from policies.models.evidence import Artifact
from stellapolicy.tenancy.models import Environment, Service, TenantModel, TenantQuerySet


class BuildSource(models.TextChoices):
    """Whose word a build is."""

    CLIENT = "client"
    PROVENANCE = "provenance"


class Build(TenantModel):
    """One run of a pipeline that made an artifact, as its CI context or its provenance tells."""

    service_path = "artifact__service"

    artifact = models.ForeignKey(Artifact, on_delete=models.PROTECT, related_name="builds")
    commit = models.CharField(max_length=100)
    branch = models.CharField(max_length=255, blank=True)
    base_commit = models.CharField(max_length=100, blank=True)
    repository = models.CharField(max_length=500, blank=True)
    pipeline_url = models.CharField(max_length=1000, blank=True)
    ci = models.CharField(max_length=50, blank=True)
    built_at = models.DateTimeField(null=True, help_text="When it was built; unknown where nobody says.")
    source = models.CharField(max_length=16, choices=BuildSource.choices, default=BuildSource.CLIENT)
    said_by = models.CharField(max_length=200)
    recorded_at = models.DateTimeField()

    objects = TenantQuerySet["Build"].as_manager()

    class Meta(TenantModel.Meta):
        ordering = ["-recorded_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["artifact", "commit", "pipeline_url"], name="build_once_per_pipeline"),
            models.CheckConstraint(condition=models.Q(source__in=BuildSource.values), name="build_source_is_known"),
        ]
        indexes = [models.Index(fields=["tenant", "commit"], name="builds_by_commit")]

    def __str__(self) -> str:
        return self.commit[:12]


class DeploymentQuerySet(TenantQuerySet["Deployment"]):
    """Deployments of the tenant."""

    def latest_first(self) -> Self:
        """Ordered by when they happened, then by when they were told."""
        return self.order_by("-deployed_at", "-id")

    def up_to(self, instant: datetime) -> Self:
        """Those that had happened by then."""
        return self.filter(deployed_at__lte=instant)

    def of(self, *, service: UUID | None, environment: UUID) -> Self:
        """Those of one service in one environment."""
        return self.filter(service=service, environment=environment)


class Deployment(TenantModel):
    """Somebody's word that an artifact went to an environment at an instant; history, never changed."""

    service_path = "service"

    artifact = models.ForeignKey(Artifact, on_delete=models.PROTECT, related_name="deployments")
    environment = models.ForeignKey(Environment, on_delete=models.PROTECT, related_name="deployments")
    service = models.ForeignKey(
        Service,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="deployments",
        help_text="The service of the artifact at that time.",
    )
    deployed_at = models.DateTimeField()
    url = models.CharField(max_length=1000, blank=True, help_text="Where the deployment can be looked at.")
    said_by = models.CharField(max_length=200)
    recorded_at = models.DateTimeField()

    objects = DeploymentQuerySet.as_manager()

    class Meta(TenantModel.Meta):
        ordering = ["-deployed_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["artifact", "environment", "deployed_at"], name="deployment_once_per_instant"
            )
        ]
        indexes = [models.Index(fields=["service", "environment", "-deployed_at"], name="deployments_current")]

    def __str__(self) -> str:
        return f"{self.artifact_id} → {self.environment_id}"
