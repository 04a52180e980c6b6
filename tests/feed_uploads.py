"""An installation in which one person alone may upload feeds: decided by two, as every setting is."""

from datetime import datetime

from stellapolicy.access.roles import Role
from stellapolicy.governance.services.approvals import vote
from stellapolicy.governance.services.settings import propose_setting
from stellapolicy.governance.settings import FEED_UPLOAD
from stellapolicy.tenancy.models import Tenant
from stellapolicy.tenancy.scope import tenant_scope
from tests.factories import person_with
from tests.inhabitants.governance import administrator


def let_one_person_upload(tenant: Tenant, *, at: datetime) -> None:
    """Switch off that uploads wait for a second person."""
    ada, bob = (administrator(tenant, person_with(tenant, Role.ADMIN), at=at) for _ in range(2))
    with tenant_scope(tenant.pk):
        asked = propose_setting(actor=ada, name=FEED_UPLOAD, value=False, reason="there is one of us", at=at)
        vote(actor=bob, pk=asked.pk, approve=True, payload_hash=asked.payload_hash, reason="so be it", at=at)
