"""Whatever happens to a report on its way, an import answers with records or with a refusal, never with a crash."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policies.importers.facts import finding_facts
from policies.importers.inventory import inventory_findings
from policies.importers.merge import merge_reports
from policies.importers.records import ImportedReport
from policies.importers.refusals import ImportRefused
from policies.importers.registry import import_file
from policies.importers.summary import summarise
from policies.importers.table import as_text
from tests.policies.importers.reports import (
    cyclonedx_bom,
    cyclonedx_vulnerability,
    grype_match,
    grype_report,
    trivy_report,
    written,
)
from tests.policies.importers.sarif_reports import grype_sarif, sarif_of, snyk_sarif, trivy_sarif
from tests.policies.importers.test_govulncheck import called, graphs, package_imported, sink, stream
from tests.policies.importers.test_osv_scanner import osv_package, osv_report
from tests.policies.importers.test_snyk import snyk_image, snyk_project, snyk_row
from tests.policies.importers.test_spdx import related, spdx_document, spdx_package
from tests.real_data import real_data

REAL = [
    "sbom/spdx__software__example8__spdx2.3__examplemaven-0.0.1.spdx.json",
    "scans/anchore_grype/check_all_fields.json",
    "scans/anchore_grype/many_vulns_with_epss_values.json",
    "scans/cyclonedx/valid-vulnerability-1.6.json",
    "scans/govulncheck/many_vulns_new_version.json",
    "scans/govulncheck/no_vulns.json",
    "scans/osv_scanner/with-call-analysis.json",
    "scans/sarif/SuppressionTestCurrent.sarif",
    "scans/sarif/taint-python-report.sarif",
    "scans/snyk/single_project_one_vuln.json",
    "scans/trivy-golden/alpine-310.sarif",
    "scans/trivy-golden/conda-spdx.json",
    "scans/trivy-golden/dockerfile.json",
    "scans/trivy-golden/npm-with-suppressed.json",
    "scans/trivy-golden/pom-cyclonedx.json",
    "scans/trivy-golden/secrets.json",
    "scans/trivy/cvssv4_severity_source.json",
    "scans/trivy/kubernetes.json",
    "scans/trivy/license_scheme.json",
    "vex/cyclonedx/CISA-Use-Cases__Case-3__vex.json",
    "intel/epss-vulnerablecode.csv",
]
OWN = [
    trivy_report(),
    grype_report(ignoredMatches=[grype_match(appliedIgnoreRules=[{"vex-status": "fixed"}, {"reason": "x"}])]),
    cyclonedx_bom(
        vulnerabilities=[cyclonedx_vulnerability(analysis={"state": "in_triage"})],
        compositions=[{"aggregate": "incomplete"}],
        dependencies=[{"ref": "shop", "dependsOn": ["example"]}],
    ),
    spdx_document(spdx_package(), relationships=[related("shop", "DEPENDS_ON", "example")]),
    osv_report(osv_package(dependency_groups=["dev"], license_violations=["MIT"])),
    [snyk_image(nvdSeverity="low"), snyk_project(filtered={"ignore": [snyk_row()]})],
    stream(called(), package_imported(), {"SBOM": {"modules": [{"path": "a", "version": "v1"}], "roots": ["b"]}}),
    graphs(sink(CallSink=1)),
    grype_sarif(),
    snyk_sarif(),
    trivy_sarif(),
    sarif_of(
        {"messageStrings": {"a": {"text": "{0}"}}, "relationships": [{"target": {"id": "CWE-1"}}]},
        message={"id": "a", "arguments": ["x"]},
        suppressions=[{"kind": "inSource", "justification": "x"}],
        fingerprints={"a/v1": "x"},
        ruleIndex=0,
    ),
]

strange = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(
        ["pkg:npm/a@1", "pkg:", "CVE-2031-1", "2031-01-01", "a" * 2_000, "\0", "sha256:x", "urn:cdx:a/1#pkg:x"]
    ),
    st.lists(st.text(max_size=3), max_size=2),
    st.dictionaries(st.text(max_size=3), st.none(), max_size=2),
    st.builds(lambda: [[{}]]),  # a fresh one each time: a shared one could come to contain itself
)


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield (container, key) of everything inside a JSON value."""
    pending = [value]
    while pending:
        node = pending.pop()
        inner = (
            list(node.items()) if isinstance(node, dict) else list(enumerate(node)) if isinstance(node, list) else []
        )
        for key, child in inner:
            yield node, key
            pending.append(child)


def _mutate(report: Any, data: st.DataObject) -> None:
    places = list(_places(report))
    if not places:
        return
    container, key = places[data.draw(st.integers(0, len(places) - 1), label="place")]
    match data.draw(st.sampled_from(["replace", "remove", "repeat", "rename"]), label="deed"):
        case "remove" if isinstance(container, dict):
            del container[key]
        case "rename" if isinstance(container, dict):
            container[data.draw(st.text(max_size=12), label="name")] = container.pop(key)
        case "repeat" if isinstance(container, list):
            container.append(copy.deepcopy(container[key]))
        case _:
            container[key] = data.draw(strange, label="value")


def _use(content: bytes) -> None:
    """Do with a file what the product does with it."""
    try:
        imported = import_file(content)
    except ImportRefused:
        return
    assert as_text("file", summarise(imported))
    if isinstance(imported, ImportedReport):
        merged = merge_reports([imported, imported])
        for finding in (*merged.findings, *inventory_findings(merged.components)):
            assert finding_facts(finding)["finding.kind"] == finding.kind


@pytest.mark.parametrize("path", REAL)
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
def test_flipped_bytes_of_a_real_file_are_imported_or_refused(path: str, data: st.DataObject) -> None:
    content = bytearray(real_data(path).read_bytes())

    for _ in range(data.draw(st.integers(1, 4), label="flips")):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))

    _use(bytes(content))


@pytest.mark.parametrize("path", [path for path in REAL if path.endswith((".json", ".sarif"))])
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_real_report_of_another_shape_is_imported_or_refused(path: str, data: st.DataObject) -> None:
    report = json.loads(real_data(path).read_bytes())

    for _ in range(data.draw(st.integers(1, 3), label="mutations")):
        _mutate(report, data)

    _use(written(report))


@pytest.mark.parametrize("number", range(len(OWN)))
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_small_report_of_another_shape_is_imported_or_refused(number: int, data: st.DataObject) -> None:
    report = json.loads(written(OWN[number]))

    for _ in range(data.draw(st.integers(1, 3), label="mutations")):
        _mutate(report, data)

    _use(written(report))
