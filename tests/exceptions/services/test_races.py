"""Two at once: each thing happens once, and nobody waits for somebody who waits for them."""

import signal
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Barrier
from typing import Any

import pytest
from django.db import connections

from exceptions.models import ExceptionEvent, ExceptionNotice, PolicyException
from exceptions.services.approval import approve_exception
from exceptions.services.lifecycle import advance_lifecycles, expire_due, revoke_exception
from exceptions.services.recheck import sweep
from exceptions.services.request import extend_exception
from policies.services.feeds import load_feed
from stellapolicy.governance.services.approvals import vote
from stellapolicy.kernel.refusals import Refusal
from stellapolicy.tenancy.scope import tenant_scope
from tests.exceptions.desk import DAY, WHY, Desk, make_desk, waiting
from tests.exceptions.services.test_request import scanned
from tests.factories import NOON
from tests.gates.conftest import Shop, make_shop
from tests.processes import python
from tests.reports import HARMLESS, LOG4SHELL, Vuln, kev_catalogue, trivy

pytestmark = pytest.mark.django_db(transaction=True)
QUIET = HARMLESS.id
HERD = 10
NAMED = [f"CVE-2020-1000{number}" for number in range(HERD)]


@pytest.fixture
def shop(transactional_db: None) -> Shop:
    """Return a shop whose rows other connections see."""
    return make_shop()


@pytest.fixture
def desk(shop: Shop) -> Desk:
    """Return its people."""
    return make_desk(shop.tenant)


def at_once(*deeds: Callable[[], object]) -> list[object]:
    """Begin all of these at the same moment, each on a connection of its own; return answers and refusals."""
    start = Barrier(len(deeds))

    def run(deed: Callable[[], object]) -> object:
        try:
            start.wait(timeout=30)
            return deed()
        except Refusal as refusal:
            return refusal
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(deeds)) as pool:
        return list(pool.map(run, deeds))


def herd(shop: Shop, desk: Desk, *, days: int = 5, count: int = HERD, **said: Any) -> list[PolicyException]:
    """Let several exceptions be in force, each about something low of its own."""
    lows = [Vuln(f"CVE-2020-1000{number}", f"library-{number}", severity="LOW", score=3.1) for number in range(count)]
    with tenant_scope(shop.tenant.pk):
        shop.ask("shop/api", trivy("shop/api", lows, scanned_at=NOON))
        return [desk.in_force(vulnerability=low.id, days=days, **said) for low in lows]


def states(shop: Shop) -> list[str]:
    with tenant_scope(shop.tenant.pk):
        return sorted(PolicyException.objects.values_list("state", flat=True))


def names(shop: Shop, name: str) -> int:
    with tenant_scope(shop.tenant.pk):
        return ExceptionEvent.objects.filter(name=name).count()


def test_two_workers_end_each_exception_exactly_once(shop: Shop, desk: Desk) -> None:
    herd(shop, desk)
    late = NOON + 6 * DAY

    ended = at_once(lambda: expire_due(at=late), lambda: expire_due(at=late), lambda: expire_due(at=late))

    rest = expire_due(at=late)
    assert sum(ended) + rest == HERD  # type: ignore[arg-type]
    assert states(shop) == ["expired"] * HERD
    assert names(shop, "exception.expired") == HERD


def test_two_workers_announce_each_end_once(shop: Shop, desk: Desk) -> None:
    herd(shop, desk, days=20, count=4)
    soon = NOON + 13 * DAY

    at_once(lambda: expire_due(at=soon), lambda: expire_due(at=soon))
    expire_due(at=soon)

    with tenant_scope(shop.tenant.pk):
        assert ExceptionNotice.objects.count() == 4
    assert names(shop, "exception.expiring") == 4


def test_two_sweeps_hold_each_exception_once(shop: Shop, desk: Desk) -> None:
    herd(shop, desk, count=6)
    with tenant_scope(shop.tenant.pk):
        catalogue = kev_catalogue(LOG4SHELL, *NAMED, released_at="2026-03-03T11:00:00.000Z")
        load_feed(actor=shop.actor, content=catalogue, at=NOON + DAY)

    at_once(lambda: sweep(at=NOON + DAY), lambda: sweep(at=NOON + DAY))
    sweep(at=NOON + DAY)

    assert states(shop) == ["revalidation_required"] * 6
    assert names(shop, "exception.revalidation_required") == 6


def test_of_two_approvers_for_one_seat_one_counts(shop: Shop, desk: Desk) -> None:
    with tenant_scope(shop.tenant.pk):
        scanned(shop, "shop/api")
        exception = desk.ask(vulnerability=QUIET)
        request = waiting(exception)
        assert request is not None
        payload = request.payload_hash

    def approve(name: str) -> Callable[[], object]:
        def deed() -> object:
            with tenant_scope(shop.tenant.pk):
                return approve_exception(
                    actor=desk.actor(name), pk=exception.pk, payload_hash=payload, comment="yes", at=NOON
                )

        return deed

    answers = at_once(approve("riley"), approve("sam"))

    assert sum(isinstance(one, Refusal) for one in answers) == 1
    assert states(shop) == ["active"]
    assert names(shop, "exception.approved") == 1


