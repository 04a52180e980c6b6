"""Tests inside policies: what fails says why, and what nobody tested shows."""

import pytest

from policies.language.compilation import compile_pack, run_tests
from policies.language.source import Source
from policies.language.testing import TestReport
from tests.policies.language.evaluation.compiling import pack

RULES = """
  rule listed { when kev.listed or epss.score > 0.9 then block because "exploited" }
  rule late priority 200 { when severity.normalized == "critical" then annotate at := run.at warn message "late" }
  release rule many { when release.count(kev.listed) > 0 then block because "one is enough" }
"""


def report(tests: str, *others: str) -> TestReport:
    return run_tests(pack(RULES + tests, *others))


def test_a_test_that_holds_passes() -> None:
    found = report("""
      test "listed" {
        given { kev.listed = true  severity.normalized = "critical"  run.at = date("2026-01-01")  epss.score = null }
        expect status == "blocked" and not undecided
        expect rule == "listed"
        expect "late" in matched_rules
        expect severity == "critical"
        expect because == "exploited"
        expect annotations.at == date("2026-01-01")
        expect "late" in messages
        expect release.status == "blocked"
        expect release.rule == "many"
      }
    """)

    assert [result.failures for result in found.results] == [()]
    assert found.passed
    assert found.results[0].line == 7


def test_a_test_that_does_not_hold_says_what_it_found() -> None:
    found = report("""
      test "wrong" { given { epss.score = 0.5 kev.listed = false severity.normalized = "low" }
        expect status == "blocked"
        expect rule == "listed"
        expect score > 3
      }
    """)

    assert not found.passed
    assert found.results[0].failures == (
        'expected status == "blocked"; status is "pass"',
        'expected rule == "listed"; rule is not there',
        "expected score > 3; score is not there",
    )
    assert found.to_json()["passed"] is False


def test_rules_and_conditions_that_were_not_seen_are_shown() -> None:
    found = report('test "one" { given { epss.score = 0.95 kev.listed = false } expect status == "blocked" }')

    assert {rule.rule: bool(rule.tests) for rule in found.rules} == {"p/late": False, "p/listed": True, "p/many": False}
    assert found.rule_coverage == pytest.approx(100 / 3)
    assert {(atom.atom, atom.seen_true, atom.seen_false) for atom in found.atoms} == {
        ("kev.listed", False, True),
        ("epss.score > 0.9", True, False),
        ('severity.normalized == "critical"', False, False),
        ("release.count(kev.listed) > 0", False, True),
    }
    assert found.condition_coverage == pytest.approx(100 * 3 / 8)


def test_rules_of_another_policy_are_named_in_full() -> None:
    found = report(
        'test "own" { given { kev.listed = true } expect rule == "listed" }',
        'test "foreign" { given { kev.listed = true } expect rule == "p/listed" }',
    )

    assert found.passed


def test_signals_are_read_by_their_declared_type() -> None:
    found = run_tests(
        pack("""
          declare { signals.at = instant }
          rule r { when signals.at < date("2026-01-01") then block }
          test "t" { given { signals.at = date("2025-12-31") } expect status == "blocked" }
        """)
    )

    assert found.passed


def test_a_pack_without_tests_has_seen_nothing_and_a_pack_without_rules_everything() -> None:
    assert report("").rule_coverage == 0
    assert run_tests(pack("")).rule_coverage == 100


def test_a_pack_that_does_not_compile_has_nothing_to_test() -> None:
    with pytest.raises(ValueError, match="does not compile"):
        run_tests(compile_pack([Source("p", "policy")]))
