"""Somebody stands in for somebody else, for a while."""

from datetime import datetime
from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from stellapolicy.kernel.actor import Actor
from stellapolicy.tenancy.models import Service, TenantModel, TenantQuerySet


class DelegationQuerySet(TenantQuerySet["Delegation"]):
    """Delegations of the tenant."""

    def in_force(self, *, at: datetime) -> Self:
        """Those that hold at the instant."""
        return self.filter(starts_at__lte=at, ends_at__gt=at).filter(Q(ended_at__isnull=True) | Q(ended_at__gt=at))

    def visible_to(self, actor: Actor, scope: str) -> Self:
        """Those the actor may read: all of the tenant, or those of their services alone; always one's own."""
        services = actor.services_with(scope)
        if services is None:
            return self
        return self.filter(Q(service__in=services) | Q(delegator=actor.person) | Q(delegate=actor.person))

    def living(self) -> Self:
        """Those that nobody ended early."""
        return self.filter(ended_at__isnull=True)

    def to(self, person: str) -> Self:
        """Those that let this person stand in."""
        return self.filter(delegate=person)

    def by(self, person: str) -> Self:
        """Those this person gave."""
        return self.filter(delegator=person)


class Delegation(TenantModel):
    """One person may vote in the stead of another, as far as it is named here; never handed on further."""

    delegator = models.CharField(max_length=200, help_text="Whose standing it is.")
    delegate = models.CharField(max_length=200, help_text="Who may vote with it.")
    scopes = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    roles = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    service = models.ForeignKey(Service, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    reason = models.TextField()
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.CharField(max_length=200, blank=True)

    objects = DelegationQuerySet.as_manager()

    class Meta(TenantModel.Meta):
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=models.F("starts_at")), name="delegation_ends_after_start"),
            models.CheckConstraint(condition=~Q(delegator=models.F("delegate")), name="delegation_is_to_another"),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, ended_by="") | (Q(ended_at__isnull=False) & ~Q(ended_by="")),
                name="delegation_end_names_its_author",
            ),
        ]
        indexes = [models.Index(fields=["tenant", "delegate", "ends_at"], name="delegations_by_delegate")]

    def __str__(self) -> str:
        return f"{self.delegator} → {self.delegate}"
