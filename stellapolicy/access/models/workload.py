"""Pipelines that may exchange their provider's ID token for one of ours, and the tokens that were exchanged."""

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q

from stellapolicy.access.roles import Scope
from stellapolicy.tenancy.models import Service, TenantModel, TenantQuerySet

# All that a pipeline's token may ever hold; nothing of it decides about anybody's release.
WORKLOAD_SCOPES = (Scope.EVIDENCE_WRITE.value, Scope.GATE_EVALUATE.value)


class TrustedWorkloadQuerySet(TenantQuerySet["TrustedWorkload"]):
    """What the tenant of the scope trusts."""

    def in_force(self) -> Self:
        """Not withdrawn."""
        return self.filter(withdrawn_at__isnull=True)


class TrustedWorkload(TenantModel):
    """One repository at one issuer, trusted to speak for one service from certain refs."""

    service_path = "service"

    issuer = models.CharField(max_length=64, help_text="Name of an issuer that the installation believes.")
    repository_id = models.CharField(
        max_length=255, help_text="Immutable: GitHub's repository_id, GitLab's project_id."
    )
    repository = models.CharField(max_length=255, help_text="Its name when it was trusted, to recognise it.")
    ref_pattern = models.CharField(max_length=255, help_text="A glob over full refs, such as refs/heads/main.")
    protected_only = models.BooleanField(default=True)
    environment = models.CharField(max_length=255, blank=True, help_text="Only for this environment; empty for any.")
    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="+")
    created_by = models.CharField(max_length=200)
    created_at = models.DateTimeField()
    withdrawn_by = models.CharField(max_length=200, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects = TrustedWorkloadQuerySet.as_manager()
    # Without the guard: read before the tenant is known, where row-level security shows one repository's rows only.
    of_repository = models.Manager["TrustedWorkload"]()

    class Meta(TenantModel.Meta):
        ordering = ["repository", "id"]
        default_manager_name = "objects"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "issuer", "repository_id", "ref_pattern", "environment", "service"],
                condition=Q(withdrawn_at__isnull=True),
                name="workload_is_trusted_once",
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at__isnull=True, withdrawn_by="")
                | (Q(withdrawn_at__isnull=False) & ~Q(withdrawn_by="")),
                name="workload_withdrawal_names_its_author",
            ),
        ]
        indexes = [models.Index(fields=["issuer", "repository_id"], name="workload_by_repository")]

    def __str__(self) -> str:
        return f"{self.repository} ({self.ref_pattern})"


class SpentIdentityQuerySet(models.QuerySet["SpentIdentity"]):
    """ID tokens that were exchanged."""

    def outlived(self, *, at: datetime) -> Self:
        """Those that nobody could send again, because they have ended."""
        return self.filter(expires_at__lte=at)


class SpentIdentity(models.Model):
    """An ID token that was exchanged once; of no tenant, since a token must not serve two of them either."""

    digest = models.CharField(primary_key=True, max_length=71, help_text="Of issuer and `jti`.")
    expires_at = models.DateTimeField(db_index=True)

    objects = SpentIdentityQuerySet.as_manager()

    def __str__(self) -> str:
        return self.digest
