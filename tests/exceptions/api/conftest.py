"""An office: a shop as of now, with one image scanned, and its people at their keyboards."""

import pytest

from stellapolicy.kernel.clock import now
from tests.exceptions.api.office import Office
from tests.exceptions.desk import make_desk
from tests.gates.conftest import Shop as _Shop
from tests.gates.conftest import make_shop


@pytest.fixture
def office(db: None) -> Office:
    """Return a shop as of now, with one image scanned."""
    shop: _Shop = make_shop(at=now())
    office = Office(shop, make_desk(shop.tenant))
    office.scan("shop/api")
    return office
