"""Requests whose time ran out: what they were about is free, whether or not a worker has closed them."""

from collections.abc import Callable
from datetime import datetime

import pytest

from exceptions.asking import TermsChange
from exceptions.models import PolicyException
from exceptions.rules.conditions import Action, Condition, ConditionKind
from exceptions.rules.vocabulary import State
from exceptions.services.approval import request_changes
from exceptions.services.lifecycle import expire_due, revoke_exception
from exceptions.services.recheck import sweep
from exceptions.services.request import change_terms, extend_exception, withdraw_exception
from policies.services.feeds import load_feed
from stellapolicy.governance.errors import ApprovalExpired
from tests.exceptions.desk import DAY, WHY, Desk, fresh, waiting
from tests.exceptions.services.test_request import scanned
from tests.factories import NOON
from tests.gates.conftest import Shop
from tests.reports import HARMLESS, LOG4SHELL, kev_catalogue

QUIET = HARMLESS.id
LATE = NOON + 8 * DAY


@pytest.fixture
def held(in_shop: Shop, desk: Desk) -> PolicyException:
    """Return an exception in force whose extension nobody decided in time."""
    scanned(in_shop, "shop/api")
    strict = (Condition(ConditionKind.KEV_LISTED, Action.REVOKE),)
    exception = desk.in_force(vulnerability=QUIET, days=20, conditions=strict)
    later = NOON + 30 * DAY
    return extend_exception(actor=desk.actor("ada"), pk=exception.pk, expires_at=later, rationale=WHY, at=NOON)


def end_by_hand(desk: Desk, row: PolicyException) -> datetime:
    revoke_exception(actor=desk.actor("sam", at=LATE), pk=row.pk, comment="stop", at=LATE)
    return LATE


def end_by_time(_desk: Desk, _row: PolicyException) -> datetime:
    expire_due(at=NOON + 21 * DAY)
    return NOON + 21 * DAY


@pytest.mark.parametrize("end", [end_by_hand, end_by_time])
def test_what_ends_takes_an_overdue_request_with_it(
    desk: Desk, held: PolicyException, end: Callable[[Desk, PolicyException], datetime]
) -> None:
    request = waiting(held)
    assert request is not None

    at = end(desk, held)

    request.refresh_from_db()
    assert fresh(held).state in {State.REVOKED, State.EXPIRED}
    assert (request.state, request.decided_at) == ("expired", at)


def test_facts_that_revoke_do_so_too(in_shop: Shop, desk: Desk, held: PolicyException) -> None:
    listed = kev_catalogue(LOG4SHELL, QUIET, released_at="2026-03-10T00:00:00.000Z")
    load_feed(actor=in_shop.actor, content=listed, at=LATE)

    sweep(at=LATE)

    assert fresh(held).state == "revoked"


def test_who_asked_may_ask_for_something_else_or_take_it_back(desk: Desk, held: PolicyException) -> None:
    ada = desk.actor("ada", at=LATE)

    change_terms(actor=ada, pk=held.pk, change=TermsChange(ticket="SEC-2"), at=LATE)
    withdraw_exception(actor=ada, pk=held.pk, reason="not needed", at=NOON + 16 * DAY)

    assert fresh(held).asked_id == fresh(held).terms_id


def test_nobody_sends_back_what_is_out_of_time(in_shop: Shop, desk: Desk) -> None:
    scanned(in_shop, "shop/api")
    exception = desk.ask(vulnerability=QUIET, days=20)

    with pytest.raises(ApprovalExpired):
        request_changes(actor=desk.actor("riley", at=LATE), pk=exception.pk, comment="which host?", at=LATE)
