"""A person, known to the whole installation; what they may do is said per tenant by their roles."""

from collections.abc import Iterable

from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.db import models
from django.db.models.functions import Lower

from stellapolicy.access.roles import Role, opens_app, permits, superuser_may
from stellapolicy.kernel.ids import new_id


class User(AbstractUser):
    """Somebody who signs in."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    email = models.EmailField(blank=True)

    # The roles held in the tenant of this request: set by the middleware, empty anywhere else.
    roles: frozenset[Role] = frozenset()

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

    def has_module_perms(self, app_label: str) -> bool:
        """Whether any page of an app may be seen."""
        return self.is_active and (self.is_superuser or opens_app(self.roles, app_label))
