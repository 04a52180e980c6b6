"""One image, several scanners: what a SARIF report names by name and version is what others name in full."""

import itertools

import pytest

from policies.importers.merge import merge_reports
from policies.importers.records import Finding, FixState
from policies.importers.registry import import_report
from tests.policies.importers.reports import Json, grype_report, imported, only_finding, trivy_of, trivy_report
from tests.policies.importers.sarif_reports import (
    grype_sarif,
    only_result,
    sarif_report,
    snyk_sarif,
    spot,
    trivy_sarif,
)
from tests.real_data import real_data

DEBIAN = "pkg:deb/debian/libexample@1.0-1"
NGINX = "scans/sarif-nginx-3-scanners/nginx-{}.sarif.json"


def test_a_package_of_trivy_is_named_by_its_sentences() -> None:
    finding = only_finding(trivy_sarif())

    assert finding.key == "vulnerability|CVE-2031-1000|libexample@1.0-1|"
    assert (finding.fixed_versions, finding.fix_state) == (("1.0-2",), FixState.FIXED)
    assert finding.explanation == "severity high from trivy; no CVSS"


@pytest.mark.parametrize(
    "file, name, purl",
    [
        ("app/package-lock.json", "@acme/a", "pkg:npm/%40acme/a@1.0"),
        ("go.mod", "example.com/a", "pkg:golang/example.com/a@1.0"),
        ("lib/a.jar", "org.example:a", "pkg:maven/org.example/a@1.0"),
        ("lib/a.jar", "a", ""),
        ("deps.unheard-of", "a", ""),
    ],
)
def test_a_lock_file_says_what_kind_of_package_trivy_means(file: str, name: str, purl: str) -> None:
    report = trivy_sarif(name, "1.0")
    run = report["runs"][0]
    run["tool"]["driver"]["rules"][0]["name"] = "LanguageSpecificPackageVulnerability"
    run["results"][0]["locations"] = [spot(file, 1)]

    component = only_finding(report).component

    assert (component.purl, component.paths) == (purl, (file,))


def test_a_package_of_grype_is_the_one_of_the_result_and_not_of_its_rule() -> None:
    finding = only_finding(grype_sarif("2.0-1"))

    assert finding.component.purl == "pkg:deb/debian/libexample@2.0-1"
    assert finding.component.paths == ("/var/lib/dpkg/status",)
    assert (finding.explanation, finding.advisory_source) == ("severity low from debian; no CVSS", "debian")


def test_the_subject_of_grype_is_the_image_its_places_name() -> None:
    assert imported(grype_sarif()).subject.digests == (f"sha256:{'2' * 64}",)


@pytest.mark.parametrize(
    "text, manager, key, aliases",
    [
        ("(CVE-2031-1000) example/libexample@1.0-1", "deb", DEBIAN, ("SNYK-DEBIAN12-EXAMPLE-1",)),
        ("(CVE-2031-1000) org.example:a@1.0", "maven", "pkg:maven/org.example/a@1.0", ("SNYK-DEBIAN12-EXAMPLE-1",)),
        ("(CVE-2031-1000) example/libexample@1.0-1", "rpm", "rpm/libexample@1.0-1", ("SNYK-DEBIAN12-EXAMPLE-1",)),
        ("(CVE-2031-1000, CVE-2031-2000) a@1", "npm", "pkg:npm/a@1", ("CVE-2031-2000", "SNYK-DEBIAN12-EXAMPLE-1")),
    ],
)
def test_a_package_of_snyk_is_the_one_that_is_installed(
    text: str, manager: str, key: str, aliases: tuple[str, ...]
) -> None:
    finding = only_finding(snyk_sarif(text, manager))

    assert (finding.id, finding.component.key, finding.aliases) == ("CVE-2031-1000", key, aliases)
    assert (finding.explanation, finding.cwes) == ("severity low from snyk; no CVSS", ("CWE-400",))


def test_snyk_names_a_vulnerability_without_cve_by_its_own_id() -> None:
    assert only_finding(snyk_sarif("a@1", "npm")).id == "SNYK-DEBIAN12-EXAMPLE-1"


def test_a_package_of_osv_scanner_is_named_by_its_message() -> None:
    message = "Package '@acme/a@1.0' is vulnerable to 'CVE-2031-1000' (also known as 'GHSA-aaaa-bbbb-cccc')."
    rule = {"id": "CVE-2031-1000", "deprecatedIds": ["CVE-2031-1000", "GHSA-aaaa-bbbb-cccc"]}

    finding = only_result(
        rule, "osv-scanner", ruleId="CVE-2031-1000", message={"text": message}, locations=[spot("yarn.lock", 1)]
    )

    assert (finding.component.purl, finding.aliases) == ("pkg:npm/%40acme/a@1.0", ("GHSA-aaaa-bbbb-cccc",))


