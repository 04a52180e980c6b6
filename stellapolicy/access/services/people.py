"""People and the roles they hold; every change is audited in the tenant of whoever made it."""

from datetime import datetime
from uuid import UUID

from django.contrib.auth.password_validation import validate_password
from django.db import IntegrityError, transaction

from stellapolicy.access.errors import (
    OwnRoles,
    PersonElsewhere,
    PersonNotFound,
    RoleHeldAlready,
    RoleNotFound,
    UsernameTaken,
)
from stellapolicy.access.models import RoleAssignment, User
from stellapolicy.access.roles import Role, Scope
from stellapolicy.access.selectors import tenants_of
from stellapolicy.audit.services import record
from stellapolicy.kernel import digest
from stellapolicy.kernel.actor import Actor
from stellapolicy.tenancy.models import Service, Team

_SCOPE = Scope.GOVERNANCE_WRITE


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
    )
    if password is not None:
        validate_password(password, person)
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
    *, actor: Actor, user: User, role: Role, at: datetime, team: Team | None = None, service: Service | None = None
) -> RoleAssignment:
    """Let somebody else hold a role: in the tenant, for a team's services, or for one service."""
    actor.require(_SCOPE)
    if user.subject == actor.person:
        raise OwnRoles(f"{actor.person} cannot give a role to themselves")
    assignment = RoleAssignment(
        tenant_id=actor.tenant_id,
        user=user,
        role=role,
        team=team,
        service=service,
        granted_by=actor.subject,
        granted_at=at,
    )
    try:
        with transaction.atomic():
            assignment.save(force_insert=True)
    except IntegrityError:
        raise RoleHeldAlready(f"{user.username} is {role} for this already") from None
    record(actor, "role.assigned", assignment, at=at, after_digest=_digest(assignment))
    return assignment


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


def _digest(assignment: RoleAssignment) -> str:
    return digest.of_json(
        {
            "user": assignment.user.username,
            "role": assignment.role,
            "team": str(assignment.team_id) if assignment.team_id else None,
            "service": str(assignment.service_id) if assignment.service_id else None,
        }
    )
