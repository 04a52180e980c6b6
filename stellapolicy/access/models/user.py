"""A person, known to the whole installation; what they may do is said per tenant by their roles."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from uuid import UUID

from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower

from stellapolicy.access.roles import Grants, Role, opens_app, permits, superuser_may
from stellapolicy.kernel.ids import new_id


class User(AbstractUser):
    """Somebody who signs in."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    email = models.EmailField(blank=True)
    created_by = models.CharField(max_length=200, blank=True, default="", editable=False)
    # INVARIANT: stays for good. Whoever knew the first password may as well have chosen every later one.
    password_set_by = models.TextField(blank=True, default="", editable=False)
    # The groups the identity provider named at the last sign-in: what another of them brings outlives a mapping.
    provider_groups = ArrayField(models.TextField(), default=list, blank=True, editable=False)

    # The roles held in the tenant of this request: set by the middleware, empty anywhere else.
    roles: frozenset[Role] = frozenset()
    # Those of them that are held for single services alone, by service; the others hold everywhere.
    roles_by_service: Mapping[UUID, frozenset[Role]] = MappingProxyType({})
    wide_roles: frozenset[Role] | None = None

    class Meta:
        ordering = ["username"]
        constraints = [
            models.UniqueConstraint(Lower("email"), condition=~models.Q(email=""), name="email_belongs_to_one_person"),
        ]

    def __str__(self) -> str:
        return self.username

    @property
    def subject(self) -> str:
        """The name under which this person acts."""
        return f"user:{self.username}"

    # INVARIANT: the table in `roles` decides alone; Django's own short cut for superusers would open every model.
    def has_perm(self, perm: str, obj: models.Model | AnonymousUser | None = None) -> bool:  # noqa: ARG002 - Django's
        """Whether the roles of this request, or being a superuser, bring a permission."""
        if not self.is_active:
            return False
        return permits(self.roles, perm) or (self.is_superuser and superuser_may(perm))

    def has_perms(self, perm_list: Iterable[str], obj: models.Model | AnonymousUser | None = None) -> bool:
        """Whether every permission is held."""
        return all(self.has_perm(perm, obj) for perm in perm_list)

    def hold(self, grants: Grants) -> None:
        """Carry, for this request, the roles held in its tenant."""
        self.roles, self.wide_roles, self.roles_by_service = grants.roles, grants.wide_roles, grants.roles_by_service

    def services_where(self, permission: str) -> frozenset[UUID] | None:
        """Return the services in which a permission is held; None means everywhere."""
        wide = self.roles if self.wide_roles is None else self.wide_roles
        if permits(wide, permission) or (self.is_superuser and superuser_may(permission)):
            return None
        held = self.roles_by_service.items()
        return frozenset(service for service, roles in held if permits(roles, permission))

    def has_module_perms(self, app_label: str) -> bool:
        """Whether any page of an app may be seen."""
        return self.is_active and (self.is_superuser or opens_app(self.roles, app_label))
