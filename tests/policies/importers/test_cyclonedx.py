import pytest

from policies.importers.records import FindingKind, SourceType, VersionScope, VexStatus
from policies.importers.refusals import FormatUnsupported, ShapeInvalid
from policies.importers.registry import import_report
from stellapolicy.kernel.severity import Severity
from tests.policies.importers.reports import (
    Json,
    cyclonedx_bom,
    cyclonedx_component,
    cyclonedx_vulnerability,
    imported,
    only_finding,
)
from tests.real_data import real_data

NOT_AFFECTED = {"state": "not_affected", "justification": "code_not_reachable", "detail": "we looked"}


def _scan(**changes: object) -> Json:
    return cyclonedx_bom(vulnerabilities=[cyclonedx_vulnerability(**changes)])


def _vex(**changes: object) -> Json:
    return _scan(**{"analysis": NOT_AFFECTED, "affects": [{"ref": "shop"}]} | changes) | {"components": []}


def test_an_inventory_is_no_scan_even_when_it_lists_no_vulnerability() -> None:
    assert imported(cyclonedx_bom()).source_type is SourceType.SBOM
    assert imported(cyclonedx_bom(vulnerabilities=[])).source_type is SourceType.SBOM


def test_a_document_says_whom_it_is_about_and_what_others_call_it() -> None:
    report = imported(cyclonedx_bom())

    assert report.subject.name == "shop"
    assert report.subject.serial == "urn:cdx:3e671687-395b-41f5-a30f-a58921a69b79/2"
    assert (report.tool, report.tool_version) == ("maker", "1.2")


def test_an_image_is_known_by_its_digests_and_labels() -> None:
    properties = [
        {"name": "aquasecurity:trivy:ImageID", "value": f"sha256:{'1' * 64}"},
        {"name": "aquasecurity:trivy:RepoDigest", "value": f"shop@sha256:{'2' * 64}"},
        {"name": "aquasecurity:trivy:RepoTag", "value": "shop:1"},
        {"name": "syft:image:labels:team", "value": "shop"},
    ]
    product = {
        "type": "container",
        "name": "shop",
        "version": f"sha256:{'3' * 64}",
        "hashes": [{"alg": "SHA-256", "content": "4" * 64}, {"alg": "SHA-1", "content": "5" * 40}],
        "properties": properties,
    }

    subject = imported(cyclonedx_bom(metadata={"component": product})).subject

    assert subject.digests == tuple(f"sha256:{digit * 64}" for digit in "234")
    assert (subject.image_id, subject.tags, subject.labels) == (f"sha256:{'1' * 64}", ("shop:1",), (("team", "shop"),))


def test_components_at_any_depth_are_found() -> None:
    inner = cyclonedx_component(**{"bom-ref": "inner", "purl": "pkg:npm/inner@2", "components": []})
    outer = cyclonedx_component(components=[inner])

    report = imported(cyclonedx_bom(components=[outer]))

    assert [component.purl for component in report.components] == ["pkg:npm/example@1.0", "pkg:npm/inner@2"]


def test_a_component_without_a_purl_keeps_type_group_name_and_version() -> None:
    component = {"type": "library", "group": "org.example", "name": "lib", "version": "1"}

    report = imported(cyclonedx_bom(components=[component]))

    assert [one.key for one in report.components] == ["library/org.example/lib@1"]


def test_an_unreadable_purl_is_dropped_and_said_so() -> None:
    report = imported(cyclonedx_bom(components=[cyclonedx_component(purl="npm:example")]))

    assert report.components[0].purl == ""
    assert "package URLs" in {one.what for one in report.fidelity.dropped}


def test_ids_names_and_expressions_are_licences() -> None:
    licences = [{"license": {"id": "MIT"}}, {"license": {"name": "Custom"}}, {"expression": "Apache-2.0 OR MIT"}]

    report = imported(cyclonedx_bom(components=[cyclonedx_component(licenses=licences)]))

    assert report.components[0].licenses == ("Apache-2.0 OR MIT", "Custom", "MIT")


