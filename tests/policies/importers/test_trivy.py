import pytest

from policies.importers.limits import ImportLimits
from policies.importers.records import FindingKind, FixState, SourceType, SuppressedBy, VexStatus
from policies.importers.refusals import FormatUnsupported, ShapeInvalid, TooLarge
from policies.importers.registry import import_report
from stellapolicy.kernel.severity import Severity
from tests.policies.importers.reports import (
    imported,
    only_finding,
    trivy_of,
    trivy_report,
    trivy_result,
    trivy_row,
    written,
)
from tests.real_data import real_data

NO_PACKAGE = "no package was examined for vulnerabilities"


def test_a_report_says_whom_it_is_about_and_when() -> None:
    report = imported(trivy_report())

    assert report.subject.digests == (f"sha256:{'2' * 64}",)
    assert report.subject.image_id == f"sha256:{'1' * 64}"
    assert report.subject.tags == ("registry.example/shop:1",)
    assert report.subject.labels == (("team", "shop"),)
    assert report.source_type is SourceType.SCAN
    assert report.scanned_at is not None
    assert report.scanned_at.isoformat() == "2031-01-02T03:04:05.678901+00:00"


def test_a_report_without_results_is_a_scan_that_found_nothing() -> None:
    report = imported(trivy_report(Results=None))

    assert report.findings == ()
    assert report.source_type is SourceType.SCAN


def test_the_list_of_schema_1_is_read_and_states_no_subject() -> None:
    report = imported([trivy_result(), {"Target": "app/poetry.lock", "Type": "poetry", "Vulnerabilities": None}])

    assert [finding.id for finding in report.findings] == ["CVE-2031-1000"]
    assert not report.subject.is_stated


def test_a_schema_from_the_future_is_refused_naming_what_is_read() -> None:
    with pytest.raises(FormatUnsupported, match="schema 3 is not supported, schemas 1 and 2 are"):
        imported(trivy_report(SchemaVersion=3))


def test_a_vulnerability_names_its_severity_its_cvss_and_their_authors() -> None:
    finding = only_finding(trivy_report())

    assert finding.explanation == "severity high from nvd; CVSS 7.5 (v3.1) from nvd"
    assert finding.key == "vulnerability|CVE-2031-1000|pkg:deb/debian/libexample@1.0-1|"
    assert finding.fixed_versions == ("1.0-2",)
    assert finding.fix_state is FixState.FIXED
    assert finding.advisory_source == "debian"


def test_the_distribution_of_the_package_is_believed_before_nvd() -> None:
    finding = only_finding(trivy_of(VendorSeverity={"nvd": 4, "debian": 1, "redhat": 3}, SeveritySource="debian"))

    assert finding.explanation == "severity low from debian; CVSS 7.5 (v3.1) from nvd"


def test_another_distribution_is_a_bystander() -> None:
    finding = only_finding(trivy_of(VendorSeverity={"nvd": 2, "redhat": 4}, SeveritySource="nvd"))

    assert finding.severity is Severity.MEDIUM


def test_a_bystander_whom_trivy_itself_believed_counts_after_nvd() -> None:
    finding = only_finding(trivy_of(VendorSeverity={"amazon": 3}, CVSS={}, SeveritySource="amazon"))

    assert (finding.severity, finding.severity_source) == (Severity.HIGH, "amazon")


def test_an_unknown_severity_is_unknown_and_never_none() -> None:
    finding = only_finding(trivy_of(Severity="UNKNOWN", SeveritySource=None, VendorSeverity={"nvd": 0}, CVSS=None))

    assert finding.severity is Severity.UNKNOWN
    assert finding.severity_source == ""


def test_a_severity_that_contradicts_its_source_does_not_count_and_is_reported() -> None:
    report = imported(trivy_of(Severity="LOW", SeveritySource="nvd", VendorSeverity={"nvd": 4}))

    assert report.findings[0].severity is Severity.CRITICAL
    assert "severities other than their source's" in {one.what for one in report.fidelity.dropped}


