import pytest

from policies.importers.facts import finding_facts
from policies.importers.limits import ImportLimits
from policies.importers.records import FindingKind, SourceType, SuppressedBy
from policies.importers.refusals import FormatUnsupported, ImportRefused, TooLarge
from policies.importers.registry import import_report
from stellapolicy.kernel.severity import Severity
from tests.policies.importers.reports import Json, imported, only_finding, written
from tests.policies.importers.sarif_reports import (
    IMAGE,
    only_result,
    sarif_of,
    sarif_report,
    sarif_result,
    sarif_rule,
    sarif_run,
    spot,
    trivy_sarif,
)

ABOUT_CODE = "no package was examined for vulnerabilities"


def test_a_weakness_in_code_is_found_where_it_stands() -> None:
    finding = only_result()

    assert (finding.kind, finding.id) == (FindingKind.MISCONFIGURATION, "py/injection")
    assert (finding.component.name, finding.place, finding.paths) == ("src/shop.py", "12", ("src/shop.py:12",))
    assert (finding.title, finding.cwes) == ("Text of a stranger becomes a command", ("CWE-78",))
    assert finding.detail_of("category") == "code"
    assert finding.detail_of("message") == "The command is built from the request."
    assert finding_facts(finding)["finding.kind"] == "misconfiguration"


@pytest.mark.parametrize(
    "result, rule, severity",
    [
        ({}, {}, Severity.MEDIUM),
        ({"level": "error"}, {}, Severity.HIGH),
        ({}, {"defaultConfiguration": {"level": "note"}}, Severity.LOW),
        ({"level": "none"}, {}, Severity.UNKNOWN),
        ({"level": "note"}, {"properties": {"security-severity": "9.8"}}, Severity.CRITICAL),
        ({"properties": {"security-severity": 4.0}}, {"properties": {"security-severity": "9.8"}}, Severity.MEDIUM),
        (
            {"properties": {"issue_severity": "CRITICAL"}},
            {"defaultConfiguration": {"level": "note"}},
            Severity.CRITICAL,
        ),
        ({"properties": {"security-severity": "0.0"}, "level": "error"}, {}, Severity.HIGH),
        ({"properties": {"security-severity": "high"}, "level": "note"}, {}, Severity.HIGH),
    ],
)
def test_the_nearest_and_plainest_word_about_severity_counts(result: Json, rule: Json, severity: Severity) -> None:
    assert only_result(rule, **result).severity is severity


def test_a_score_of_a_property_is_no_cvss() -> None:
    report = imported(sarif_of({"properties": {"security-severity": "9.8"}}))

    (finding,) = report.findings
    assert finding.cvss is None
    assert finding.detail_of("security_severity") == "9.8"
    assert [(one.what, one.count) for one in report.fidelity.dropped] == [("scores without a version", 1)]


@pytest.mark.parametrize(
    "suppressions, by",
    [
        ([], SuppressedBy.NOBODY),
        ([{"kind": "inSource"}], SuppressedBy.SCANNER),
        ([{"kind": "external", "status": "accepted"}], SuppressedBy.SCANNER),
        ([{"kind": "external", "status": "underReview"}], SuppressedBy.NOBODY),
        ([{"kind": "inSource"}, {"kind": "external", "status": "rejected"}], SuppressedBy.NOBODY),
    ],
)
def test_what_the_tool_hid_is_shown_as_hidden_by_it(suppressions: list[Json], by: SuppressedBy) -> None:
    assert only_result(suppressions=suppressions).suppressed_by is by


def test_a_suppression_keeps_its_reason() -> None:
    finding = only_result(suppressions=[{"kind": "inSource", "justification": "only in tests"}])

    assert (finding.suppression_source, finding.suppression_statement) == ("codeseer: inSource", "only in tests")


@pytest.mark.parametrize("kind", ["pass", "notApplicable", "informational"])
def test_a_result_without_fault_is_no_finding(kind: str) -> None:
    report = imported(sarif_of(kind=kind))

    assert report.findings == ()
    assert [one.what for one in report.fidelity.dropped] == ["results that find no fault"]


def test_a_result_the_present_run_has_no_more_is_no_finding() -> None:
    assert imported(sarif_of(baselineState="absent")).findings == ()
    assert only_result(baselineState="unchanged").detail_of("baseline_state") == "unchanged"


@pytest.mark.parametrize("kind", ["open", "review"])
def test_what_the_tool_could_not_decide_is_a_finding_of_unknown_severity(kind: str) -> None:
    assert only_result(kind=kind).severity is Severity.UNKNOWN