def test_evidence_and_properties_tell_where_a_component_lies() -> None:
    component = cyclonedx_component(
        evidence={"occurrences": [{"location": "/app/a.jar"}]},
        properties=[{"name": "syft:location:0:path", "value": "/app/b.jar"}, {"name": "other", "value": "no"}],
    )

    report = imported(cyclonedx_bom(components=[component]))

    assert report.components[0].paths == ("/app/a.jar", "/app/b.jar")


def test_direct_dependencies_are_seen_through_the_lock_file() -> None:
    components = [
        {"bom-ref": "lock", "type": "application", "name": "package-lock.json"},
        cyclonedx_component(**{"bom-ref": "direct", "purl": "pkg:npm/direct@1"}),
        cyclonedx_component(**{"bom-ref": "deep", "purl": "pkg:npm/deep@1"}),
        cyclonedx_component(**{"bom-ref": "loose", "purl": "pkg:npm/loose@1"}),
        cyclonedx_component(**{"bom-ref": "system", "purl": "pkg:deb/debian/bash@5"}),
    ]
    dependencies = [
        {"ref": "shop", "dependsOn": ["lock", "system"]},
        {"ref": "lock", "dependsOn": ["direct"]},
        {"ref": "direct", "dependsOn": ["deep", "direct"]},
    ]

    report = imported(cyclonedx_bom(components=components, dependencies=dependencies))

    assert {component.name: component.direct for component in report.components} == {
        "bash": None,
        "deep": False,
        "direct": True,
        "loose": None,
        "package-lock.json": None,
    }


def test_a_vulnerability_is_a_finding_of_every_component_it_affects() -> None:
    other = cyclonedx_component(**{"bom-ref": "other", "purl": "pkg:npm/other@1"})
    vulnerability = cyclonedx_vulnerability(affects=[{"ref": "example"}, {"ref": "other"}])

    report = imported(cyclonedx_bom(components=[cyclonedx_component(), other], vulnerabilities=[vulnerability]))

    assert report.source_type is SourceType.SCAN
    assert [finding.component.name for finding in report.findings] == ["example", "other"]
    assert report.findings[0].explanation == "severity critical from nvd; CVSS 9.8 (v3.1) from nvd"


@pytest.mark.parametrize("affects", [[{"ref": "nowhere"}], []])
def test_a_vulnerability_of_something_unlisted_is_still_a_finding(affects: list[Json]) -> None:
    finding = only_finding(_scan(affects=affects))

    assert finding.id == "CVE-2031-1000"


def test_a_vulnerability_of_the_product_itself_is_a_finding_of_the_product() -> None:
    assert only_finding(_scan(affects=[{"ref": "shop"}])).component.name == "shop"


def test_equivalent_ids_are_aliases_and_the_cve_is_shown() -> None:
    finding = only_finding(_scan(id="SNYK-JS-1", references=[{"id": "CVE-2031-9"}, {"id": "DSA-1-1"}]))

    assert (finding.id, finding.aliases) == ("CVE-2031-9", ("SNYK-JS-1",))


def test_a_score_without_a_severity_is_rated_by_its_band() -> None:
    rating = {"source": {"name": "NVD"}, "score": 10.0, "method": "CVSSv31", "vector": "CVSS:3.1/AV:N"}

    assert only_finding(_scan(ratings=[rating])).severity is Severity.CRITICAL


def test_a_products_own_environmental_score_does_not_outrank_nvd() -> None:
    own = {"source": {"name": "Acme Inc"}, "score": 0.0, "severity": "none", "method": "CVSSv31", "vector": "AV:N"}
    ratings = [*cyclonedx_vulnerability()["ratings"], own]

    assert only_finding(_scan(ratings=ratings)).severity is Severity.CRITICAL


def test_a_score_of_another_method_is_dropped_and_its_severity_kept() -> None:
    rating = {"source": {"name": "NVD"}, "score": 42, "severity": "high", "method": "OWASP"}

    report = imported(_scan(ratings=[rating]))

    assert (report.findings[0].severity, report.findings[0].cvss) == (Severity.HIGH, None)
    assert "scores of other methods" in {one.what for one in report.fidelity.dropped}


