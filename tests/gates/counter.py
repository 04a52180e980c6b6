"""A shop with the people who decide about its exceptions, and a finding that blocks its release."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from gates.models import GateDecision
from gates.services.evaluation import evaluate_gate
from policies.services.feeds import load_feed
from tests.exceptions.desk import Desk, make_desk
from tests.factories import NOON
from tests.gates.conftest import Shop
from tests.reports import HARMLESS, LOG4SHELL, Vuln, epss_day, kev_catalogue, trivy

HOUR = timedelta(hours=1)
BAD = Vuln("CVE-2020-8203", "lodash", "4.17.20", "4.18.1", "CRITICAL", 9.8)


@dataclass(frozen=True, slots=True)
class Counter:
    """A shop with the people who decide about its exceptions."""

    shop: Shop
    desk: Desk

    def ask(self, *vulns: Vuln, at: datetime = NOON, environment: str = "production", image: str = "shop/api") -> Any:
        """Ask a gate about a fresh scan; the decision is read anew, as everybody else reads it."""
        report = trivy(image, vulns or (BAD,), scanned_at=at - HOUR)
        request = self.shop.request(image, report, environment=environment)
        return GateDecision.objects.get(pk=evaluate_gate(actor=self.shop.actor, request=request, at=at).pk)

    def know(self, *, epss: float = 0.01, kev: tuple[str, ...] = (LOG4SHELL,), at: datetime = NOON) -> None:
        """Let the feeds say something of the finding."""
        day = at.date().isoformat()
        scores = {BAD.id: epss, LOG4SHELL: 0.97, HARMLESS.id: 0.01}
        load_feed(actor=self.shop.actor, content=epss_day(scores, day=day), at=at)
        load_feed(actor=self.shop.actor, content=kev_catalogue(*kev, released_at=f"{day}T00:00:00.000Z"), at=at)


def open_counter(shop: Shop) -> Counter:
    """Give a shop its people, let the feeds know of the finding, and let it block; call it in the tenant's scope."""
    counter = Counter(shop, make_desk(shop.tenant))
    counter.know()
    counter.ask()
    return counter


def row(decision: GateDecision, name: str = BAD.id) -> Any:
    """Return the row of a finding."""
    return next(one for one in decision.body["findings"] if one["id"] == name)


def entry(decision: GateDecision) -> Any:
    """Return the one exception that is listed."""
    (found,) = decision.body["exceptions"]
    return found
