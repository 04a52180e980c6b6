"""Tenants, teams, services and environments."""

from django.db import models

from stellapolicy.kernel.ids import new_id
from stellapolicy.tenancy.models.base import TenantModel, TenantQuerySet


class Tier(models.TextChoices):
    """What kind of place an environment is; checks choose their defaults by it."""

    PRODUCTION = "production"
    STAGING = "staging"
    DEVELOPMENT = "development"


class Tenant(models.Model):
    """An organisation; nothing of one is ever visible to another."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=200)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.name


class Team(TenantModel):
    """People who own services."""

    slug = models.SlugField()
    name = models.CharField(max_length=200)

    objects = TenantQuerySet["Team"].as_manager()

    class Meta(TenantModel.Meta):
        ordering = ["slug"]
        constraints = [models.UniqueConstraint(fields=["tenant", "slug"], name="team_slug_once_per_tenant")]

    def __str__(self) -> str:
        return self.name


class Service(TenantModel):
    """Something that ships: artifacts join it by the glob of their repository name."""

    service_path = "id"

    slug = models.SlugField()
    name = models.CharField(max_length=200)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="services")
    tier = models.PositiveSmallIntegerField(default=2, help_text="0 is the most critical, 3 the least.")
    repositories = models.JSONField(default=list, blank=True, help_text="Globs over artifact names.")
    labels = models.JSONField(
        default=dict, blank=True, help_text="Labels an artifact must all carry to join where no glob claims it."
    )

    objects = TenantQuerySet["Service"].as_manager()

    class Meta(TenantModel.Meta):
        ordering = ["slug"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "slug"], name="service_slug_once_per_tenant"),
            models.CheckConstraint(condition=models.Q(tier__lte=3), name="service_tier_is_0_to_3"),
        ]

    def __str__(self) -> str:
        return self.name


class Environment(TenantModel):
    """A place artifacts are promoted to."""

    slug = models.SlugField()
    name = models.CharField(max_length=200)
    tier = models.CharField(max_length=16, choices=Tier.choices)
    exposure = models.CharField(max_length=32, default="internal", help_text="internet, internal or isolated.")
    runtime = models.CharField(max_length=64, blank=True)
    labels = models.JSONField(default=dict, blank=True)

    objects = TenantQuerySet["Environment"].as_manager()

    class Meta(TenantModel.Meta):
        ordering = ["slug"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "slug"], name="environment_slug_once_per_tenant"),
            models.CheckConstraint(condition=models.Q(tier__in=Tier.values), name="environment_tier_is_known"),
        ]

    def __str__(self) -> str:
        return self.name