def test_a_ghsa_among_the_vendor_ids_is_an_alias_and_an_advisory_is_not() -> None:
    finding = only_finding(trivy_of(VendorIDs=["GHSA-AAAA-bbbb-cccc", "DSA-4808-1"]))

    assert finding.aliases == ("GHSA-aaaa-bbbb-cccc",)
    assert finding.detail_of("advisories") == "DSA-4808-1"


def test_a_cve_among_the_vendor_ids_is_the_id_that_is_shown() -> None:
    finding = only_finding(trivy_of(VulnerabilityID="GHSA-aaaa-bbbb-cccc", VendorIDs=["CVE-2031-1000"]))

    assert (finding.id, finding.aliases) == ("CVE-2031-1000", ("GHSA-aaaa-bbbb-cccc",))


def test_a_malicious_package_is_malware() -> None:
    assert only_finding(trivy_of(VulnerabilityID="MAL-2031-7")).kind is FindingKind.MALWARE


@pytest.mark.parametrize(
    "status, fix_state",
    [
        ("affected", FixState.NOT_FIXED),
        ("fix_deferred", FixState.NOT_FIXED),
        ("will_not_fix", FixState.WONT_FIX),
        ("end_of_life", FixState.WONT_FIX),
        ("under_investigation", FixState.UNKNOWN),
        ("", FixState.NOT_FIXED),
        ("a word of tomorrow", FixState.UNKNOWN),
    ],
)
def test_a_status_tells_whether_a_fix_will_come(status: str, fix_state: FixState) -> None:
    finding = only_finding(trivy_of(FixedVersion="", Status=status))

    assert (finding.fix_state, finding.status) == (fix_state, status)


def test_the_same_vulnerability_in_two_lock_files_is_one_finding_in_two_places() -> None:
    row = trivy_row(PkgIdentifier={"PURL": "pkg:npm/example@1.0"}, PkgName="example")
    results = [
        trivy_result(Target=name, Class="lang-pkgs", Type="npm", Vulnerabilities=[row])
        for name in ("b/package-lock.json", "a/package-lock.json")
    ]

    report = imported(trivy_report(*results))

    assert report.findings[0].paths == ("a/package-lock.json", "b/package-lock.json")
    assert report.fidelity.merged_rows == 1
    assert report.fidelity.rows[0].count == 2


def test_a_package_without_a_purl_gets_one_where_its_type_allows() -> None:
    jar = trivy_row(PkgName="org.example:lib", PkgIdentifier=None, InstalledVersion="1.4")

    report = imported(
        trivy_report(trivy_result(Class="lang-pkgs", Type="jar", Target="app.jar", Vulnerabilities=[jar]))
    )

    assert report.findings[0].component.purl == "pkg:maven/org.example/lib@1.4"
    assert "package URLs" in {one.what for one in report.fidelity.dropped}


def test_a_package_of_an_unknown_type_keeps_its_type_name_and_version() -> None:
    row = trivy_row(PkgIdentifier={"PURL": "not a purl"})

    finding = only_finding(trivy_report(trivy_result(Class="lang-pkgs", Type="novel", Vulnerabilities=[row])))

    assert finding.component.purl == ""
    assert finding.component.key == "novel/libexample@1.0-1"


def test_listed_packages_tell_licences_and_directness_to_their_findings() -> None:
    package = {
        "Name": "libexample",
        "Version": "1.0-1",
        "Identifier": {"PURL": "pkg:deb/debian/libexample@1.0-1?arch=amd64&distro=debian-12"},
        "Licenses": ["MIT"],
        "Relationship": "direct",
    }

    report = imported(trivy_report(trivy_result(Packages=[package, {"Name": "other", "Version": "2", "Dev": True}])))

    assert report.findings[0].component.licenses == ("MIT",)
    assert report.findings[0].component.direct is True
    assert [component.scope for component in report.components] == ["", "development"]


