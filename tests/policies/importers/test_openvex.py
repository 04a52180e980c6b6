"""OpenVEX statements become claims: which product, which part, what status, and why."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from policies.importers.limits import ImportLimits
from policies.importers.records import SourceType, VexClaim, VexStatus
from policies.importers.refusals import ShapeInvalid, TooLarge
from policies.importers.registry import import_report
from tests.policies.importers.reports import Json, imported, written
from tests.real_data import real_data


def statement(**changes: object) -> Json:
    said: Json = {
        "vulnerability": {"name": "CVE-2031-1000"},
        "products": [{"@id": "pkg:npm/example@1.0.0"}],
        "status": "not_affected",
        "justification": "component_not_present",
    }
    return {name: value for name, value in {**said, **changes}.items() if value is not None}


def openvex(*statements: Json, **changes: object) -> Json:
    document: Json = {
        "@context": "https://openvex.dev/ns/v0.2.0",
        "@id": "https://example.org/vex/1",
        "author": "Example PSIRT",
        "timestamp": "2031-01-02T03:04:05Z",
        "version": 1,
        "statements": list(statements) or [statement()],
    }
    return {name: value for name, value in {**document, **changes}.items() if value is not None}


def only_claim(document: Json) -> VexClaim:
    (claim,) = imported(document).claims
    return claim


def test_a_statement_says_who_claims_what_of_which_product() -> None:
    claim = only_claim(openvex())

    assert claim == VexClaim(
        vulnerability="CVE-2031-1000",
        status=VexStatus.NOT_AFFECTED,
        products=("pkg:npm/example@1.0.0",),
        justification="component_not_present",
        stated_justification="component_not_present",
        author="Example PSIRT",
        source="https://example.org/vex/1",
        issued_at=datetime(2031, 1, 2, 3, 4, 5, tzinfo=UTC),
    )


def test_a_vex_document_finds_nothing_and_is_no_scan() -> None:
    report = imported(openvex())

    assert (report.source_type, report.findings, report.components) == (SourceType.VEX, (), ())
    assert report.subject.serial == "https://example.org/vex/1"


def test_each_product_keeps_its_own_parts() -> None:
    products = [
        {"@id": "pkg:oci/shop@sha256%3Aabc", "subcomponents": [{"@id": "pkg:apk/alpine/libssl3@3.0"}]},
        {"@id": "pkg:oci/desk@sha256%3Adef", "subcomponents": [{"@id": "pkg:apk/alpine/zlib@1.2"}]},
    ]

    claims = imported(openvex(statement(products=products))).claims

    assert {(claim.products, claim.components) for claim in claims} == {
        (("pkg:oci/shop@sha256:abc",), ("pkg:apk/alpine/libssl3@3.0",)),
        (("pkg:oci/desk@sha256:def",), ("pkg:apk/alpine/zlib@1.2",)),
    }


def test_a_product_is_known_by_its_identifiers_and_the_digests_of_its_content() -> None:
    product = {
        "@id": "shop",
        "identifiers": {"purl": "pkg:PyPI/Shop@1", "cpe23": "cpe:2.3:a:example:shop:1:*:*:*:*:*:*:*"},
        "hashes": {"sha-256": "AB" * 32, "md5": "00"},
    }

    claim = only_claim(openvex(statement(products=[product])))

    assert claim.products == (
        "cpe:2.3:a:example:shop:1:*:*:*:*:*:*:*",
        "pkg:pypi/shop@1",
        f"sha256:{'ab' * 32}",
        "shop",
    )


def test_the_first_version_of_the_format_is_read_as_well() -> None:
    document = openvex(
        statement(vulnerability="cve-2031-1000", products=["pkg:npm/a@1"], subcomponents=["pkg:npm/b@2"]),
        **{"@context": "https://openvex.dev/ns"},
    )

    claim = only_claim(document)

    assert (claim.vulnerability, claim.products, claim.components) == (
        "CVE-2031-1000",
        ("pkg:npm/a@1",),
        ("pkg:npm/b@2",),
    )


def test_a_vulnerability_goes_by_all_its_names_the_cve_first() -> None:
    named = {"name": "GHSA-ABCD-1234-EFGH", "aliases": ["CVE-2031-7", "SNYK-X"]}

    claim = only_claim(openvex(statement(vulnerability=named)))

    assert (claim.vulnerability, claim.aliases) == ("CVE-2031-7", ("GHSA-abcd-1234-efgh", "SNYK-X"))


def test_a_later_date_of_a_statement_counts_before_that_of_its_document() -> None:
    claim = only_claim(openvex(statement(last_updated="2031-05-06T00:00:00Z")))

    assert claim.issued_at == datetime(2031, 5, 6, tzinfo=UTC)


def test_a_dismissal_without_a_reason_is_noted() -> None:
    report = imported(openvex(statement(justification=None)))

    assert any("no reason" in note for note in report.fidelity.notes)
    assert report.claims[0].justification == ""


@pytest.mark.parametrize(
    "document, place",
    [
        (openvex(statement(status="fine")), "/statements/0/status"),
        (openvex(statement(status=None)), "/statements/0/status"),
        (openvex(statement(vulnerability=None)), "/statements/0/vulnerability"),
        (openvex(statement(products=None)), "/statements/0/products"),
        (openvex(statement(products=[{}])), "/statements/0/products/0"),
        (openvex(statement(products=[7])), "/statements/0/products/0"),
        (openvex(author=None), "/author"),
        (openvex(statements=[]), "/statements"),
        (openvex(timestamp="yesterday"), "/timestamp"),
    ],
)
def test_what_a_statement_lacks_is_refused_with_its_place(document: Json, place: str) -> None:
    with pytest.raises(ShapeInvalid) as refusal:
        import_report(written(document))

    assert refusal.value.faults[0].pointer.startswith(place)


def test_every_broken_statement_is_named_at_once() -> None:
    with pytest.raises(ShapeInvalid) as refusal:
        import_report(written(openvex(statement(status="a"), statement(), statement(status="b"))))

    assert [fault.pointer for fault in refusal.value.faults] == ["/statements/0/status", "/statements/2/status"]


def test_more_claims_than_the_limit_are_refused() -> None:
    products = [{"@id": f"pkg:npm/a{number}@1"} for number in range(4)]

    with pytest.raises(TooLarge):
        import_report(written(openvex(statement(products=products))), ImportLimits(findings=3))


def test_a_real_document_of_an_image_reads_whole() -> None:
    document: Any = json.loads(real_data("vex/openvex/go-vex__v0.2.0.json").read_bytes())

    report = imported(document)

    assert [claim.vulnerability for claim in report.claims] == [
        one["vulnerability"]["name"] for one in document["statements"]
    ]
    assert {claim.components for claim in report.claims} == {
        ("pkg:apk/alpine/libcrypto3@3.0.8-r3", "pkg:apk/alpine/libssl3@3.0.8-r3")
    }
