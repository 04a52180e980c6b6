"""Asking for an exception, and what is refused before anybody has to look at it."""

from datetime import timedelta
from typing import Any

import pytest

from exceptions.asking import TermsChange
from exceptions.errors import (
    AlreadyCovered,
    ConditionAlreadyTrue,
    ExceptionInvalid,
    IllegalTransition,
    NotYourRequest,
    TicketMissing,
    TooLong,
)
from exceptions.matching.scope import PackageScope, Scope
from exceptions.models import ExceptionEvent, PolicyException
from exceptions.rules.conditions import Action, Condition, ConditionKind
from exceptions.rules.vocabulary import Effect, ExceptionType, Reason
from exceptions.selectors import first_start
from exceptions.services.request import change_terms, withdraw_exception
from stellapolicy.audit.models import Entry
from stellapolicy.kernel.actor import Actor, ScopeMissing
from stellapolicy.outbox.models import OutboxEvent
from tests.exceptions.desk import DAY, Desk, fresh, waiting
from tests.factories import NOON
from tests.gates.conftest import Shop
from tests.reports import HARMLESS, KEV_CRITICAL, LOG4SHELL, trivy

HOUR = timedelta(hours=1)


def scanned(shop: Shop, *images: str) -> None:
    """Let images with a known exploited critical, and something harmless, be scanned."""
    for image in images:
        shop.ask(image, trivy(image, [KEV_CRITICAL, HARMLESS], scanned_at=NOON - HOUR))


def test_a_request_waits_for_as_many_people_as_its_level_asks_for(in_shop: Shop, desk: Desk) -> None:
    scanned(in_shop, "shop/api")

    exception = desk.ask(vulnerability=LOG4SHELL)

    request = waiting(exception)
    assert request is not None
    assert (exception.state, exception.level, exception.severity) == ("proposed", "a4", "critical")
    assert [seat.name for seat in request.quorum_rule().seats] == ["security", "release_captain", "ciso"]
    assert exception.number == "EXC-2026-0001"
    assert exception.asked is not None
    assert [row["kev"] for row in exception.asked.seen if row["package"]] == [True]


def test_what_happened_is_an_event_an_audit_entry_and_told(in_shop: Shop, desk: Desk) -> None:
    scanned(in_shop, "shop/api")

    exception = desk.ask(vulnerability=LOG4SHELL)

    event = ExceptionEvent.objects.get(exception=exception)
    assert (event.name, event.sequence, event.person) == ("exception.requested", 1, exception.person)
    assert Entry.objects.get(seq=event.audit_seq).action == "exception.requested"
    assert OutboxEvent.objects.filter(name="exception.requested").count() == 1


def test_numbers_follow_each_other(in_shop: Shop, desk: Desk) -> None:
    scanned(in_shop, "shop/api")

    numbers = [desk.ask(vulnerability=name).number for name in (LOG4SHELL, HARMLESS.id)]

    assert numbers == ["EXC-2026-0001", "EXC-2026-0002"]


def test_every_mistake_is_named_at_its_place(in_shop: Shop, desk: Desk) -> None:
    scope = Scope(vulnerabilities=(LOG4SHELL,), environments=("moon",), services=("nobody",))

    with pytest.raises(ExceptionInvalid) as refused:
        desk.ask(scope=scope, rationale="too short", days=-1, owner_team="ghosts", effect=Effect.SUPPRESS)

    assert {fault.pointer for fault in refused.value.faults} == {
        "/rationale",
        "/expires_at",
        "/owner_team",
        "/effect",
        "/scope/environments/0",
        "/scope/services/0",
    }
    assert not PolicyException.objects.exists()


def test_an_acceptance_of_a_known_exploited_critical_lasts_a_week_at_most(in_shop: Shop, desk: Desk) -> None:
    scanned(in_shop, "shop/api")

    with pytest.raises(TooLong) as refused:
        desk.ask(vulnerability=LOG4SHELL, days=8)

    assert "at most 7 days" in refused.value.detail
    assert refused.value.faults[0].pointer == "/expires_at"


def test_the_highest_level_needs_a_ticket(in_shop: Shop, desk: Desk) -> None:
    scanned(in_shop, "shop/api")

    with pytest.raises(TicketMissing):
        desk.ask(vulnerability=LOG4SHELL, ticket=" ")


def test_an_absolute_condition_that_is_true_already_is_refused(in_shop: Shop, desk: Desk) -> None:
    scanned(in_shop, "shop/api")
    condition = Condition(ConditionKind.EPSS_ABOVE, Action.BLOCK, "0.5")

    with pytest.raises(ConditionAlreadyTrue):
        desk.ask(vulnerability=LOG4SHELL, conditions=(condition,))


def test_what_nobody_found_yet_counts_as_critical(in_shop: Shop, desk: Desk) -> None:
    exception = desk.ask(vulnerability="CVE-2030-12345")

    assert exception.level in {"a3", "a4"}


