"""Kleene's tables, and the law that not knowing never helps."""

from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.language.program import Program
from policies.language.types import UNKNOWN, FactValue
from policies.language.verdict import Status
from tests.policies.language.evaluation.compiling import program
from tests.policies.language.evaluation.programs import (
    complete_facts,
    facts,
    plain_conditions,
    plain_programs,
)
from tests.policies.language.evaluation.programs import program as policy
from tests.policies.language.evaluation.test_agreement import compiled

VALUES: dict[str, FactValue] = {"true": True, "false": False, "unknown": UNKNOWN}
TRUTHS = tuple(VALUES)
DECLARED = "declare { signals.a = bool signals.b = bool }\n"


def truth_of(compiled_program: Program, finding: dict[str, Any]) -> str:
    """Return the truth of the condition of a program's only rule."""
    _, trace = compiled_program.explain(finding)
    return trace.rules[0].truth.value


def asked(condition: str, a: str, b: str) -> str:
    return truth_of(
        program(f"{DECLARED} rule r {{ when {condition} then block }}"),
        {"signals.a": VALUES[a], "signals.b": VALUES[b]},
    )


@pytest.mark.parametrize("a,b", list(product(TRUTHS, TRUTHS)))
def test_and_is_false_with_a_false_part_and_else_unknown_with_an_unknown_one(a: str, b: str) -> None:
    expected = "false" if "false" in (a, b) else "unknown" if "unknown" in (a, b) else "true"

    assert asked("signals.a and signals.b", a, b) == expected


@pytest.mark.parametrize("a,b", list(product(TRUTHS, TRUTHS)))
def test_or_is_true_with_a_true_part_and_else_unknown_with_an_unknown_one(a: str, b: str) -> None:
    expected = "true" if "true" in (a, b) else "unknown" if "unknown" in (a, b) else "false"

    assert asked("signals.a or signals.b", a, b) == expected


@pytest.mark.parametrize("a,expected", [("true", "false"), ("false", "true"), ("unknown", "unknown")])
def test_not_turns_true_and_false_and_leaves_unknown(a: str, expected: str) -> None:
    assert asked("not signals.a", a, "unknown") == expected


@pytest.mark.parametrize("a,b", list(product(TRUTHS, TRUTHS)))
def test_two_truths_are_equal_only_when_both_are_known(a: str, b: str) -> None:
    expected = "unknown" if "unknown" in (a, b) else "true" if a == b else "false"

    assert asked("signals.a == signals.b", a, b) == expected


@settings(max_examples=60, deadline=None)
@given(plain_conditions, plain_conditions, facts)
def test_de_morgan_holds_in_three_values(left: str, right: str, finding: dict[str, Any]) -> None:
    joined, _ = compiled(policy("", [f"  rule r {{ when not ({left} and {right}) then block }}\n"]))
    divided, _ = compiled(policy("", [f"  rule r {{ when not ({left}) or not ({right}) then block }}\n"]))

    assert truth_of(joined, finding) == truth_of(divided, finding)


@settings(max_examples=60, deadline=None)
@given(plain_conditions, facts)
def test_a_condition_and_its_negation_are_never_both_true(condition: str, finding: dict[str, Any]) -> None:
    positive, _ = compiled(policy("", [f"  rule r {{ when {condition} then block }}\n"]))
    negative, _ = compiled(policy("", [f"  rule r {{ when not ({condition}) then block }}\n"]))

    pair = (truth_of(positive, finding), truth_of(negative, finding))

    assert pair in {("true", "false"), ("false", "true"), ("unknown", "unknown")}


def _forgotten(finding: dict[str, Any], paths: set[str]) -> dict[str, Any]:
    return {path: value for path, value in finding.items() if path not in paths}


@settings(max_examples=150, deadline=None)
@given(plain_programs, complete_facts, st.data())
def test_forgetting_facts_never_moves_a_verdict_towards_pass(
    source: str, finding: dict[str, Any], data: st.DataObject
) -> None:
    compiled_program, _ = compiled(source)
    forgotten = data.draw(st.sets(st.sampled_from(sorted(finding)), min_size=1, max_size=8))

    before = compiled_program.evaluate(finding)
    after = compiled_program.evaluate(_forgotten(finding, forgotten))

    assert after.worst.restrictiveness >= before.worst.restrictiveness
    assert after.undecided or after.status.restrictiveness >= before.status.restrictiveness


@settings(max_examples=100, deadline=None)
@given(plain_programs, complete_facts, st.data())
def test_where_unknown_blocks_forgetting_facts_never_lowers_the_status(
    source: str, finding: dict[str, Any], data: st.DataObject
) -> None:
    strict = source.replace("on_unknown = pass", "on_unknown = block").replace(
        "on_unknown = warn", "on_unknown = block"
    )
    compiled_program, _ = compiled(strict)
    forgotten = data.draw(st.sets(st.sampled_from(sorted(finding)), min_size=1, max_size=8))

    before = compiled_program.evaluate(finding)
    after = compiled_program.evaluate(_forgotten(finding, forgotten))

    if compiled_program.settings.on_unknown is Status.BLOCKED:
        assert after.status.restrictiveness >= before.status.restrictiveness


def test_asking_for_absence_is_the_one_way_in_which_not_knowing_can_help() -> None:
    lenient = program("rule r { when coalesce(epss.score, 0) >= 0.5 then block }")

    known, unknown = lenient.evaluate({"epss.score": 0.9}), lenient.evaluate({})

    assert (known.status, unknown.status) == (Status.BLOCKED, Status.PASS)
