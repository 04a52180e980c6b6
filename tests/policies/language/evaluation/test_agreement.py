"""Compiled programs against the oracle, on random programs and facts."""

from typing import Any

from hypothesis import given, settings

from policies.language import tree
from policies.language.compilation import compile_pack
from policies.language.parser import parse
from policies.language.program import Program
from policies.language.source import Source
from policies.language.trace import Truth
from policies.language.verdict import Verdict
from tests.policies.language.evaluation.oracle import Expected, Policy
from tests.policies.language.evaluation.oracle_values import Reading
from tests.policies.language.evaluation.programs import facts, programs

_TRUTHS = {True: Truth.TRUE, False: Truth.FALSE, None: Truth.UNKNOWN}


def compiled(source: str) -> tuple[Program, tree.PolicyFile]:
    """Return the program of a source that must compile, and its tree."""
    result = compile_pack([Source("p.stella", source)])
    assert result.program is not None, [diagnostic.message for diagnostic in result.diagnostics]
    file = parse(Source("p.stella", source)).file
    assert file is not None
    return result.program, file


def assert_as_expected(verdict: Verdict, expected: Expected) -> None:
    """Hold every part of a verdict against the oracle."""
    assert (verdict.status, verdict.worst, verdict.undecided) == (expected.status, expected.worst, expected.undecided)
    assert (verdict.rule or "").removeprefix("p/") == (expected.rule or "")
    assert tuple(name.removeprefix("p/") for name in verdict.matched_rules) == expected.matched_rules
    assert verdict.unknown_facts == expected.unknown_facts
    assert verdict.messages == expected.messages
    assert verdict.severity.value == expected.severity
    assert (verdict.score, verdict.confidence) == (expected.score, expected.confidence)
    assert [path for path, _ in verdict.annotations] == [path for path, _ in expected.annotations]
    for (_, value), (_, allowed) in zip(verdict.annotations, expected.annotations, strict=True):
        assert value in allowed


@settings(max_examples=200, deadline=None)
@given(programs, facts)
def test_a_compiled_program_agrees_with_the_reference(source: str, finding: dict[str, Any]) -> None:
    program, file = compiled(source)

    verdict = program.evaluate(finding)

    assert_as_expected(verdict, Policy(file).judge(finding))


@settings(max_examples=100, deadline=None)
@given(programs, facts)
def test_an_explanation_leads_to_the_same_verdict_by_truths_the_reference_agrees_with(
    source: str, finding: dict[str, Any]
) -> None:
    program, file = compiled(source)
    policy = Policy(file)

    verdict, trace = program.explain(finding)

    reading = Reading(policy.profiles, finding)
    truths = {rule.name.text: _TRUTHS[reading.value(rule.condition)] for rule in policy.rules()}
    assert verdict == program.evaluate(finding)
    assert {rule.rule.removeprefix("p/"): rule.truth for rule in trace.rules} == truths


@settings(max_examples=50, deadline=None)
@given(programs, facts)
def test_a_second_look_at_the_same_facts_gives_the_same_verdict(source: str, finding: dict[str, Any]) -> None:
    program, _ = compiled(source)

    assert program.evaluate(finding) == program.evaluate(dict(reversed(finding.items())))