def test_approving_new_terms_against_revoking_ends_revoked_or_refused(shop: Shop, desk: Desk) -> None:
    with tenant_scope(shop.tenant.pk):
        scanned(shop, "shop/api")
        exception = desk.in_force(vulnerability=QUIET)
        extend_exception(actor=desk.actor("ada"), pk=exception.pk, expires_at=NOON + 20 * DAY, rationale=WHY, at=NOON)
        request = waiting(exception)
        assert request is not None

    def through_the_room() -> object:
        with tenant_scope(shop.tenant.pk):
            return approve_exception(
                actor=desk.actor("sam"), pk=exception.pk, payload_hash=request.payload_hash, comment="yes", at=NOON
            )

    def through_governance() -> object:
        with tenant_scope(shop.tenant.pk):
            return vote(
                actor=desk.actor("riley"),
                pk=request.pk,
                approve=True,
                payload_hash=request.payload_hash,
                reason="yes",
                at=NOON,
            )

    def revoke() -> object:
        with tenant_scope(shop.tenant.pk):
            return revoke_exception(actor=desk.actor("kit"), pk=exception.pk, comment="no longer", at=NOON)

    at_once(through_the_room, through_governance, revoke)

    assert states(shop) == ["revoked"]


def test_numbers_are_given_once_to_many_who_ask_at_once(shop: Shop, desk: Desk) -> None:
    with tenant_scope(shop.tenant.pk):
        scanned(shop, "shop/api")

    def ask(number: int) -> Callable[[], object]:
        def deed() -> object:
            with tenant_scope(shop.tenant.pk):
                return desk.ask(vulnerability=QUIET, rule=f"baseline.rule_{number}").number

        return deed

    given = at_once(*(ask(number) for number in range(6)))

    assert sorted(map(str, given)) == [f"EXC-2026-{number:04d}" for number in range(1, 7)]


def test_workers_of_every_kind_at_once_end_without_a_deadlock(shop: Shop, desk: Desk) -> None:
    herd(shop, desk, days=20, count=6)
    late = NOON + 19 * DAY
    rounds: Sequence[Callable[[], object]] = (
        lambda: expire_due(at=late),
        lambda: advance_lifecycles(at=late),
        lambda: sweep(at=late),
        lambda: expire_due(at=NOON + 21 * DAY),
    )

    at_once(*rounds)
    expire_due(at=NOON + 21 * DAY)

    assert states(shop) == ["expired"] * 6


_DYING = """
import django, importlib, os, signal, sys
django.setup()
from datetime import datetime
room, worker = sys.argv[1].rsplit(".", 1)
module = importlib.import_module(room)
told, tell = [], module.tell
def die_at_the_third(*args, **kwargs):
    told.append(args)
    if len(told) == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return tell(*args, **kwargs)
module.tell = die_at_the_third
getattr(module, worker)(at=datetime.fromisoformat(sys.argv[2]))
"""


def beginning_tomorrow(shop: Shop, desk: Desk) -> None:
    """Let several exceptions be approved that begin tomorrow."""
    herd(shop, desk, days=9, count=5, starts_at=NOON + DAY)


def listed_tomorrow(shop: Shop, desk: Desk) -> None:
    """Let several exceptions be in force about what is known to be exploited tomorrow."""
    herd(shop, desk, days=9, count=5)
    with tenant_scope(shop.tenant.pk):
        catalogue = kev_catalogue(LOG4SHELL, *NAMED, released_at="2026-03-03T11:00:00.000Z")
        load_feed(actor=shop.actor, content=catalogue, at=NOON + DAY)


def over_tomorrow(shop: Shop, desk: Desk) -> None:
    """Let several exceptions be in force that end tomorrow."""
    herd(shop, desk, days=1, count=5)


@dataclass(frozen=True, slots=True)
class Round:
    """One round of a worker: what it finds, and what it makes of it."""

    room: str
    worker: Callable[..., int]
    prepare: Callable[[Shop, Desk], None]
    before: str
    after: str
    event: str


ROUNDS = [
    Round("lifecycle", expire_due, over_tomorrow, "active", "expired", "exception.expired"),
    Round("lifecycle", advance_lifecycles, beginning_tomorrow, "approved", "active", "exception.activated"),
    Round("recheck", sweep, listed_tomorrow, "active", "revalidation_required", "exception.revalidation_required"),
]


@pytest.mark.parametrize("dying", ROUNDS, ids=lambda one: one.worker.__name__)
def test_a_worker_killed_in_the_middle_leaves_nothing_half_done(shop: Shop, desk: Desk, dying: Round) -> None:
    dying.prepare(shop, desk)
    late = NOON + DAY
    named = f"exceptions.services.{dying.room}.{dying.worker.__name__}"

    killed = python("-c", _DYING, named, late.isoformat(), DJANGO_SETTINGS_MODULE="stellapolicy.settings")

    assert killed.wait(timeout=90) == -signal.SIGKILL
    assert (states(shop), names(shop, dying.event)) == ([dying.before] * 5, 0)
    assert dying.worker(at=late) == 5
    assert (states(shop), names(shop, dying.event)) == ([dying.after] * 5, 5)
