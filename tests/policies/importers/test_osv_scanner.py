import pytest

from policies.importers.merge import merge_reports
from policies.importers.records import FindingKind, FixState, ReachabilityState, SourceType
from policies.importers.refusals import FormatUnknown, ImportRefused
from stellapolicy.kernel.severity import Severity
from tests.policies.importers.reports import Json, imported, only_finding, trivy_of

VECTOR = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"


def osv_entry(identifier: str = "GHSA-aaaa-bbbb-cccc", **changes: object) -> Json:
    """Return a record of the OSV schema about the example package."""
    row: Json = {
        "id": identifier,
        "aliases": ["CVE-2031-1000"],
        "summary": "An example",
        "published": "2031-01-01T00:00:00Z",
        "severity": [{"type": "CVSS_V3", "score": VECTOR}],
        "database_specific": {"severity": "MODERATE", "cwe_ids": ["CWE-79"]},
        "affected": [
            {
                "package": {"ecosystem": "npm", "name": "example"},
                "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "1.1"}]}],
            }
        ],
    }
    return row | changes


def osv_package(*entries: Json, package: Json | None = None, **changes: object) -> Json:
    """Return a package with what was found in it, all of it one vulnerability unless groups are given."""
    found = list(entries) or [osv_entry()]
    row: Json = {
        "package": {"name": "example", "version": "1.0", "ecosystem": "npm"} | (package or {}),
        "vulnerabilities": found,
        "groups": [{"ids": [entry["id"] for entry in found], "max_severity": "7.5"}],
    }
    return row | changes


def osv_report(*packages: Json) -> Json:
    """Return a whole report of one lock file."""
    source = {"path": "/src/package-lock.json", "type": "lockfile"}
    return {"results": [{"source": source, "packages": list(packages) or [osv_package()]}]}


def test_a_record_is_a_finding_of_its_package() -> None:
    report = imported(osv_report())

    (finding,) = report.findings
    assert finding.key == "vulnerability|CVE-2031-1000|pkg:npm/example@1.0|"
    assert (finding.aliases, finding.cwes) == (("GHSA-aaaa-bbbb-cccc",), ("CWE-79",))
    assert (finding.fix_state, finding.fixed_versions) == (FixState.FIXED, ("1.1",))
    assert finding.explanation == "severity medium from ghsa; CVSS 7.5 (v3.1) from ghsa"
    assert finding.component.paths == ("/src/package-lock.json",)
    assert (report.tool, report.source_type) == ("osv-scanner", SourceType.SCAN)
    assert report.subject.name == "/src/package-lock.json"


def test_several_records_of_one_group_are_one_finding() -> None:
    finding = only_finding(osv_report(osv_package(osv_entry(), osv_entry("GO-2031-0001", summary="", affected=[]))))

    assert finding.aliases == ("GHSA-aaaa-bbbb-cccc", "GO-2031-0001")


def test_a_record_that_no_group_names_is_not_lost() -> None:
    package = osv_package(osv_entry(), osv_entry("GHSA-dddd-eeee-ffff", aliases=["CVE-2031-2000"]))
    package["groups"] = [{"ids": ["GHSA-aaaa-bbbb-cccc"]}]

    assert [finding.id for finding in imported(osv_report(package)).findings] == ["CVE-2031-1000", "CVE-2031-2000"]


def test_a_group_without_its_records_is_a_finding_by_its_greatest_score() -> None:
    finding = only_finding(
        osv_report(osv_package(vulnerabilities=[], groups=[{"ids": ["CVE-2031-1"], "max_severity": "9.8"}]))
    )

    assert (finding.severity, finding.severity_source, finding.cvss) == (Severity.CRITICAL, "osv-scanner", None)
    assert finding.fix_state is FixState.UNKNOWN


@pytest.mark.parametrize(
    "ecosystem, name, version, purl",
    [
        ("Go", "example.com/a", "1.2", "pkg:golang/example.com/a@v1.2"),
        ("Maven", "org.example:a", "1", "pkg:maven/org.example/a@1"),
        ("PyPI", "A_b", "1", "pkg:pypi/a-b@1"),
        ("crates.io", "a", "1", "pkg:cargo/a@1"),
        ("Debian:12", "a", "1+b", "pkg:deb/debian/a@1%2Bb"),
        ("Alpine:v3.18", "a", "1-r0", "pkg:apk/alpine/a@1-r0"),
        ("npm", "@acme/a", "1", "pkg:npm/%40acme/a@1"),
        ("Elsewhere", "a", "1", ""),
    ],
)
def test_a_package_has_the_package_url_of_its_ecosystem(ecosystem: str, name: str, version: str, purl: str) -> None:
    package = osv_package(package={"ecosystem": ecosystem, "name": name, "version": version})

    assert only_finding(osv_report(package)).component.purl == purl


