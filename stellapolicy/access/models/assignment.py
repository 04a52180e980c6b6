"""A role held by a person: in a whole tenant, for a team's services, or for one service."""

from typing import Self

from django.db import models

from stellapolicy.access.models.user import User
from stellapolicy.access.roles import Role
from stellapolicy.tenancy.models import Service, Team, TenantModel, TenantQuerySet


class RoleAssignmentQuerySet(TenantQuerySet["RoleAssignment"]):
    """Roles held in the tenant of the scope."""

    def of(self, user: User) -> Self:
        """Those of one person."""
        return self.filter(user=user)


class RoleAssignment(TenantModel):
    """One person holds one role."""

    service_path = "service"

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=20, choices=[(role.value, role.value) for role in Role])
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    service = models.ForeignKey(Service, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    granted_by = models.CharField(max_length=200)
    granted_at = models.DateTimeField()

    objects = RoleAssignmentQuerySet.as_manager()
    # Without the guard: read before the tenant is known, where row-level security shows a person only their own.
    personal = models.Manager["RoleAssignment"]()

    class Meta(TenantModel.Meta):
        ordering = ["user", "role", "id"]
        default_manager_name = "objects"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(role__in=[role.value for role in Role]), name="assigned_role_is_known"
            ),
            models.CheckConstraint(
                condition=models.Q(team__isnull=True) | models.Q(service__isnull=True),
                name="role_is_held_for_a_team_or_a_service",
            ),
            models.UniqueConstraint(
                fields=["tenant", "user", "role", "team", "service"],
                nulls_distinct=False,
                name="role_is_held_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.role}"
