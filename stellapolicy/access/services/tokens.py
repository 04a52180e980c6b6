"""API tokens: issued and shown once, rotated, revoked; never deleted, so that each can say how it ended."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final
from uuid import UUID

from django.db import transaction
from knox.models import get_digest_token
from knox.settings import CONSTANTS, knox_settings

from stellapolicy.access import token_cache
from stellapolicy.access.errors import (
    LifetimeRefused,
    PersonDisabled,
    PersonNotFound,
    ScopesExceeded,
    ScopeUnknown,
    ServiceNotFound,
    TokenEnded,
    TokenNameTaken,
    TokenNotFound,
    TokenOfWorkload,
)
from stellapolicy.access.models import ApiToken, RoleAssignment, User
from stellapolicy.access.models.token import LAST_USE_RESOLUTION
from stellapolicy.access.roles import MACHINE_SCOPES, Scope
from stellapolicy.access.selectors import grants_of
from stellapolicy.audit.services import record
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.refusals import Fault
from stellapolicy.tenancy.models import Service

LONGEST_LIFETIME: Final = timedelta(days=366)
_SCOPE = Scope.GOVERNANCE_WRITE
_MOST_NAMED: Final = 5


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A token and its secret, which nobody will see again."""

    token: ApiToken
    secret: str


@transaction.atomic
def issue_token(
    *,
    actor: Actor,
    user: User,
    name: str,
    scopes: Collection[str],
    at: datetime,
    lifetime: timedelta | None = None,
    service_id: UUID | None = None,
) -> IssuedToken:
    """Issue a token that speaks for a person, for one service or the whole tenant; 90 days unless said otherwise.

    Nobody gives scopes they do not hold, and no token holds scopes that its person does not.
    """
    actor.require(_SCOPE)
    _refuse_unknown(scopes)
    _refuse_service_of_others(service_id)
    _refuse_exceeding(actor, user, scopes, service_id)
    expiry = at + _lifetime(lifetime)
    if ApiToken.objects.of_tenant(actor.tenant_id).filter(name=name, revoked_at__isnull=True).exists():
        raise TokenNameTaken(f"a token named {name} has not been revoked yet")
    issued = write_token(
        ApiToken(
            user=user,
            tenant_id=actor.tenant_id,
            name=name,
            scopes=sorted(set(scopes)),
            service_id=service_id,
            created=at,
            created_by=actor.subject,
            issued_by_people=_shown_to(actor, user),
            expiry=expiry,
        )
    )
    record(actor, "token.issued", issued.token, at=at)
    return issued


@transaction.atomic
def rotate_token(*, actor: Actor, pk: UUID, at: datetime) -> IssuedToken:
    """Give a living token a new secret and its old lifetime again; the old secret is refused at once."""
    actor.require(_SCOPE)
    old = _locked_living(actor, pk, at=at)
    if old.user is None:
        raise TokenOfWorkload("a pipeline exchanges its identity for the next token; revoke this one instead")
    _refuse_exceeding(actor, old.user, old.scopes, old.service_id)
    _end(old, actor, at=at)
    issued = write_token(
        ApiToken(
            user=old.user,
            tenant_id=old.tenant_id,
            name=old.name,
            scopes=old.scopes,
            service_id=old.service_id,
            replaces=old,
            created=at,
            created_by=actor.subject,
            issued_by_people=_shown_to(actor, old.user),
            expiry=at + (old.expiry - old.created),
        )
    )
    record(actor, "token.rotated", issued.token, at=at)
    return issued


@transaction.atomic
def revoke_token(*, actor: Actor, pk: UUID, at: datetime, reason: str = "") -> ApiToken:
    """End a living token; its next request is refused."""
    actor.require(_SCOPE)
    token = _locked_living(actor, pk, at=at)
    _end(token, actor, at=at)
    record(actor, "token.revoked", token, at=at, reason=reason)
    return token


def note_use(token: ApiToken, *, at: datetime) -> None:
    """Remember that the token was used, at most once a minute.

    Runs before the transaction of the request: requests of one token must not queue for its row.
    """
    if token.last_used_at is not None and at - token.last_used_at < LAST_USE_RESOLUTION:
        return
    ApiToken.objects.filter(pk=token.pk).not_used_since(at - LAST_USE_RESOLUTION).update(last_used_at=at)
    token.last_used_at = at


def write_token(token: ApiToken) -> IssuedToken:
    """Give a new row its secret and keep it; whoever calls has judged and records."""
    token.digest, secret = get_digest_token()
    token.token_key = secret[: CONSTANTS.TOKEN_KEY_LENGTH]
    token.save(force_insert=True)
    return IssuedToken(token, secret)


def _shown_to(actor: Actor, user: User) -> list[str]:
    """Return the people who see the secret besides its person; the installation's own commands are none."""
    return sorted(person for person in actor.people - {user.subject} if person.startswith("user:"))


def _end(token: ApiToken, actor: Actor, *, at: datetime) -> None:
    token.revoked_at, token.revoked_by = at, actor.subject
    token.save(update_fields=["revoked_at", "revoked_by"])
    transaction.on_commit(partial(token_cache.forget, token.digest))


def _locked_living(actor: Actor, pk: UUID, *, at: datetime) -> ApiToken:
    tokens = ApiToken.objects.of_tenant(actor.tenant_id).select_for_update(of=("self",)).select_related("user")
    token = tokens.filter(pk=pk).first()
    if token is None:
        raise TokenNotFound("there is no such token in this tenant")
    if token.revoked_at is not None or token.expiry <= at:
        raise TokenEnded(f"the token {token.name} is revoked or expired already")
    return token


def _lifetime(asked: timedelta | None) -> timedelta:
    lifetime: timedelta = knox_settings.TOKEN_TTL if asked is None else asked
    if not timedelta(0) < lifetime <= LONGEST_LIFETIME:
        raise LifetimeRefused(f"a token lives longer than no time and at most {LONGEST_LIFETIME.days} days")
    return lifetime


def _refuse_unknown(scopes: Collection[str]) -> None:
    known = frozenset[str](Scope)
    faults = tuple(
        Fault(f"/scopes/{index}", ScopeUnknown.code, f"there is no scope {scope}")
        for index, scope in enumerate(scopes)
        if scope not in known
    )
    if faults:
        raise ScopeUnknown("; ".join(fault.message for fault in faults[:_MOST_NAMED]), faults=faults)


def _refuse_service_of_others(service_id: UUID | None) -> None:
    if service_id is not None and not Service.objects.filter(pk=service_id).exists():
        raise ServiceNotFound("there is no such service in this tenant")


def _refuse_exceeding(actor: Actor, user: User, scopes: Collection[str], service_id: UUID | None) -> None:
    if not user.is_active:
        raise PersonDisabled("a disabled person has no tokens")
    if not RoleAssignment.objects.of(user).exists():
        raise PersonNotFound(f"{user.username} holds no role in this tenant")
    grants = grants_of(user)
    held = grants.everywhere if service_id is None else grants.for_service(service_id).anywhere
    beyond_person = {scope for scope in scopes if scope not in held}
    # What only machines hold is given by whoever may issue tokens: no person could hold both, and none decides by it.
    beyond_actor = {scope for scope in set(scopes) - MACHINE_SCOPES if not actor.holds_for(scope, service_id)}
    if exceeding := sorted(beyond_person | beyond_actor):
        raise ScopesExceeded(f"{', '.join(exceeding)} must be held by you and by {user.username}")
