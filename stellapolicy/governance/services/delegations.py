"""Letting somebody vote in one's stead, and ending it."""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection, transaction

from stellapolicy.access.models import RoleAssignment
from stellapolicy.access.roles import Role, Scope
from stellapolicy.audit.services import record
from stellapolicy.governance.errors import (
    DelegationEnded,
    DelegationLoop,
    DelegationNotFound,
    DelegationRefused,
    NotYours,
    ReasonMissing,
    TokenMayNotVote,
)
from stellapolicy.governance.models import Delegation
from stellapolicy.governance.selectors import number
from stellapolicy.governance.settings import LONGEST_DELEGATION_DAYS
from stellapolicy.kernel.actor import Actor
from stellapolicy.tenancy.models import Service


@transaction.atomic
def delegate(
    *,
    actor: Actor,
    to: str,
    starts_at: datetime,
    ends_at: datetime,
    reason: str,
    at: datetime,
    scopes: Collection[str] = (),
    roles: Collection[str] = (),
    service_id: UUID | None = None,
) -> Delegation:
    """Let somebody (`user:…`) vote in the actor's stead for a while; with all the actor holds, or what is named.

    It hands on what the actor holds at the moment of the vote, and never what others lent them.
    """
    _refuse_token(actor)
    _refuse_unfit(actor, to, scopes=scopes, roles=roles, service_id=service_id)
    _refuse_times(starts_at, ends_at, reason, at=at)
    _hold_back_the_other(actor, to)
    back = Delegation.objects.living().by(to).to(actor.person)
    if back.filter(starts_at__lt=ends_at, ends_at__gt=starts_at).exists():
        raise DelegationLoop(f"{to} lets you stand in for them in that time")
    given = Delegation(
        tenant_id=actor.tenant_id,
        delegator=actor.person,
        delegate=to,
        scopes=sorted(set(scopes)),
        roles=sorted(set(roles)),
        service_id=service_id,
        starts_at=starts_at,
        ends_at=ends_at,
        reason=reason,
        created_at=at,
    )
    given.save(force_insert=True)
    record(actor, "delegation.given", given, at=at, reason=reason)
    return given


@transaction.atomic
def end_delegation(*, actor: Actor, pk: UUID, at: datetime, reason: str = "") -> Delegation:
    """End a delegation early; whoever gave it may, whoever holds it, and whoever governs the tenant."""
    given = Delegation.objects.locked().filter(pk=pk).first()
    involved = given is not None and actor.person in {given.delegator, given.delegate}
    if given is None or not (involved or actor.holds_for(Scope.GOVERNANCE_READ, None)):
        raise DelegationNotFound("there is no such delegation in this tenant")
    if not involved and not actor.holds_for(Scope.GOVERNANCE_WRITE, None):
        raise NotYours(f"{given.delegator} gave it to {given.delegate}")
    if given.ended_at is not None or given.ends_at <= at:
        raise DelegationEnded("it is over already")
    given.ended_at, given.ended_by = at, actor.subject
    given.save(update_fields=["ended_at", "ended_by"])
    record(actor, "delegation.ended", given, at=at, reason=reason)
    return given


def _hold_back_the_other(actor: Actor, to: str) -> None:
    """Let two people who delegate to each other at once find out one after the other (released at commit)."""
    pair = "|".join(sorted((actor.person, to)))
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"{actor.tenant_id}:{pair}"])


def _refuse_token(actor: Actor) -> None:
    if actor.subject != actor.person or not actor.person.startswith("user:"):
        raise TokenMayNotVote("sign in yourself; nobody hands on a person's votes but that person")


def _refuse_unfit(
    actor: Actor, to: str, *, scopes: Collection[str], roles: Collection[str], service_id: UUID | None
) -> None:
    if to == actor.person:
        raise DelegationRefused("nobody stands in for themselves")
    username = to.removeprefix("user:")
    if username == to or not _belongs_here(username):
        raise DelegationRefused(f"{to[:200]} is nobody of this tenant (people are called user:…)")
    unknown = sorted((set(scopes) - set(Scope)) | (set(roles) - set(Role)))
    if unknown:
        raise DelegationRefused(f"there is no scope or role {', '.join(unknown)[:200]}")
    if service_id is not None and not Service.objects.filter(pk=service_id).exists():
        raise DelegationRefused("there is no such service in this tenant")


def _belongs_here(username: str) -> bool:
    return RoleAssignment.objects.filter(user__username=username, user__is_active=True).exists()


def _refuse_times(starts_at: datetime, ends_at: datetime, reason: str, *, at: datetime) -> None:
    if not reason.strip():
        raise ReasonMissing("a reason is needed")
    longest = timedelta(days=number(LONGEST_DELEGATION_DAYS))
    if not (starts_at < ends_at and at < ends_at and ends_at - max(starts_at, at) <= longest):
        raise DelegationRefused(f"it ends after it begins, not in the past, and within {longest.days} days")
