"""A shop with gates before its environments, and feeds of the day."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import pytest

from gates.models import GateDecision, GateMode
from gates.requests import GateRequest
from gates.services.evaluation import evaluate_gate
from policies.services.feeds import load_feed
from stellapolicy.access.roles import Scope
from stellapolicy.kernel.actor import Actor
from stellapolicy.management.seeding import seed_contents
from stellapolicy.tenancy.models import Tenant
from stellapolicy.tenancy.scope import tenant_scope
from tests.factories import NOON, TenantFactory
from tests.reports import HARMLESS, LOG4SHELL, epss_day, kev_catalogue
from tests.shop import asked, enforce


@dataclass(frozen=True, slots=True)
class Shop:
    """A tenant whose gates enforce, and an actor that may ask them."""

    tenant: Tenant
    actor: Actor

    def ask(self, image: str, *reports: bytes, environment: str = "production") -> GateDecision:
        """Ask a gate at noon; call it inside the tenant's scope."""
        return evaluate_gate(actor=self.actor, request=self.request(image, *reports, environment=environment), at=NOON)

    def request(self, image: str, *reports: bytes, environment: str = "production") -> GateRequest:
        """Return a question about an image."""
        return asked(image, *reports, environment=environment)


@pytest.fixture
def shop(db: None) -> Shop:
    """Return a shop whose gates enforce, with the feeds of the day."""
    return make_shop()


def make_shop(slug: str = "shop", *, at: datetime = NOON) -> Shop:
    """Seed a tenant the way bootstrap does, let its gates enforce, and load feeds of the day."""
    tenant = TenantFactory(slug=slug)
    seed_contents(tenant, at=at)
    actor = Actor(tenant_id=tenant.pk, subject="token:pipeline", scopes=frozenset(Scope))
    with tenant_scope(tenant.pk):
        enforce(actor, GateMode.ENFORCE)
        day = at.date().isoformat()
        load_feed(actor=actor, content=epss_day({LOG4SHELL: 0.97, HARMLESS.id: 0.01}, day=day), at=at)
        load_feed(actor=actor, content=kev_catalogue(LOG4SHELL, released_at=f"{day}T00:00:00.000Z"), at=at)
    return Shop(tenant, actor)


@pytest.fixture
def in_shop(shop: Shop) -> Iterator[Shop]:
    """Open the scope of the shop's tenant for the whole test."""
    with tenant_scope(shop.tenant.pk):
        yield shop