def test_a_fingerprint_outlives_the_line_it_was_found_at() -> None:
    before, after = (
        only_result(
            partialFingerprints={"primaryLocationLineHash": "abc:1", "other": other}, locations=[spot("a", line)]
        )
        for line, other in ((1, "x"), (9, "y"))
    )

    assert before.key == after.key


def test_two_results_of_one_rule_in_one_file_are_two_findings() -> None:
    report = imported(sarif_report(sarif_run(*(sarif_result(locations=[spot("a.py", line)]) for line in (3, 5)))))

    assert [finding.place for finding in report.findings] == ["3", "5"]


def test_a_name_in_the_code_tells_results_apart_better_than_a_line() -> None:
    assert only_result(locations=[spot("a.py", 3, "shop.pay")]).place == "shop.pay"


def test_a_file_named_by_its_number_is_found_in_the_list_of_files() -> None:
    place = {"physicalLocation": {"artifactLocation": {"index": 1}}}
    run = sarif_run(sarif_result(locations=[place]), artifacts=[{"location": {"uri": name}} for name in ("a", "b")])

    (finding,) = imported(sarif_report(run)).findings

    assert finding.component.name == "b"


@pytest.mark.parametrize(
    "pointing",
    [
        {"ruleId": "B1"},
        {"ruleId": "B1/2"},
        {"rule": {"id": "B1"}},
        {"ruleIndex": 0, "rule": {"toolComponent": {"index": 0}}},
        {"rule": {"index": 0, "toolComponent": {"index": 0}}},
        {"ruleId": "B1", "ruleIndex": 0},
    ],
)
def test_a_rule_is_found_however_a_result_points_at_it(pointing: Json) -> None:
    row = sarif_result(**pointing)
    if "ruleId" not in pointing:
        del row["ruleId"]
    tool = {
        "driver": {"name": "CodeSeer", "rules": [sarif_rule()]},
        "extensions": [{"name": "more", "rules": [sarif_rule(id="B1", shortDescription={"text": "Another"})]}],
    }

    (finding,) = imported(sarif_report(sarif_run(row, tool="") | {"tool": tool})).findings

    assert (finding.id.partition("/")[0], finding.title) == ("B1", "Another")


def test_a_result_without_a_rule_is_a_finding_all_the_same() -> None:
    row = sarif_result()
    del row["ruleId"]

    assert only_finding(sarif_report(sarif_run(row))).id == "unnamed"


def test_a_message_is_put_together_from_its_arguments() -> None:
    rule = {"messageStrings": {"default": {"text": "'{0}' of {1} {2}"}}}

    finding = only_result(rule, message={"id": "default", "arguments": ["a", "b"]})

    assert finding.detail_of("message") == "'a' of b {2}"


@pytest.mark.parametrize(
    "tool, rule", [("gitleaks", {}), ("CodeSeer", {"properties": {"tags": ["secret"]}}), ("Trivy", {"name": "Secret"})]
)
def test_a_secret_keeps_neither_its_text_nor_who_wrote_it(tool: str, rule: Json) -> None:
    message = "Artifact: a.sh\nSeverity: CRITICAL\nMatch: AKIA-hush"
    marks = {"commitSha": "1", "author": "somebody-hush", "email": "somebody-hush", "date": "x", "commitMessage": "x"}

    finding = only_result(rule, tool, message={"text": message}, partialFingerprints=marks)

    assert (finding.kind, finding.severity) == (FindingKind.SECRET, Severity.CRITICAL)
    assert finding.key == "secret|py/injection|file/src/shop.py|"
    assert "hush" not in repr(finding)
    assert finding_facts(finding)["secret.rule"] == "py/injection"


def test_a_failed_check_of_a_setting_is_no_weakness_in_code() -> None:
    finding = only_result({"name": "Misconfiguration", "id": "DS002"}, "Trivy", ruleId="DS002")

    assert (finding.kind, finding.detail_of("category")) == (FindingKind.MISCONFIGURATION, "configuration")


def test_a_vulnerability_without_a_package_stands_at_its_place() -> None:
    report = imported(sarif_of({"id": "CVE-2031-1000"}, ruleId="cve-2031-1000"))

    (finding,) = report.findings
    assert finding.key == "vulnerability|CVE-2031-1000||src/shop.py"
    assert report.components == ()
    assert not report.fidelity.is_partial


def test_a_malicious_package_is_malware() -> None:
    finding = only_result({"id": "MAL-2031-1"}, ruleId="MAL-2031-1")

    assert (finding.kind, finding.id) == (FindingKind.MALWARE, "MAL-2031-1")


