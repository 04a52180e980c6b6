from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exceptions.rules.conditions import (
    THRESHOLDS,
    Action,
    Condition,
    ConditionKind,
    days,
    default_conditions,
    ordered,
    read_conditions,
)
from exceptions.rules.vocabulary import KIND_OF, Kind, Reason
from stellapolicy.kernel.refusals import Fault

MONTH = timedelta(days=30)
KEV = {"kind": "kev_listed", "action": "block"}


def defaults(reason: Reason, *, term: timedelta = MONTH) -> dict[str, tuple[str, str]]:
    chosen = default_conditions(KIND_OF[reason], reason, term=term)
    return {condition.kind.value: (condition.action.value, condition.threshold) for condition in chosen}


def read(document: Any, *, kind: Kind = Kind.PLAN) -> tuple[tuple[Condition, ...], list[tuple[str, str]]]:
    faults: list[Fault] = []
    conditions = read_conditions(document, kind=kind, faults=faults)
    return conditions, [(fault.pointer, fault.code) for fault in faults]


def test_an_accepted_risk_is_void_when_it_is_exploited_reachable_or_fixable() -> None:
    assert defaults(Reason.ACCEPTED_RISK) == {
        "kev_listed": ("block", ""),
        "epss_rises": ("require_reapproval", "0.2"),
        "reachability_gains_path": ("require_reapproval", ""),
        "fix_appears": ("require_reapproval", ""),
        "expiry_within": ("warn", "6"),
    }


def test_a_plan_only_hears_of_its_fix() -> None:
    assert defaults(Reason.SCHEDULED_FIX)["fix_appears"] == ("warn", "")


def test_a_fact_is_void_when_its_dismissal_is_and_does_not_care_about_fixes() -> None:
    chosen = defaults(Reason.VENDOR_NOT_AFFECTED)

    assert chosen["vex_worsens"] == ("require_reapproval", "")
    assert "fix_appears" not in chosen


@pytest.mark.parametrize("reason", list(Reason))
def test_what_rests_on_a_place_hears_of_more_places(reason: Reason) -> None:
    tied = {Reason.TEST_ONLY, Reason.COMPENSATING_CONTROL, Reason.RUNTIME_MITIGATION, Reason.NETWORK_ISOLATION}

    assert defaults(reason).get("scope_grew") == (("warn", "25") if reason in tied else None)


@pytest.mark.parametrize(
    "term, notice",
    [
        (timedelta(days=365), "7"),
        (timedelta(days=35), "7"),
        (timedelta(days=30), "6"),
        (timedelta(days=7), "1.4"),
        (timedelta(days=1), "0.2"),
        (timedelta(minutes=1), "0.0001"),
    ],
)
def test_notice_of_the_end_is_a_fifth_of_the_term_and_a_week_at_most(term: timedelta, notice: str) -> None:
    assert defaults(Reason.ACCEPTED_RISK, term=term)["expiry_within"] == ("warn", notice)


@given(st.sampled_from(list(Reason)), st.integers(1, 365 * 86_400))
def test_defaults_are_conditions_that_a_client_could_have_stated(reason: Reason, seconds: int) -> None:
    chosen = default_conditions(KIND_OF[reason], reason, term=timedelta(seconds=seconds))

    conditions, faults = read([condition.to_json() for condition in chosen], kind=KIND_OF[reason])

    assert faults == []
    assert conditions == chosen == tuple(Condition.from_json(condition.to_json()) for condition in chosen)


def test_actions_go_from_a_warning_to_a_block() -> None:
    assert sorted(Action, key=lambda action: action.rank) == ["warn", "require_reapproval", "revoke", "block"]


def test_conditions_are_read_with_the_usual_thresholds_filled_in_each_once_and_in_order() -> None:
    stated = [
        {"kind": "scope_grew", "action": "warn"},
        {"kind": "epss_rises", "action": "revoke", "threshold": None, "environments": ["staging", "production"]},
        {"kind": "cvss_rises", "action": "warn", "threshold": ""},
        KEV,
        KEV,
    ]

    conditions, faults = read(stated)

    assert faults == []
    assert conditions == (
        Condition(ConditionKind.KEV_LISTED, Action.BLOCK),
        Condition(ConditionKind.EPSS_RISES, Action.REVOKE, "0.2", ("production", "staging")),
        Condition(ConditionKind.CVSS_RISES, Action.WARN, "0.1"),
        Condition(ConditionKind.SCOPE_GREW, Action.WARN, "25"),
    )


@pytest.mark.parametrize(
    "kind, threshold, written",
    [
        ("epss_rises", "0.10", "0.1"),
        ("epss_above", 0.5, "0.5"),
        ("epss_above", "0.00001", "0.00001"),
        ("cvss_above", 7, "7"),
        ("cvss_above", "9.9", "9.9"),
        ("cvss_rises", "10", "10"),
        ("unknowns_above", 0, "0"),
        ("scope_grew", "100", "100"),
        ("expiry_within", "1.5", "1.5"),
    ],
)
def test_a_threshold_is_a_number_or_its_text_and_kept_in_one_spelling(
    kind: str, threshold: object, written: str
) -> None:
    (condition,), faults = read([{"kind": kind, "action": "warn", "threshold": threshold}])

    assert (condition.threshold, faults) == (written, [])