def test_a_failed_check_is_known_by_its_resource_and_a_passed_one_is_dropped() -> None:
    failed = {
        "ID": "AVD-AWS-0001",
        "AVDID": "AVD-AWS-0001",
        "Severity": "LOW",
        "Status": "FAIL",
        "CauseMetadata": {"Resource": "aws_s3_bucket.logs", "StartLine": 4, "EndLine": 9},
    }
    result = {"Target": "main.tf", "Class": "config", "Type": "terraform", "Misconfigurations": [failed]}
    result["Misconfigurations"] = [failed, failed | {"Status": "PASS"}]

    report = imported(trivy_report(result))

    (finding,) = report.findings
    assert finding.key == "misconfiguration|AVD-AWS-0001|terraform/main.tf|aws_s3_bucket.logs"
    assert finding.paths == ("main.tf:4-9",)
    assert "passed checks" in {one.what for one in report.fidelity.dropped}


def test_an_excepted_check_is_suppressed_by_the_scanner() -> None:
    row = {"ID": "DS-0002", "Severity": "HIGH", "Status": "EXCEPTION"}
    result = {
        "Target": "Dockerfile",
        "Class": "config",
        "Type": "dockerfile",
        "MisconfSummary": {"Exceptions": 1},
        "Misconfigurations": [row],
    }

    report = imported(trivy_report(result))

    assert report.findings[0].suppressed_by is SuppressedBy.SCANNER
    assert report.fidelity.partial_reasons == (NO_PACKAGE,)


def test_exceptions_that_are_counted_and_not_listed_make_the_evidence_partial() -> None:
    result = {"Target": "Dockerfile", "Class": "config", "MisconfSummary": {"Exceptions": 2}}

    report = imported(trivy_report(result))

    assert "configuration exceptions that are counted and not listed" in report.fidelity.partial_reasons


def test_a_licence_belongs_to_the_listed_package_of_its_name() -> None:
    package = {"Name": "musl", "Version": "1.1", "Identifier": {"PURL": "pkg:apk/alpine/musl@1.1"}}
    licences = {
        "Target": "OS Packages",
        "Class": "license",
        "Licenses": [
            {"Name": "MIT", "PkgName": "musl", "Severity": "LOW", "Confidence": 1},
            {"Name": "GPL-2.0", "PkgName": "unlisted", "Severity": "HIGH"},
            {"Name": "Apache-2.0", "FilePath": "LICENSE", "Severity": "LOW", "Confidence": 0.93},
        ],
    }

    report = imported(trivy_report(trivy_result(Type="alpine", Vulnerabilities=[], Packages=[package]), licences))

    assert [finding.key for finding in report.findings] == [
        "licence|Apache-2.0|file/LICENSE|",
        "licence|GPL-2.0|unlisted|",
        "licence|MIT|pkg:apk/alpine/musl@1.1|",
    ]


def test_the_text_of_a_licence_in_the_place_of_its_name_does_not_refuse_the_report() -> None:
    licences = [{"Name": "Redistribution and use " * 40 + end, "PkgName": "x", "Severity": "LOW"} for end in "ab"]

    report = imported(trivy_report({"Target": "Python", "Class": "license", "Licenses": licences}))

    assert all(len(finding.id) <= 200 for finding in report.findings)
    assert len(report.findings) == 2


def test_a_cluster_report_says_in_which_workload_it_found_something() -> None:
    cluster = {
        "ClusterName": "prod-eu",
        "Resources": [
            {"Namespace": "shop", "Kind": "Deployment", "Name": name, "Results": [trivy_result()]}
            for name in ("web", "api")
        ],
    }

    report = imported(cluster)

    assert (report.subject.name, report.subject.kind) == ("prod-eu", "cluster")
    assert report.findings[0].paths == (
        "shop/Deployment/api: shop (debian 12.4)",
        "shop/Deployment/web: shop (debian 12.4)",
    )


def test_the_summary_of_a_cluster_is_no_complete_evidence() -> None:
    report = imported({"ClusterName": "prod-eu", "Findings": []})

    assert report.fidelity.partial_reasons == ("a summary of the cluster, without its findings",)


