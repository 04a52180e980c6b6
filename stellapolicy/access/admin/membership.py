"""Who belongs to the tenant of the scope."""

from django.db.models import QuerySet

from stellapolicy.access.models import RoleAssignment, User


def people_of_tenant() -> QuerySet[User]:
    """Return everybody who holds a role in the tenant of the scope, by name."""
    return User.objects.filter(pk__in=RoleAssignment.objects.values("user")).order_by("username")
