"""Who is it, which tenants are theirs, and what may they do there."""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hmac import compare_digest
from typing import NamedTuple
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Exists
from knox.crypto import hash_token
from knox.settings import CONSTANTS

from stellapolicy.access.errors import PersonDisabled, TokenExpired, TokenRevoked, TokenUnknown
from stellapolicy.access.models import ApiToken, GroupMapping, RoleAssignment, TrustedWorkload, User
from stellapolicy.access.roles import Grants, Role, Scope, scopes_of_roles
from stellapolicy.tenancy.models import Tenant

_Row = tuple[str, UUID | None, UUID | None, UUID | None]


@dataclass(frozen=True, slots=True)
class Membership:
    """A tenant somebody belongs to."""

    tenant_id: UUID
    slug: str
    name: str

    def is_called(self, text: str) -> bool:
        """Whether `text` is the slug or the id of this tenant."""
        return text in {self.slug, str(self.tenant_id)}


class Mapped(NamedTuple):
    """A role and what it is held for."""

    role: str
    team_id: UUID | None
    service_id: UUID | None


@dataclass(frozen=True, slots=True)
class Trusting:
    """A tenant that trusts a repository, and the id by which it knows it."""

    repository_id: str
    tenant: Membership


def authenticate_token(secret: str, *, at: datetime) -> ApiToken:
    """Return the token of a secret, with its person and tenant; one query.

    Refuses, each with its code, an unknown, revoked or expired token and one of a disabled person. A token that ended
    is told so, since only its holder can ask.
    """
    digest = hash_token(secret)
    candidates = ApiToken.objects.filter(token_key=secret[: CONSTANTS.TOKEN_KEY_LENGTH]).select_related(
        "user", "tenant"
    )
    token = next((each for each in candidates if compare_digest(digest, each.digest)), None)
    return _standing(token, at=at)


def confirmed_token(token: ApiToken, *, at: datetime) -> ApiToken:
    """Return the row behind a token that was kept in the cache; refuses it as `authenticate_token` would."""
    found = ApiToken.objects.filter(pk=token.pk, digest=token.digest).select_related("user", "tenant").first()
    return _standing(found, at=at)


def _standing(token: ApiToken | None, *, at: datetime) -> ApiToken:
    if token is None:
        raise TokenUnknown("no token has this secret")
    if token.revoked_at is not None:
        raise TokenRevoked(f"the token {token.name} was revoked")
    if token.expiry <= at:
        raise TokenExpired(f"the token {token.name} has expired")
    if token.user is not None and not token.user.is_active:
        raise PersonDisabled("the person behind this token was disabled")
    return token


def tenants_of(user: User) -> tuple[Membership, ...]:
    """Return the tenants in which somebody holds a role, by slug; a superuser sees every tenant.

    Works outside a tenant scope: row-level security lets a person read their own roles.
    """
    if user.is_superuser:
        found: Iterable[tuple[UUID, str, str]] = Tenant.objects.order_by("slug").values_list("pk", "slug", "name")
        return tuple(Membership(*row) for row in found)
    with _shown(user=str(user.pk)):
        rows = (
            RoleAssignment.personal.filter(user=user)
            .order_by("tenant__slug")
            .values_list("tenant_id", "tenant__slug", "tenant__name")
            .distinct()
        )
        return tuple(Membership(*row) for row in rows)


def grants_of(user: User) -> Grants:
    """Return what somebody holds in the tenant of the scope; one query.

    A role held for a team reaches every service the team owns. Being a superuser brings nothing here.
    """
    rows: Iterable[_Row] = RoleAssignment.objects.of(user).values_list("role", "team", "service", "team__services")
    return _grants(rows)


