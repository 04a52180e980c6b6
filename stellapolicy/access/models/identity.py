"""Who somebody is at an identity provider, and which roles its groups bring."""

from django.db import models

from stellapolicy.access.models.user import User
from stellapolicy.access.roles import Role
from stellapolicy.kernel.ids import new_id
from stellapolicy.tenancy.models import Service, Team, TenantModel, TenantQuerySet

# Characters; with the word before it, a group must fit into `RoleAssignment.granted_by`.
LONGEST_GROUP = 190


class ExternalIdentity(models.Model):
    """A person at an identity provider; like people, known to the whole installation.

    INVARIANT: somebody is recognised by issuer and subject alone. A name or an e-mail address is the provider's word
    about somebody who may have had another one yesterday.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="identities")
    issuer = models.CharField(max_length=255)
    subject = models.CharField(max_length=255)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["issuer", "subject"]
        verbose_name_plural = "external identities"
        constraints = [models.UniqueConstraint(fields=["issuer", "subject"], name="identity_is_one_person")]

    def __str__(self) -> str:
        return f"{self.subject} at {self.issuer}"


class GroupMapping(TenantModel):
    """Whoever is in a group of the identity provider holds a role here, until they leave it."""

    group = models.CharField(max_length=200)
    role = models.CharField(max_length=20, choices=[(role.value, role.value) for role in Role])
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    service = models.ForeignKey(Service, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    created_by = models.CharField(max_length=200)
    created_at = models.DateTimeField()

    objects = TenantQuerySet["GroupMapping"].as_manager()
    # Without the guard: read at sign-in, where row-level security shows the mappings of a person's groups only.
    of_groups = models.Manager["GroupMapping"]()

    class Meta(TenantModel.Meta):
        ordering = ["group", "role", "id"]
        default_manager_name = "objects"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(role__in=[role.value for role in Role]), name="mapped_role_is_known"
            ),
            models.CheckConstraint(
                condition=models.Q(team__isnull=True) | models.Q(service__isnull=True),
                name="group_is_mapped_for_a_team_or_a_service",
            ),
            models.CheckConstraint(condition=~models.Q(group=""), name="mapped_group_has_a_name"),
            models.UniqueConstraint(
                fields=["tenant", "group", "role", "team", "service"], nulls_distinct=False, name="group_is_mapped_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.group} {self.role}"
