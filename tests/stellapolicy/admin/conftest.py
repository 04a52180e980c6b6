"""Two tenants, one of them full."""

import logging
from collections.abc import Iterator

import pytest

from stellapolicy.access.models import User
from tests.admin_pages import Inhabited, inhabit, stranger, superuser


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Hundreds of refusals are the point here; drawing each into the log would take most of the time."""
    logger = logging.getLogger("django.request")
    before = logger.level
    logger.setLevel(logging.ERROR)
    yield
    logger.setLevel(before)


@pytest.fixture
def acme(db: None) -> Inhabited:
    """A tenant with a row on every page."""
    return inhabit("acme")


@pytest.fixture
def outsider(db: None) -> User:
    """Somebody who may see everything, elsewhere."""
    return stranger()


@pytest.fixture
def root(db: None) -> User:
    """A superuser."""
    return superuser()
