"""An office: a shop whose people work with exceptions in the admin, at this very moment."""

from collections.abc import Iterator
from datetime import datetime

import pytest

from stellapolicy.kernel.clock import now
from stellapolicy.tenancy.scope import tenant_scope
from tests.exceptions.admin.office import Office
from tests.exceptions.desk import make_desk
from tests.gates.conftest import make_shop


@pytest.fixture
def at() -> datetime:
    """The present, without its microseconds: forms hold none."""
    return now().replace(microsecond=0)


@pytest.fixture
def office(db: None, at: datetime) -> Iterator[Office]:
    """A shop with one image full of findings, and its people; its tenant is open for the whole test."""
    shop = make_shop(at=at)
    with tenant_scope(shop.tenant.pk):
        office = Office(shop, make_desk(shop.tenant), at)
        office.scan("shop/api")
        yield office
