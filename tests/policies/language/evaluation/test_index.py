"""Rules behind an index answer as rules asked one by one."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from policies.language.compiler.layout import lay_out
from policies.language.verdict import Status
from tests.policies.language.evaluation.compiling import program
from tests.policies.language.evaluation.oracle import Policy
from tests.policies.language.evaluation.programs import facts, plain_conditions, quoted_list
from tests.policies.language.evaluation.programs import program as policy
from tests.policies.language.evaluation.test_agreement import assert_as_expected, compiled

NAMES = [f"name{number}" for number in range(30)]
indexed_rules = st.tuples(
    st.one_of(
        st.sampled_from(NAMES).map('component.name == "{}"'.format),
        st.lists(st.sampled_from(NAMES), min_size=1, max_size=4).map(
            lambda names: f"component.name in {quoted_list(names)}"
        ),
    ),
    plain_conditions,
    st.sampled_from(("block", "warn", 'status := "pass"', "escalate")),
    st.sampled_from(("", " priority 10", " priority 200")),
    st.sampled_from(("", "", "", " else warn")),
)


def _source(rules: list[tuple[str, str, str, str, str]]) -> str:
    return policy(
        "",
        [
            f"  rule r{number}{priority} {{ when {test} and {rest} then {action}{otherwise} }}\n"
            for number, (test, rest, action, priority, otherwise) in enumerate(rules)
        ],
    )


@settings(max_examples=50, deadline=None)
@given(
    st.lists(indexed_rules, min_size=8, max_size=25),
    facts,
    st.one_of(st.none(), st.sampled_from([*NAMES, "elsewhere"])),
)
def test_indexed_rules_agree_with_the_reference(
    rules: list[tuple[str, str, str, str, str]], finding: dict[str, Any], name: str | None
) -> None:
    found, file = compiled(_source(rules))
    known = {path: value for path, value in finding.items() if path != "component.name"}
    known |= {} if name is None else {"component.name": name}

    verdict = found.evaluate(known)

    assert_as_expected(verdict, Policy(file).judge(known))


def test_a_thousand_rules_on_one_fact_share_an_index_and_none_is_asked_one_by_one() -> None:
    rules = "\n".join(f'rule r{number} {{ when vuln.id == "CVE-2024-{number}" then block }}' for number in range(1000))

    found = program(rules)
    layout = lay_out(found.rules, found.settings)

    assert layout.linear == ()
    assert [len(index.members) for index in layout.indexes] == [1000]
    assert found.evaluate({"vuln.id": "CVE-2024-7"}).rule == "p/r7"
    assert found.evaluate({"vuln.id": "CVE-1999-7"}).status is Status.PASS


def test_the_fact_that_tells_most_rules_apart_is_indexed_wherever_it_stands_in_the_condition() -> None:
    rules = "\n".join(
        f'rule r{number} {{ when finding.kind == "vulnerability" and vuln.id == "CVE-2024-{number}" then block }}'
        for number in range(20)
    )

    found = program(rules)

    assert [index.fact.path for index in lay_out(found.rules, found.settings).indexes] == ["vuln.id"]


def test_an_unknown_indexed_fact_leaves_every_rule_behind_the_index_open() -> None:
    rules = "\n".join(f'rule r{number} {{ when vuln.id == "CVE-2024-{number}" then block }}' for number in range(20))

    verdict = program(rules).evaluate({})

    assert (verdict.undecided, verdict.worst, verdict.rule) == (True, Status.BLOCKED, "p/r0")
    assert verdict.unknown_facts == ("vuln.id",)


def test_a_rule_with_else_stays_outside_the_index() -> None:
    rules = "\n".join(
        f'rule r{number} {{ when vuln.id == "CVE-2024-{number}" then block else warn }}' for number in range(5)
    )

    found = program(rules)

    assert lay_out(found.rules, found.settings).indexes == ()
    assert found.evaluate({"vuln.id": "CVE-1999-7"}).status is Status.WARNED
