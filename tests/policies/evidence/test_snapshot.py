"""A snapshot is its sources, in any order, and nothing else."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from policies.evidence.content import content_digest
from policies.evidence.snapshot import Source, compose
from policies.importers.registry import import_report
from stellapolicy.kernel import digest
from tests.reports import HARMLESS, KEV_CRITICAL, Vuln, digest_of, trivy

AT = datetime(2026, 3, 1, tzinfo=UTC)
ARTIFACT = digest_of("shop")


def source(*vulns: Vuln, hours: int = 0) -> Source:
    content = trivy("shop", vulns, scanned_at=AT + timedelta(hours=hours))
    return Source(digest.of_bytes(content), import_report(content), subject_stated=True)


def test_the_same_sources_in_another_order_are_the_same_snapshot() -> None:
    one, other = source(HARMLESS), source(KEV_CRITICAL)

    assert compose(ARTIFACT, [one, other]) == compose(ARTIFACT, [other, one])


def test_another_source_is_another_snapshot() -> None:
    assert compose(ARTIFACT, [source(HARMLESS)]).name != compose(ARTIFACT, [source(KEV_CRITICAL)]).name


def test_another_artifact_is_another_snapshot() -> None:
    assert compose(ARTIFACT, [source(HARMLESS)]).name != compose(digest_of("other"), [source(HARMLESS)]).name


def test_two_reports_of_one_finding_are_one_finding() -> None:
    composed = compose(ARTIFACT, [source(KEV_CRITICAL), source(KEV_CRITICAL, hours=1)])

    assert [stored.identifier for stored in composed.findings] == [KEV_CRITICAL.id]


def test_any_change_of_a_fact_changes_the_content_digest() -> None:
    composed = compose(ARTIFACT, [source(KEV_CRITICAL)])
    (finding,) = composed.findings
    changed = replace(finding, facts={**finding.facts, "severity.normalized": "low"})

    before = content_digest([finding], composed.claims, components=composed.components_digest)
    after = content_digest([changed], composed.claims, components=composed.components_digest)

    assert before == composed.content_digest != after


def test_the_latest_complete_scan_dates_the_evidence() -> None:
    composed = compose(ARTIFACT, [source(HARMLESS), source(KEV_CRITICAL, hours=5)])

    assert composed.evidence["scan"] == "complete"
    assert composed.evidence["scanned_at"] == "2026-03-01T05:00:00Z"
