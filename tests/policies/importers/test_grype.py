import pytest

from policies.importers.records import FixState, SourceType, SuppressedBy, VexStatus
from policies.importers.refusals import ShapeInvalid
from policies.importers.registry import import_report
from stellapolicy.kernel.severity import Severity
from tests.policies.importers.reports import (
    Json,
    grype_match,
    grype_of,
    grype_report,
    imported,
    only_finding,
)
from tests.real_data import real_data

NVD_SCORE = {
    "source": "nvd@nist.gov",
    "version": "3.1",
    "vector": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
    "metrics": {"baseScore": 9.8},
}


def _ignored(*rules: Json) -> Json:
    return grype_report(matches=[], ignoredMatches=[grype_match(appliedIgnoreRules=list(rules))])


def test_a_report_says_whom_it_is_about_and_how_old_its_database_is() -> None:
    report = imported(grype_report())

    assert report.subject.digests == (f"sha256:{'2' * 64}",)
    assert report.subject.image_id == f"sha256:{'1' * 64}"
    assert report.source_type is SourceType.SCAN
    assert report.db_built_at is not None
    assert report.db_built_at.isoformat() == "2031-01-01T00:00:00+00:00"
    assert (report.tool, report.tool_version) == ("grype", "0.94.0")


def test_a_directory_is_named_and_has_no_digest() -> None:
    report = imported(grype_report(source={"type": "directory", "target": '"."'}))

    assert (report.subject.name, report.subject.kind, report.subject.digests) == (".", "directory", ())


def test_the_distributions_negligible_is_low_and_nvd_lends_its_cvss() -> None:
    finding = only_finding(grype_report())

    assert finding.explanation == "severity low from debian; CVSS 7.5 (v3.1) from nvd"
    assert finding.key == "vulnerability|CVE-2031-1000|pkg:deb/debian/libexample@1.0-1|"
    assert finding.component.licenses == ("MIT",)


def test_an_advisory_of_github_is_shown_by_its_cve() -> None:
    match = grype_match()
    match["vulnerability"] |= {"id": "GHSA-aaaa-bbbb-cccc", "namespace": "github:language:python", "severity": "High"}

    finding = only_finding(grype_report(match))

    assert (finding.id, finding.aliases) == ("CVE-2031-1000", ("GHSA-aaaa-bbbb-cccc",))
    assert (finding.severity, finding.severity_source) == (Severity.HIGH, "ghsa")


def test_an_advisory_that_covers_several_vulnerabilities_is_one_finding_for_each() -> None:
    match = grype_match()
    related = match["relatedVulnerabilities"][0]
    match["vulnerability"] |= {"id": "ALAS2-2031-7", "namespace": "amazon:distro:amazonlinux:2", "severity": "Critical"}
    match["relatedVulnerabilities"] = [related, related | {"id": "CVE-2031-2000"}]

    report = imported(grype_report(match))

    assert [finding.id for finding in report.findings] == ["CVE-2031-1000", "CVE-2031-2000"]
    assert {finding.detail_of("advisories") for finding in report.findings} == {"ALAS2-2031-7"}
    assert {finding.severity for finding in report.findings} == {Severity.CRITICAL}
    assert all(finding.aliases == () for finding in report.findings)


def test_an_advisory_without_any_cve_stays_itself() -> None:
    assert only_finding(grype_of(id="ELSA-2031-7", namespace="oracle:distro:oraclelinux:8")).id == "ELSA-2031-7"


def test_an_unknown_severity_is_unknown_and_never_none() -> None:
    finding = only_finding(grype_of(severity="Unknown"))

    assert finding.severity is Severity.UNKNOWN


def test_a_score_that_nvd_hands_on_is_nvds_until_it_has_its_own() -> None:
    handed_on = NVD_SCORE | {"source": "cve@mitre.org", "metrics": {"baseScore": 2.5}}

    alone = only_finding(grype_of(namespace="nvd:cpe", severity="Low", cvss=[handed_on]))
    beside = only_finding(grype_of(namespace="nvd:cpe", severity="Critical", cvss=[handed_on, NVD_SCORE]))

    assert alone.explanation == "severity low from nvd; CVSS 2.5 (v3.1) from nvd"
    assert beside.explanation == "severity critical from nvd; CVSS 9.8 (v3.1) from nvd"


def test_a_fix_that_will_not_come_is_told_from_one_that_is_unknown() -> None:
    refused = only_finding(grype_of(fix={"state": "wont-fix", "versions": ["2"]}))
    silent = only_finding(grype_of(fix={"state": "", "versions": []}))

    assert (refused.fix_state, refused.fixed_versions) == (FixState.WONT_FIX, ("2",))
    assert silent.fix_state is FixState.UNKNOWN


def test_an_ignored_match_is_a_finding_suppressed_by_the_scanner() -> None:
    report = imported(_ignored({"vulnerability": "CVE-2031-1000", "package": {"name": "libexample", "type": ""}}))

    (finding,) = report.findings
    assert finding.suppressed_by is SuppressedBy.SCANNER
    assert finding.suppression_statement == "package.name=libexample, vulnerability=CVE-2031-1000"
    assert (report.fidelity.rows[0].count, report.fidelity.rows[0].suppressed) == (0, 1)


