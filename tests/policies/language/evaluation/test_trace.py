"""Traces: every rule with its outcome, every atom with its truth and what it was judged by."""

import pytest

from policies.language.canonical import write_ruleset
from policies.language.trace import RuleOutcome, Trace, Truth
from policies.language.types import Facts
from policies.language.wording import word_effect, word_term
from stellapolicy.kernel import canonical_json
from tests.policies.language.evaluation.compiling import given, program

BODY = """
  rule dismissed priority 10 { when vex.status == "not_affected" then ignore because "accepted claim" }
  rule critical { when severity.normalized == "critical" and cvss.score * 2 > 10 then block because "critical" }
  rule noise priority 200 { when severity.normalized == "critical" then warn because "too late" }
  rule note priority 200 {
    when severity.normalized == "critical"
    then status := "pass" annotate seen := true
    because "still said"
  }
  rule likely { when epss.score > 0.5 then block because "likely" }
"""
FACTS = given(vex__status="none", severity__normalized="critical", cvss__score=9.8)


def explained(facts: Facts = FACTS) -> Trace:
    return program(BODY).explain(facts)[1]


def test_every_rule_has_its_outcome_in_the_order_of_the_program() -> None:
    assert [(rule.rule, rule.outcome) for rule in explained().rules] == [
        ("p/dismissed", RuleOutcome.NOT_MATCHED),
        ("p/critical", RuleOutcome.MATCHED),
        ("p/likely", RuleOutcome.UNKNOWN),
        ("p/noise", RuleOutcome.SKIPPED),
        ("p/note", RuleOutcome.MATCHED),
    ]


def test_every_atom_has_its_truth_and_the_values_it_was_judged_by() -> None:
    critical = next(rule for rule in explained().rules if rule.rule == "p/critical")

    assert [(atom.text, atom.truth, dict(atom.values)) for atom in critical.atoms] == [
        ('severity.normalized == "critical"', Truth.TRUE, {"severity.normalized": "critical"}),
        ("(cvss.score * 2) > 10", Truth.TRUE, {"cvss.score": 9.8, "cvss.score * 2": 19.6}),
    ]


def test_an_unknown_fact_is_shown_as_such() -> None:
    likely = next(rule for rule in explained().rules if rule.rule == "p/likely")

    assert [(atom.truth, dict(atom.values)) for atom in likely.atoms] == [(Truth.UNKNOWN, {"epss.score": None})]


def test_assignments_that_came_too_late_are_shown_as_skipped() -> None:
    note = next(rule for rule in explained().rules if rule.rule == "p/note")

    assert [(action.text, action.applied) for action in note.actions] == [
        ('status := "pass"', False),
        ("annotate seen := true", True),
    ]


def test_a_trace_is_named_by_what_it_says() -> None:
    assert explained().id == explained().id
    assert explained().id.startswith("rat:sha256:")
    assert explained().id != explained({**FACTS, "cvss.score": 9.9}).id
    assert canonical_json.dumps(explained().to_json())


def test_a_trace_reads_as_text() -> None:
    assert explained().to_text() == (
        "blocked by p/critical: critical\n"
        "· p/dismissed (priority 10): not matched\n"
        '    false   vex.status == "not_affected"  # vex.status = none\n'
        "✓ p/critical (priority 100): matched\n"
        '    true    severity.normalized == "critical"  # severity.normalized = critical\n'
        "    true    (cvss.score * 2) > 10  # cvss.score = 9.8, cvss.score * 2 = 19.6\n"
        "    → block\n"
        "? p/likely (priority 100): unknown\n"
        "    unknown epss.score > 0.5  # epss.score = unknown\n"
        "- p/noise (priority 200): skipped\n"
        '    true    severity.normalized == "critical"  # severity.normalized = critical\n'
        "    ⇢ warn (skipped)\n"
        "✓ p/note (priority 200): matched\n"
        '    true    severity.normalized == "critical"  # severity.normalized = critical\n'
        '    ⇢ status := "pass" (skipped)\n'
        "    → annotate seen := true\n"
    )


def test_a_trace_reads_as_markdown() -> None:
    lines = program('rule r { when "a|b" in vuln.cwes or kev.listed then block }').explain({})[1].to_markdown()

    assert lines == (
        "**warned**, undecided: p/r needs kev.listed, vuln.cwes\n"
        "\n"
        "| rule | outcome | condition | truth | values |\n"
        "|---|---|---|---|---|\n"
        '| p/r | unknown | `"a\\|b" in vuln.cwes` | unknown | vuln.cwes = unknown |\n'
        "|  |  | `kev.listed` | unknown | kev.listed = unknown |\n"
    )


@pytest.mark.parametrize(
    "written",
    [
        'severity.normalized >= "high"',
        'vex.status not in ["fixed", "not_affected"]',
        'component.name != "lodash" and (kev.listed or exists(epss.score))',
        "not (kev.listed or advisory.fix_available)",
        'vuln.published + 7d < date("2026-12-31")',
        'vuln.published < instant("2026-12-31T12:00:00Z") - 90m',
        'vex.any(status == "fixed" and trust > 0.5) or vex.count() > 2',
        'vex.latest(trust > 0.5).source == "redhat"',
        "coalesce(epss.score, 0) * 100 / cvss.score > 3",
        '"CWE-79" in vuln.cwes or "CWE-89" not in vuln.cwes',
        'matches_any(component.name, ["a*", "b*"])',
        "days_since(vuln.published, run.at) > 30",
    ],
)
def test_a_condition_is_worded_so_that_it_reads_back_as_itself(written: str) -> None:
    condition = program(f"rule r {{ when {written} then block }}").rules[0].condition

    again = program(f"rule r {{ when {word_term(condition)} then block }}").rules[0].condition

    assert again == condition


@pytest.mark.parametrize(
    "written",
    [
        "block",
        "warn",
        'warn message "look \\"here\\""',
        'status := "pass"',
        "status := vex.status",
        'ignore until date("2027-01-01")',
        'defer until date("2027-01-01")',
        "escalate",
        'escalate to "ciso"',
        'requireVex { vendors = ["redhat"] justifications = ["component_not_present"] }',
        "annotate a.b := epss.score",
        'requestException { days = 30 type = "x" }',
        'severity := "low"',
        "score := 3",
        "confidence := 0.5",
    ],
)
def test_an_action_is_worded_so_that_it_reads_back_as_itself(written: str) -> None:
    original = program(f"rule r {{ when kev.listed then {written} }}")
    worded = word_effect(original.rules[0].then[0])

    again = program(f"rule r {{ when kev.listed then {worded} }}")

    assert write_ruleset(again._ruleset) == write_ruleset(original._ruleset)


def test_a_release_condition_is_worded_too() -> None:
    written = "release.count(kev.listed) > 3 and release.any() or release.max(cvss.score, kev.listed) >= 9"
    condition = program(f"release rule r {{ when {written} then block }}").release_rules[0].condition

    assert word_term(condition) == written


def test_a_long_list_is_cut_for_the_reader() -> None:
    names = ", ".join(f'"n{number:02}"' for number in range(20))
    condition = program(f"rule r {{ when component.name in [{names}] then block }}").rules[0].condition

    assert word_term(condition).endswith('"n07", … 12 more]')
