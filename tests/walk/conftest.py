"""The tenant that is walked."""

import pytest
from pytest_django.fixtures import Settings

from tests.admin_pages import Inhabited, inhabit
from tests.walk.known import Known, known_of


@pytest.fixture
def acme(db: None) -> Inhabited:
    """A tenant with a row of everything."""
    return inhabit("acme")


@pytest.fixture
def known(acme: Inhabited) -> Known:
    """What stands for each parameter in that tenant."""
    return known_of(acme)


@pytest.fixture(autouse=True)
def _without_limits(settings: Settings) -> None:
    settings.RATE_LIMITS = dict.fromkeys(settings.RATE_LIMITS)
    settings.INSTALLATION_TENANT = "acme"
