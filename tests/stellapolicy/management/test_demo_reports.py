"""The reports that the README asks the gate about."""

from policies.importers.registry import import_report
from tests.processes import ROOT

REPORTS = sorted((ROOT / "stellapolicy" / "management" / "demo_reports").glob("*.json"))


def test_each_report_is_about_an_artifact_of_its_own() -> None:
    reports = [import_report(path.read_bytes().replace(b"@SCANNED_AT@", b"2026-03-02T12:00:00Z")) for path in REPORTS]

    assert len(reports) == 4
    assert len({report.subject.digests for report in reports}) == len(reports)
    assert len({report.subject.name for report in reports}) == len(reports)
