"""From a request to who acts: a bearer token, or the session of a person and the tenant they chose."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest
from knox.crypto import hash_token

from stellapolicy.access import token_cache
from stellapolicy.access.errors import TenantMissing, TenantRefused, TokenMalformed
from stellapolicy.access.models import ApiToken, User
from stellapolicy.access.reauthentication import AUTHENTICATED_AT, EXEMPTION
from stellapolicy.access.roles import Grants
from stellapolicy.access.selectors import (
    Membership,
    authenticate_token,
    grants_of,
    standing_grants_of,
    tenants_of,
)
from stellapolicy.access.services.tokens import note_use
from stellapolicy.api import request_id
from stellapolicy.api.address import client_address
from stellapolicy.kernel.actor import Actor

TENANT_HEADER: Final = "X-Stella-Tenant"
SESSION_KEY: Final = "stella_tenant"
_SCHEME = "bearer"


@dataclass(frozen=True, slots=True)
class SignIn:
    """Who asks and in which tenant, before their rights there are known; a pipeline's token has no person."""

    user: User | None
    tenant: Membership
    token: ApiToken | None = None

    @property
    def standing(self) -> User | AnonymousUser:
        """The person as Django knows them; nobody where a pipeline asks."""
        return self.user or AnonymousUser()


def identify(request: HttpRequest, *, at: datetime) -> SignIn | None:
    """Return who asks; None for nobody. Refuses with 401 whoever is not known, with 403 a tenant not theirs."""
    if request.path.startswith("/api/") and "Authorization" in request.headers:
        return _by_token(request, at=at)
    if isinstance(request.user, User) and request.user.is_active:
        return _by_session(request, request.user)
    return None


def actor_for(sign_in: SignIn, request: HttpRequest, *, at: datetime) -> Actor:
    """Return what they may do, as far as a token leaves it; runs in the scope of the tenant, one query.

    Refuses a token that ended since it was kept in the cache.
    """
    token, services = sign_in.token, None
    if token is not None:
        grants = standing_grants_of(token, at=at)
        if token.service_id is not None:
            grants, services = grants.for_service(token.service_id), frozenset({token.service_id})
    else:
        grants = grants_of(_person(sign_in))
    if sign_in.user is not None:
        # INVARIANT: people alone carry roles into the admin; a token opens the API.
        sign_in.user.hold(Grants() if token else grants)
    scopes, services, service_scopes = _spread(grants, services)
    return Actor(
        tenant_id=sign_in.tenant.tenant_id,
        subject=token.subject if token else _person(sign_in).subject,
        scopes=scopes,
        services=services,
        service_scopes=service_scopes,
        address=client_address(request),
        request_id=request_id.current(),
        extra=_extra(sign_in, request),
    )


def choose_tenant(session: SessionBase, user: User, chosen: str) -> Membership:
    """Remember in the session which of their tenants (slug or id) a person works in."""
    membership = _chosen(tenants_of(user), chosen)
    session[SESSION_KEY] = str(membership.tenant_id)
    return membership


def _person(sign_in: SignIn) -> User:
    if sign_in.user is None:
        raise TypeError("only a token stands for no person")
    return sign_in.user


def _extra(sign_in: SignIn, request: HttpRequest) -> dict[str, str]:
    """Return who is behind the actor, and how lately they proved it."""
    known = {} if sign_in.user is None else _known(sign_in.user)
    if sign_in.token is not None:
        return known | EXEMPTION | {"issued_by": " ".join(sign_in.token.issued_by_people)}
    return known | {AUTHENTICATED_AT: str(request.session.get(AUTHENTICATED_AT, ""))}


def _known(person: User) -> dict[str, str]:
    return {"username": person.username, "person": person.subject, "password_by": person.password_set_by}


def _by_token(request: HttpRequest, *, at: datetime) -> SignIn:
    scheme, _, secret = request.headers["Authorization"].partition(" ")
    if scheme.lower() != _SCHEME or not secret or not secret.isascii() or " " in secret:
        raise TokenMalformed("send Authorization: Bearer and the token")
    kept = token_cache.find(hash_token(secret))
    token = authenticate_token(secret, at=at) if kept is None else kept
    tenant = Membership(token.tenant.pk, token.tenant.slug, token.tenant.name)
    asked = request.headers.get(TENANT_HEADER)
    if asked is not None and not tenant.is_called(asked):
        raise TenantRefused(f"this token belongs to {tenant.slug}")
    note_use(token, at=at)
    if kept is None:
        token_cache.keep(token)
    return SignIn(token.user, tenant, token)


def _by_session(request: HttpRequest, user: User) -> SignIn:
    memberships = tenants_of(user)
    asked = request.headers.get(TENANT_HEADER) if request.path.startswith("/api/") else None
    if asked is not None:
        return SignIn(user, _chosen(memberships, asked))
    remembered = request.session.get(SESSION_KEY)
    usual = next((each for each in memberships if each.is_called(str(remembered))), None)
    if usual is None and not memberships:
        raise TenantMissing(f"{user.username} holds no role in any tenant")
    return SignIn(user, usual or memberships[0])


def _chosen(memberships: tuple[Membership, ...], asked: str) -> Membership:
    for membership in memberships:
        if membership.is_called(asked):
            return membership
    raise TenantRefused(f"{asked} is not one of your tenants")


def _spread(
    grants: Grants, services: frozenset[UUID] | None
) -> tuple[frozenset[str], frozenset[UUID] | None, dict[UUID, frozenset[str]]]:
    """Return scopes, services and service scopes of an actor.

    Whoever holds the same in each of their services and nothing beyond them is simply limited to these services.
    """
    distinct = set(grants.by_service.values())
    if not grants.everywhere and len(distinct) == 1:
        return frozenset(*distinct), services or frozenset(grants.by_service), {}
    return frozenset(grants.everywhere), services, dict[UUID, frozenset[str]](grants.by_service)