@pytest.mark.parametrize(
    "kind, threshold",
    [
        ("epss_above", None),
        ("epss_above", "1"),
        ("epss_above", "0.123456"),
        ("epss_above", "half"),
        ("epss_above", True),
        ("epss_above", "NaN"),
        ("epss_above", "0" * 65),
        ("epss_rises", "0"),
        ("cvss_above", "10"),
        ("cvss_above", "7.55"),
        ("unknowns_above", None),
        ("unknowns_above", "1.5"),
        ("unknowns_above", -1),
        ("scope_grew", "1001"),
        ("expiry_within", None),
        ("expiry_within", "0"),
        ("expiry_within", "366"),
        ("kev_listed", "0.5"),
    ],
)
def test_a_threshold_that_means_nothing_is_refused(kind: str, threshold: object) -> None:
    conditions, faults = read([{"kind": kind, "action": "warn", "threshold": threshold}])

    assert (conditions, faults) == ((), [("/recheck/0/threshold", "recheck.threshold")])


def test_every_mistake_is_named_at_its_place_and_the_rest_is_read() -> None:
    stated = [
        {"kind": "kev_listd", "action": "block"},
        {"kind": "kev_listed", "action": "explode"},
        {"kind": "kev_listed", "action": "block", "when": "always"},
        "kev_listed",
        {"action": "block"},
        {"kind": "kev_listed", "action": "block", "environments": "production"},
        {"kind": "kev_listed", "action": "block", "environments": ["production", " ", 7]},
        KEV,
    ]

    conditions, faults = read(stated)

    assert conditions == (Condition(ConditionKind.KEV_LISTED, Action.BLOCK),)
    assert faults == [
        ("/recheck/0/kind", "recheck.kind"),
        ("/recheck/1/action", "recheck.action"),
        ("/recheck/2/when", "recheck.unknown"),
        ("/recheck/3", "recheck.type"),
        ("/recheck/4/kind", "recheck.kind"),
        ("/recheck/5/environments", "recheck.environments"),
        ("/recheck/6/environments/1", "recheck.environments"),
        ("/recheck/6/environments/2", "recheck.environments"),
    ]


def test_a_misspelt_condition_is_answered_with_the_one_that_was_meant() -> None:
    faults: list[Fault] = []

    read_conditions([{"kind": "kev_listd", "action": "block"}], kind=Kind.PLAN, faults=faults)

    assert "Did you mean kev_listed?" in faults[0].message


@pytest.mark.parametrize("document", [None, {}, "kev_listed", 3])
def test_what_is_no_list_is_refused(document: object) -> None:
    assert read(document) == ((), [("/recheck", "recheck.type")])


def test_no_more_than_fifty_conditions_are_watched() -> None:
    assert read([KEV] * 51) == ((), [("/recheck", "recheck.too_many")])
    assert read([KEV] * 50)[1] == []


@pytest.mark.parametrize(
    "document",
    [
        [],
        [{"kind": "expiry_within", "action": "block", "threshold": 3}],
        [{"kind": "unknowns_above", "action": "block", "threshold": 3}],
        [{"kind": "scope_grew", "action": "revoke"}],
        [{"kind": "kev_listed", "action": "warn"}],
    ],
)
def test_an_exception_that_rests_on_a_fact_may_not_do_without_a_condition_on_facts(document: Any) -> None:
    assert read(document, kind=Kind.FACT)[1] == [("/recheck", "recheck.mandatory")]
    assert read(document, kind=Kind.PLAN)[1] == []
    assert read(document, kind=Kind.ACCEPTANCE)[1] == []


def test_a_fact_with_a_condition_on_facts_is_fine() -> None:
    assert read([KEV], kind=Kind.FACT)[1] == []


def test_every_threshold_that_may_be_left_out_is_within_its_own_bounds() -> None:
    for kind, threshold in THRESHOLDS.items():
        if threshold.usual:
            assert read([{"kind": kind.value, "action": "warn", "threshold": threshold.usual}])[1] == []


def test_a_day_has_twenty_four_hours() -> None:
    assert days("1.5") == timedelta(hours=36)


@pytest.mark.parametrize("wrong", [{"kind": 1}, {"environments": "production"}, {"action": "explode"}])
def test_what_is_no_stored_condition_is_not_read_as_one(wrong: dict[str, Any]) -> None:
    stored = Condition(ConditionKind.KEV_LISTED, Action.BLOCK).to_json()

    with pytest.raises(ValueError, match=r"condition|Action"):
        Condition.from_json({**stored, **wrong})


@given(st.permutations([Condition(kind, action) for kind in ConditionKind for action in Action][:12]))
def test_conditions_have_one_order(shuffled: list[Condition]) -> None:
    assert ordered(shuffled) == ordered(reversed(shuffled))