def standing_grants_of(token: ApiToken, *, at: datetime) -> Grants:
    """Return what the token of a person, or of a pipeline, holds in the tenant of the scope; one query.

    The same query says whether the token still stands, since it may come from the cache; refuses it where it does not.
    """
    standing = ApiToken.objects.filter(pk=token.pk, digest=token.digest).standing(at=at)
    if token.user is None:
        if not standing.exists():
            confirmed_token(token, at=at)
        return Grants(by_service={token.service_id: frozenset(map(Scope, token.scopes))})
    held = RoleAssignment.objects.of(token.user).annotate(stands=Exists(standing))
    rows = list(held.values_list("role", "team", "service", "team__services", "stands"))
    if not rows or not all(stands for *_, stands in rows):
        confirmed_token(token, at=at)
    return _grants(row[:4] for row in rows).within(token.scopes)


def _grants(rows: Iterable[_Row]) -> Grants:
    everywhere: set[Role] = set()
    by_service: defaultdict[UUID, set[Role]] = defaultdict(set)
    roles: set[Role] = set()
    for name, team, service, owned in rows:
        role = Role(name)
        roles.add(role)
        if team is None and service is None:
            everywhere.add(role)
        elif (reached := service or owned) is not None:
            by_service[reached].add(role)
    return Grants(
        everywhere=scopes_of_roles(everywhere),
        by_service={service: scopes_of_roles(held) for service, held in by_service.items()},
        roles=frozenset(roles),
        wide_roles=frozenset(everywhere),
        roles_by_service={service: frozenset(held) for service, held in by_service.items()},
    )


def scopes_of(user: User) -> frozenset[Scope]:
    """Return every scope somebody holds somewhere in the tenant of the scope."""
    return grants_of(user).anywhere


def tenants_trusting(issuer: str, *, repository_id: str, repository: str) -> tuple[Trusting, ...]:
    """Return which tenants trust the repository of this id, or of this name, at an issuer.

    Works outside a tenant scope, for a proven identity: row-level security lets it read who trusts it.
    """
    with _shown(repository_id=repository_id, repository=repository):
        rows = (
            TrustedWorkload.of_repository.filter(issuer=issuer, withdrawn_at__isnull=True)
            .order_by("tenant__slug", "repository_id")
            .values_list("repository_id", "tenant_id", "tenant__slug", "tenant__name")
            .distinct()
        )
        return tuple(Trusting(known, Membership(pk, slug, name)) for known, pk, slug, name in rows)


def mapped_for(groups: Collection[str]) -> dict[UUID, dict[Mapped, str]]:
    """Return, by tenant, the roles that membership in these groups brings, each with the first group that brings it.

    Works outside a tenant scope, for a proven identity: row-level security shows the mappings of its groups only.
    """
    found: defaultdict[UUID, dict[Mapped, str]] = defaultdict(dict)
    if not groups:
        return {}
    with _shown(groups=json.dumps(sorted(set(groups)))):
        rows = GroupMapping.of_groups.filter(group__in=groups).order_by("group", "pk")
        said = rows.values_list("tenant_id", "group", "role", "team_id", "service_id")
        for tenant_id, group, role, team_id, service_id in said:
            found[tenant_id].setdefault(Mapped(role, team_id, service_id), group)
    return dict(found)


def tenants_with_group_roles(user: User, given_by: str) -> frozenset[UUID]:
    """Return the tenants in which somebody holds a role given by such as `given_by` begins with."""
    with _shown(user=str(user.pk)):
        rows = RoleAssignment.personal.filter(user=user, granted_by__startswith=given_by)
        return frozenset(rows.values_list("tenant_id", flat=True))


@contextmanager
def _shown(**settings: str) -> Iterator[None]:
    """Open a transaction in which row-level security shows, in every tenant, the rows that these settings name."""
    with transaction.atomic():
        _set(settings)
        yield
        # Forgotten even where an outer transaction goes on: a request sees one tenant.
        _set(dict.fromkeys(settings, ""))


def _set(settings: Mapping[str, str]) -> None:
    with connection.cursor() as cursor:
        for name, value in settings.items():
            cursor.execute("SELECT set_config(%s, %s, true)", [f"app.{name}", value])
