"""Events and acts of tests, forgotten after each."""

from collections.abc import Callable, Iterator

import pytest

from stellapolicy.outbox import names, subscriptions
from stellapolicy.outbox.subscriptions import Act

names.register({"test.happened": "Something happened in a test", "test.ended": "Something ended in a test"})

Subscribing = Callable[..., None]


@pytest.fixture
def subscribing() -> Iterator[Subscribing]:
    """Subscribe acts that are forgotten after the test."""
    keys: set[str] = set()

    def subscribe(act: Act, *, name: str = "test.happened", key: str = "test.act") -> None:
        keys.add(key)
        subscriptions.subscribe(name, key=key, act=act)

    yield subscribe
    for key in keys:
        subscriptions.withdraw(key)
