import pytest

from policies.importers.merge import merge_reports
from policies.importers.records import FindingKind, FixState, SourceType, SuppressedBy
from policies.importers.refusals import FormatUnknown, ImportRefused
from stellapolicy.kernel.severity import Severity
from tests.policies.importers.reports import Json, imported, only_finding, trivy_report
from tests.policies.importers.sarif_reports import snyk_sarif

VECTOR = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"


def snyk_row(**changes: object) -> Json:
    """Return one way to one vulnerable package of a project in JavaScript."""
    row: Json = {
        "id": "SNYK-JS-EXAMPLE-1",
        "title": "An example",
        "severity": "high",
        "CVSSv3": VECTOR,
        "cvssScore": 7.5,
        "identifiers": {"CVE": ["CVE-2031-1000"], "GHSA": ["GHSA-aaaa-bbbb-cccc"], "CWE": ["CWE-79"]},
        "packageName": "example",
        "name": "example",
        "version": "1.0",
        "packageManager": "npm",
        "fixedIn": ["1.1"],
        "from": ["shop@1", "web@2", "example@1.0"],
        "disclosureTime": "2031-01-01T00:00:00Z",
    }
    return row | changes


def snyk_project(*rows: Json, **changes: object) -> Json:
    """Return a tested project."""
    project: Json = {
        "ok": not rows,
        "vulnerabilities": list(rows),
        "packageManager": "npm",
        "projectName": "shop",
        "displayTargetFile": "package-lock.json",
        "path": "/src/shop",
    }
    return project | changes


def snyk_of(**changes: object) -> Json:
    """Return a project whose one row is changed."""
    return snyk_project(snyk_row(**changes))


def snyk_image(**changes: object) -> Json:
    """Return an image with a vulnerable package of its distribution."""
    row = snyk_row(
        id="SNYK-DEBIAN12-EXAMPLE-1",
        name="example/libexample",
        version="1.0-1",
        packageManager="debian:12",
        identifiers={"CVE": ["CVE-2031-1000"]},
    )
    return snyk_project(
        row | changes,
        packageManager="deb",
        displayTargetFile=None,
        docker={"imageId": f"sha256:{'1' * 64}"},
        path=f"registry.example/shop@sha256:{'2' * 64}",
    )


def test_a_row_is_a_finding_of_its_package() -> None:
    report = imported(snyk_of())

    (finding,) = report.findings
    assert finding.key == "vulnerability|CVE-2031-1000|pkg:npm/example@1.0|"
    assert finding.aliases == ("GHSA-aaaa-bbbb-cccc", "SNYK-JS-EXAMPLE-1")
    assert (finding.fix_state, finding.fixed_versions, finding.cwes) == (FixState.FIXED, ("1.1",), ("CWE-79",))
    assert finding.explanation == "severity high from snyk; CVSS 7.5 (v3.1) from snyk"
    assert finding.component.paths == ("package-lock.json",)
    assert finding.primary_url.endswith("/SNYK-JS-EXAMPLE-1")
    assert (report.tool, report.source_type, report.subject.name) == ("snyk", SourceType.SCAN, "shop")


@pytest.mark.parametrize(
    "way, direct", [(["shop@1", "example@1.0"], True), (["shop@1", "web@2", "example@1.0"], False), (["shop@1"], None)]
)
def test_the_way_to_a_package_tells_whether_the_project_chose_it(way: list[str], direct: bool | None) -> None:  # noqa: FBT001
    assert only_finding(snyk_of(**{"from": way})).component.direct is direct


def test_every_way_to_one_package_is_one_finding_and_ten_of_them_are_kept() -> None:
    ways = [["shop@1", f"web@{number}", "example@1.0"] for number in range(13)]

    report = imported(snyk_project(*(snyk_row(**{"from": way}) for way in ways)))

    (finding,) = report.findings
    assert finding.detail_of("introduced_through").count(" > example@1.0") == 10
    assert ("ways to one package", 3) in [(one.what, one.count) for one in report.fidelity.dropped]
    assert report.fidelity.merged_rows == 12