def test_the_plain_word_of_a_source_counts_before_scores_without_a_word() -> None:
    ratings = [{"severity": "low"}, {"score": 9.8, "method": "CVSSv31", "vector": "CVSS:3.1/AV:N"}]

    finding = only_finding(_scan(source={"name": "debian:distro:debian:12"}, ratings=ratings))

    assert finding.explanation == "severity low from debian; CVSS 9.8 (v3.1) from debian"


def test_trivys_advice_names_the_fixed_version_of_each_component() -> None:
    advice = "Upgrade example to version 1.1, 2.0; Upgrade other to version 9"

    assert only_finding(_scan(recommendation=advice)).fixed_versions == ("1.1", "2.0")


def test_an_analysis_beside_a_finding_is_a_claim_and_the_finding_stays() -> None:
    report = imported(_scan(analysis=NOT_AFFECTED))

    (finding,), (claim,) = report.findings, report.claims
    assert finding.severity is Severity.CRITICAL
    assert (claim.status, claim.components) == (VexStatus.NOT_AFFECTED, ("pkg:npm/example@1.0",))
    assert claim.justification == "vulnerable_code_not_in_execute_path"
    assert claim.stated_justification == "code_not_reachable"
    assert claim.statement == "we looked"


def test_a_document_of_analyses_without_components_is_vex_and_finds_nothing() -> None:
    report = imported(_vex())

    assert (report.source_type, report.findings) == (SourceType.VEX, ())
    (claim,) = report.claims
    assert (claim.products, claim.components) == ((), ())


@pytest.mark.parametrize(
    "state, status",
    [
        ("resolved", VexStatus.FIXED),
        ("resolved_with_pedigree", VexStatus.FIXED),
        ("exploitable", VexStatus.AFFECTED),
        ("in_triage", VexStatus.UNDER_INVESTIGATION),
        ("false_positive", VexStatus.NOT_AFFECTED),
        ("not_affected", VexStatus.NOT_AFFECTED),
    ],
)
def test_every_state_of_an_analysis_is_a_vex_status(state: str, status: VexStatus) -> None:
    report = imported(_vex(analysis={"state": state}))

    assert [claim.status for claim in report.claims] == [status]


def test_a_state_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ShapeInvalid, match="/vulnerabilities/0/analysis/state"):
        imported(_vex(analysis={"state": "harmless"}))


@pytest.mark.parametrize(
    "reference, products, components",
    [
        ("urn:cdx:aaa/1#pkg:npm/x@1", ("urn:cdx:aaa/1",), ("pkg:npm/x@1",)),
        ("urn:cdx:aaa/1#product", ("urn:cdx:aaa/1#product",), ()),
        ("pkg:npm/x@1", (), ("pkg:npm/x@1",)),
        ("elsewhere", ("elsewhere",), ()),
    ],
)
def test_a_claim_says_which_document_and_which_component_it_speaks_of(
    reference: str, products: tuple[str, ...], components: tuple[str, ...]
) -> None:
    (claim,) = imported(_vex(affects=[{"ref": reference}])).claims

    assert (claim.products, claim.components) == (products, components)


def test_a_claim_keeps_the_versions_it_speaks_of() -> None:
    versions = [{"range": "vers:semver/<7.0.0", "status": "unaffected"}, {"version": "5.9.0", "status": "affected"}]

    (claim,) = imported(_vex(affects=[{"ref": "shop", "versions": versions}])).claims

    assert claim.versions == (
        VersionScope(range="vers:semver/<7.0.0", status="unaffected"),
        VersionScope(version="5.9.0", status="affected"),
    )


def test_a_claim_is_as_old_as_its_analysis_else_as_its_document() -> None:
    dated = imported(_vex(analysis=NOT_AFFECTED | {"lastUpdated": "2030-05-01T00:00:00Z"}))
    undated = imported(_vex())

    assert [
        claim.issued_at.isoformat() for report in (dated, undated) for claim in report.claims if claim.issued_at
    ] == [
        "2030-05-01T00:00:00+00:00",
        "2031-01-02T03:04:05+00:00",
    ]


