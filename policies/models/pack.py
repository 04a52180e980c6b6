"""Packs, their immutable revisions and where each applies."""

from typing import Self

from django.db import models
from django_fsm import FSMField, FSMModelMixin, transition

from stellapolicy.tenancy.models import Environment, TenantModel, TenantQuerySet


class RevisionState(models.TextChoices):
    """Where a revision stands on its way into force."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    ACTIVE = "active"
    ARCHIVED = "archived"


class PolicyPack(TenantModel):
    """A named set of policies."""

    name = models.SlugField(max_length=100)
    title = models.CharField(max_length=200)
    created_at = models.DateTimeField()

    objects = TenantQuerySet["PolicyPack"].as_manager()

    class Meta(TenantModel.Meta):
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["tenant", "name"], name="pack_name_once_per_tenant")]

    def __str__(self) -> str:
        return self.name


class PackRevisionQuerySet(TenantQuerySet["PackRevision"]):
    """Revisions of the tenant."""

    def active(self) -> Self:
        """Those in force."""
        return self.filter(state=RevisionState.ACTIVE)


class PackRevision(FSMModelMixin, TenantModel):
    """One version of a pack: its sources, the program they compile to, and the outcome of its own tests."""

    pack = models.ForeignKey(PolicyPack, on_delete=models.PROTECT, related_name="revisions")
    version = models.PositiveIntegerField()
    state = FSMField(
        default=RevisionState.DRAFT, choices=RevisionState.choices, protected=True, max_length=16, db_index=True
    )
    sources = models.JSONField(help_text="[{path, text}], sorted by path.")
    program = models.JSONField(help_text="The canonical program.")
    digest = models.CharField(max_length=71, help_text="Of the canonical program.")
    warnings = models.JSONField(default=list)
    tests = models.JSONField(default=dict, help_text="Outcome and coverage of the pack's own tests.")
    author = models.CharField(max_length=200)
    created_at = models.DateTimeField()

    objects = PackRevisionQuerySet.as_manager()

    class Meta(TenantModel.Meta):
        ordering = ["pack", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["pack", "version"], name="revision_once_per_version"),
            models.UniqueConstraint(
                fields=["pack"], condition=models.Q(state="active"), name="one_active_revision_per_pack"
            ),
            models.CheckConstraint(condition=models.Q(state__in=RevisionState.values), name="revision_state_is_known"),
        ]
        indexes = [models.Index(fields=["tenant", "digest"])]

    def __str__(self) -> str:
        return f"{self.pack.name} {self.version}"

    @transition(field=state, source=RevisionState.DRAFT, target=RevisionState.ACTIVE)
    def install(self) -> None:
        """Legal only for a shipped revision, which arrives tested and reviewed with the release."""


class PackBinding(TenantModel):
    """Where a pack applies: in one environment, or without one in every environment of the tenant."""

    pack = models.ForeignKey(PolicyPack, on_delete=models.PROTECT, related_name="bindings")
    environment = models.ForeignKey(
        Environment, null=True, blank=True, on_delete=models.PROTECT, related_name="pack_bindings"
    )
    created_at = models.DateTimeField()

    objects = TenantQuerySet["PackBinding"].as_manager()

    class Meta(TenantModel.Meta):
        ordering = ["pack", "id"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "environment"], name="one_pack_per_environment"),
            models.UniqueConstraint(
                fields=["tenant"], condition=models.Q(environment=None), name="one_pack_for_the_whole_tenant"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pack.name} in {self.environment.name if self.environment else 'every environment'}"