@pytest.mark.parametrize(
    "manager, name, purl",
    [
        ("maven", "org.example:a", "pkg:maven/org.example/a@1.0"),
        ("gradle", "org.example:a", "pkg:maven/org.example/a@1.0"),
        ("pip", "A_b", "pkg:pypi/a-b@1.0"),
        ("gomodules", "example.com/a", "pkg:golang/example.com/a@1.0"),
        ("rubygems", "a", "pkg:gem/a@1.0"),
        ("yarn", "@acme/a", "pkg:npm/%40acme/a@1.0"),
        ("unheard-of", "a", ""),
    ],
)
def test_a_package_has_the_package_url_of_its_manager(manager: str, name: str, purl: str) -> None:
    assert only_finding(snyk_of(packageManager=manager, name=name)).component.purl == purl


def test_of_an_image_the_binary_is_what_is_installed() -> None:
    report = imported(snyk_image())

    assert report.findings[0].component.purl == "pkg:deb/debian/libexample@1.0-1"
    assert report.findings[0].component.direct is None
    assert report.subject.digests == (f"sha256:{'2' * 64}",)
    assert report.subject.image_id == f"sha256:{'1' * 64}"


@pytest.mark.parametrize(
    "changes, explanation",
    [
        ({"nvdSeverity": "critical"}, "severity critical from nvd; CVSS 7.5 (v3.1) from nvd"),
        (
            {"nvdSeverity": "critical", "relativeImportance": "low"},
            "severity low from debian; CVSS 7.5 (v3.1) from nvd",
        ),
        (
            {"nvdSeverity": "", "relativeImportance": "not yet assigned"},
            "severity high from snyk; CVSS 7.5 (v3.1) from snyk",
        ),
    ],
)
def test_the_distribution_speaks_first_for_its_package_then_nvd_then_snyk(changes: Json, explanation: str) -> None:
    quoted = [{"assigner": "NVD", "cvssV3Vector": VECTOR, "cvssV3BaseScore": 7.5, "severity": ""}]
    details = quoted if changes["nvdSeverity"] else []

    assert only_finding(snyk_image(cvssDetails=details, **changes)).explanation == explanation


def test_newer_sources_of_scores_are_quoted_by_their_author() -> None:
    sources = [
        {"assigner": "Red Hat", "vector": VECTOR, "baseScore": 7.5, "severity": "high"},
        {"assigner": "Snyk", "vector": "CVSS:4.0/AV:N", "baseScore": 8.7, "severity": "high"},
    ]

    ratings = only_finding(snyk_of(cvssSources=sources)).ratings

    assert {(one.source, one.cvss_version, one.score_tenths) for one in ratings} == {
        ("redhat", "3.1", 75),
        ("snyk", "3.1", 75),
        ("snyk", "4.0", 87),
    }


@pytest.mark.parametrize("original, present", [("critical", "low"), ("low", "critical")])
def test_a_severity_changed_by_an_organisation_makes_nothing_better(original: str, present: str) -> None:
    finding = only_finding(snyk_of(severity=present, originalSeverity=original))

    assert finding.severity is Severity.CRITICAL
    assert finding.detail_of("severity_set_by_policy") == f"{original} to {present}"


@pytest.mark.parametrize("how, word", [("ignore", "ignored"), ("patch", "patched")])
def test_what_a_policy_left_out_comes_back_as_hidden_by_the_scanner(how: str, word: str) -> None:
    row = snyk_row(filtered={"ignored": [{"reason": "not used", "expires": "2031-01-01"}]})

    report = imported(snyk_project(filtered={how: [row]}))

    (finding,) = report.findings
    assert finding.suppressed_by is SuppressedBy.SCANNER
    assert (finding.suppression_source, finding.suppression_statement) == (f"snyk: {word}", "not used")
    assert [(row.count, row.suppressed) for row in report.fidelity.rows] == [(0, 1)]


def test_a_vulnerability_ignored_on_one_way_and_open_on_another_is_open() -> None:
    report = imported(snyk_project(snyk_row(), filtered={"ignore": [snyk_row()]}))

    assert report.findings[0].suppressed_by is SuppressedBy.NOBODY


