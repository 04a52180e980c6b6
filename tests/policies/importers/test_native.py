"""Our own formats read what their published schema says, and refuse the rest with its place."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from policies.importers.native_shape import reachability_schema, report_schema
from policies.importers.records import (
    FindingKind,
    FixState,
    ReachabilityDetail,
    ReachabilityFact,
    ReachabilityState,
    SourceType,
    SuppressedBy,
    VexStatus,
)
from policies.importers.refusals import ImportRefused, ShapeInvalid
from policies.importers.registry import import_report
from stellapolicy.kernel.severity import Severity
from tests.policies.importers.reports import Json, imported, only_finding, written

SCHEMAS = Path(__file__).resolve().parents[3] / "docs/schemas"


def found(**changes: object) -> Json:
    row: Json = {
        "kind": "vulnerability",
        "id": "CVE-2031-1000",
        "component": {"purl": "pkg:npm/example@1.0.0"},
        "severity": "high",
    }
    return {**row, **changes}


def report(**changes: object) -> Json:
    said: Json = {
        "format": "stella-report@1",
        "tool": {"name": "example-scan", "version": "3"},
        "subject": {"name": "acme/shop", "digests": [f"sha256:{'a' * 64}"]},
        "scanned_at": "2031-01-02T03:04:05+01:00",
        "findings": [found()],
    }
    return {**said, **changes}


def reachability(*rows: Json, **head: object) -> bytes:
    first = {"format": "stella-reachability@1", "tool": {"name": "example-reach"}, **head}
    return b"".join(json.dumps(row).encode() + b"\n" for row in (first, *rows))


def reached(**changes: object) -> Json:
    return {"vulnerability": "CVE-2031-1000", "state": "reachable", **changes}


def test_a_report_says_who_looked_at_what_when() -> None:
    read = imported(report(partial_reasons=["only the base image"]))

    assert (read.tool, read.tool_version, read.source_type) == ("example-scan", "3", SourceType.SCAN)
    assert (read.subject.name, read.subject.digests) == ("acme/shop", (f"sha256:{'a' * 64}",))
    assert read.scanned_at == datetime(2031, 1, 2, 2, 4, 5, tzinfo=UTC)
    assert read.fidelity.partial_reasons == ("only the base image",)


def test_a_finding_carries_everything_it_states() -> None:
    row = found(
        aliases=["GHSA-abcd-1234-efgh"],
        ratings=[
            {
                "source": "nvd",
                "standing": "nvd",
                "cvss": {"vector": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "score": 9.8},
            }
        ],
        fix={"versions": ["1.0.1"]},
        cwes=["CWE-79"],
        paths=["/app/package.json"],
        suppressed={"statement": "accepted upstream"},
    )

    finding = only_finding(report(findings=[row]))

    assert finding.kind is FindingKind.VULNERABILITY
    assert (finding.severity, finding.severity_source) == (Severity.CRITICAL, "nvd")
    assert finding.cvss is not None
    assert finding.cvss.score_tenths == 98
    assert (finding.fix_state, finding.fixed_versions) == (FixState.FIXED, ("1.0.1",))
    assert (finding.suppressed_by, finding.suppression_source) == (SuppressedBy.SCANNER, "example-scan")
    assert finding.sources == ("example-scan",)


def test_licences_secrets_and_misconfigurations_are_kinds_of_their_own() -> None:
    rows = [found(kind=kind, id=f"rule-{kind}", place="main.tf") for kind in ("licence", "secret", "misconfiguration")]

    read = imported(report(findings=rows))

    assert [finding.kind.value for finding in read.findings] == ["licence", "misconfiguration", "secret"]


def test_a_report_with_an_empty_list_of_findings_is_a_scan_that_found_nothing() -> None:
    read = imported(report(findings=[]))

    assert (read.source_type, read.findings) == (SourceType.SCAN, ())


def test_components_alone_are_an_inventory_and_no_scan() -> None:
    said = report(components=[{"purl": "pkg:npm/example@1.0.0", "licences": ["MIT"], "direct": True}])
    del said["findings"]

    read = imported(said)

    assert read.source_type is SourceType.SBOM
    assert (read.components[0].licenses, read.components[0].direct) == (("MIT",), True)


def test_a_claim_is_in_the_words_of_openvex() -> None:
    said = {"vulnerability": "CVE-2031-1000", "status": "not_affected", "justification": "component_not_present"}

    (claim,) = imported(report(claims=[said])).claims

    assert (claim.status, claim.justification, claim.author) == (
        VexStatus.NOT_AFFECTED,
        "component_not_present",
        "example-scan",
    )


def test_reachability_inside_a_report_is_kept_beside_its_findings() -> None:
    said = reached(purl="pkg:npm/example@1.0.0", score=0.85, confidence=0.9, call_paths=3, symbols=["b", "a"])

    (fact,) = imported(report(reachability=[said])).reachability

    assert fact == ReachabilityFact(
        vulnerability="CVE-2031-1000",
        purl="pkg:npm/example@1.0.0",
        state=ReachabilityState.REACHABLE,
        detail=ReachabilityDetail.STATIC,
        score_basis_points=8500,
        confidence_basis_points=9000,
        call_paths=3,
        symbols=("a", "b"),
    )


def test_reachability_comes_as_one_value_per_line_as_well() -> None:
    rows = (reached(detail="runtime"), reached(vulnerability="CVE-2031-1001", state="unreachable"))

    read = import_report(reachability(*rows, analysed_at="2031-01-02T00:00:00Z"))

    assert read.source_type is SourceType.REACHABILITY
    assert [fact.state.value for fact in read.reachability] == ["reachable", "unreachable"]
    assert read.scanned_at == datetime(2031, 1, 2, tzinfo=UTC)


BROKEN: list[tuple[Json, str]] = [
    (report(findings=[found(severity="severe")]), "/findings/0/severity"),
    (report(findings=[found(kind="typo")]), "/findings/0/kind"),
    (report(findings=[found(id="")]), "/findings/0/id"),
    (report(findings=[found(serverity="high")]), "/findings/0"),
    (report(findings=[found(component={"purl": "npm/example"})]), "/findings/0/component/purl"),
    (report(findings=[found(ratings=[{"source": "x", "cvss": {"score": 11}}])]), "/findings/0/ratings/0/cvss/score"),
    (report(subject={"digests": ["sha256:short"]}), "/subject/digests/0"),
    (report(tool={}), "/tool"),
    (report(found=[]), ""),
    (report(format="stella-report@2"), "/format"),
    (report(claims=[{"vulnerability": "CVE-2031-1", "status": "maybe"}]), "/claims/0/status"),
    (report(reachability=[reached(score=1.5)]), "/reachability/0/score"),
]


@pytest.mark.parametrize("said, place", BROKEN)
def test_what_the_schema_forbids_is_refused_with_its_place(said: Json, place: str) -> None:
    with pytest.raises(ShapeInvalid) as refusal:
        import_report(written(said))

    assert refusal.value.faults[0].pointer == place
    assert list(Draft202012Validator(report_schema()).iter_errors(said))


@pytest.mark.parametrize(
    "said",
    [
        report(findings=[found(published_at="soon")]),
        report(findings=[found(component={"purl": "pkg:x"})]),
        report(findings=[found(ratings=[{"source": "x", "cvss": {"score": 5}}])]),
        {"format": "stella-report@1", "tool": {"name": "x"}},
    ],
)
def test_what_a_schema_cannot_say_is_refused_all_the_same(said: Json) -> None:
    with pytest.raises(ImportRefused):
        import_report(written(said))


def test_every_broken_row_is_named_at_once() -> None:
    rows = [found(kind="a"), found(), found(severity="b")]

    with pytest.raises(ShapeInvalid) as refusal:
        import_report(written(report(findings=rows)))

    assert [fault.pointer for fault in refusal.value.faults] == ["/findings/0/kind", "/findings/2/severity"]


def test_a_broken_line_of_reachability_is_refused_with_its_number() -> None:
    with pytest.raises(ShapeInvalid) as refusal:
        import_report(reachability(reached(), reached(state="perhaps"), {"vulnerability": "CVE-2031-2"}))

    assert [fault.pointer for fault in refusal.value.faults] == ["/3/state", "/4"]


@pytest.mark.parametrize("said", [report(), report(components=[], claims=[], reachability=[reached()])])
def test_what_is_read_is_valid_by_the_schema(said: Json) -> None:
    imported(said)

    assert list(Draft202012Validator(report_schema()).iter_errors(said)) == []


@pytest.mark.parametrize(
    "name, schema",
    [("stella-report-1.json", report_schema), ("stella-reachability-1.json", reachability_schema)],
)
def test_the_published_schema_is_the_one_that_is_read(name: str, schema: Any) -> None:
    published = json.loads((SCHEMAS / name).read_bytes())

    assert published == schema()
    Draft202012Validator.check_schema(published)
