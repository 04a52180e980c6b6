"""Every real report against the counts others took of it."""

import csv
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from policies.importers.records import FindingKind, ImportedReport, SourceType
from policies.importers.refusals import ShapeInvalid
from policies.importers.registry import import_report
from tests.real_data import real_data

# Where the cross-check counts differ from the findings of an import, what ours are and why.
DIFFERENT = {
    "anchore_grype/same_cve_different_paths.json": (
        1,
        "one vulnerability of one package is one finding with two paths",
    ),
    "sarif/flawfinder.sarif": (49, "results that the tool itself marks as one are one finding with their lines"),
    "snyk/all-projects_many_vulns.json": (3, "one vulnerability of one package in two projects is one finding"),
    "trivy/kubernetes.json": (15, "a package in two workloads is one finding that names both"),
}

COUNTED = [
    "anchore_grype/anchore_grype_epss_problem.json",
    "anchore_grype/check_all_fields.json",
    "anchore_grype/fix_available.json",
    "anchore_grype/fix_not_available.json",
    "anchore_grype/many_vulns4.json",
    "anchore_grype/many_vulns_with_epss_values.json",
    "anchore_grype/no_vuln.json",
    "anchore_grype/same_cve_different_paths.json",
    "trivy/all_statuses.json",
    "trivy/cvss_severity_source.json",
    "trivy/cvssv4_severity_source.json",
    "trivy/issue_9333.json",
    "trivy/license_scheme.json",
    "trivy/scheme_2_many_vulns.json",
    "trivy/scheme_2_no_vuln.json",
    "trivy/severity_prio.json",
    "trivy-golden/alpine-310.json",
    "trivy-golden/alpine-39-high-critical.json",
    "trivy-golden/alpine-39-ignore-cveids.json",
    "trivy-golden/alpine-39.json",
    "trivy-golden/debian-buster-ignore-unfixed.json",
    "trivy-golden/debian-buster.json",
    "trivy-golden/dockerfile.json",
    "trivy-golden/gomod-vex.json",
    "trivy-golden/gomod.json",
    "trivy-golden/npm-with-suppressed.json",
    "trivy-golden/npm.json",
    "trivy-golden/secrets.json",
    "trivy-golden/spring4shell-jre8.json",
]
CROSS_CHECKED = [
    "anchore_grype/check_all_fields.json",
    "anchore_grype/fix_available.json",
    "anchore_grype/fix_not_available.json",
    "anchore_grype/many_vulns4.json",
    "anchore_grype/no_vuln.json",
    "anchore_grype/same_cve_different_paths.json",
    "cyclonedx/issue_8022.json",
    "cyclonedx/log4j.json",
    "cyclonedx/no-severity.json",
    "cyclonedx/valid-vulnerability-1.4.json",
    "govulncheck/many_vulns_new_version.json",
    "govulncheck/no_vulns.json",
    "osv_scanner/some_findings.json",
    "sarif/SuppressionTestCurrent.sarif",
    "sarif/appendix_k.sarif",
    "sarif/appendix_k1.sarif",
    "sarif/appendix_k2.sarif",
    "sarif/appendix_k3.sarif",
    "sarif/appendix_k4.sarif",
    "sarif/flawfinder.sarif",
    "sarif/taint-python-report.sarif",
    "snyk/all-projects_many_vulns.json",
    "snyk/single_project_no_vulns.json",
    "snyk/single_project_one_vuln.json",
    "trivy/all_statuses.json",
    "trivy/cvss_severity_source.json",
    "trivy/cvssv4_severity_source.json",
    "trivy/issue_9333.json",
    "trivy/kubernetes.json",
    "trivy/license_scheme.json",
    "trivy/scheme_2_many_vulns.json",
    "trivy/severity_prio.json",
]
INVENTORIES = {
    "sbom/cern-lhc-vdm-editor-e564943__bom.json": 43,
    "sbom/guac__alpine-cyclonedx.json": 15,
    "sbom/guac__distroless-cyclonedx.json": 3,
    "sbom/guac__small-deps-cyclonedx.json": 2,
    "sbom/laravel-7.12.0__bom.1.4.json": 62,
    "sbom/proton-bridge__proton-bridge-v1.6.3.bom.json": 201,
    "sbom/proton-bridge__proton-bridge-v1.8.0.bom.json": 201,
    "vex/cyclonedx/bom.json": 3,
}
# XML is another format; an empty file is refused, because a scan that found nothing still says so.
UNCOUNTED = {"cyclonedx/valid-vulnerability-1.4.xml", "osv_scanner/no_findings.json"}
# Nothing in them says that a scan was made.
REFUSED = {"no_runs.sarif": "/runs"}
FOLDERS = ("anchore_grype/", "cyclonedx/", "govulncheck/", "osv_scanner/", "sarif/", "snyk/", "trivy/")