def test_an_ignored_match_without_any_rule_is_suppressed_by_the_scanner() -> None:
    assert only_finding(_ignored()).suppressed_by is SuppressedBy.SCANNER


def test_a_match_that_vex_ignored_is_a_finding_and_an_ordinary_claim() -> None:
    rule = {
        "namespace": "vex",
        "vex-status": "not_affected",
        "vex-justification": "vulnerable_code_not_present",
        "reason": "",
    }

    report = imported(_ignored(rule))

    (finding,), (claim,) = report.findings, report.claims
    assert finding.suppressed_by is SuppressedBy.NOBODY
    assert (claim.status, claim.justification) == (VexStatus.NOT_AFFECTED, "vulnerable_code_not_present")
    assert claim.vulnerability == "CVE-2031-1000"


def test_more_ignores_never_switch_vex_off() -> None:
    vex = {"namespace": "vex", "vex-status": "fixed"}

    report = imported(_ignored(vex, {"vulnerability": "CVE-2031-1000"}))

    assert report.findings[0].suppressed_by is SuppressedBy.SCANNER
    assert [claim.status for claim in report.claims] == [VexStatus.FIXED]


def test_a_vex_status_nobody_knows_is_a_suppression_and_no_claim() -> None:
    report = imported(_ignored({"vex-status": "harmless"}))

    assert report.claims == ()
    assert report.findings[0].suppressed_by is SuppressedBy.SCANNER


KERNEL_HEADERS = {"vulnerability": "", "package": {"name": "kernel-headers", "upstream-name": "kernel"}}


@pytest.mark.parametrize(
    "configuration, reasons",
    [
        ({"only-fixed": True}, ("only findings with a fix (only-fixed)",)),
        ({"only-notfixed": True}, ("only findings without a fix (only-notfixed)",)),
        ({"ignore-wontfix": "wont-fix"}, ("no findings that will not be fixed (ignore-wontfix)",)),
        ({"exclude": ["./vendor/**"]}, ("paths left out of the scan: ./vendor/**",)),
        (
            {"ignore": [{"vulnerability": "CVE-2031-1", "package": {}}, KERNEL_HEADERS]},
            ("ignore rules, their matches not listed: vulnerability=CVE-2031-1",),
        ),
        ({"ignore": [KERNEL_HEADERS], "only-fixed": False, "ignore-wontfix": "", "fail-on-severity": "high"}, ()),
    ],
)
def test_filters_a_report_admits_to_make_the_evidence_partial(configuration: Json, reasons: tuple[str, ...]) -> None:
    report = imported(grype_report(descriptor={"name": "grype", "configuration": configuration}))

    assert report.fidelity.partial_reasons == reasons


def test_ignore_rules_whose_matches_are_listed_left_nothing_out() -> None:
    descriptor = {
        "name": "grype",
        "configuration": {"ignore": [{"vulnerability": "CVE-2031-1000"}], "only-fixed": True},
    }

    report = imported(_ignored({"vulnerability": "CVE-2031-1000"}) | {"descriptor": descriptor})

    assert not report.fidelity.is_partial
    assert len(report.findings) == 1


def test_what_grype_knew_of_epss_and_kev_is_recorded_and_no_more() -> None:
    epss = [{"cve": "CVE-2031-1000", "epss": 0.5, "percentile": 0.9, "date": "2031-01-01"}]

    finding = only_finding(grype_of(epss=epss, knownExploited=[{"cve": "CVE-2031-1000"}]))

    assert finding.detail_of("scanner_epss") == "CVE-2031-1000=0.5 on 2031-01-01"
    assert finding.detail_of("scanner_kev") == "CVE-2031-1000"


def test_licences_written_as_objects_are_read() -> None:
    match = grype_match()
    match["artifact"]["licenses"] = [{"value": "MIT License", "spdxExpression": "MIT"}, {"value": "Custom"}]

    assert only_finding(grype_report(match)).component.licenses == ("Custom", "MIT")


@pytest.mark.parametrize(
    "report, pointer",
    [
        (grype_report(matches={}), "/matches"),
        (grype_of(id=""), "/matches/0/vulnerability/id"),
        (grype_of(cvss=[{"metrics": {"baseScore": "9"}}]), "/matches/0/vulnerability/cvss/0/metrics/baseScore"),
        (grype_of(fix={"versions": "1"}), "/matches/0/vulnerability/fix/versions"),
        (grype_report(grype_match(artifact=None)), "/matches/0/artifact/name"),
    ],
)
def test_a_wrong_value_is_refused_at_its_place(report: Json, pointer: str) -> None:
    with pytest.raises(ShapeInvalid) as refusal:
        imported(report)

    assert [fault.pointer for fault in refusal.value.faults] == [pointer]


def test_one_vulnerability_in_two_places_of_a_real_image_is_one_finding_with_both_paths() -> None:
    report = import_report(real_data("scans/anchore_grype/same_cve_different_paths.json").read_bytes())

    (finding,) = report.findings
    assert finding.paths == ("/lib/x86_64-linux-gnu/libc.so.6", "/usr/lib/x86_64-linux-gnu/libc.so.6")
    assert report.fidelity.merged_rows == 1
