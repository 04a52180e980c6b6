"""The public lifecycle cases of Conforma's exceptions, answered by our own functions; where we differ it says why."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest

from exceptions.matching.index import ExceptionIndex
from exceptions.matching.scope import Scope, read_scope
from exceptions.matching.standing import Phase, StandingException, days_left, standing_of
from exceptions.matching.subject import Place, Subject
from stellapolicy.kernel.refusals import Fault
from tests.exceptions.matching.wording import DAY, standing
from tests.real_data import real_data

CASES = "policy-cases/conforma-exception-lifecycle.json"
THRESHOLD = timedelta(days=30)
PHASES = {"pending": Phase.PENDING, "expired": Phase.EXPIRED, "expiring": Phase.EXPIRING, None: Phase.RUNNING}
# Ours always ends: there it may hold for ever, which is a category of its own, or "no days left" that can be said.
WITHOUT_AN_END = {
    "days_until_expiration_empty_date",
    "warning_category_not_pending_when_active",
    "warning_category_no_expiration_no_dates",
    "warning_category_no_expiration_empty_strings",
}
# Ours is never stored with a date that is none: there it is a category that a warning names.
WITH_WRONG_DATES = {
    "warning_category_invalid_effective_until",
    "warning_category_invalid_on_valid_until",
    "warning_category_both_dates_invalid",
}


def cases(function: str) -> list[dict[str, Any]]:
    found = json.loads(real_data(CASES).read_bytes())["cases"]
    return [case for case in found if case["function"] == function]


def has_a_window(case: Mapping[str, Any]) -> bool:
    return case["name"] not in WITHOUT_AN_END | WITH_WRONG_DATES


def window(case: Mapping[str, Any]) -> tuple[datetime, datetime, datetime]:
    """Return start, end and the present; an exception without a stated start began when it was approved, before now."""
    at, rule = datetime.fromisoformat(case["now"]), case["rule"]
    begins = rule.get("effectiveOn") or ""
    starts_at = datetime.fromisoformat(begins) if begins else at - 90 * DAY
    return starts_at, datetime.fromisoformat(rule["effectiveUntil"]), at


def scope_of(rule: Mapping[str, Any]) -> Scope:
    """Return our scope of their rule: a component of theirs is a service of ours, an image's address its name."""
    return Scope(
        rules=(rule["value"],),
        digests=tuple(rule[name] for name in ("imageDigest", "imageRef") if name in rule),
        artifacts=(rule["imageUrl"],) if "imageUrl" in rule else (),
        services=tuple(rule.get("componentNames", ())),
    )


def stored(case: Mapping[str, Any]) -> dict[str, Any]:
    """Return a frozen exception with the dates of the case as they are written there."""
    frozen = standing().to_json()
    named = {"starts_at": "effectiveOn", "expires_at": "effectiveUntil"}
    return {**frozen, **{ours: case["rule"][theirs] for ours, theirs in named.items() if theirs in case["rule"]}}


def test_every_case_is_one_we_answer() -> None:
    found = json.loads(real_data(CASES).read_bytes())["cases"]

    assert len(found) == 21
    assert {case["function"] for case in found} == {"days_until_expiration", "applies", "category"}
    assert {case["name"] for case in found} >= WITHOUT_AN_END | WITH_WRONG_DATES


def test_the_days_left_are_whole_days() -> None:
    wrong = [
        case["name"]
        for case in filter(has_a_window, cases("days_until_expiration"))
        if days_left(window(case)[1], at=window(case)[2]) != case["expected"]
    ]

    assert wrong == []


def test_a_window_is_in_the_phase_of_their_category() -> None:
    for case in filter(has_a_window, cases("category")):
        starts_at, expires_at, at = window(case)

        assert standing_of(starts_at, expires_at, at=at, notice=THRESHOLD) is PHASES[case["expected"]], case["name"]


def test_it_applies_while_it_runs_and_while_it_is_about_to_end() -> None:
    """Their warning is about what applies; a window that ends before it begins, which we never store, applies never."""
    for case in filter(has_a_window, cases("category")):
        starts_at, expires_at, at = window(case)
        one = standing(starts_at=starts_at, expires_at=expires_at)

        assert one.applies(at) is (case["expected"] in ("expiring", None)), case["name"]
        assert starts_at < expires_at or not any(one.applies(at + n * DAY) for n in range(90)), case["name"]


def test_a_date_that_is_none_is_no_exception_of_ours() -> None:
    for case in cases("category"):
        if case["name"] in WITH_WRONG_DATES:
            with pytest.raises(ValueError, match="Invalid isoformat"):
                StandingException.from_json(stored(case))


def test_an_exception_of_ours_always_ends() -> None:
    for case in [*cases("category"), *cases("days_until_expiration")]:
        if case["name"] in WITHOUT_AN_END:
            endless = {**stored(case), "expires_at": case["rule"].get("effectiveUntil")}

            with pytest.raises(ValueError, match=r"needs expires_at|Invalid isoformat"):
                StandingException.from_json(endless)


def test_it_applies_to_the_images_and_components_it_names() -> None:
    for case in cases("applies"):
        context = case["context"]
        place = Place(context["imageDigest"], context["imageRef"], service=context["componentName"])
        subject = Subject("misconfiguration", ("some-check",), purl="", severity="high", rule="some.rule")
        index = ExceptionIndex([standing(scope_of(case["rule"]))])

        assert bool(index.in_scope(subject, place)) is case["expected"], case["name"]


def test_their_shortened_digests_would_be_refused_in_a_request() -> None:
    """The cases shorten digests to 58 digits; we compare them as they are, and take only whole ones from clients."""
    short = [case["rule"] for case in cases("applies") if {"imageDigest", "imageRef"} & set(case["rule"])]

    for rule in short:
        faults: list[Fault] = []
        read_scope(scope_of(rule).to_json(), faults=faults)

        assert [(fault.pointer, fault.code) for fault in faults] == [("/scope/digests/0", "scope.digest")]
    assert len(short) == 2
