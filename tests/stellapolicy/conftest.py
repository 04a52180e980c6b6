"""Two tenants, somebody who acts in the first, and a client that speaks with a token."""

from collections.abc import Callable, Iterable

import pytest
from rest_framework.test import APIClient

from stellapolicy.access.roles import Role
from stellapolicy.kernel.actor import Actor
from stellapolicy.tenancy.models import Tenant
from tests.factories import TenantFactory, almighty, person_with, token_for

ApiClients = Callable[..., APIClient]


@pytest.fixture
def tenant(db: None) -> Tenant:
    """The tenant of the test."""
    return TenantFactory(slug="acme")


@pytest.fixture
def other_tenant(db: None) -> Tenant:
    """Somebody else's tenant."""
    return TenantFactory(slug="globex")


@pytest.fixture
def actor(tenant: Tenant) -> Actor:
    """Somebody who may do everything in the tenant."""
    return almighty(tenant)


@pytest.fixture
def api_client(tenant: Tenant) -> ApiClients:
    """Return clients that speak with a token of these scopes (of `tenant` unless another is given)."""

    def client(*, scopes: Iterable[str] = (), of: Tenant = tenant) -> APIClient:
        issued = token_for(person_with(of, *Role), of, *scopes)
        speaking = APIClient(raise_request_exception=False)
        speaking.credentials(HTTP_AUTHORIZATION=f"Bearer {issued.secret}")
        return speaking

    return client
