"""The same stories for those who have nothing but the API: a pipeline, a requester and an approver, and the workers."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from exceptions.models import PolicyException
from exceptions.services.lifecycle import expire_due
from gates.services.jobs import drain
from policies.services.feeds import load_feed
from stellapolicy.kernel.clock import now, rfc3339
from stellapolicy.outbox.services.dispatching import dispatch
from tests.clients import client_of, question
from tests.exceptions.api.office import EXCEPTIONS, Office, body, post, refused
from tests.exceptions.desk import make_desk
from tests.gates.conftest import make_shop
from tests.reports import HARMLESS, LOG4SHELL, Vuln, epss_day, kev_catalogue, trivy

HIGH = Vuln("CVE-2024-1111", "paint", "1.4.2", "1.5.0", "HIGH", 7.5)
IMAGE = "shop/paint"
EVALUATIONS, DECISIONS = "/api/v1/gates/evaluations", "/api/v1/gates/decisions"


@pytest.fixture
def office(db: None) -> Office:
    """Return a shop of today, with a score of what will be found."""
    shop = make_shop(at=now())
    office = Office(shop, make_desk(shop.tenant))
    with office.opened():
        day = f"{now():%Y-%m-%d}"
        scores = {LOG4SHELL: 0.97, HARMLESS.id: 0.01, HIGH.id: 0.02}
        load_feed(actor=shop.actor, content=epss_day(scores, day=day), at=now())
    return office


def work(at: datetime) -> None:
    """Let the workers do what waits at an instant."""
    while dispatch(clock=lambda: at) or drain(clock=lambda: at):
        pass


def ask_gate(office: Office) -> Any:
    """Post a fresh report as a pipeline does, and return the answer."""
    pipeline = client_of(office.shop.tenant, "evidence:write", "gate:evaluate", "gate:read", "findings:read")
    report = trivy(IMAGE, [HIGH], scanned_at=now() - timedelta(minutes=5))
    return pipeline.post(EVALUATIONS, question(IMAGE, report), format="json").json()


def last_decision(office: Office) -> Any:
    """Return the newest decision, as anybody reads it."""
    sam = office.session("sam")
    newest = sam.get(DECISIONS, {"limit": "1"}).json()["items"][0]
    return sam.get(f"{DECISIONS}/{newest['id']}").json()


def forgiven(office: Office) -> Any:
    """Ask as ada and agree as sam; return the exception as the API tells it."""
    ada, sam = office.session("ada"), office.session("sam")
    asked = post(ada, EXCEPTIONS, body(scope={"vulnerabilities": [HIGH.id], "environments": ["production"]})).json()
    address = f"{EXCEPTIONS}/{asked['number']}"
    assert asked["state"] == "proposed"

    post(sam, f"{address}:request-changes", {"comment": "which release brings the fix?"})
    post(ada, f"{address}/thread", {"kind": "answer", "text": "1.5, on Tuesday"})
    again = post(ada, f"{address}:resubmit", {"comment": "1.5, as the ticket says"}).json()
    vote = {"payload_hash": again["approval"]["payload_hash"], "comment": "until Tuesday then"}

    assert refused(post(ada, f"{address}:approve", vote)) == (403, "second_person_required")
    return post(sam, f"{address}:approve", vote).json()


def test_a_blocked_release_is_forgiven_ships_and_blocks_again_when_that_ends(office: Office) -> None:
    blocked = ask_gate(office)
    exception = forgiven(office)
    work(now())

    shipped = last_decision(office)
    end = datetime.fromisoformat(exception["terms"]["expires_at"])
    expire_due(at=end)
    work(end)
    ended = last_decision(office)

    assert (blocked["decision"], exception["state"]) == ("block", "active")
    assert (shipped["decision"], shipped["raw"]["decision"], shipped["with_exceptions"]) == ("warn", "block", True)
    assert (ended["decision"], ended["exceptions"]) == ("block", [])
    told = office.session("sam").get(f"{EXCEPTIONS}/{exception['number']}").json()
    assert (told["state"], told["applications"]) == ("expired", 1)
    replayed = post(office.session("sam"), f"{DECISIONS}/{shipped['id']}:replay").json()
    assert replayed["outcome"] == "exact"


def test_a_listing_blocks_at_once_what_was_forgiven_without_it(office: Office) -> None:
    ask_gate(office)
    exception = forgiven(office)
    assert ask_gate(office)["decision"] == "warn"

    with office.opened():
        listed = kev_catalogue(LOG4SHELL, HIGH.id, released_at=rfc3339(now()))
        load_feed(actor=office.shop.actor, content=listed, at=now())

    assert ask_gate(office)["decision"] == "block"
    with office.opened():
        assert PolicyException.objects.get(number=exception["number"]).state == "revalidation_required"
