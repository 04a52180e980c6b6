"""One migrated and seeded installation for all tests of this folder; those who spoil one make their own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.production import Installation, make_installation, remove


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation whose default tenant is seeded; tests add tenants and rows of their own."""
    made = make_installation(tmp_path_factory.mktemp("var"))
    made.migrate()
    made.manage("bootstrap")
    made.manage("collectstatic", "--no-input", "--verbosity", "0")
    yield made
    remove(made)


@pytest.fixture
def bare_installation(tmp_path: Path) -> Iterator[Installation]:
    """An installation whose database is empty."""
    made = make_installation(tmp_path)
    yield made
    remove(made)
