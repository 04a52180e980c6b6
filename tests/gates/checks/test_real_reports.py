"""The presets on real reports, with a real EPSS day and the real KEV catalogue: strict, and no wall of red."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import pytest

from gates.checks.exit_codes import Decision
from gates.checks.presets import PresetName
from gates.deciding.decide import Decided
from policies.evidence.knowledge import KevKnowledge, Knowledge
from policies.importers.records import EpssDay, KevCatalogue
from policies.importers.registry import import_file, import_report
from tests.gates.decided import decide_report, knowing, nothing_known
from tests.real_data import real_data

PASS, WARN, BLOCK = Decision.PASS, Decision.WARN, Decision.BLOCK
UNDATED = datetime.fromisoformat("2026-02-01T00:00:00Z")


@cache
def _feeds() -> tuple[EpssDay, KevCatalogue]:
    epss = import_file(real_data("intel/epss_scores-2026-01-30-excerpt.csv").read_bytes())
    kev = import_file(real_data("intel/kev-2025-08.json").read_bytes())
    assert isinstance(epss, EpssDay)
    assert isinstance(kev, KevCatalogue)
    return epss, kev


def _known(at: datetime, names: Collection[str]) -> Knowledge:
    """Return what the feeds say of these vulnerabilities, as if read this hour."""
    epss, kev = _feeds()
    listed = {entry.cve: KevKnowledge(entry.due_date, entry.ransomware) for entry in kev.entries if entry.cve in names}
    return knowing(at, epss={cve: score for cve, score, _ in epss.rows() if cve in names}, kev=listed)


def decided(path: str, preset: PresetName, *, with_feeds: bool) -> Decided:
    content = real_data(path).read_bytes()
    report = import_report(content)
    at = (report.scanned_at or UNDATED) + timedelta(hours=1)
    names = {name for one in report.findings for name in (one.id, *one.aliases)}
    return decide_report(content, at=at, preset=preset, knowledge=_known(at, names) if with_feeds else nothing_known())


def reasons_of(answer: Decided) -> list[dict[str, Any]]:
    body: Any = answer.body
    return [{**reason, "check": check["check"]} for check in body["checks"] for reason in check["reasons"]]


def held_up_by(answer: Decided) -> set[str]:
    return {reason["code"] for reason in reasons_of(answer) if reason["outcome"] in {"warn", "block"}}


@dataclass(frozen=True)
class Row:
    """A report, and what it means to ship what it is about."""

    path: str
    production: Decision
    staging: Decision
    reasons: Sequence[str] = ()


TABLE = (
    Row("scans/trivy/all_statuses.json", PASS, PASS),
    Row("scans/trivy-golden/alpine-310.json", PASS, PASS),
    Row("scans/trivy-golden/npm.json", PASS, PASS),
    Row("scans/trivy-golden/alpine-39.json", BLOCK, BLOCK, ["policy.blocked", "aggregate.exceeded"]),
    Row("scans/trivy-golden/debian-buster.json", BLOCK, BLOCK, ["policy.blocked"]),
    Row("scans/trivy-golden/gomod.json", BLOCK, BLOCK, ["severity.unknown"]),
    Row("scans/anchore_grype/fix_not_available.json", BLOCK, WARN, ["policy.warned", "aggregate.exceeded"]),
    Row("scans/anchore_grype/no_vuln.json", BLOCK, WARN, ["evidence.scan_undated"]),
    Row("scans/cyclonedx/log4j.json", BLOCK, BLOCK, ["policy.blocked"]),
)


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.path)
def test_a_team_with_a_scanner_alone_gets_sensible_answers(row: Row) -> None:
    production = decided(row.path, PresetName.PRODUCTION, with_feeds=False)
    staging = decided(row.path, PresetName.STAGING, with_feeds=False)

    assert (production.combined.decision, staging.combined.decision) == (row.production, row.staging)
    assert set(row.reasons) <= held_up_by(production)


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.path)
def test_connecting_feeds_never_makes_an_answer_milder(row: Row) -> None:
    order = [PASS, WARN, BLOCK]
    for preset in PresetName:
        alone = decided(row.path, preset, with_feeds=False).combined.verdict
        informed = decided(row.path, preset, with_feeds=True).combined.verdict
        assert order.index(informed) >= order.index(alone)


@pytest.mark.parametrize("row", [row for row in TABLE if row.production is PASS], ids=lambda row: row.path)
def test_what_passes_without_feeds_is_not_blocked_by_real_ones(row: Row) -> None:
    production = decided(row.path, PresetName.PRODUCTION, with_feeds=True)

    assert production.combined.decision is not BLOCK, held_up_by(production)
    assert held_up_by(production) <= {"epss.threshold"}


def test_an_exploited_vulnerability_is_named_with_its_date_in_the_catalogue() -> None:
    production = decided("scans/cyclonedx/log4j.json", PresetName.PRODUCTION, with_feeds=True)

    listed = [reason for reason in reasons_of(production) if reason["check"] == "kev_blocker"]
    assert {reason["code"] for reason in listed} == {"kev.listed", "kev.no_cve"}
    assert any("CVE-2021-44228" in reason["text"] and "2021-12-24" in reason["text"] for reason in listed)


def test_findings_of_unknown_severity_are_named_with_what_removes_them() -> None:
    body: Any = decided("scans/trivy-golden/gomod.json", PresetName.PRODUCTION, with_feeds=False).body

    blocking = [finding for finding in body["findings"] if finding["outcome"] == "block"]
    assert {finding["severity"] for finding in blocking} == {"unknown"}
    assert all(finding["fixed_versions"] for finding in blocking)
