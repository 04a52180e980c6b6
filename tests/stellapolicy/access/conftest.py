"""Issuers of ID tokens on loopback, believed by the installation."""

from collections.abc import Iterator

import pytest
from pytest_django.fixtures import Settings

from tests.issuer import Issuer, issuer
from tests.stellapolicy.access.workloads import believe


@pytest.fixture
def github(settings: Settings) -> Iterator[Issuer]:
    with issuer() as running:
        believe(settings, running)
        yield running


@pytest.fixture
def gitlab(settings: Settings) -> Iterator[Issuer]:
    with issuer() as running:
        believe(settings, running, provider="gitlab")
        yield running