@pytest.mark.parametrize(
    "changes, reason",
    [
        ({"results": None}, "a run without a list of results"),
        ({"externalPropertyFileReferences": {"results": [{}]}}, "results that are kept in other files"),
        ({"invocations": [{"executionSuccessful": False}]}, "the tool says that its run did not succeed"),
        (
            {"invocations": [{"toolExecutionNotifications": [{"level": "error"}]}]},
            "the tool reported errors while it ran",
        ),
    ],
)
def test_a_run_that_is_not_whole_is_partial_evidence(changes: Json, reason: str) -> None:
    report = imported(sarif_report(sarif_run(**changes)))

    assert report.fidelity.partial_reasons == tuple(sorted({reason, ABOUT_CODE}))


@pytest.mark.parametrize(
    "tool, is_partial",
    [("Trivy", False), ("Grype", False), ("Snyk Container", False), ("SnykCode", True), ("CodeSeer", True)],
)
def test_an_empty_run_says_something_of_packages_only_where_the_tool_looks_at_them(tool: str, is_partial: bool) -> None:  # noqa: FBT001
    report = imported(sarif_report(sarif_run(tool=tool)))

    assert report.source_type is SourceType.SCAN
    assert (ABOUT_CODE in report.fidelity.partial_reasons) is is_partial


def test_several_runs_are_one_report_of_all_their_tools() -> None:
    done = [{"endTimeUtc": moment} for moment in ("2031-01-02T00:00:00Z", "2031-01-01T00:00:00Z")]
    runs = [
        sarif_run(sarif_result(ruleId=tool), tool=tool, invocations=[end])
        for tool, end in zip(("Two", "One"), done, strict=True)
    ]

    report = imported(sarif_report(*runs))

    assert (report.tool, len(report.findings)) == ("one + two", 2)
    assert report.scanned_at is not None
    assert report.scanned_at.day == 1


def test_the_subject_is_the_image_a_run_names() -> None:
    report = imported(trivy_sarif())

    assert (report.subject.name, report.subject.digests) == (IMAGE, (f"sha256:{'2' * 64}",))
    assert report.subject.references == (IMAGE,)


def test_the_subject_is_else_the_repository_of_the_run() -> None:
    provenance = [{"repositoryUri": "https://git.example/shop", "revisionId": "abc"}]

    subject = imported(sarif_report(sarif_run(versionControlProvenance=provenance))).subject

    assert (subject.name, subject.kind, subject.labels) == (
        "https://git.example/shop",
        "repository",
        (("revision", "abc"),),
    )


def test_runs_about_different_things_have_no_common_subject() -> None:
    other = sarif_run(properties={"imageName": "another"})

    assert not imported(sarif_report(trivy_sarif()["runs"][0], other)).subject.is_stated


@pytest.mark.parametrize("version", ["2.0.0", "1.0.0", None])
def test_another_version_is_refused(version: str | None) -> None:
    with pytest.raises(FormatUnsupported, match="SARIF"):
        imported(sarif_report(version=version))


@pytest.mark.parametrize(
    "report, pointer",
    [
        (sarif_report(runs=[]), "/runs"),
        (sarif_report(runs=None), "/runs"),
        (sarif_report(runs={}), "/runs"),
        (sarif_report({"results": []}), "/runs/0/tool/driver/name"),
        (sarif_of(level="bad"), "/runs/0/results/0/level"),
        (sarif_of(kind="bad"), "/runs/0/results/0/kind"),
        (sarif_of(locations=[7]), "/runs/0/results/0/locations/0"),
        (
            sarif_of({"properties": {"security-severity": "11"}}),
            "/runs/0/tool/driver/rules/0/properties/security-severity",
        ),
        (sarif_of(suppressions=[{"kind": 7}]), "/runs/0/results/0/suppressions/0/kind"),
    ],
)
def test_a_broken_value_is_refused_with_its_place(report: Json, pointer: str) -> None:
    with pytest.raises(ImportRefused) as refusal:
        imported(report)

    assert refusal.value.code == "evidence.shape_invalid"
    assert refusal.value.faults[0].pointer == pointer


def test_the_faults_of_several_results_are_reported_together() -> None:
    with pytest.raises(ImportRefused) as refusal:
        imported(sarif_report(sarif_run(sarif_result(level="x"), sarif_result(), sarif_result(level="y"))))

    assert [fault.pointer[-15:] for fault in refusal.value.faults] == ["results/0/level", "results/2/level"]


def test_more_results_than_the_limit_are_refused() -> None:
    content = written(sarif_report(sarif_run(*[sarif_result()] * 3)))

    with pytest.raises(TooLarge):
        import_report(content, ImportLimits(findings=2))
