"""A shop whose people may ask for exceptions and decide about them."""

from collections.abc import Iterator

import pytest

from stellapolicy.tenancy.scope import tenant_scope
from tests.exceptions.desk import Desk, make_desk
from tests.gates.conftest import Shop, make_shop


@pytest.fixture
def shop(db: None) -> Shop:
    """Return a shop whose gates enforce, with the feeds of the day."""
    return make_shop()


@pytest.fixture
def desk(shop: Shop) -> Desk:
    """Return the people of the shop."""
    return make_desk(shop.tenant)


@pytest.fixture
def in_shop(shop: Shop) -> Iterator[Shop]:
    """Open the scope of the shop's tenant for the whole test."""
    with tenant_scope(shop.tenant.pk):
        yield shop