def test_a_system_past_its_end_of_life_is_noted() -> None:
    report = imported(trivy_report(Metadata={"OS": {"Family": "alpine", "Name": "3.9.4", "EOSL": True}}))

    assert report.fidelity.notes == (
        "alpine 3.9.4 is past its end of life; newer vulnerabilities may have no advisory",
    )


def test_every_wrong_row_is_named_by_its_pointer() -> None:
    rows = [trivy_row(), trivy_row(VulnerabilityID=7), trivy_row(PkgName=""), trivy_row(CVSS={"nvd": {"V3Score": 11}})]

    with pytest.raises(ShapeInvalid) as refusal:
        imported(trivy_report(trivy_result(Vulnerabilities=rows)))

    assert [(fault.pointer, fault.message) for fault in refusal.value.faults] == [
        ("/Results/0/Vulnerabilities/1/VulnerabilityID", "expected a text, found an integer"),
        ("/Results/0/Vulnerabilities/2/PkgName", "is missing or empty"),
        ("/Results/0/Vulnerabilities/3/CVSS/nvd/V3Score", "11 is not a CVSS score (0 to 10)"),
    ]
    assert refusal.value.code == "evidence.shape_invalid"


@pytest.mark.parametrize(
    "report, pointer",
    [
        (trivy_report(Results={}), "/Results"),
        (trivy_report(Results=[[]]), "/Results/0"),
        (trivy_report(CreatedAt="yesterday"), "/CreatedAt"),
        (trivy_report(Metadata={"RepoDigests": [1]}), "/Metadata/RepoDigests/0"),
        (trivy_of(VendorSeverity={"nvd": 9}), "/Results/0/Vulnerabilities/0/VendorSeverity/nvd"),
        (trivy_of(CVSS={"a/b~c": 1}), "/Results/0/Vulnerabilities/0/CVSS/a~1b~0c"),
        (trivy_of(VulnerabilityID="CVE-" + "1" * 400), "/Results/0/Vulnerabilities/0/VulnerabilityID"),
    ],
)
def test_a_wrong_value_is_refused_at_its_place(report: object, pointer: str) -> None:
    with pytest.raises(ShapeInvalid) as refusal:
        imported(report)

    assert [fault.pointer for fault in refusal.value.faults] == [pointer]


def test_more_findings_than_the_limit_are_refused() -> None:
    rows = [trivy_row(VulnerabilityID=f"CVE-2031-{number}") for number in range(1000, 1004)]

    with pytest.raises(TooLarge, match="more than 3 findings"):
        import_report(written(trivy_report(trivy_result(Vulnerabilities=rows))), ImportLimits(findings=3))


def test_vex_applied_without_show_suppressed_leaves_no_trace_that_could_be_imported() -> None:
    """Trivy says what it hid only when asked; a gate that wants to know must ask for it or read the VEX itself."""
    before = import_report(real_data("scans/trivy-golden/gomod.json").read_bytes())
    after = import_report(real_data("scans/trivy-golden/gomod-vex.json").read_bytes())

    gone = {finding.id for finding in before.findings} - {finding.id for finding in after.findings}

    assert gone == {"CVE-2022-23628"}
    assert (after.claims, after.fidelity.is_partial) == ((), False)


def test_a_real_vex_document_applied_with_show_suppressed_is_a_claim() -> None:
    report = import_report(real_data("scans/trivy-golden/npm-with-suppressed.json").read_bytes())

    assert [(finding.id, finding.suppressed_by) for finding in report.findings] == [
        ("CVE-2017-16137", SuppressedBy.NOBODY),
        ("CVE-2017-20165", SuppressedBy.NOBODY),
    ]
    (claim,) = report.claims
    assert (claim.vulnerability, claim.status, claim.author) == ("CVE-2017-16137", VexStatus.NOT_AFFECTED, "./vex.json")
    assert claim.justification == "vulnerable_code_not_in_execute_path"
