"""The examples of the language's description mean what it says of them, and tables of other tools can be said in it.

Where a table contradicts the language (an unknown value there is no violation, here it might be one) the language wins.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from policies.language.verdict import Status
from tests.policies.language.evaluation.compiling import judged, program
from tests.real_data import real_data

NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)
COPYLEFT = """rule copyleft {
  when finding.kind == "licence" and not license.satisfies(["MIT", "Apache-2.0", "BSD-*"])
  then block
  because "licence not allowed"
}"""
HIGH_UNLESS_VEX = """rule high_unless_vex {
  when severity.normalized >= "high" and not (vex.status in ["not_affected", "fixed"])
  then warn
  because "high and not dismissed"
}"""


@pytest.mark.parametrize(
    "expression,status",
    [
        ("MIT", Status.PASS),
        ("BSD-3-Clause OR GPL-3.0-only", Status.PASS),
        ("GPL-3.0-only", Status.BLOCKED),
        ("MIT AND GPL-3.0-only", Status.BLOCKED),
        ("Unheard-Of", Status.WARNED),
    ],
)
def test_a_licence_outside_the_list_is_blocked(expression: str, status: Status) -> None:
    assert judged(COPYLEFT, finding__kind="licence", license__expression=expression).status is status


def test_a_licence_matters_to_licence_findings_only() -> None:
    verdict = judged(COPYLEFT, finding__kind="vulnerability", license__expression="GPL-3.0-only")

    assert (verdict.status, verdict.undecided) == (Status.PASS, False)


@pytest.mark.parametrize(
    "severity,vex,status",
    [
        ("high", "none", Status.WARNED),
        ("critical", "affected", Status.WARNED),
        ("critical", "under_investigation", Status.WARNED),
        ("critical", "not_affected", Status.PASS),
        ("high", "fixed", Status.PASS),
        ("medium", "none", Status.PASS),
    ],
)
def test_a_high_finding_warns_unless_it_is_dismissed_and_silence_dismisses_nothing(
    severity: str, vex: str, status: Status
) -> None:
    assert judged(HIGH_UNLESS_VEX, severity__normalized=severity, vex__status=vex).status is status


def table(name: str) -> Any:
    """Return a decision table of another tool."""
    return json.loads(real_data(f"policy-cases/{name}").read_text(encoding="utf-8"))


# --- Kritis: thresholds for fixable and unfixable findings ------------------------------------------------------------


def _exceeds(limit: str | None) -> str:
    """Return the condition that a severity is above a threshold; none at all allows everything."""
    if limit in (None, "ALLOW_ALL"):
        return "false"
    return "true" if limit == "BLOCK_ALL" else f'severity.normalized > "{limit}"'


def test_the_thresholds_of_kritis_can_be_said() -> None:
    cases = table("kritis-severity-thresholds.json")
    for case in cases["cases"]:
        found = program(f"""
          rule fixable {{
            when advisory.fix_available and ({_exceeds(case["max_severity"])})
            then block
          }}
          rule unfixable {{
            when not advisory.fix_available and ({_exceeds(case["max_fix_unavailable_severity"])})
            then block
          }}
        """)

        violating = sorted(
            finding["id"]
            for finding in cases["findings"]
            if found.evaluate(
                {
                    "severity.normalized": finding["severity"].lower(),
                    "advisory.fix_available": finding["fix_available"],
                }
            ).status
            is Status.BLOCKED
        )

        assert violating == sorted(case["expected_violations"]), case["name"]


# --- Dependency-Track: single conditions ------------------------------------------------------------------------------

_OPERATORS = {
    "NUMERIC_GREATER_THAN": ">",
    "NUMERIC_GREATER_THAN_OR_EQUAL": ">=",
    "NUMERIC_EQUAL": "==",
    "NUMERIC_NOT_EQUAL": "!=",
    "NUMERIC_LESSER_THAN_OR_EQUAL": "<=",
    "NUMERIC_LESS_THAN": "<",
    "IS": "==",
    "IS_NOT": "!=",
}


def _said(case: dict[str, Any]) -> tuple[str, dict[str, Any]] | None:
    """Return a case as a condition and facts; None for patterns, versions and words in place of numbers."""
    subject, value, actual = case["subject"], case["value"], case.get("actual")
    operator = _OPERATORS.get(case["operator"])
    if subject == "CWE":
        wanted = [f'"{number.strip()}" in vuln.cwes' for number in value.split(",")]
        return " and ".join(wanted), {
            "vuln.cwes": tuple(f"CWE-{case[key]}" for key in ("actual_cwe_1", "actual_cwe_2"))
        }
    if operator is None or value in ("foo", "UNASSIGNED", "P-666D") or subject not in _CONDITIONS:
        return None
    condition, path, read = _CONDITIONS[subject]
    facts = {} if actual is None else {path: read(actual)}
    return condition.format(operator=operator, value=json.dumps(value), number=value.strip("PD")), {
        "run.at": NOON,
        **facts,
    }


_CONDITIONS: dict[str, tuple[str, str, Callable[[Any], Any]]] = {
    "SEVERITY": ("severity.normalized {operator} {value}", "severity.normalized", str.lower),
    "EPSS": ("epss.score {operator} {number}", "epss.score", float),
    "VULNERABILITY_ID": ("vuln.id {operator} {value}", "vuln.id", str),
    "AGE": (
        "days_since(vuln.published) {operator} {number}",
        "vuln.published",
        lambda actual: NOON - timedelta(days=actual["published_days_ago"]),
    ),
}


def test_the_conditions_of_dependency_track_can_be_said() -> None:
    said = [(case, _said(case)) for case in table("dependency-track-conditions.json")["cases"]]
    sayable = [(case, one) for case, one in said if one is not None]

    for case, (condition, facts) in sayable:
        verdict = program(f"rule r {{ when {condition} then block }}").evaluate(facts)
        if case.get("actual", "stated") is None:
            assert verdict.undecided, case
        else:
            assert (verdict.status is Status.BLOCKED) is case["violation"], case
    assert len(sayable) >= 25
