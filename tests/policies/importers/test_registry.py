import ast
import bz2
import gc
import lzma
import subprocess
import sys
from pathlib import Path

import pytest

from policies import importers
from policies.importers.document import Document
from policies.importers.reading import decode_json
from policies.importers.refusals import FormatUnknown, FormatUnsupported, JsonInvalid
from policies.importers.registry import IMPORTERS, import_file
from tests.policies.importers.reports import cyclonedx_bom, grype_report, trivy_report, written
from tests.policies.importers.sarif_reports import sarif_report
from tests.policies.importers.test_govulncheck import graphs, stream
from tests.policies.importers.test_osv_scanner import osv_package, osv_report
from tests.policies.importers.test_snyk import snyk_of
from tests.policies.importers.test_spdx import spdx_document
from tests.real_data import real_data

UNSUPPORTED = [
    ("attest/sigstore-bundles/happy-path-v0.3/bundle.sigstore.json", "Sigstore bundle"),
    ("scans/anchore_enterprise/one_check.json", "Anchore"),
    ("scans/anchorectl_policies/many_violations.json", "anchorectl"),
    ("scans/anchorectl_policies/new_format_many_violations.json", "Anchore"),
    ("scans/cyclonedx/valid-vulnerability-1.4.xml", "CycloneDX XML"),
    ("scans/dependency_check/single_vuln.xml", "XML"),
    ("scans/dependency_track/many_findings_with_cvssV3_score.json", "Dependency-Track"),
    ("scans/harbor_vulnerability/harbor-5-vuln.json", "Harbor"),
    ("scans/trivy-golden/alpine-310.gsbom", "GitHub dependency snapshot"),
    ("scans/trivy-golden/centos-7-cyclonedx.intoto.jsonl", "DSSE"),
    ("scans/trivy_operator/vulnerabilityreport_many.json", "Trivy operator"),
]
UNKNOWN = [
    "intel/vulnrichment-ssvc.csv",
    "scans/anchorectl_policies/no_violation.json",
    "scans/trivy-golden/trivyignore.yaml",
    "vex/trivy-apply/unknown.json",
]


@pytest.mark.parametrize("path, likeness", UNSUPPORTED)
def test_a_format_known_by_sight_is_refused_by_its_name(path: str, likeness: str) -> None:
    with pytest.raises(FormatUnsupported) as refusal:
        import_file(real_data(path).read_bytes())

    assert refusal.value.code == "evidence.format_unsupported"
    assert likeness in refusal.value.detail
    assert "Trivy JSON, Grype JSON" in refusal.value.detail


@pytest.mark.parametrize("path", UNKNOWN)
def test_a_format_nobody_knows_is_refused_naming_what_is_read(path: str) -> None:
    with pytest.raises(FormatUnknown) as refusal:
        import_file(real_data(path).read_bytes())

    assert refusal.value.code == "evidence.format_unknown"
    assert "CycloneDX JSON" in refusal.value.detail


@pytest.mark.parametrize(
    "content, likeness",
    [
        (b"PK\x03\x04....", "ZIP"),
        (b"%PDF-1.7", "PDF"),
        (lzma.compress(b"{}"), "xz"),
        (bz2.compress(b"{}"), "bzip2"),
        (b"\x28\xb5\x2f\xfd....", "zstd"),
        (b"SPDXVersion: SPDX-2.3\n", "SPDX tag-value"),
        (b'{"payloadType": "x", "payload": "e30="}\n{"payloadType": "x", "payload": "e30="}\n', "one JSON value after"),
        (b'{"artifacts": [], "artifactRelationships": []}', "Syft"),
        (b'{"_type": "https://in-toto.io/Statement/v1", "predicateType": "x"}', "in-toto"),
        (b'{"id": "GO-1", "modified": "x", "affected": []}', "OSV record"),
        (b'{"@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld"}', "SPDX 3"),
        (b'{"infrastructureAsCodeIssues": []}', "send it as SARIF"),
        (b'{"sbom": {"spdxVersion": "SPDX-2.3"}}', "its member `sbom`"),
    ],
)
def test_a_file_of_another_kind_is_refused_by_what_it_is(content: bytes, likeness: str) -> None:
    with pytest.raises(FormatUnsupported, match=likeness):
        import_file(content)


def test_json_lines_of_nothing_known_are_of_no_format() -> None:
    with pytest.raises(FormatUnknown):
        import_file(b'{"a": 1}\n{"b": 2}\n')


@pytest.mark.parametrize(
    "content, place",
    [
        (b'{"a": 1}\n{"a": 1, "a": 2}\n', "line 2"),
        (b'{"a": 1}\n\n{"a": NaN}\n', "line 3"),
        (b'{\n"a": 1}\n{\n"b": 2,,}', "line 4"),
        (b"[1] [2", "line 1"),
    ],
)
def test_a_broken_value_in_a_sequence_is_refused_with_its_line(content: bytes, place: str) -> None:
    with pytest.raises(JsonInvalid, match=place):
        import_file(content)


@pytest.mark.parametrize("content", [b"null", b"7", b'"text"', b"[]", b"{}", b"hello"])
def test_a_value_that_is_no_report_is_refused(content: bytes) -> None:
    with pytest.raises(FormatUnknown):
        import_file(content)


@pytest.mark.parametrize(
    "report",
    [
        trivy_report(),
        [{"Target": "x", "Type": "npm"}],
        grype_report(),
        cyclonedx_bom(),
        sarif_report(),
        spdx_document(),
        osv_report(),
        [osv_package()],
        snyk_of(),
        [snyk_of()],
        stream(),
        graphs(),
    ],
)
def test_exactly_one_importer_detects_a_report(report: object) -> None:
    content = written(report)
    document = Document(content=content, is_json=True, value=decode_json(content))

    assert sum(importer.detect(document) for importer in IMPORTERS) == 1


def test_every_format_has_a_name_of_its_own() -> None:
    assert len({importer.format for importer in IMPORTERS}) == len(IMPORTERS)


def test_the_importers_need_neither_django_nor_a_driver() -> None:
    program = "import policies.importers.registry, policies.importers.facts, policies.importers.__main__, sys;"
    program += "print([name for name in ('django', 'rest_framework', 'celery', 'psycopg') if name in sys.modules])"

    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert loaded.stdout.strip() == "[]"


def test_the_importers_import_only_themselves_and_the_kernel() -> None:
    (folder,) = importers.__path__

    for path in sorted(Path(folder).glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.ImportFrom)
                and node.module
                and node.module.startswith(("policies", "stellapolicy"))
            ):
                assert node.module.startswith(("policies.importers", "stellapolicy.kernel")), (
                    f"{path.name}: {node.module}"
                )


def test_the_collector_runs_again_after_an_import_and_after_a_refusal() -> None:
    import_file(written(trivy_report()))
    with pytest.raises(FormatUnknown):
        import_file(b"{}")

    assert gc.isenabled()
