"""Release rules: over all findings that are still open, certain only where every answer agrees."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.language.program import Program
from policies.language.types import Facts
from policies.language.verdict import ReleaseVerdict, Status
from tests.policies.language.evaluation.compiling import program

NO_NEW_CRITICALS = """release rule no_new_criticals {
  when release.count(severity.normalized == "critical" and delta.status == "new") > 0
  then block because "new critical since the last release"
}"""
NEW: Facts = {"severity.normalized": "critical", "delta.status": "new"}
OLD: Facts = {"severity.normalized": "critical", "delta.status": "unchanged"}
UNSURE: Facts = {"severity.normalized": "critical"}


def judged(found: Program, *findings: Facts) -> ReleaseVerdict:
    return found.evaluate_release([(facts, found.evaluate(facts)) for facts in findings])


def test_the_first_new_critical_blocks_the_release_and_is_named() -> None:
    verdict = judged(program(NO_NEW_CRITICALS), OLD, NEW, OLD, NEW)

    assert (verdict.status, verdict.rule) == (Status.BLOCKED, "p/no_new_criticals")
    assert verdict.because == "new critical since the last release"
    assert [reason.findings for reason in verdict.reasons] == [(1, 3)]


def test_without_findings_nothing_is_counted() -> None:
    verdict = judged(program(NO_NEW_CRITICALS))

    assert (verdict.status, verdict.reasons) == (Status.PASS, ())


def test_a_finding_that_may_count_leaves_the_release_undecided_and_is_named_with_what_it_misses() -> None:
    verdict = judged(program(NO_NEW_CRITICALS), OLD, UNSURE)

    assert (verdict.status, verdict.worst, verdict.undecided) == (Status.WARNED, Status.BLOCKED, True)
    assert verdict.unknown_facts == ("delta.status",)
    assert [(reason.certain, reason.findings) for reason in verdict.reasons] == [(False, (1,))]


def test_enough_certain_findings_decide_whatever_the_others_are() -> None:
    verdict = judged(program(NO_NEW_CRITICALS), NEW, UNSURE)

    assert (verdict.status, verdict.undecided) == (Status.BLOCKED, False)


def test_dismissed_and_deferred_findings_have_had_their_decision_and_do_not_count() -> None:
    rules = """
      rule dismissed { when vex.status == "fixed" then ignore }
      rule put_off { when kev.listed then defer until date("2027-01-01") }
    """
    found = program(NO_NEW_CRITICALS + rules)
    before, over = datetime(2026, 12, 31, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)

    dismissed = judged(found, {**NEW, "vex.status": "fixed", "kev.listed": False})
    deferred = judged(found, {**NEW, "vex.status": "none", "kev.listed": True, "run.at": before})
    overdue = judged(found, {**NEW, "vex.status": "none", "kev.listed": True, "run.at": over})

    assert [verdict.status for verdict in (dismissed, deferred, overdue)] == [Status.PASS, Status.PASS, Status.BLOCKED]


def test_the_greatest_value_is_that_of_findings_that_count() -> None:
    body = "release rule top { when release.max(cvss.score, kev.listed) >= 9 then block }"

    high, low = {"cvss.score": 9.8, "kev.listed": False}, {"cvss.score": 5.0, "kev.listed": True}

    assert judged(program(body), high, low).status is Status.PASS
    assert judged(program(body), {**high, "kev.listed": True}, low).status is Status.BLOCKED
    assert judged(program(body), {"cvss.score": 9.8}, low).worst is Status.BLOCKED
    assert judged(program(body), {"kev.listed": True}, low).worst is Status.BLOCKED
    assert judged(program(body)).status is Status.PASS


def test_the_greatest_severity_of_no_findings_is_none() -> None:
    body = 'release rule top { when release.max(severity.normalized) >= "high" then block else warn message "calm" }'

    assert judged(program(body)).status is Status.WARNED
    assert judged(program(body)).messages == ("calm",)
    assert judged(program(body), NEW).status is Status.BLOCKED


def test_shares_of_counts_can_be_compared() -> None:
    body = "release rule many { when percent_of(release.count(kev.listed), release.count()) >= 50 then block }"
    listed, other = {"kev.listed": True}, {"kev.listed": False}

    assert judged(program(body), listed, other).status is Status.BLOCKED
    assert judged(program(body), listed, other, other).status is Status.PASS
    assert judged(program(body), listed, other, {}).worst is Status.BLOCKED
    assert judged(program(body)).undecided


def test_release_rules_have_priorities_too() -> None:
    body = """
      release rule early priority 10 { when release.any(kev.listed) then warn message "listed" }
      release rule late { when release.any(kev.listed) then block }
    """

    verdict = judged(program(body), {"kev.listed": True})

    assert (verdict.status, verdict.messages, verdict.matched_rules) == (Status.WARNED, ("listed",), ("p/early",))


def test_release_rules_change_no_verdict_of_a_finding_and_are_read_apart() -> None:
    found = program(NO_NEW_CRITICALS + " rule r { when kev.listed then block }")

    assert found.evaluate(NEW).undecided
    assert found.release_reads == {"severity.normalized", "delta.status"}
    assert found.reads == {"severity.normalized", "kev.listed"}


answers = st.lists(st.sampled_from((True, False, None)), max_size=6)


@settings(max_examples=100, deadline=None)
@given(answers, st.integers(0, 6), st.sampled_from(("<", "<=", ">", ">=", "==", "!=")))
def test_a_count_is_certain_exactly_where_every_completion_agrees(
    known: list[bool | None], bound: int, operator: str
) -> None:
    found = program(f"release rule r {{ when release.count(kev.listed) {operator} {bound} then block }}")
    findings: list[dict[str, Any]] = [{} if answer is None else {"kev.listed": answer} for answer in known]

    verdict = judged(found, *findings)

    counts = range(known.count(True), known.count(True) + known.count(None) + 1)
    truths = {eval(f"{count} {operator} {bound}") for count in counts}  # noqa: S307 - numbers and operators of this test
    expected = {frozenset({True}): (Status.BLOCKED, False), frozenset({False}): (Status.PASS, False)}
    assert (verdict.status, verdict.undecided) == expected.get(frozenset(truths), (Status.WARNED, True))


@pytest.mark.parametrize(
    "condition,expected",
    [
        ("release.count(kev.listed) + 1 > 1", Status.PASS),
        ("2 - release.count(kev.listed) > 1", Status.BLOCKED),
        ("release.count(kev.listed) * 2 < 1", Status.BLOCKED),
        ("1 / release.count(epss.score > 0.5) >= 1", Status.BLOCKED),
        ("release.any(kev.listed) or release.any(epss.score > 0.5)", Status.BLOCKED),
        ("not release.any(epss.score > 0.5)", Status.PASS),
    ],
)
def test_counts_are_numbers(condition: str, expected: Status) -> None:
    found = program(f"release rule r {{ when {condition} then block }}")

    assert judged(found, {"kev.listed": False, "epss.score": 0.9}).status is expected
