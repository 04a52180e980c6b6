"""Decision tables of other tools' tests, as far as these checks can say the same thing.

Where the tools differ from the specification, the specification wins, and the difference is stated where it shows.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gates.checks.base import CheckKind, CheckResult, EvidenceState, JudgedFinding, Outcome, ScanState, Tier
from gates.checks.chain import ChainRefused, chain_from_json, run_chain
from policies.language.facts import FactValue
from policies.language.verdict import Status
from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.kernel.severity import Severity
from tests.gates.checks.releases import NOON, finding, never_connected, release
from tests.real_data import real_data

LIMITS = ("low", "medium", "high", "critical")
_FLOORS = {"low": 0.1, "medium": 4.0, "high": 7.0, "critical": 9.0}


def table(name: str) -> Any:
    return json.loads(real_data(f"policy-cases/{name}").read_text())


def judge(chain: JsonValue, *findings: JudgedFinding, at: datetime = NOON, **about: Any) -> tuple[CheckResult, ...]:
    return run_chain(chain_from_json(chain, tier=Tier.STAGING), release(*findings, at=at, **about))


def aggregate(limits: Mapping[str, int], *, only_fixable: bool = False, min_age: str | None = None) -> JsonValue:
    """Return the step that limits the severities given, and no other."""
    none: dict[str, JsonValue] = dict.fromkeys(LIMITS)
    options: dict[str, JsonValue] = {**none, **limits, "only_fixable": only_fixable, "min_age": min_age}
    return {"check": "release_aggregate", "options": options}


def found(result: CheckResult, outcome: Outcome) -> set[str]:
    """Return the keys of the findings behind the reasons of one outcome."""
    return {key for reason in result.reasons if reason.outcome is outcome for key in reason.concerns}


# --- Grype: --fail-on -------------------------------------------------------------------------------------------------


def test_grype_fails_on_a_severity_or_worse() -> None:
    for case in table("grype-fail-on.json"):
        block_at = _FLOORS.get(case["fail_on"])
        chain: JsonValue = [{"check": "cvss_threshold", "options": {"block_at": block_at, "warn_at": None}}]

        (result,) = judge(chain, finding(severity=Severity(case["finding_severity"])))

        assert (result.outcome is Outcome.BLOCK) is case["expected_fail"], case


# --- Kritis: severity thresholds for what has a fix and what has none -------------------------------------------------


def _above(name: str | None) -> dict[str, int]:
    """Return the limits that say what Kritis means by a maximum severity; none at all allows everything."""
    if name in (None, "ALLOW_ALL"):
        return {}
    start = 0 if name == "BLOCK_ALL" else LIMITS.index(str(name).lower()) + 1
    return dict.fromkeys(LIMITS[start:], 0)


def _of_kritis(row: dict[str, Any], status: Status = Status.PASS) -> JudgedFinding:
    severity = Severity(row["severity"].lower())
    return finding(row["id"], severity=severity, status=status, facts={"advisory.fix_available": row["fix_available"]})


def _is_expressible(case: dict[str, Any]) -> bool:
    """Our chain counts all findings or those with a fix, never those without one alone; a policy rule can say that."""
    return _above(case["max_fix_unavailable_severity"]).keys() <= _above(case["max_severity"]).keys()


def test_kritis_thresholds_are_limits_of_nought() -> None:
    document = table("kritis-severity-thresholds.json")
    rows = [_of_kritis(row) for row in document["findings"]]
    cases = [case for case in document["cases"] if _is_expressible(case)]

    for case in cases:
        fixable = aggregate(_above(case["max_severity"]), only_fixable=True)
        every = aggregate(_above(case["max_fix_unavailable_severity"]))
        results = judge([fixable, every], *rows)
        blocking = found(results[0], Outcome.BLOCK) | found(results[1], Outcome.BLOCK)
        assert blocking == set(case["expected_violations"]), case["name"]
    assert len(cases) == 9


def test_what_kritis_allows_by_name_is_dismissed_here() -> None:
    """Kritis has a list of allowed CVEs; here a dismissal that the policy accepted does the same, and is shown."""
    row = {"id": "c", "severity": "CRITICAL", "fix_available": False}

    (result,) = judge([aggregate(_above("LOW"))], _of_kritis(row, Status.IGNORED))

    assert result.outcome is Outcome.PASS


def test_an_unknown_name_of_a_threshold_is_an_error_as_in_kritis() -> None:
    with pytest.raises(ChainRefused):
        chain_from_json([{"check": "release_aggregate", "options": {"!": 0}}], tier=Tier.STAGING)


def test_an_unknown_severity_counts_where_kritis_gives_up_with_an_error() -> None:
    (result,) = judge([aggregate(_above("MEDIUM"))], finding(severity=Severity.UNKNOWN))

    assert result.outcome is Outcome.BLOCK


# --- Conforma: CVE gate -----------------------------------------------------------------------------------------------


def _of_conforma(row: dict[str, Any]) -> JudgedFinding:
    issued = datetime.fromisoformat(row["issued"]).astimezone(UTC)
    facts: dict[str, FactValue] = {"advisory.fix_available": bool(row["fixed_in"]), "vuln.published": issued}
    return finding(row["id"], severity=Severity(row["severity"]), facts=facts)


def _conforma() -> tuple[list[JudgedFinding], dict[str, dict[str, Any]]]:
    document = table("conforma-cve-gate.json")
    return [_of_conforma(row) for row in document["findings"]], {case["name"]: case for case in document["cases"]}


def test_conforma_denies_what_has_a_fix_and_warns_of_the_rest() -> None:
    """Conforma passes what is of unknown severity unless told otherwise; here it counts as the worst it might be."""
    rows, cases = _conforma()
    expected = cases["defaults, all findings"]["expected"]
    warns: JsonValue = {"check": "cvss_threshold", "options": {"block_at": None, "warn_at": 7.0}}

    limits, thresholds = judge([aggregate({"critical": 0, "high": 0}, only_fixable=True), warns], *rows)

    unknown = {row.key for row in rows if row.verdict.severity is Severity.UNKNOWN}
    denied = found(limits, Outcome.BLOCK)
    assert denied - unknown == set(expected["deny"])
    assert found(thresholds, Outcome.WARN) - unknown - denied == set(expected["warn"])
    assert denied & unknown == {row.key for row in rows if row.key in unknown and row.facts["advisory.fix_available"]}


def test_conforma_restricts_low_and_unknown_alike() -> None:
    rows, cases = _conforma()
    expected = cases["restrict unknown+low, patched and unpatched"]["expected"]

    (result,) = judge([aggregate({"low": 0})], *rows)

    assert found(result, Outcome.BLOCK) == set(expected["deny"])


def test_conforma_without_rules_or_findings_says_nothing() -> None:
    rows, _ = _conforma()

    switched_off = judge([aggregate({})], *rows)
    nothing_found = judge([aggregate({"critical": 0, "high": 0})])

    assert switched_off[0].outcome is nothing_found[0].outcome is Outcome.PASS


def test_conforma_gives_a_leeway_after_publication() -> None:
    """Conforma warns during the leeway, `min_age` keeps silent; warning first is what `new_cve_grace` is for."""
    rows, cases = _conforma()
    case = cases["leeway 3 days for critical"]
    effective_on = datetime.fromisoformat(case["expected"]["effective_on"])
    known = [row for row in rows if row.verdict.severity is not Severity.UNKNOWN]
    chain: JsonValue = [aggregate({"critical": 0}, min_age="3d")]

    (during,) = judge(chain, *known, at=effective_on - timedelta(seconds=1))
    (after,) = judge(chain, *known, at=effective_on)

    assert during.outcome is Outcome.PASS
    assert found(after, Outcome.BLOCK) == set(case["expected"]["deny"])


def test_a_missing_scan_is_denied_as_in_conforma() -> None:
    (result,) = judge(
        [{"check": "evidence_completeness", "options": {"incomplete": "block"}}],
        evidence=EvidenceState(ScanState.UNSCANNED),
    )

    assert [reason.code for reason in result.reasons] == ["evidence.missing"]
    assert result.outcome is Outcome.BLOCK


# --- Dependency-Track: conditions -------------------------------------------------------------------------------------

_AT_LEAST = {"NUMERIC_GREATER_THAN_OR_EQUAL", "NUMERIC_GREATER_THAN"}
"""Our thresholds mean "at least"; the cases of "greater than" never sit on the threshold itself."""


def _conditions(subject: str) -> list[dict[str, Any]]:
    """Return the cases of one subject; identifiers, packages, versions and CWEs are for the policy language."""
    return [case for case in table("dependency-track-conditions.json")["cases"] if case["subject"] == subject]


def test_dependency_track_compares_epss_with_a_threshold() -> None:
    cases = [case for case in _conditions("EPSS") if case["operator"] in _AT_LEAST and case["actual"] is not None]

    for case in cases:
        chain: JsonValue = [{"check": "epss_threshold", "options": {"block_at": float(case["value"])}}]
        (result,) = judge(chain, finding(facts={"epss.score": case["actual"]}))
        assert (result.outcome is Outcome.BLOCK) is case["violation"], case
    assert len(cases) == 3


def test_a_missing_epss_score_counts_where_dependency_track_passes_it() -> None:
    """Dependency-Track never violates on a missing score; here only a source that nobody connected is not held up."""
    chain: JsonValue = [{"check": "epss_threshold", "options": {"block_at": 0.666}}]
    unscored = finding(facts={"epss.score": None})

    (with_feed,) = judge(chain, unscored)
    (without_feed,) = judge(chain, unscored, connected=never_connected())

    assert with_feed.outcome is Outcome.BLOCK
    assert without_feed.outcome is Outcome.SKIP


def test_a_threshold_that_is_no_number_is_refused_where_dependency_track_ignores_it() -> None:
    with pytest.raises(ChainRefused):
        chain_from_json([{"check": "epss_threshold", "options": {"block_at": "foo"}}], tier=Tier.STAGING)


def test_dependency_track_judges_by_the_age_of_the_publication() -> None:
    cases = [case for case in _conditions("AGE") if case["operator"] in _AT_LEAST]

    for case in cases:
        published = NOON - timedelta(days=case["actual"]["published_days_ago"])
        days = case["value"].removeprefix("P").lower()
        one = finding(severity=Severity.CRITICAL, facts={"vuln.published": published})
        (result,) = judge([aggregate({"critical": 0}, min_age=days)], one)
        assert (result.outcome is Outcome.BLOCK) is case["violation"], case
    assert len(cases) == 3


def test_dependency_track_judges_by_a_severity() -> None:
    cases = [case for case in _conditions("SEVERITY") if case["operator"] == "IS"]

    for case in cases:
        (result,) = judge([aggregate({"critical": 0})], finding(severity=Severity(case["actual"].lower())))
        assert (result.outcome is Outcome.BLOCK) is case["violation"], case
    assert len(cases) == 2


def test_the_checks_named_here_are_checks() -> None:
    named = {"cvss_threshold", "release_aggregate", "epss_threshold", "evidence_completeness"}

    assert named <= {kind.value for kind in CheckKind}
