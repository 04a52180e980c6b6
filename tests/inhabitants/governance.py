"""What the pages of governance show: a setting that two people changed, a change that waits, a delegation."""

from datetime import datetime, timedelta

from stellapolicy.access.models import User
from stellapolicy.access.reauthentication import AUTHENTICATED_AT
from stellapolicy.access.roles import Role, scopes_of_roles
from stellapolicy.governance.services.approvals import vote
from stellapolicy.governance.services.delegations import delegate
from stellapolicy.governance.services.settings import propose_setting
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.clock import rfc3339
from stellapolicy.tenancy.models import Tenant
from stellapolicy.tenancy.scope import tenant_scope
from tests.factories import person_with


def govern(tenant: Tenant, *, at: datetime) -> None:
    """Let two administrators change a setting, propose another, and one stand in for the other."""
    ada, bob = (administrator(tenant, person_with(tenant, Role.ADMIN), at=at) for _ in range(2))
    with tenant_scope(tenant.pk):
        change = propose_setting(actor=ada, name="approval_time_out_days", value=10, reason="holidays", at=at)
        vote(actor=bob, pk=change.pk, approve=True, payload_hash=change.payload_hash, reason="agreed", at=at)
        propose_setting(actor=ada, name="delegation_longest_days", value=20, reason="once bitten", at=at)
        ends_at = at + timedelta(days=5)
        delegate(actor=bob, to=ada.person, starts_at=at, ends_at=ends_at, reason="holidays", at=at)


def administrator(tenant: Tenant, person: User, *, at: datetime) -> Actor:
    """Return an administrator who signed in just now."""
    return Actor(
        tenant_id=tenant.pk,
        subject=person.subject,
        scopes=frozenset(scopes_of_roles([Role.ADMIN])),
        extra={"person": person.subject, AUTHENTICATED_AT: rfc3339(at)},
    )
