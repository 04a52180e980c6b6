"""What is too much for one transaction waits, durably, for transactions of their own."""

import pytest

from exceptions.matching.scope import Scope
from exceptions.models import PolicyException
from exceptions.services import recheck, superseding
from policies.services.feeds import load_feed
from stellapolicy.outbox.models import Delivery
from stellapolicy.outbox.services.dispatching import dispatch
from stellapolicy.outbox.services.events import publish
from tests.exceptions.desk import DAY, Desk, fresh
from tests.exceptions.services.test_request import scanned
from tests.factories import NOON
from tests.gates.conftest import Shop
from tests.reports import HARMLESS, LOG4SHELL, kev_catalogue

QUIET = HARMLESS.id
LATER = NOON + DAY
PLACES = ("production", "staging", "development")


def in_state(state: str) -> int:
    return PolicyException.objects.filter(state=state).count()


def test_facts_that_changed_hold_one_batch_at_once_and_leave_the_others(
    in_shop: Shop, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    scanned(in_shop, "shop/api")
    for place in PLACES:
        desk.in_force(vulnerability=QUIET, environment=place)
    catalogue = kev_catalogue(LOG4SHELL, QUIET, released_at="2026-03-03T11:00:00.000Z")
    load_feed(actor=in_shop.actor, content=catalogue, at=LATER)
    news = publish("feed.affected", actor=in_shop.actor, subject="feed:kev", data={"cves": [QUIET]}, at=LATER)
    monkeypatch.setattr(recheck, "AT_ONCE", 1)

    recheck.follow_facts(news.published(at=LATER))

    assert in_state("revalidation_required") == 1
    assert Delivery.objects.filter(subscriber="exceptions.recheck_left", status="queued").count() == 2
    dispatch(clock=lambda: LATER, limit=1_000)
    assert in_state("revalidation_required") == 3


def test_an_approval_closes_a_few_and_a_worker_the_rest(
    in_shop: Shop, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    scanned(in_shop, "shop/api")
    for place in PLACES:
        desk.ask(scope=Scope(vulnerabilities=(QUIET,), environments=(place,)), days=3)
    dispatch(clock=lambda: NOON, limit=1_000)
    monkeypatch.setattr(superseding, "AT_ONCE", 1)

    broad = desk.in_force(vulnerability=QUIET, days=10)

    assert in_state("superseded") == 1
    dispatch(clock=lambda: NOON, limit=1_000)
    assert in_state("superseded") == 3
    assert fresh(broad).state == "active"


def test_what_ended_meanwhile_overtakes_nothing_more(
    in_shop: Shop, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    scanned(in_shop, "shop/api")
    for place in PLACES:
        desk.ask(scope=Scope(vulnerabilities=(QUIET,), environments=(place,)), days=3)
    monkeypatch.setattr(superseding, "AT_ONCE", 1)
    broad = desk.in_force(vulnerability=QUIET, days=10)

    dispatch(clock=lambda: broad.expires_at, limit=1_000)

    assert in_state("superseded") == 1