def _scan(path: str) -> ImportedReport:
    return import_report(real_data(f"scans/{path}").read_bytes())


@pytest.mark.parametrize("path", COUNTED)
def test_the_raw_rows_of_a_report_agree_with_the_plain_counts(path: str) -> None:
    wanted = json.loads(real_data("scans/COUNTS_trivy_grype.json").read_bytes())[path]

    report = _scan(path)

    rows = [row for row in report.fidelity.rows if row.kind is FindingKind.VULNERABILITY]
    assert {row.label: row.count for row in rows if row.count} == wanted["by_severity"]
    assert sum(row.count for row in rows) == wanted["vulnerabilities"]
    assert sum(row.with_fix for row in rows) == wanted["fixed"]


def test_every_plain_count_is_compared() -> None:
    assert sorted(json.loads(real_data("scans/COUNTS_trivy_grype.json").read_bytes())) == sorted(COUNTED)


@pytest.mark.parametrize("path", CROSS_CHECKED)
def test_the_findings_of_a_report_agree_with_the_cross_check_or_differ_for_a_reason(path: str) -> None:
    with real_data("scans/EXPECTED_COUNTS.csv").open(encoding="utf-8") as stream:
        wanted = {row["file"]: int(row["defectdojo_findings"]) for row in csv.DictReader(stream)}

    report = _scan(path)

    ours, _reason = DIFFERENT.get(path, (wanted[f"scans/{path}"], ""))
    assert len(report.findings) == ours
    assert (path in DIFFERENT) == (ours != wanted[f"scans/{path}"])


def test_every_cross_check_of_these_formats_is_compared() -> None:
    with real_data("scans/EXPECTED_COUNTS.csv").open(encoding="utf-8") as stream:
        files = [row["file"].removeprefix("scans/") for row in csv.DictReader(stream)]

    ours = [name for name in files if name.startswith(FOLDERS) and name not in UNCOUNTED]

    assert sorted(ours) == sorted(CROSS_CHECKED)


@pytest.mark.parametrize("path, components", INVENTORIES.items())
def test_a_real_inventory_is_complete_and_is_no_scan(path: str, components: int) -> None:
    content = real_data(path).read_bytes()

    report = import_report(content)

    assert len(json.loads(content)["components"]) == len(report.components) == components
    assert (report.source_type, report.findings, report.claims) == (SourceType.SBOM, (), ())


# The product that a document describes is what the others are parts of, so it is not counted among them.
DESCRIBED = {
    "sbom/guac__alpine-small-spdx.json": 3,
    "sbom/guac__alpine-spdx.json": 14,
    "sbom/spdx__presentations__OSS-NA-2023__SPDXVersion2.3__04-SBOMwSecurity.json": 2,
    "sbom/spdx__software__example10__spdx2.3__hello-source.spdx.json": 1,
    "sbom/spdx__software__example11__spdx2.3__sbom.spdx.json": 4,
    "sbom/spdx__software__example8__spdx2.3__examplemaven-0.0.1.spdx.json": 6,
    "scans/trivy-golden/conda-spdx.json": 3,
    "vex/openvex/vexctl__examples__csaf__sbom.spdx.json": 3,
}
WITHOUT_PRODUCT = {"sbom/guac__alpine-small-spdx.json", "sbom/guac__alpine-spdx.json"}


