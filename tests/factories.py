"""Rows that tests start from."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from stellapolicy.access.models import ApiToken, RoleAssignment, User
from stellapolicy.access.reauthentication import EXEMPTION
from stellapolicy.access.roles import Role, Scope
from stellapolicy.access.services.tokens import IssuedToken, issue_token
from stellapolicy.kernel.actor import Actor
from stellapolicy.tenancy.models import Service, Team, Tenant
from stellapolicy.tenancy.scope import tenant_scope

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
_numbers = count(1)


def _tenant(**said: Any) -> Tenant:
    slug = said.setdefault("slug", f"tenant-{next(_numbers)}")
    return Tenant.objects.create(**{"name": slug.title(), "created_at": NOON, **said})


def _team(**said: Any) -> Team:
    slug = said.setdefault("slug", f"team-{next(_numbers)}")
    return Team.objects.create(**{"name": slug.title(), **said})


def _service(**said: Any) -> Service:
    slug = said.setdefault("slug", f"service-{next(_numbers)}")
    if "team" not in said:
        said["team"] = _team()
    return Service.objects.create(**{"name": slug.title(), **said})


def _user(**said: Any) -> User:
    username = said.setdefault("username", f"person{next(_numbers)}")
    user = User(**{"email": f"{username}@example.org", "is_staff": True, **said})
    user.set_unusable_password()
    user.save()
    return user


# Each makes one row; what a test does not say is made up. Teams and services belong to the tenant of the scope.
TenantFactory: Callable[..., Tenant] = _tenant
TeamFactory: Callable[..., Team] = _team
ServiceFactory: Callable[..., Service] = _service
UserFactory: Callable[..., User] = _user


def person_with(tenant: Tenant, *roles: Role, **scope: Any) -> User:
    """Return somebody who holds the roles in the tenant (or for `team=`, `service=`)."""
    person = UserFactory()
    give_roles(person, tenant, *roles, **scope)
    return person


def give_roles(person: User, tenant: Tenant, *roles: Role, **scope: Any) -> None:
    """Let somebody hold roles, without asking who gave them."""
    with tenant_scope(tenant.pk):
        RoleAssignment.objects.bulk_create(
            RoleAssignment(tenant=tenant, user=person, role=role, granted_by="test", granted_at=NOON, **scope)
            for role in roles
        )


def almighty(tenant: Tenant) -> Actor:
    """Return an actor with every scope of the tenant."""
    return Actor(tenant_id=tenant.pk, subject="system:test", scopes=frozenset(Scope), extra=dict(EXEMPTION))


def token_for(person: User, tenant: Tenant, *scopes: str, at: datetime | None = None, **said: Any) -> IssuedToken:
    """Return a token of somebody who holds its scopes in the tenant, issued an hour ago unless said otherwise."""
    said.setdefault("name", f"token of {person.username} {ApiToken.objects.count()}")
    with tenant_scope(tenant.pk):
        return issue_token(
            actor=almighty(tenant),
            user=person,
            scopes=scopes,
            at=at or datetime.now(tz=UTC) - timedelta(hours=1),
            **said,
        )
