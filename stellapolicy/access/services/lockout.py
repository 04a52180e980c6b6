"""Sign-ins that were locked after wrong passwords: recorded, and opened again by whoever may."""

from datetime import datetime
from uuid import UUID

import structlog
from django.db import transaction

from stellapolicy.access import locks
from stellapolicy.access.errors import NotLocked, PersonNotFound
from stellapolicy.access.models import RoleAssignment, User
from stellapolicy.access.roles import Scope
from stellapolicy.access.selectors import tenants_of
from stellapolicy.audit.services import record
from stellapolicy.kernel.actor import Actor
from stellapolicy.tenancy.scope import UnscopedQuery, current_tenant, tenant_scope

log = structlog.get_logger(__name__)


def record_lockout(*, username: str, address: str, at: datetime) -> None:
    """Record in every tenant of a person that their sign-in was locked; an unknown name is only logged.

    Inside the scope of a tenant (somebody proves again who they are) that tenant alone is told.
    """
    person = User.objects.filter(username=username).first()
    log.warning("sign_in_locked", known=person is not None, address=address)
    if person is None:
        return
    for tenant_id in _tenants(person):
        with tenant_scope(tenant_id):
            actor = Actor(tenant_id=tenant_id, subject="system:sign-in")
            record(actor, "person.sign_in_locked", person, at=at, reason=f"wrong passwords from {address}")


@transaction.atomic
def unlock_sign_in(*, actor: Actor, user: User, at: datetime, reason: str) -> None:
    """Let somebody try their password again at once."""
    actor.require(Scope.GOVERNANCE_WRITE)
    if not RoleAssignment.objects.of(user).exists():
        raise PersonNotFound(f"{user.username} holds no role in this tenant")
    if not locks.unlock(user.username):
        raise NotLocked(f"the sign-in of {user.username} is not locked")
    record(actor, "person.sign_in_unlocked", user, at=at, reason=reason)


def _tenants(person: User) -> list[UUID]:
    try:
        return [current_tenant()]
    except UnscopedQuery:
        return [membership.tenant_id for membership in tenants_of(person)]
