"""A server inside that the purpose `test` may call."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from pytest_django import Settings

from tests.loopback import Loopback, Script, loopback

Serving = Callable[[Script], Loopback]


@pytest.fixture
def inside(settings: Settings) -> None:
    """Let the purpose `test` call `intern.test`, which leads to loopback."""
    settings.EGRESS_INTERNAL_HOSTS = {"test": ["intern.test"]}


@pytest.fixture
def serving() -> Iterator[Serving]:
    """Start servers that end with the test."""
    with ExitStack() as stack:
        yield lambda script: stack.enter_context(loopback(script))
