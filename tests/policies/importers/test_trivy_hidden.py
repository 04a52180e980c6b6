import pytest

from policies.importers.records import FindingKind, SuppressedBy, VexStatus
from tests.policies.importers.reports import (
    imported,
    only_finding,
    trivy_report,
    trivy_result,
    trivy_row,
)


def test_what_trivyignore_hid_is_a_finding_suppressed_by_the_scanner() -> None:
    hidden = {
        "Type": "vulnerability",
        "Status": "ignored",
        "Source": ".trivyignore",
        "Statement": "we like it",
        "Finding": trivy_row(),
    }

    report = imported(trivy_report(trivy_result(Vulnerabilities=None, ExperimentalModifiedFindings=[hidden])))

    (finding,) = report.findings
    assert finding.suppressed_by is SuppressedBy.SCANNER
    assert (finding.suppression_source, finding.suppression_statement) == (".trivyignore", "we like it")
    assert report.claims == ()
    assert (report.fidelity.rows[0].count, report.fidelity.rows[0].suppressed) == (0, 1)


@pytest.mark.parametrize("status", list(VexStatus))
def test_what_a_vex_document_hid_is_a_finding_and_an_ordinary_claim(status: VexStatus) -> None:
    hidden = {
        "Type": "vulnerability",
        "Status": status.value,
        "Source": "vex.json",
        "Statement": "code_not_reachable",
        "Finding": trivy_row(),
    }

    report = imported(trivy_report(trivy_result(Vulnerabilities=None, ExperimentalModifiedFindings=[hidden])))

    (finding,), (claim,) = report.findings, report.claims
    assert finding.suppressed_by is SuppressedBy.NOBODY
    assert (claim.status, claim.author) == (status, "vex.json")
    assert claim.components == ("pkg:deb/debian/libexample@1.0-1?arch=amd64&distro=debian-12",)
    assert claim.justification == "vulnerable_code_not_in_execute_path"
    assert claim.stated_justification == "code_not_reachable"


def test_a_hidden_finding_of_an_unreadable_type_makes_the_evidence_partial() -> None:
    hidden = {"Type": "hologram", "Status": "ignored", "Finding": {}}

    report = imported(trivy_report(trivy_result(ExperimentalModifiedFindings=[hidden])))

    assert report.fidelity.is_partial


@pytest.mark.parametrize(
    "kind, finding, meaning",
    [
        ("secret", {"RuleID": "aws", "Severity": "HIGH"}, FindingKind.SECRET),
        ("misconfiguration", {"ID": "DS-0002", "Severity": "HIGH", "Status": "FAIL"}, FindingKind.MISCONFIGURATION),
        ("license", {"Name": "GPL-3.0", "PkgName": "x", "Severity": "HIGH"}, FindingKind.LICENCE),
    ],
)
def test_every_kind_that_was_hidden_comes_back(kind: str, finding: dict[str, str], meaning: FindingKind) -> None:
    hidden = {"Type": kind, "Status": "ignored", "Source": ".trivyignore", "Finding": finding}

    found = only_finding(trivy_report(trivy_result(Vulnerabilities=[], ExperimentalModifiedFindings=[hidden])))

    assert found.kind is meaning
    assert found.suppressed_by is SuppressedBy.SCANNER


def test_a_secret_is_kept_without_its_match_and_its_lines() -> None:
    row = {
        "RuleID": "github-pat",
        "Category": "GitHub",
        "Severity": "CRITICAL",
        "Match": "token=****",
        "StartLine": 3,
        "EndLine": 3,
        "Code": {"Lines": [{"Content": "other=not-masked-at-all"}]},
    }
    result = {"Target": "deploy.sh", "Class": "secret", "Secrets": [row, row | {"StartLine": 9, "EndLine": 11}]}

    report = imported(trivy_report(result))

    (finding,) = report.findings
    assert finding.key == "secret|github-pat|file/deploy.sh|"
    assert finding.paths == ("deploy.sh:3", "deploy.sh:9-11")
    assert finding.detail_of("masked") == "true"
    assert "not-masked" not in repr(report)
    assert "token=" not in repr(report)
    assert report.components == ()
