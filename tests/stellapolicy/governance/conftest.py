"""A tenant with people in it, and a kind of request whose effect a test can see."""

from collections.abc import Iterator

import pytest

from stellapolicy.governance import approvals
from stellapolicy.tenancy.models import Tenant
from stellapolicy.tenancy.scope import tenant_scope
from tests.stellapolicy.governance.table import KIND, Table


@pytest.fixture
def table(tenant: Tenant) -> Iterator[Table]:
    """A table to decide at; the scope of its tenant is open."""
    table = Table(tenant)
    registered = approvals._KINDS
    registered[KIND] = table.kind()
    with tenant_scope(tenant.pk):
        yield table
    del registered[KIND]
