"""Where people work with exceptions: what was scanned, who is signed in, and where the pages are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.test import Client
from django.urls import reverse

from exceptions.models import PolicyException
from exceptions.selectors import request_for
from gates.services.evaluation import evaluate_gate
from stellapolicy.access.models import User
from tests.exceptions.desk import Desk, fresh
from tests.gates.conftest import Shop
from tests.reports import HARMLESS, KEV_CRITICAL, Vuln, trivy
from tests.shop import asked

HIGH = Vuln("CVE-2023-44487", "net", "0.7.0", "0.17.0", "HIGH", 7.5)
MEDIUM = Vuln("CVE-2022-0001", "middling", "2.0.0", "", "MEDIUM", 5.0)
FOUND = (KEV_CRITICAL, HIGH, MEDIUM, HARMLESS)
LIST = "/admin/exceptions/policyexception/"


@dataclass(frozen=True, slots=True)
class Office:
    """A shop, the people at its desk, and the instant at which they work."""

    shop: Shop
    desk: Desk
    at: datetime

    def scan(self, image: str, found: Sequence[Vuln] = FOUND) -> None:
        """Let an image be scanned and asked about."""
        report = trivy(image, found, scanned_at=self.at - timedelta(hours=1))
        evaluate_gate(actor=self.shop.actor, request=asked(image, report), at=self.at)

    def ask(self, vulnerability: str = HIGH.id, **said: Any) -> PolicyException:
        """Let ada ask for an exception."""
        return self.desk.ask(at=said.pop("at", self.at), vulnerability=vulnerability, **said)

    def in_force(self, vulnerability: str = HIGH.id, **said: Any) -> PolicyException:
        """Let ada ask for an exception and everybody it takes approve it."""
        return self.desk.in_force(at=said.pop("at", self.at), vulnerability=vulnerability, **said)

    def sign_in(self, who: str | User) -> Client:
        """Return a browser in which somebody of the desk, or anybody else, is signed in."""
        client = Client()
        client.force_login(self.desk.users[who] if isinstance(who, str) else who)
        return client

    def page(self, who: str, row: PolicyException) -> str:
        """Return what somebody sees on the page of an exception."""
        return self.sign_in(who).get(address(row)).content.decode()


def address(row: PolicyException, verb: str = "change") -> str:
    """Return where the page of an exception is, or one of its deeds."""
    return reverse(f"admin:exceptions_policyexception_{verb}", args=[row.pk])


def hash_of(row: PolicyException) -> str:
    """Return the hash of what waits for votes."""
    asked = fresh(row).asked
    request = request_for(asked) if asked is not None else None
    return request.payload_hash if request is not None else ""


def vote(row: PolicyException, **said: str) -> dict[str, str]:
    """Return what the form of a vote posts, about what waits now."""
    return {"comment": "looked at it", "payload_hash": hash_of(row), **said}
