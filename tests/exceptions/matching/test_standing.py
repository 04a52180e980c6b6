"""When an exception applies, to the instant; and what of it is frozen."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings

from exceptions.matching.scope import Scope
from exceptions.matching.standing import Phase, StandingException, days_left, standing_of
from exceptions.rules.facts import SeenFacts
from exceptions.rules.recheck import Action, Condition, ConditionKind
from exceptions.rules.vocabulary import IN_FORCE, State
from tests.exceptions.matching.strategies import standings
from tests.exceptions.matching.wording import CVE, DAY, NOON, standing

MOMENT = timedelta(microseconds=1)


@pytest.mark.parametrize(
    "at,applies",
    [
        (NOON - DAY - MOMENT, False),
        (NOON - DAY, True),
        (NOON + DAY - MOMENT, True),
        (NOON + DAY, False),
    ],
)
def test_it_applies_from_its_start_and_no_longer_at_its_expiry(at: datetime, applies: bool) -> None:  # noqa: FBT001
    assert standing().applies(at) is applies


@pytest.mark.parametrize("state", State)
def test_it_applies_only_while_it_is_in_force(state: State) -> None:
    assert standing(state=state, grace_until=NOON + DAY).applies(NOON) is (state in IN_FORCE)


@pytest.mark.parametrize(
    "grace_until,applies", [(None, False), (NOON, False), (NOON + MOMENT, True), (NOON + 9 * DAY, True)]
)
def test_while_revalidation_is_required_it_applies_until_the_grace_is_over(
    grace_until: datetime | None,
    applies: bool,  # noqa: FBT001
) -> None:
    held = standing(state=State.REVALIDATION_REQUIRED, grace_until=grace_until)

    assert held.applies(NOON) is applies


def test_a_grace_outlives_no_expiry() -> None:
    held = standing(state=State.REVALIDATION_REQUIRED, grace_until=NOON + 9 * DAY)

    assert not held.applies(NOON + DAY)


def test_a_grace_that_was_means_nothing_once_it_is_active_again() -> None:
    assert standing(state=State.ACTIVE, grace_until=NOON - DAY).applies(NOON)


@pytest.mark.parametrize(
    "at,phase",
    [
        (NOON - MOMENT, Phase.PENDING),
        (NOON, Phase.RUNNING),
        (NOON + 3 * DAY - MOMENT, Phase.RUNNING),
        (NOON + 3 * DAY, Phase.EXPIRING),
        (NOON + 10 * DAY - MOMENT, Phase.EXPIRING),
        (NOON + 10 * DAY, Phase.EXPIRED),
    ],
)
def test_a_window_has_four_phases(at: datetime, phase: Phase) -> None:
    assert standing_of(NOON, NOON + 10 * DAY, at=at, notice=7 * DAY) is phase


@pytest.mark.parametrize("left,days", [(10 * DAY, 10), (DAY - MOMENT, 0), (timedelta(0), 0), (-5 * DAY, 0)])
def test_only_whole_days_are_left(left: timedelta, days: int) -> None:
    assert days_left(NOON + left, at=NOON) == days


@settings(deadline=None)
@given(standings())
def test_what_was_frozen_is_read_back_the_same(one: StandingException) -> None:
    assert StandingException.from_json(one.to_json()) == one


def test_conditions_and_seen_facts_are_frozen_with_it() -> None:
    one = standing(
        conditions=(Condition(ConditionKind.KEV_LISTED, Action.BLOCK),),
        seen=(SeenFacts(CVE, "pkg:npm/lodash", severity="high", cvss=75, kev=False),),
    )

    assert StandingException.from_json(one.to_json()) == one


@pytest.mark.parametrize(
    "change",
    [
        {"expires_at": ""},
        {"expires_at": "2026-06-16T12:00:00"},
        {"expires_at": "soon"},
        {"expires_at": None},
        {"grace_until": 5},
        {"state": "draft"},
        {"type": None},
        {"scope": {}},
        {"blocks": "no"},
        {"conditions": ["kev_listed"]},
        {"seen": [{}]},
    ],
)
def test_anything_else_is_no_frozen_exception(change: dict[str, object]) -> None:
    stored = {**standing().to_json(), **change}

    with pytest.raises(ValueError, match=r".+"):
        StandingException.from_json(stored)  # type: ignore[arg-type]  # what a damaged row may hold


def test_the_exception_knows_the_digest_of_its_scope() -> None:
    assert Scope(rules=("b", "a")).digest == Scope(rules=("a", "b", "a")).digest != Scope(rules=("a",)).digest