def test_of_a_distribution_the_binary_is_what_is_installed() -> None:
    package = osv_package(package={"ecosystem": "Debian:12", "name": "openssl", "os_package_name": "libssl3"})

    assert only_finding(osv_report(package)).component.name == "libssl3"


def test_a_fix_of_another_package_or_of_commits_is_no_fix() -> None:
    affected = [
        {
            "package": {"ecosystem": "npm", "name": "other"},
            "ranges": [{"type": "SEMVER", "events": [{"fixed": "9"}]}],
        },
        {
            "package": {"ecosystem": "npm", "name": "example"},
            "ranges": [
                {"type": "GIT", "events": [{"fixed": "abc"}]},
                {"type": "SEMVER", "events": [{"introduced": "0"}]},
            ],
        },
    ]

    finding = only_finding(osv_report(osv_package(osv_entry(affected=affected))))

    assert (finding.fix_state, finding.fixed_versions) == (FixState.NOT_FIXED, ())


@pytest.mark.parametrize(
    "changes, explanation",
    [
        ({"database_specific": None}, "severity high from ghsa; CVSS 7.5 (v3.1) from ghsa"),
        ({"severity": None}, "severity medium from ghsa; no CVSS"),
        ({"severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/nonsense"}]}, "severity medium from ghsa; no CVSS"),
        ({"severity": [{"type": "Ubuntu", "score": "low"}]}, "severity medium from ghsa; no CVSS"),
        ({"severity": None, "database_specific": None}, "severity high from osv-scanner; no CVSS"),
        ({"id": "DEBIAN-CVE-2031-1000", "aliases": []}, "severity medium from debian; CVSS 7.5 (v3.1) from debian"),
    ],
)
def test_a_record_rates_by_its_own_word_and_else_by_its_vector(changes: Json, explanation: str) -> None:
    finding = only_finding(osv_report(osv_package(osv_entry() | changes)))

    assert finding.explanation == explanation


def test_every_cvss_version_has_its_score() -> None:
    vectors = {
        "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N": ("4.0", 93),
        "CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H": ("3.0", 98),
        "AV:N/AC:L/Au:N/C:P/I:P/A:P": ("2.0", 75),
    }
    for vector, (version, score) in vectors.items():
        cvss = only_finding(osv_report(osv_package(osv_entry(severity=[{"type": "CVSS", "score": vector}])))).cvss

        assert cvss is not None
        assert (cvss.version, cvss.score_tenths) == (version, score)


def test_a_copy_of_a_cve_by_a_distribution_is_that_cve() -> None:
    finding = only_finding(osv_report(osv_package(osv_entry("UBUNTU-CVE-2031-1000", aliases=None))))

    assert (finding.id, finding.aliases) == ("CVE-2031-1000", ("UBUNTU-CVE-2031-1000",))


def test_an_advisory_of_several_cves_is_a_finding_for_each() -> None:
    package = osv_package(osv_entry("DSA-5000-1", aliases=["CVE-2031-1000", "CVE-2031-2000"]))

    findings = imported(osv_report(package)).findings

    assert [(one.id, one.aliases, one.detail_of("advisories")) for one in findings] == [
        ("CVE-2031-1000", (), "DSA-5000-1"),
        ("CVE-2031-2000", (), "DSA-5000-1"),
    ]


def test_a_malicious_package_is_malware() -> None:
    finding = only_finding(osv_report(osv_package(osv_entry("MAL-2031-1", aliases=[]))))

    assert finding.kind is FindingKind.MALWARE


@pytest.mark.parametrize("called, state", [(True, ReachabilityState.REACHABLE), (False, ReachabilityState.UNREACHABLE)])
@pytest.mark.parametrize("name", ["experimentalAnalysis", "experimental_analysis"])
def test_an_analysis_of_calls_is_a_fact_of_reachability(name: str, called: bool, state: ReachabilityState) -> None:  # noqa: FBT001
    groups = [{"ids": ["GHSA-aaaa-bbbb-cccc"], name: {"GHSA-aaaa-bbbb-cccc": {"called": called}}}]

    report = imported(osv_report(osv_package(groups=groups)))

    (fact,) = report.reachability
    assert (fact.vulnerability, fact.purl, fact.state) == ("CVE-2031-1000", "pkg:npm/example@1.0", state)
    assert len(report.findings) == 1


