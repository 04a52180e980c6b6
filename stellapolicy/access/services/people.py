"""People and the roles they hold; every change is audited in the tenant of whoever made it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.contrib.auth.password_validation import validate_password
from django.db import IntegrityError, transaction

from stellapolicy.access.errors import (
    OwnRoles,
    PersonElsewhere,
    PersonNotFound,
    RoleHeldAlready,
    RoleNotFound,
    ServiceNotFound,
    TeamNotFound,
    UsernameTaken,
)
from stellapolicy.access.models import RoleAssignment, User
from stellapolicy.access.opening import OPENING_SCOPES, is_opening
from stellapolicy.access.ports import HeldDeed, second_person
from stellapolicy.access.roles import POWERS, Role, Scope
from stellapolicy.access.selectors import tenants_of
from stellapolicy.audit.services import Target, record
from stellapolicy.kernel import digest
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.tenancy.models import Service, Team

_SCOPE = Scope.GOVERNANCE_WRITE
ROLE_GRANT: Final = "access.role_grant"


@dataclass(frozen=True, slots=True)
class RoleGrant:
    """A role that is held from now on, or the request that waits for a second person; one of the two."""

    assignment: RoleAssignment | None
    request_id: UUID | None


@transaction.atomic
def create_person(
    *, actor: Actor, username: str, email: str, at: datetime, password: str | None = None, full_name: str = ""
) -> User:
    """Make a person known, without any role; without a password they sign in through the identity provider only."""
    actor.require(_SCOPE)
    person = User(
        username=User.normalize_username(username),
        email=email.strip().lower(),
        first_name=full_name,
        date_joined=at,
        is_staff=True,
        created_by=actor.person,
    )
    if password is not None:
        validate_password(password, person)
        person.password_set_by = " ".join(sorted(each for each in actor.people if each.startswith("user:")))
    person.set_password(password)
    person.full_clean(exclude=["password"], validate_unique=False, validate_constraints=False)
    try:
        with transaction.atomic():
            person.save(force_insert=True)
    except IntegrityError:
        raise UsernameTaken(f"somebody is called {username} or has this address already") from None
    record(actor, "person.created", person, at=at)
    return person


@transaction.atomic
def disable_person(*, actor: Actor, user: User, at: datetime, reason: str) -> User:
    """Lock somebody out: their sessions and tokens are refused from the next request on."""
    actor.require(_SCOPE)
    _refuse_strangers(actor, user)
    locked = User.objects.select_for_update().get(pk=user.pk)
    locked.is_active = False
    locked.save(update_fields=["is_active"])
    record(actor, "person.disabled", locked, at=at, reason=reason)
    return locked


@transaction.atomic
def assign_role(
    *,
    actor: Actor,
    user: User,
    role: Role,
    at: datetime,
    team: Team | None = None,
    service: Service | None = None,
    reason: str = "",
) -> RoleGrant:
    """Let somebody else hold a role: in the tenant, for a team's services, or for one service.

    A role that can approve or open something waits for a second person, who is neither the actor nor its holder to be.
    """
    actor.require(_SCOPE)
    if user.subject in actor.people:
        raise OwnRoles(f"{actor.person} cannot give a role to themselves")
    _refuse_held(user, role, team, service)
    if is_opening(role):
        request_id = second_person().hold(
            actor=actor,
            kind=ROLE_GRANT,
            target=Target("access.user", str(user.pk)),
            payload=_payload(user, role, team, service),
            reason=reason or f"{role} for {user.username}",
            excluding=frozenset({user.subject, *user.password_set_by.split()}),
            at=at,
        )
        if request_id is not None:
            return RoleGrant(None, request_id)
    return RoleGrant(_give(actor, user, role, team, service, granted_by=actor.subject, reason=reason, at=at), None)


def complete_role_grant(*, actor: Actor, deed: HeldDeed, at: datetime) -> RoleAssignment:
    """Let somebody hold the role that a second person has confirmed; refuses where it is held or they are gone."""
    asked = deed.payload
    user = User.objects.filter(pk=str(asked["user_id"]), is_active=True).first()
    if user is None:
        raise PersonNotFound(f"{asked['username']} has been locked out")
    team = Team.objects.filter(pk=str(asked["team_id"])).first() if asked["team_id"] else None
    service = Service.objects.filter(pk=str(asked["service_id"])).first() if asked["service_id"] else None
    # INVARIANT: without its place a role would be held in the whole tenant.
    if asked["team_id"] and team is None:
        raise TeamNotFound("the team is gone")
    if asked["service_id"] and service is None:
        raise ServiceNotFound("the service is gone")
    role = Role(str(asked["role"]))
    return _give(actor, user, role, team, service, granted_by=deed.requester, reason=deed.reason, at=at)


def describe_role_grant(payload: Mapping[str, JsonValue]) -> tuple[str, ...]:
    """Return in words what a role that waits would bring."""
    role = Role(str(payload["role"]))
    opening = ", ".join(sorted(POWERS[role].scopes & OPENING_SCOPES))
    return (
        f"{payload['username']} becomes {role.value.replace('_', ' ')} for {payload['reach']}.",
        f"That lets them use {opening}, from their next request on.",
    )


@transaction.atomic
def withdraw_role(*, actor: Actor, pk: UUID, at: datetime, reason: str = "") -> None:
    """End a role that somebody holds in the tenant; what they did with it stays in the audit trail."""
    actor.require(_SCOPE)
    assignment = RoleAssignment.objects.locked().filter(pk=pk).select_related("user").first()
    if assignment is None:
        raise RoleNotFound("nobody in this tenant holds this role")
    record(actor, "role.withdrawn", assignment, at=at, before_digest=_digest(assignment), reason=reason)
    assignment.delete()


def _refuse_strangers(actor: Actor, user: User) -> None:
    tenants = {membership.tenant_id for membership in tenants_of(user)}
    if actor.tenant_id not in tenants:
        raise PersonNotFound(f"{user.username} holds no role in this tenant")
    if len(tenants) > 1:
        raise PersonElsewhere(f"{user.username} belongs to other tenants; withdraw the roles held here instead")


def _refuse_held(user: User, role: Role, team: Team | None, service: Service | None) -> None:
    if RoleAssignment.objects.of(user).filter(role=role, team=team, service=service).exists():
        raise RoleHeldAlready(f"{user.username} is {role} for this already")


def _give(
    actor: Actor,
    user: User,
    role: Role,
    team: Team | None,
    service: Service | None,
    *,
    granted_by: str,
    reason: str,
    at: datetime,
) -> RoleAssignment:
    assignment = RoleAssignment(
        tenant_id=actor.tenant_id,
        user=user,
        role=role,
        team=team,
        service=service,
        granted_by=granted_by,
        granted_at=at,
    )
    try:
        with transaction.atomic():
            assignment.save(force_insert=True)
    except IntegrityError:
        raise RoleHeldAlready(f"{user.username} is {role} for this already") from None
    record(actor, "role.assigned", assignment, at=at, after_digest=_digest(assignment), reason=reason)
    return assignment


def _payload(user: User, role: Role, team: Team | None, service: Service | None) -> dict[str, JsonValue]:
    reach = "the whole tenant"
    if service is not None:
        reach = f"the service {service.slug}"
    elif team is not None:
        reach = f"the services of {team.slug}"
    return {
        "user_id": str(user.pk),
        "username": user.username,
        "role": role.value,
        "team_id": str(team.pk) if team else None,
        "service_id": str(service.pk) if service else None,
        "reach": reach,
    }


def _digest(assignment: RoleAssignment) -> str:
    return digest.of_json(
        {
            "user": assignment.user.username,
            "role": assignment.role,
            "team": str(assignment.team_id) if assignment.team_id else None,
            "service": str(assignment.service_id) if assignment.service_id else None,
        }
    )