@pytest.mark.parametrize("tool", ["Trivy", "Grype", "Snyk Container", "osv-scanner"])
def test_a_sentence_that_does_not_fit_names_no_package(tool: str) -> None:
    finding = only_result(
        {"id": "CVE-2031-1000"}, tool, ruleId="CVE-2031-1000", message={"text": "Package: \nnonsense"}
    )

    assert finding.key == "vulnerability|CVE-2031-1000||src/shop.py"


def _only(*reports: Json) -> Finding:
    (finding,) = merge_reports([imported(report) for report in reports]).findings
    return finding


def test_three_sarif_reports_of_one_package_are_one_finding() -> None:
    finding = _only(trivy_sarif(), grype_sarif(), snyk_sarif())

    assert (finding.sources, finding.component.purl) == (("grype", "snyk", "trivy"), DEBIAN)
    assert finding.aliases == ("SNYK-DEBIAN12-EXAMPLE-1",)
    assert finding.severity_source == "debian"


def test_a_sarif_row_without_purl_joins_the_json_finding_of_the_same_package() -> None:
    for report in (trivy_report(), grype_report()):
        finding = _only(trivy_sarif(), report)

        assert finding.component.key == DEBIAN
        assert finding.aliases == ()


def test_an_epoch_and_the_v_of_go_do_not_keep_a_name_from_its_package() -> None:
    purls = {"1:1.0-1": "pkg:deb/debian/libexample@1.0-1?epoch=1", "1.2.3": "pkg:golang/example.com/a@v1.2.3"}
    for version, purl in purls.items():
        name = "libexample" if "deb" in purl else "example.com/a"
        full = trivy_of(PkgIdentifier={"PURL": purl}, PkgName=name)

        assert _only(trivy_sarif(name, version), full).component.purl == purl


def test_another_version_is_another_package() -> None:
    merged = merge_reports([imported(trivy_sarif(version="1.0-2")), imported(trivy_report())])

    assert len(merged.findings) == 2


def _npm_and_pypi(identifier: str) -> list[Json]:
    return [
        trivy_of(PkgName="libexample", PkgIdentifier={"PURL": purl}, VulnerabilityID=name)
        for purl, name in (
            ("pkg:npm/libexample@1.0-1", identifier),
            ("pkg:pypi/libexample@1.0-1", "CVE-2031-3000"),
        )
    ]


def test_of_two_packages_of_one_name_it_is_the_one_with_the_same_vulnerability() -> None:
    merged = merge_reports([imported(one) for one in (trivy_sarif(), *_npm_and_pypi("CVE-2031-1000"))])

    assert [finding.component.type for finding in merged.findings] == ["npm", "pypi"]


def test_a_name_that_could_be_two_packages_stays_a_name() -> None:
    merged = merge_reports([imported(one) for one in (trivy_sarif(), *_npm_and_pypi("CVE-2031-2000"))])

    assert [finding.component.purl for finding in merged.findings if finding.id == "CVE-2031-1000"] == [""]


def test_a_stated_type_is_believed() -> None:
    merged = merge_reports(
        [imported(snyk_sarif("(CVE-2031-1000) x/libexample@1.0-1", "rpm")), imported(trivy_report())]
    )

    assert len(merged.findings) == 2


def test_runs_of_two_scanners_in_one_file_are_merged_too() -> None:
    report = imported(sarif_report(trivy_sarif()["runs"][0], grype_sarif()["runs"][0]))

    (finding,) = report.findings
    assert (report.tool, finding.sources, finding.component.key) == ("grype + trivy", ("grype", "trivy"), DEBIAN)
    assert [component.key for component in report.components] == [DEBIAN]


def test_three_scanners_of_one_image_agree_and_nothing_is_found_twice() -> None:
    reports = [import_report(real_data(NGINX.format(name)).read_bytes()) for name in ("trivy", "grype", "snyk")]

    merged = merge_reports(reports)

    # Trivy and Grype found the same 99; Snyk names one binary of each source package, 64 of these, and one of its own.
    agreed = [finding.sources for finding in merged.findings]
    assert (agreed.count(("grype", "snyk", "trivy")), agreed.count(("grype", "trivy"))) == (64, 35)
    assert [finding.id for finding in merged.findings if finding.sources == ("snyk",)] == ["CVE-2023-0634"]
    assert len(merged.findings) == 100
    assert all(component.purl for component in merged.components)
    assert {report.subject.digests for report in reports} == {reports[0].subject.digests}


def test_the_order_of_the_three_reports_changes_nothing() -> None:
    reports = [import_report(real_data(NGINX.format(name)).read_bytes()) for name in ("trivy", "grype", "snyk")]

    merged = {repr(merge_reports(order)) for order in itertools.permutations(reports)}

    assert len(merged) == 1
    assert merge_reports([*reports, *reports]) == merge_reports(reports)
