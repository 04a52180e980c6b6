"""A tenant whose people work in the admin."""

import pytest

from tests.admin_pages import Inhabited, inhabit


@pytest.fixture
def acme(db: None) -> Inhabited:
    """A tenant with a row on every page."""
    return inhabit("acme")