@pytest.mark.parametrize("path, packages", DESCRIBED.items())
def test_a_real_spdx_inventory_is_complete_but_for_its_product(path: str, packages: int) -> None:
    content = real_data(path).read_bytes()

    report = import_report(content)

    assert len(json.loads(content)["packages"]) == packages
    assert len(report.components) == packages - (path not in WITHOUT_PRODUCT)
    assert (report.source_type, report.findings, report.claims) == (SourceType.SBOM, (), ())
    assert report.subject.is_stated


def _reports() -> Iterator[Path]:
    patterns = (
        "scans/trivy/*.json",
        "scans/trivy-golden/*.json",
        "scans/anchore_grype/*.json",
        "scans/cyclonedx/*.json",
        "scans/govulncheck/*.json",
        "scans/osv_scanner/*.json",
        "policy-cases/osv-delta/test-*.json",
        "policy-cases/osv-filter/all/input.json",
        "policy-cases/osv-filter/none/*.json",
        "scans/sarif/*.sarif",
        "scans/sarif-nginx-3-scanners/*.json",
        "scans/snyk/*.json",
        "scans/trivy-golden/*.sarif",
    )
    for pattern in (*patterns, "sbom/*.json", "vex/cyclonedx/*.json"):
        folder, _, name = pattern.rpartition("/")
        yield from sorted(real_data(folder).glob(name))


def test_every_real_report_of_these_formats_is_imported_and_totally_ordered() -> None:
    formats: Counter[str] = Counter()

    for path in _reports():
        content = path.read_bytes()
        if b"openvex.dev" in content or b'"scorecard"' in content or not content or path.name in REFUSED:
            continue
        report = import_report(content)
        formats[report.format] += 1
        keys = [finding.key for finding in report.findings]
        assert keys == sorted(set(keys)), path.name
        assert list(report.components) == sorted(report.components, key=lambda one: one.key), path.name
        assert import_report(content) == report, path.name

    assert formats == {
        "trivy": 22,
        "grype": 8,
        "cyclonedx": 36,
        "sarif": 13,
        "spdx": 7,
        "osv-scanner": 7,
        "snyk": 3,
        "govulncheck": 1,
        "govulncheck-graphs": 1,
    }


@pytest.mark.parametrize("name, place", REFUSED.items())
def test_a_real_file_that_proves_no_scan_is_refused_with_its_place(name: str, place: str) -> None:
    (path,) = [path for path in _reports() if path.name == name]

    with pytest.raises(ShapeInvalid) as refusal:
        import_report(path.read_bytes())

    assert refusal.value.faults[0].pointer == place


def test_two_releases_of_one_product_differ_in_a_few_components() -> None:
    before, after = (
        {
            one.key
            for one in import_report(
                real_data(f"sbom/proton-bridge__proton-bridge-{name}.bom.json").read_bytes()
            ).components
        }
        for name in ("v1.6.3", "v1.8.0")
    )

    assert before & after
    assert before - after
    assert after - before


def test_the_chosen_severities_of_real_findings_name_their_authors() -> None:
    explanations = {finding.id: finding.explanation for finding in _scan("trivy/severity_prio.json").findings}

    # Trivy's own `Severity` says LOW for the first; the rating of the source it names says medium, and that counts.
    assert explanations == {
        "CVE-2023-46218": "severity medium from ubuntu; CVSS 6.5 (v3.1) from nvd",
        "CVE-2023-37920": "severity critical from ghsa; CVSS 7.5 (v3.1) from ghsa",
    }
