from datetime import UTC, datetime

import pytest

from policies.importers.facts import finding_facts
from policies.importers.inventory import inventory_findings, licence_expression
from policies.importers.records import Component, Cvss, Finding, FindingKind, FixState
from policies.importers.registry import import_report
from policies.language.facts import CATALOGUE, from_json, to_json
from stellapolicy.kernel.severity import Severity
from tests.policies.importers.reports import only_finding, trivy_report, trivy_row
from tests.real_data import real_data

FULL = Finding(
    kind=FindingKind.MALWARE,
    id="CVE-2031-1000",
    aliases=("GHSA-aaaa-bbbb-cccc",),
    component=Component(
        purl="pkg:npm/%40acme/example@1.0",
        type="npm",
        namespace="@acme",
        name="example",
        version="1.0",
        scope="required",
        paths=("package-lock.json",),
        licenses=("MIT", "Apache-2.0 OR BSD-3-Clause"),
        direct=True,
    ),
    severity=Severity.CRITICAL,
    severity_source="ghsa",
    cvss=Cvss("3.1", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 98, "nvd"),
    cwes=("CWE-79",),
    fix_state=FixState.FIXED,
    fixed_versions=("1.1",),
    advisory_source="ghsa",
    published_at=datetime(2031, 1, 2, tzinfo=UTC),
    withdrawn_at=datetime(2031, 1, 3, tzinfo=UTC),
)


def test_everything_a_finding_knows_becomes_a_fact() -> None:
    assert finding_facts(FULL, artifact={"digest": f"sha256:{'1' * 64}", "name": "shop"}) == {
        "advisory.fix_available": True,
        "advisory.fixed_versions": ["1.1"],
        "advisory.source": "ghsa",
        "artifact.digest": f"sha256:{'1' * 64}",
        "artifact.name": "shop",
        "component.direct": True,
        "component.name": "example",
        "component.namespace": "@acme",
        "component.paths": ["package-lock.json"],
        "component.purl": "pkg:npm/%40acme/example@1.0",
        "component.scope": "required",
        "component.type": "npm",
        "component.version": "1.0",
        "cvss.base": 9.8,
        "cvss.score": 9.8,
        "cvss.vector": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
        "cvss.version": "3.1",
        "finding.kind": "malware",
        "license.expression": "(Apache-2.0 OR BSD-3-Clause) AND MIT",
        "license.ids": ["MIT", "Apache-2.0 OR BSD-3-Clause"],
        "malware.id": "CVE-2031-1000",
        "severity.normalized": "critical",
        "severity.source": "ghsa",
        "vuln.aliases": ["GHSA-aaaa-bbbb-cccc"],
        "vuln.cwes": ["CWE-79"],
        "vuln.id": "CVE-2031-1000",
        "vuln.published": "2031-01-02T00:00:00Z",
        "vuln.withdrawn": True,
    }


def test_what_nobody_knows_is_no_fact() -> None:
    facts = finding_facts(Finding(FindingKind.VULNERABILITY, "CVE-2031-1000", Component()))

    assert facts == {"finding.kind": "vulnerability", "vuln.aliases": [], "vuln.id": "CVE-2031-1000"}


def test_a_missing_fix_is_false_and_an_unknown_one_is_nothing() -> None:
    unfixed = only_finding(trivy_report())

    for state, known in ((FixState.NOT_FIXED, False), (FixState.WONT_FIX, False), (FixState.UNKNOWN, None)):
        finding = Finding(FindingKind.VULNERABILITY, unfixed.id, unfixed.component, fix_state=state)
        assert finding_facts(finding).get("advisory.fix_available") is known


def test_a_secret_says_how_often_it_was_seen_and_that_it_was_masked() -> None:
    rows = [{"RuleID": "aws", "Severity": "HIGH", "Match": "***", "StartLine": line} for line in (1, 2, 2)]

    facts = finding_facts(only_finding(trivy_report({"Target": "a.sh", "Class": "secret", "Secrets": rows})))

    assert facts["secret.match.count"] == 2
    assert facts["secret.mask.applied"] is True
    assert facts["secret.rule"] == "aws"
    assert "secret.verified" not in facts


def test_a_licence_is_its_expression() -> None:
    rows = [{"Name": "GPL-3.0-only", "PkgName": "x", "Severity": "HIGH"}]

    facts = finding_facts(only_finding(trivy_report({"Target": "x", "Class": "license", "Licenses": rows})))

    assert (facts["finding.kind"], facts["license.expression"]) == ("licence", "GPL-3.0-only")


def test_an_inventory_gives_a_finding_per_component_and_one_where_licences_are_stated() -> None:
    bare = Component(purl="pkg:npm/bare@1", type="npm", name="bare", version="1")
    free = Component(purl="pkg:npm/free@1", type="npm", name="free", version="1", licenses=("MIT", "ISC"))

    findings = inventory_findings([free, bare])

    assert [finding.key for finding in findings] == [
        "component|pkg:npm/bare@1|pkg:npm/bare@1|",
        "component|pkg:npm/free@1|pkg:npm/free@1|",
        "licence|ISC AND MIT|pkg:npm/free@1|",
    ]
    assert finding_facts(findings[2])["license.ids"] == ["MIT", "ISC"]


def test_licences_together_all_apply() -> None:
    assert licence_expression(["MIT"]) == "MIT"
    assert licence_expression(["MIT", "GPL-2.0 OR MIT", "MIT"]) == "(GPL-2.0 OR MIT) AND MIT"


REPORTS = [
    "scans/trivy/all_statuses.json",
    "scans/trivy/cvssv4_severity_source.json",
    "scans/trivy/kubernetes.json",
    "scans/trivy/license_scheme.json",
    "scans/trivy-golden/dockerfile.json",
    "scans/trivy-golden/gomod.json",
    "scans/trivy-golden/npm.json",
    "scans/trivy-golden/secrets.json",
    "scans/anchore_grype/check_all_fields.json",
    "scans/anchore_grype/many_vulns_with_epss_values.json",
    "scans/cyclonedx/log4j.json",
    "sbom/proton-bridge__proton-bridge-v1.8.0.bom.json",
]


@pytest.mark.parametrize("path", REPORTS)
def test_every_fact_of_a_real_report_is_in_the_catalogue_with_its_type(path: str) -> None:
    report = import_report(real_data(path).read_bytes())

    for finding in (*report.findings, *inventory_findings(report.components)):
        facts = finding_facts(finding, artifact={"digest": f"sha256:{'1' * 64}", "labels": ["team=shop"]})
        assert facts.keys() <= CATALOGUE.keys()
        assert to_json(from_json(facts)) == facts


def test_the_fullest_finding_fits_the_catalogue() -> None:
    assert to_json(from_json(finding_facts(FULL))) == finding_facts(FULL)


def test_an_unknown_severity_is_no_fact() -> None:
    row = trivy_row(Severity="UNKNOWN", SeveritySource="", VendorSeverity=None, CVSS=None)

    facts = finding_facts(only_finding(trivy_report({"Target": "x", "Class": "os-pkgs", "Vulnerabilities": [row]})))

    assert "severity.normalized" not in facts
    assert "cvss.score" not in facts
