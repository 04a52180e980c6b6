"""What would be void at once is refused to whoever asks, not to whoever approves."""

from dataclasses import replace

import pytest

from exceptions.asking import TermsChange
from exceptions.errors import ConditionAlreadyTrue
from exceptions.rules.conditions import Action, Condition, ConditionKind
from exceptions.services.request import change_terms
from tests.exceptions.desk import DAY, Desk
from tests.factories import NOON
from tests.gates.conftest import Shop
from tests.reports import HARMLESS, trivy

UNRATED = replace(HARMLESS, severity="UNKNOWN", score=None)
ENDING = Condition(ConditionKind.EXPIRY_WITHIN, Action.REVOKE, "7")
UNKNOWNS = Condition(ConditionKind.UNKNOWNS_ABOVE, Action.REVOKE, "0")


@pytest.mark.parametrize("condition", [ENDING, UNKNOWNS], ids=lambda one: one.kind)
def test_what_fires_on_the_very_facts_it_is_asked_with_is_refused(
    in_shop: Shop, desk: Desk, condition: Condition
) -> None:
    in_shop.ask("shop/api", trivy("shop/api", [UNRATED], scanned_at=NOON - DAY))

    with pytest.raises(ConditionAlreadyTrue, match=f"{condition.kind} {condition.threshold}"):
        desk.ask(vulnerability=HARMLESS.id, conditions=(condition,))

    warns = replace(condition, action=Action.WARN)
    assert desk.ask(vulnerability=HARMLESS.id, conditions=(warns,)).number


def test_what_is_not_true_yet_is_agreed_to(in_shop: Shop, desk: Desk) -> None:
    in_shop.ask("shop/api", trivy("shop/api", [HARMLESS], scanned_at=NOON - DAY))

    exception = desk.in_force(vulnerability=HARMLESS.id, conditions=(ENDING, UNKNOWNS), days=8)

    assert exception.state == "active"


def test_what_would_end_before_it_begins_is_refused(in_shop: Shop, desk: Desk) -> None:
    in_shop.ask("shop/api", trivy("shop/api", [HARMLESS], scanned_at=NOON - DAY))

    with pytest.raises(ConditionAlreadyTrue):
        desk.ask(vulnerability=HARMLESS.id, conditions=(ENDING,), starts_at=NOON + 5 * DAY, days=10)


def test_a_change_is_judged_as_of_when_it_is_asked_for(in_shop: Shop, desk: Desk) -> None:
    in_shop.ask("shop/api", trivy("shop/api", [HARMLESS], scanned_at=NOON - DAY))
    exception = desk.in_force(vulnerability=HARMLESS.id, conditions=(), days=8)
    later = NOON + 2 * DAY

    with pytest.raises(ConditionAlreadyTrue):
        change_terms(
            actor=desk.actor("ada", at=later), pk=exception.pk, change=TermsChange(conditions=(ENDING,)), at=later
        )
