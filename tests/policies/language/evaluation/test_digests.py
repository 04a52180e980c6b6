"""One meaning, one digest: what formatting, comments, order and files cannot change, and what must."""

import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.language.canonical import ProgramRefused
from policies.language.compilation import compile_pack
from policies.language.formatter import format_source
from policies.language.program import Program
from policies.language.source import Source
from stellapolicy.kernel import canonical_json
from stellapolicy.kernel.digest import is_digest
from tests.policies.language.evaluation.compiling import program
from tests.policies.language.evaluation.programs import facts, programs
from tests.policies.language.evaluation.test_agreement import compiled

RULE = 'rule r { when kev.listed and epss.score >= 0.5 then block because "why" }'


def test_a_digest_names_the_canonical_json_of_a_program() -> None:
    found = program(RULE)

    assert is_digest(found.digest)
    assert json.loads(canonical_json.dumps(dict(found.canonical)))["language"] == "stella-dsl@1"


@pytest.mark.parametrize(
    "other",
    [
        'rule r{when kev.listed and epss.score>=0.50 then block;because "why"};',
        "// a comment\n" + RULE.replace("when", "/* another */ when"),
        RULE.replace("block", 'status := "block"').replace("epss.score >= 0.5", "(epss.score >= +0.500)"),
        RULE.replace("rule r", "rule r priority 100").replace("kev.listed", "kev.listed == true"),
        "profile p { scalar half := 0.5 } " + RULE.replace("0.5", "profile.p.half"),
        RULE.replace("kev.listed and epss.score", "(kev.listed and epss.score").replace(" then", ") then"),
        'metadata { author = "somebody" } ' + RULE,
        RULE + ' test "t" { given { kev.listed = true } expect status == "pass" }',
    ],
)
def test_the_same_meaning_written_differently_has_the_same_digest(other: str) -> None:
    assert program(other).digest == program(RULE).digest


@pytest.mark.parametrize(
    "other",
    [
        RULE.replace("0.5", "0.51"),
        RULE.replace("rule r", "rule s"),
        RULE.replace("block", "warn"),
        RULE.replace("and", "or"),
        RULE.replace("why", "because"),
        RULE.replace("rule r", "rule r priority 10"),
        "settings { on_unknown = block } " + RULE,
    ],
)
def test_another_meaning_has_another_digest(other: str) -> None:
    assert program(other).digest != program(RULE).digest


@settings(max_examples=40, deadline=None)
@given(programs, facts, st.randoms(use_true_random=False))
def test_the_order_of_rules_and_files_is_irrelevant(
    source: str, finding: dict[str, Any], chance: random.Random
) -> None:
    lines = source.splitlines(keepends=True)
    rules = [line for line in lines if line.startswith("  rule")]
    chance.shuffle(rules)
    rest = [line for line in lines if not line.startswith("  rule")]
    shuffled = "".join([*rest[:-1], *rules, rest[-1]])

    original, _ = compiled(source)
    moved, _ = compiled(shuffled)

    assert moved.digest == original.digest
    assert moved.evaluate(finding) == original.evaluate(finding)


@settings(max_examples=40, deadline=None)
@given(programs)
def test_formatting_changes_no_digest(source: str) -> None:
    original, _ = compiled(source)

    laid_out, _ = compiled(format_source(source, "p.stella"))

    assert laid_out.digest == original.digest


@settings(max_examples=60, deadline=None)
@given(programs, facts)
def test_a_program_read_back_from_json_is_the_same_program(source: str, finding: dict[str, Any]) -> None:
    original, _ = compiled(source)
    stored = json.loads(canonical_json.dumps(dict(original.canonical)))

    fresh = Program(original._ruleset)
    read = Program.from_canonical(stored)

    assert read.digest == fresh.digest == original.digest
    assert read.evaluate(finding) == fresh.evaluate(finding)


def test_a_program_of_several_files_does_not_depend_on_their_order() -> None:
    files = [
        Source("b.stella", 'policy "b" syntax "stella-dsl@1" { rule r { when kev.listed then block } }'),
        Source("a.stella", 'policy "a" syntax "stella-dsl@1" { rule r { when profile.p.x > epss.score then warn } }'),
        Source("c.stella", 'policy "c" syntax "stella-dsl@1" { profile p { scalar x := 0.5 } }'),
    ]

    forwards, backwards = compile_pack(files).program, compile_pack(files[::-1]).program

    assert forwards is not None
    assert forwards is backwards
    assert [rule.name for rule in forwards.rules] == ["a/r", "b/r"]


@pytest.mark.parametrize(
    "change",
    [
        lambda stored: stored | {"language": "other"},
        lambda stored: stored | {"rules": stored["rules"][::-1]},
        lambda stored: stored | {"rules": [{**stored["rules"][0], "when": ["import", "os"]}]},
        lambda stored: stored | {"rules": [{**stored["rules"][0], "when": ["call", "__import__", [], "bool"]}]},
        lambda stored: stored | {"rules": [{**stored["rules"][0], "when": ["fact", "kev.listed"]}]},
        lambda stored: stored | {"rules": [{**stored["rules"][0], "priority": "1"}]},
        lambda stored: stored | {"rules": [{**stored["rules"][0], "then": [["status", ["literal", "string", 5], []]]}]},
        lambda stored: stored | {"settings": {"default_status": "perhaps", "on_unknown": "pass", "strict": False}},
        lambda stored: stored | {"maps": {"m": {"a": "b"}}},
        lambda stored: stored | {"signals": {"signals.x": "object"}},
        lambda _: {},
        lambda _: [],
        lambda _: None,
    ],
)
def test_json_that_is_no_canonical_program_is_refused(change: Any) -> None:
    stored = json.loads(canonical_json.dumps(dict(program(RULE, RULE).canonical)))

    with pytest.raises(ProgramRefused):
        Program.from_canonical(change(stored))


def test_a_term_nested_without_end_is_refused_and_no_recursion_error() -> None:
    stored = json.loads(canonical_json.dumps(dict(program(RULE).canonical)))
    term: Any = ["fact", "kev.listed", "bool"]
    for _ in range(700):
        term = ["not", term]
    stored["rules"][0]["when"] = term

    with pytest.raises(ProgramRefused):
        Program.from_canonical(stored)