def test_who_may_not_write_exceptions_asks_for_none(in_shop: Shop, desk: Desk) -> None:
    stranger = Actor(tenant_id=in_shop.tenant.pk, subject="user:stranger", extra={"person": "user:stranger"})
    from exceptions.services.request import request_exception
    from tests.exceptions.desk import asked

    with pytest.raises(ScopeMissing):
        request_exception(actor=stranger, asked=asked(vulnerability=LOG4SHELL), at=NOON)


def test_what_is_covered_already_is_refused_with_a_link(in_shop: Shop, desk: Desk) -> None:
    scanned(in_shop, "shop/api")
    broad = desk.in_force(vulnerability=HARMLESS.id, days=20)

    with pytest.raises(AlreadyCovered) as refused:
        desk.ask(scope=Scope(vulnerabilities=(HARMLESS.id,), environments=("production",)), days=10)

    assert broad.number in refused.value.detail
    assert f"/api/v1/exceptions/{broad.number}" in refused.value.detail


@pytest.mark.parametrize(
    "said",
    [
        {"days": 30},
        {"scope": Scope(vulnerabilities=(HARMLESS.id, LOG4SHELL)), "days": 5},
        {"type": ExceptionType.COMPONENT, "scope": Scope(packages=(PackageScope("pkg:npm/quiet"),))},
    ],
)
def test_what_asks_for_more_than_is_in_force_is_no_repetition(in_shop: Shop, desk: Desk, said: dict[str, Any]) -> None:
    scanned(in_shop, "shop/api")
    desk.in_force(vulnerability=HARMLESS.id, days=20)

    exception = desk.ask(**{"vulnerability": None if "scope" in said else HARMLESS.id, **said})

    assert exception.state == "proposed"


def test_approving_a_broader_one_closes_what_it_covers(in_shop: Shop, desk: Desk) -> None:
    scanned(in_shop, "shop/api")
    narrow = desk.ask(scope=Scope(vulnerabilities=(HARMLESS.id,), environments=("production",)), days=3)
    other = desk.ask(vulnerability=LOG4SHELL)

    broad = desk.in_force(vulnerability=HARMLESS.id, days=10)

    assert (fresh(narrow).state, fresh(narrow).closed_because) == ("superseded", f"covered by {broad.number}")
    assert fresh(other).state == "proposed"
    request = waiting(narrow)
    assert request is not None
    assert request.state == "withdrawn"


def test_whoever_asked_takes_it_back(in_shop: Shop, desk: Desk) -> None:
    exception = desk.ask(vulnerability=LOG4SHELL)

    withdraw_exception(actor=desk.actor("ada"), pk=exception.pk, reason="fixed instead", at=NOON)

    assert fresh(exception).state == "withdrawn"
    with pytest.raises(IllegalTransition):
        withdraw_exception(actor=desk.actor("ada"), pk=exception.pk, reason="again", at=NOON)


def test_nobody_takes_back_what_another_asked_for(in_shop: Shop, desk: Desk) -> None:
    exception = desk.ask(vulnerability=LOG4SHELL)

    with pytest.raises(NotYourRequest):
        withdraw_exception(actor=desk.actor("sam"), pk=exception.pk, reason="no", at=NOON)


def test_a_waiver_of_a_licence_lasts_as_long_as_its_level_and_its_effect_allow(in_shop: Shop, desk: Desk) -> None:
    scope = Scope(packages=(PackageScope("pkg:npm/quiet"),))
    scanned(in_shop, "shop/api")

    exception = desk.ask(scope=scope, type=ExceptionType.COMPONENT, reason=Reason.LICENSE_WAIVER, days=100)

    assert (exception.effect, exception.kind) == ("suppress_license", "plan")
    with pytest.raises(TooLong):
        desk.ask(scope=scope, type=ExceptionType.COMPONENT, reason=Reason.LICENSE_WAIVER, days=400)


def test_who_asks_names_what_they_see_and_it_cannot_change(in_shop: Shop, desk: Desk) -> None:
    from django.db import IntegrityError, transaction

    exception = desk.ask(vulnerability=LOG4SHELL)
    assert exception.asked is not None

    with pytest.raises(IntegrityError), transaction.atomic():
        type(exception.asked).objects.filter(pk=exception.asked.pk).update(expires_at=NOON + 300 * DAY)


def test_the_longest_term_counts_from_the_first_terms_that_were_agreed_to(in_shop: Shop, desk: Desk) -> None:
    scanned(in_shop, "shop/api")
    later = NOON + 5 * DAY
    exception = desk.ask(vulnerability=HARMLESS.id, days=60)
    moved = TermsChange(expires_at=NOON + 65 * DAY)
    change_terms(actor=desk.actor("ada", at=later), pk=exception.pk, change=moved, at=later)
    desk.approve(exception, at=later)

    reworded = TermsChange(rationale="y" * 60)
    change_terms(actor=desk.actor("ada", at=later), pk=exception.pk, change=reworded, at=later)

    assert desk.approve(exception, at=later).expires_at == NOON + 65 * DAY
    assert first_start(fresh(exception)) == later
