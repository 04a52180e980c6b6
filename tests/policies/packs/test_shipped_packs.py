"""The shipped packs: without a warning, each rule tested, and sensible for a team that has nothing but a scanner."""

from collections import Counter
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest

from policies.evidence.assembly import assemble
from policies.evidence.knowledge import Knowledge
from policies.importers.facts import finding_facts
from policies.importers.registry import import_report
from policies.language.compilation import CompileResult, compile_pack, run_tests
from policies.language.formatter import format_source
from policies.language.program import Program
from policies.language.source import Source
from policies.language.types import Facts
from policies.language.verdict import Status
from tests.real_data import real_data

PACKS = Path(__file__).parents[3] / "policies" / "packs"
NAMES = sorted(path.name for path in PACKS.iterdir() if path.is_dir())
AT = datetime(2026, 6, 15, 12, 0, tzinfo=UTC)
VULNERABILITY: Facts = {"finding.kind": "vulnerability", "vex.status": "none", "vex.statements": (), "run.at": AT}


@cache
def compiled(name: str) -> CompileResult:
    """Return a shipped pack, compiled."""
    files = sorted((PACKS / name).glob("*.stella"))
    return compile_pack([Source(path.name, path.read_text(encoding="utf-8")) for path in files])


def program(name: str) -> Program:
    """Return the program of a shipped pack."""
    found = compiled(name).program
    assert found is not None, compiled(name).diagnostics
    return found


def status(name: str, **facts: object) -> Status:
    """Return what a pack says of a vulnerability with these facts; `__` stands for the point of a path."""
    more = {path.replace("__", "."): value for path, value in facts.items()}
    return program(name).evaluate({**VULNERABILITY, **more}).status  # type: ignore[dict-item] # values of the catalogue


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_pack_compiles_strictly_and_without_a_warning(name: str) -> None:
    assert compiled(name).diagnostics == ()
    assert program(name).settings.strict


@pytest.mark.parametrize("name", NAMES)
def test_every_rule_and_every_condition_of_a_shipped_pack_is_tested(name: str) -> None:
    report = run_tests(compiled(name))

    assert [failure for result in report.results for failure in result.failures] == []
    assert (report.rule_coverage, report.condition_coverage) == (100, 100)


@pytest.mark.parametrize("path", sorted(PACKS.glob("*/*.stella")), ids=lambda path: path.name)
def test_a_shipped_pack_is_laid_out_by_the_formatter(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    assert format_source(text, path.name) == text


@pytest.mark.parametrize("name", NAMES)
def test_an_accepted_dismissal_is_heard_and_silence_is_none(name: str) -> None:
    critical = {"severity__normalized": "critical", "advisory__fix_available": True}

    assert status(name, **critical, vex__status="not_affected") is Status.IGNORED
    assert status(name, **critical, vex__status="under_investigation") is Status.BLOCKED
    assert status(name, **critical) is Status.BLOCKED


@pytest.mark.parametrize("severity", ["critical", "high", "medium", "low", "none"])
def test_no_pack_is_milder_than_baseline(severity: str) -> None:
    for fixable in (True, False):
        facts = {"severity__normalized": severity, "advisory__fix_available": fixable, "kev__listed": False}

        assert status("strict", **facts).restrictiveness >= status("baseline", **facts).restrictiveness


@pytest.mark.parametrize("name", NAMES)
def test_a_feed_that_was_never_connected_leaves_nothing_undecided(name: str) -> None:
    for severity in ("critical", "high", "medium", "low"):
        verdict = program(name).evaluate(
            {**VULNERABILITY, "severity.normalized": severity, "advisory.fix_available": False}
        )

        assert not verdict.undecided


@pytest.mark.parametrize("name", NAMES)
def test_what_is_exploited_is_blocked_whatever_its_severity(name: str) -> None:
    for severity in ("critical", "high", "medium", "low"):
        assert status(name, severity__normalized=severity, kev__listed=True) is Status.BLOCKED


def _scanner_only(report: str) -> list[Facts]:
    """Return the findings of a real report as a team knows them that connected no feed."""
    imported = import_report(real_data(f"scans/{report}").read_bytes())
    nothing = Knowledge(epss={}, kev={}, feeds={})
    return [
        assemble(finding_facts(finding), circumstances={"run.at": AT}, knowledge=nothing)
        for finding in imported.findings
    ]


@pytest.mark.parametrize(
    "report,worst",
    [
        ("trivy/scheme_2_no_vuln.json", Status.PASS),
        ("trivy-golden/alpine-310.json", Status.PASS),
        ("trivy-golden/dockerfile.json", Status.WARNED),
        ("trivy-golden/secrets.json", Status.BLOCKED),
        ("trivy-golden/npm.json", Status.PASS),
        ("trivy/all_statuses.json", Status.PASS),
        ("cyclonedx/log4j.json", Status.BLOCKED),
    ],
)
def test_the_first_day_with_a_scanner_alone_is_no_wall_of_red(report: str, worst: Status) -> None:
    verdicts = [program("baseline").evaluate(facts) for facts in _scanner_only(report)]

    found = max((verdict.status for verdict in verdicts), key=lambda one: one.restrictiveness, default=Status.PASS)

    assert found is worst, Counter(verdict.status.value for verdict in verdicts)
    assert [verdict for verdict in verdicts if verdict.undecided] == []