def test_a_licence_is_found_by_its_name() -> None:
    finding = only_finding(snyk_of(id="snyk:lic:npm:example:GPL-3.0", type="license", license="GPL-3.0"))

    assert (finding.kind, finding.id, finding.severity) == (FindingKind.LICENCE, "GPL-3.0", Severity.HIGH)
    assert finding.component.purl == "pkg:npm/example@1.0"


def test_a_malicious_package_is_malware() -> None:
    assert only_finding(snyk_of(malicious=True)).kind is FindingKind.MALWARE


def test_a_score_without_a_vector_of_its_version_is_no_cvss() -> None:
    assert only_finding(snyk_of(CVSSv3="")).cvss is None


@pytest.mark.parametrize(
    "changes, reason",
    [
        ({"severityThreshold": "high"}, "only findings from severity high up"),
        ({"hasUnknownVersions": True}, "dependencies whose version is not known"),
        ({"uniqueCount": 2}, "vulnerabilities that are counted and not listed"),
    ],
)
def test_a_filter_makes_the_evidence_partial(changes: Json, reason: str) -> None:
    assert imported(snyk_project(snyk_row(), **changes)).fidelity.partial_reasons == (reason,)


def test_the_lowest_threshold_leaves_nothing_out() -> None:
    assert not imported(snyk_project(severityThreshold="low")).fidelity.is_partial


def test_several_projects_are_one_report_without_a_common_subject() -> None:
    report = imported([snyk_of(), snyk_project(snyk_row(version="2.0"), projectName="other")])

    assert [finding.component.version for finding in report.findings] == ["1.0", "2.0"]
    assert not report.subject.is_stated


def test_the_applications_of_an_image_are_read_with_it() -> None:
    image = snyk_image() | {"applications": [snyk_of()]}

    report = imported(image)

    assert sorted(finding.component.type for finding in report.findings) == ["deb", "npm"]
    assert report.subject.kind == "image"


def test_a_project_that_could_not_be_tested_makes_the_evidence_partial() -> None:
    failed = {"ok": False, "error": "no lock file", "path": "/src/other"}

    assert imported([snyk_of(), failed]).fidelity.partial_reasons == ("a project that could not be tested",)


def test_an_error_alone_is_no_scan() -> None:
    with pytest.raises(ImportRefused) as refusal:
        imported({"ok": False, "error": "no lock file", "path": "/src"})

    assert (refusal.value.code, refusal.value.faults[0].pointer) == ("evidence.shape_invalid", "/error")


def test_one_package_is_one_finding_in_json_in_sarif_and_of_another_scanner() -> None:
    merged = merge_reports([imported(snyk_image()), imported(snyk_sarif()), imported(trivy_report())])

    (finding,) = merged.findings
    assert finding.sources == ("snyk", "trivy")
    assert finding.component.key == "pkg:deb/debian/libexample@1.0-1"


@pytest.mark.parametrize("report", [{"ok": "yes", "vulnerabilities": []}, [snyk_of(), {}], {"ok": False, "error": "x"}])
def test_a_file_of_another_tool_is_not_taken_for_it(report: object) -> None:
    with pytest.raises(FormatUnknown):
        imported(report)


@pytest.mark.parametrize(
    "row, pointer",
    [
        (snyk_row(id=None), "id"),
        (snyk_row(name=None, packageName=None), "packageName"),
        (snyk_row(cvssScore=11), "cvssScore"),
        (snyk_row(identifiers={"CVE": "CVE-2031-1"}), "identifiers/CVE"),
        (snyk_row(**{"from": [7]}), "from/0"),
    ],
)
def test_a_broken_value_is_refused_with_its_place(row: Json, pointer: str) -> None:
    with pytest.raises(ImportRefused) as refusal:
        imported(snyk_project(row))

    assert refusal.value.code == "evidence.shape_invalid"
    assert refusal.value.faults[0].pointer == f"/vulnerabilities/0/{pointer}"
