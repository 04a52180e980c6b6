"""People of a shop at their keyboards: signed in, or speaking through a token."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from exceptions.models import PolicyException
from gates.services.evaluation import evaluate_gate
from stellapolicy.access.models import User
from stellapolicy.kernel.clock import now, rfc3339
from stellapolicy.tenancy.scope import tenant_scope
from tests.exceptions.desk import WHY, Desk, waiting
from tests.factories import token_for
from tests.gates.conftest import Shop
from tests.reports import HARMLESS, Vuln, trivy

EXCEPTIONS = "/api/v1/exceptions"
ODD = Vuln("CVE-2022-00002", "odd", "2.0.0", "", "HIGH", 7.5)
Answer = Any  # Any: a response of the test client, whose class is private


@dataclass(frozen=True, slots=True)
class Office:
    """A shop with a scanned image, its people, and doors for each of them."""

    shop: Shop
    desk: Desk

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Open the scope of the tenant."""
        with tenant_scope(self.shop.tenant.pk):
            yield

    def scan(self, image: str, *vulns: Vuln, at: datetime | None = None) -> None:
        """Let an image be scanned an hour ago."""
        at = at or now()
        with self.opened():
            report = trivy(image, vulns or (HARMLESS, ODD), scanned_at=at - timedelta(hours=1))
            evaluate_gate(actor=self.shop.actor, request=self.shop.request(image, report), at=at)

    def session(self, name: str) -> APIClient:
        """Return a client in which somebody is signed in."""
        client = APIClient(raise_request_exception=False)
        client.force_login(self.desk.users[name])
        return client

    def token(self, *scopes: str, of: str = "ada", **said: Any) -> APIClient:
        """Return a client that speaks with a token of somebody."""
        issued = token_for(self.desk.users[of], self.shop.tenant, *scopes, **said)
        client = APIClient(raise_request_exception=False)
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {issued.secret}")
        return client

    def ask(self, **said: Any) -> PolicyException:
        """Ask for an exception as ada does."""
        with self.opened():
            return self.desk.ask(at=now(), **said)

    def in_force(self, **said: Any) -> PolicyException:
        """Return an exception that everybody approved."""
        with self.opened():
            return self.desk.in_force(at=now(), **said)

    def hash_of(self, exception: PolicyException) -> str:
        """Return what a vote on its newest terms names."""
        with self.opened():
            request = waiting(exception)
        assert request is not None
        return str(request.payload_hash)

    def user(self, name: str) -> User:
        return self.desk.users[name]


def body(*, days: float = 5, **said: Any) -> dict[str, Any]:
    """Return what asks for an exception: an accepted risk of something harmless, unless said otherwise."""
    return {
        "type": "vulnerability",
        "reason": "accepted_risk",
        "scope": {"vulnerabilities": [HARMLESS.id]},
        "expires_at": rfc3339(now() + timedelta(days=days)),
        "rationale": WHY,
        "ticket": "SEC-1",
        **said,
    }


def at(exception: PolicyException, rest: str = "") -> str:
    """Return the address of an exception, or of something below it."""
    return f"{EXCEPTIONS}/{exception.number}{rest}"


def post(client: APIClient, address: str, said: Any = None, **headers: str) -> Answer:
    """Post JSON."""
    return client.post(address, {} if said is None else said, format="json", headers=headers)


def refused(answer: Answer) -> tuple[int, str]:
    """Return with which status and code something was refused."""
    return answer.status_code, answer.json()["code"]


def count_queries(client: APIClient, address: str, query: dict[str, str] | None = None) -> int:
    """Return how many queries an answer takes, once what is remembered between requests is remembered."""
    assert client.get(address, query or {}).status_code == 200
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address, query or {}).status_code == 200
    return len(captured)