def test_a_vulnerability_called_under_one_name_is_called() -> None:
    analysis = {"A": {"called": False}, "B": {"called": True}}
    groups = [{"ids": ["GHSA-aaaa-bbbb-cccc"], "experimentalAnalysis": analysis}]

    assert imported(osv_report(osv_package(groups=groups))).reachability[0].state is ReachabilityState.REACHABLE


def test_what_a_distribution_calls_unimportant_is_shown_as_such_and_found() -> None:
    groups = [{"ids": ["GHSA-aaaa-bbbb-cccc"], "experimental_analysis": {"A": {"unimportant": True}}}]

    report = imported(osv_report(osv_package(groups=groups)))

    assert report.findings[0].detail_of("unimportant") == "true"
    assert report.reachability == ()


@pytest.mark.parametrize("groups, scope", [(["dev"], "development"), (["dev", "main"], ""), ([], "")])
def test_a_package_of_the_makers_alone_is_for_development(groups: list[str], scope: str) -> None:
    (component,) = imported(osv_report(osv_package(dependency_groups=groups))).components

    assert component.scope == scope


def test_a_licence_that_is_not_allowed_is_found_and_one_nobody_knows_is_none() -> None:
    report = imported(osv_report(osv_package(licenses=["GPL-3.0", "UNKNOWN"], license_violations=["GPL-3.0"])))

    assert [one.id for one in report.findings if one.kind is FindingKind.LICENCE] == ["GPL-3.0"]
    assert report.components[0].licenses == ("GPL-3.0",)


def test_a_record_withdrawn_everywhere_is_withdrawn() -> None:
    gone = osv_entry(withdrawn="2031-02-01T00:00:00Z")

    withdrawn = [
        only_finding(osv_report(osv_package(*entries))).withdrawn_at for entries in ([gone], [gone, osv_entry("GO-1")])
    ]

    assert [bool(moment) for moment in withdrawn] == [True, False]


def test_the_list_of_packages_alone_is_read_too() -> None:
    report = imported([osv_package()])

    assert len(report.findings) == 1
    assert not report.subject.is_stated


def test_several_sources_have_no_common_subject() -> None:
    report = osv_report()
    report["results"].append({"source": {"path": "/src/go.mod", "type": "lockfile"}, "packages": []})

    assert not imported(report).subject.is_stated


def test_a_report_that_found_nothing_is_a_scan() -> None:
    report = imported({"results": [], "experimental_config": {}})

    assert (report.source_type, report.findings) == (SourceType.SCAN, ())


@pytest.mark.parametrize("report", [{"results": [], "errors": []}, {"results": [{}]}, {"results": {}}, [{}]])
def test_results_of_another_tool_are_not_taken_for_it(report: object) -> None:
    with pytest.raises(FormatUnknown):
        imported(report)


def test_the_same_vulnerability_of_another_scanner_is_one_finding() -> None:
    trivy = trivy_of(PkgIdentifier={"PURL": "pkg:golang/example.com/a@v1.2"}, PkgName="example.com/a")
    package = osv_package(package={"ecosystem": "Go", "name": "example.com/a", "version": "1.2"})

    (finding,) = merge_reports([imported(trivy), imported(osv_report(package))]).findings

    assert finding.sources == ("osv-scanner", "trivy")


@pytest.mark.parametrize(
    "package, pointer",
    [
        (osv_package(osv_entry(id="")), "vulnerabilities/0/id"),
        (osv_package(groups=[{"ids": []}]), "groups/0/ids"),
        (osv_package(groups=[{"ids": ["a"], "max_severity": "bad"}]), "groups/0/max_severity"),
        (osv_package(groups=[{"ids": ["a"], "max_severity": "11"}]), "groups/0/max_severity"),
        (osv_package(osv_entry(affected=[1])), "vulnerabilities/0/affected/0"),
        (osv_package(osv_entry(published="soon")), "vulnerabilities/0/published"),
        (osv_package() | {"package": []}, "package"),
    ],
)
def test_a_broken_value_is_refused_with_its_place(package: Json, pointer: str) -> None:
    with pytest.raises(ImportRefused) as refusal:
        imported(osv_report(package))

    assert refusal.value.code == "evidence.shape_invalid"
    assert refusal.value.faults[0].pointer == f"/results/0/packages/0/{pointer}"
