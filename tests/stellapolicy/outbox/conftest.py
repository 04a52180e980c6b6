"""Events and acts of tests, forgotten after each."""

from collections.abc import Callable, Iterator
from uuid import UUID

import pytest

from stellapolicy.kernel.actor import Actor
from stellapolicy.outbox import names, subscriptions
from stellapolicy.outbox.services.webhooks import create_webhook
from stellapolicy.outbox.subscriptions import Act
from stellapolicy.tenancy.models import Tenant
from stellapolicy.tenancy.scope import tenant_scope
from tests.factories import NOON, almighty

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


@pytest.fixture
def foreign_webhook(other_tenant: Tenant) -> UUID:
    """A webhook of somebody else."""
    with tenant_scope(other_tenant.pk):
        made = create_webhook(actor=almighty(other_tenant), url="https://8.8.8.8/", events=["*"], at=NOON)
    return made.webhook.pk


@pytest.fixture
def in_tenant(actor: Actor, foreign_webhook: UUID) -> Iterator[None]:
    """Open the scope of the tenant for the whole test; another tenant has a webhook for everything."""
    with tenant_scope(actor.tenant_id):
        yield