def test_whoever_answers_for_the_document_is_the_author_of_its_claims() -> None:
    metadata = {"manufacturer": {"name": "Example Ltd"}, "authors": [{"name": "Jane"}]}

    (claim,) = imported(_vex() | {"metadata": metadata}).claims

    assert claim.author == "Example Ltd"


def test_an_inventory_that_calls_itself_incomplete_is_partial() -> None:
    report = imported(cyclonedx_bom(compositions=[{"aggregate": "incomplete_third_party_only"}]))

    assert report.fidelity.partial_reasons == ("the inventory says of itself that it is incomplete third party only",)


def test_what_is_not_read_is_listed() -> None:
    report = imported(cyclonedx_bom(services=[{}, {}], signature={"algorithm": "ES256"}))

    assert {one.what: one.count for one in report.fidelity.dropped} == {"services": 2, "signatures": 1}


def test_a_malicious_package_is_malware() -> None:
    assert only_finding(_scan(id="MAL-2031-1")).kind is FindingKind.MALWARE


@pytest.mark.parametrize("version", ["1.1", "2.0", ""])
def test_a_version_that_is_not_read_is_refused_naming_those_that_are(version: str) -> None:
    with pytest.raises(FormatUnsupported, match=r"1\.4, 1\.5, 1\.6"):
        imported(cyclonedx_bom(specVersion=version))


@pytest.mark.parametrize(
    "bom, pointer",
    [
        (cyclonedx_bom(components=[{"type": "library"}]), "/components/0/name"),
        (cyclonedx_bom(components={}), "/components"),
        (_scan(id=None), "/vulnerabilities/0/id"),
        (_scan(affects=[{"ref": 1}]), "/vulnerabilities/0/affects/0/ref"),
        (_scan(cwes=["CWE-79"]), "/vulnerabilities/0/cwes/0"),
        (_scan(ratings=[{"score": 11, "method": "CVSSv4"}]), "/vulnerabilities/0/ratings/0/score"),
    ],
)
def test_a_wrong_value_is_refused_at_its_place(bom: Json, pointer: str) -> None:
    with pytest.raises(ShapeInvalid) as refusal:
        imported(bom)

    assert [fault.pointer for fault in refusal.value.faults] == [pointer]


CISA_CASES = [
    ("CISA-Use-Cases__Case-1__vex-affected", {VexStatus.AFFECTED: 1}),
    ("CISA-Use-Cases__Case-1__vex-fixed", {VexStatus.FIXED: 1}),
    ("CISA-Use-Cases__Case-1__vex-not_affected", {VexStatus.NOT_AFFECTED: 1}),
    ("CISA-Use-Cases__Case-1__vex-under_investigation", {VexStatus.UNDER_INVESTIGATION: 1}),
    ("CISA-Use-Cases__Case-2__vex", {VexStatus.NOT_AFFECTED: 19}),
    ("CISA-Use-Cases__Case-4__vex", {VexStatus.AFFECTED: 1}),
    ("Use-Cases__Case-1__vex", {VexStatus.NOT_AFFECTED: 1}),
    ("Use-Cases__Case-2__vex", {VexStatus.AFFECTED: 1}),
    ("Use-Cases__Case-3__vex", {VexStatus.UNDER_INVESTIGATION: 1}),
    ("Use-Cases__Case-5__vex", {VexStatus.AFFECTED: 1, VexStatus.NOT_AFFECTED: 1}),
    ("Use-Cases__Case-6__vex", {VexStatus.NOT_AFFECTED: 3}),
    ("Use-Cases__Case-7__vex", {VexStatus.NOT_AFFECTED: 1}),
]


@pytest.mark.parametrize("name, statuses", CISA_CASES)
def test_the_published_vex_use_cases_say_what_they_intend(name: str, statuses: dict[VexStatus, int]) -> None:
    report = import_report(real_data(f"vex/cyclonedx/{name}.json").read_bytes())

    counted = {status: sum(claim.status is status for claim in report.claims) for status in VexStatus}
    assert {status: count for status, count in counted.items() if count} == statuses
    assert (report.source_type, report.findings) == (SourceType.VEX, ())
