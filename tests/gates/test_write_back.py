"""What a decision may change in exceptions: only one about the present evidence, as of now, changes anything."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from exceptions.models import ExceptionApplication, PolicyException
from gates.services.evaluation import evaluate_gate
from stellapolicy.tenancy.scope import tenant_scope
from tests.exceptions.desk import DAY, fresh
from tests.factories import NOON
from tests.gates.conftest import Shop
from tests.gates.counter import BAD, HOUR, Counter, entry, open_counter
from tests.reports import HARMLESS, LOG4SHELL, trivy
from tests.shop import asked

LISTED = NOON + DAY


@pytest.fixture
def counter(shop: Shop) -> Iterator[Counter]:
    """Return a shop whose blocking finding is excepted, and listed as exploited a day later."""
    with tenant_scope(shop.tenant.pk):
        yield open_counter(shop)


def decide(counter: Counter, *reports: bytes, now: datetime, **said: Any) -> Any:
    """Ask a gate something that whoever asks has chosen."""
    return evaluate_gate(actor=counter.shop.actor, request=replace(asked("shop/api", *reports), **said), at=now)


def test_a_decision_about_an_instant_that_was_chosen_changes_no_exception(counter: Counter) -> None:
    exception = counter.desk.in_force(vulnerability=BAD.id, days=5)
    counter.know(kev=(LOG4SHELL, BAD.id), at=LISTED)

    decision = decide(counter, now=LISTED + HOUR, at=LISTED)

    assert (decision.decision, entry(decision)["held"]) == ("block", "blocked")
    assert fresh(exception).state == "active"


def test_a_decision_about_an_old_snapshot_changes_no_exception(counter: Counter) -> None:
    old = counter.ask().snapshot
    exception = counter.desk.in_force(vulnerability=BAD.id, days=5)
    counter.ask(HARMLESS, at=NOON + HOUR)
    counter.know(kev=(LOG4SHELL, BAD.id), at=LISTED)

    decision = decide(counter, now=LISTED, snapshot=old.name)

    assert (decision.decision, entry(decision)["held"]) == ("block", "blocked")
    assert fresh(exception).state == "active"
    assert ExceptionApplication.objects.filter(run=decision.pk).count() == entry(decision)["changed"]


def test_the_present_evidence_does(counter: Counter) -> None:
    exception = counter.desk.in_force(vulnerability=BAD.id, days=5)
    counter.know(kev=(LOG4SHELL, BAD.id), at=LISTED)

    decide(counter, trivy("shop/api", (BAD,), scanned_at=LISTED - HOUR), now=LISTED)

    assert fresh(exception).state == "revalidation_required"


def test_a_decision_about_an_instant_that_was_chosen_is_no_use(counter: Counter) -> None:
    exception = counter.desk.in_force(vulnerability=BAD.id, days=5)

    decision = decide(counter, now=NOON + HOUR, at=NOON + HOUR)

    assert used(exception) == (1, None)
    assert ExceptionApplication.objects.get().run == decision.pk


def test_a_decision_about_an_old_snapshot_is_no_use_and_leaves_the_owner_asked(counter: Counter) -> None:
    old = counter.ask().snapshot
    exception = counter.desk.in_force(vulnerability=BAD.id, days=5)
    counter.ask(HARMLESS, at=NOON + HOUR)
    PolicyException.objects.filter(pk=exception.pk).update(owner_asked_at=NOON)

    decide(counter, now=LISTED, snapshot=old.name)

    assert used(exception) == (1, None)
    assert fresh(exception).owner_asked_at == NOON


def test_an_older_report_that_is_posted_again_is_judged_with_what_is_known_now(counter: Counter) -> None:
    old = trivy("shop/api", (BAD,), scanned_at=NOON - HOUR)
    exception = counter.desk.in_force(vulnerability=BAD.id, days=5)
    latest = counter.ask(HARMLESS, at=NOON + HOUR).snapshot

    decision = decide(counter, old, now=LISTED)

    assert decision.snapshot == latest
    assert used(exception) == (0, None)


@pytest.mark.parametrize("is_named", [True, False], ids=["named", "not named"])
def test_the_latest_snapshot_is_use_however_it_is_asked_about(counter: Counter, *, is_named: bool) -> None:
    latest = counter.ask().snapshot
    exception = counter.desk.in_force(vulnerability=BAD.id, days=5)

    decide(counter, now=LISTED, snapshot=latest.name if is_named else "")

    assert used(exception) == (1, LISTED)


def used(exception: PolicyException) -> tuple[int, datetime | None]:
    """Return how often an exception changed a verdict, and when it was used last."""
    return exception.applications.count(), fresh(exception).last_applied_at
