"""CSAF documents become claims, and a document that fails a mandatory test is refused with all its faults."""

import json
from typing import Any

import pytest

from policies.importers.records import SourceType, VexStatus
from policies.importers.refusals import FormatUnsupported, ImportRefused, ShapeInvalid
from policies.importers.registry import import_report
from tests.policies.importers.reports import Json, imported, written
from tests.real_data import real_data

SUITE = "vex/csaf-validator"


def product(product_id: str, **helper: object) -> Json:
    return {"product_id": product_id, "name": f"Example {product_id}", "product_identification_helper": helper}


def csaf(*vulnerabilities: Json, tree: Json | None = None, **document: object) -> Json:
    about: Json = {
        "category": "csaf_vex",
        "csaf_version": "2.0",
        "publisher": {"category": "vendor", "name": "Example PSIRT", "namespace": "https://example.org"},
        "title": "Example",
        "tracking": {
            "id": "EX-2031-1",
            "status": "final",
            "version": "1",
            "initial_release_date": "2031-01-02T00:00:00Z",
            "current_release_date": "2031-01-02T00:00:00Z",
            "revision_history": [{"date": "2031-01-02T00:00:00Z", "number": "1", "summary": "First."}],
        },
    }
    return {
        "document": {**about, **document},
        "product_tree": tree or {"full_product_names": [product("A", purl="pkg:npm/a@1"), product("B")]},
        "vulnerabilities": list(vulnerabilities),
    }


def vulnerability(**changes: object) -> Json:
    return {"cve": "CVE-2031-1000", "product_status": {"known_not_affected": ["A"]}, **changes}


def faults_of(document: Json) -> list[tuple[str, str]]:
    with pytest.raises(ShapeInvalid) as refusal:
        import_report(written(document))
    return [(fault.pointer, fault.message) for fault in refusal.value.faults]


def test_a_status_says_who_claims_what_of_which_product_and_why() -> None:
    flags = [{"label": "component_not_present", "product_ids": ["A"]}]
    threats = [{"category": "impact", "details": "Not shipped.", "product_ids": ["A"]}]

    report = imported(csaf(vulnerability(flags=flags, threats=threats)))

    (claim,) = report.claims
    assert report.source_type is SourceType.VEX
    assert (claim.vulnerability, claim.status) == ("CVE-2031-1000", VexStatus.NOT_AFFECTED)
    assert (claim.products, claim.components) == (("pkg:npm/a@1",), ())
    assert (claim.justification, claim.statement) == ("component_not_present", "Not shipped.")
    assert (claim.author, claim.source) == ("Example PSIRT", "EX-2031-1")


def test_a_part_of_a_product_is_the_component_and_the_whole_is_the_product() -> None:
    tree = {
        "full_product_names": [product("OS", cpe="cpe:/o:example:os:9"), product("pkg", purl="pkg:rpm/example/a@1")],
        "relationships": [
            {
                "category": "default_component_of",
                "product_reference": "pkg",
                "relates_to_product_reference": "OS",
                "full_product_name": {"product_id": "OS:pkg", "name": "a in OS"},
            }
        ],
    }

    report = imported(csaf(vulnerability(product_status={"fixed": ["OS:pkg"]}), tree=tree))

    (claim,) = report.claims
    assert (claim.products, claim.components) == (("cpe:/o:example:os:9",), ("pkg:rpm/example/a@1",))


def test_a_group_stands_for_its_products() -> None:
    tree = {
        "full_product_names": [product("A"), product("B")],
        "product_groups": [{"group_id": "G", "product_ids": ["A", "B"]}],
    }
    both = vulnerability(
        product_status={"known_not_affected": ["A", "B"]},
        flags=[{"label": "component_not_present", "group_ids": ["G"]}],
    )

    report = imported(csaf(both, tree=tree))

    assert [claim.justification for claim in report.claims] == ["component_not_present"] * 2


def test_a_vulnerability_without_an_id_is_left_out_and_counted() -> None:
    report = imported(csaf({"product_status": {"fixed": ["A"]}}))

    assert report.claims == ()
    assert any("without an id" in dropped.what for dropped in report.fidelity.dropped)


def test_another_version_is_refused_by_name() -> None:
    with pytest.raises(FormatUnsupported, match=r"CSAF 2\.1 is not supported"):
        import_report(written(csaf(csaf_version="2.1")))


def test_every_fault_of_a_document_is_told_at_once() -> None:
    document = csaf(
        vulnerability(
            product_status={"fixed": ["A", "Z"], "known_affected": ["A"]}, flags=[{"label": "component_not_present"}]
        ),
        lang="EZ",
    )

    told = faults_of(document)

    assert {pointer for pointer, _ in told} == {
        "/document/lang",
        "/vulnerabilities/0/flags/0",
        "/vulnerabilities/0/product_status/fixed/0",
        "/vulnerabilities/0/product_status/fixed/1",
    }


@pytest.mark.parametrize(
    "document, test",
    [
        (csaf(vulnerability(), vulnerability()), "6.1.23"),
        (csaf(vulnerability(product_status={"fixed": ["Z"]})), "6.1.1"),
        (csaf(vulnerability(remediations=[{"category": "workaround", "details": "x"}])), "6.1.29"),
        (csaf(vulnerability(remediations=[{"details": "x", "group_ids": ["Z"]}])), "6.1.4"),
        (
            csaf(
                vulnerability(
                    flags=[
                        {"label": "component_not_present", "product_ids": ["A"]},
                        {"label": "vulnerable_code_not_present", "product_ids": ["A"]},
                    ]
                )
            ),
            "6.1.33",
        ),
        (csaf(tree={"full_product_names": [product("A"), product("A")]}), "6.1.2"),
        (csaf(tree={"product_groups": [{"group_id": "G"}, {"group_id": "G"}]}), "6.1.5"),
        (
            csaf(
                tree={
                    "relationships": [
                        {
                            "product_reference": "A",
                            "relates_to_product_reference": "A",
                            "full_product_name": {"product_id": "A", "name": "A"},
                        }
                    ]
                }
            ),
            "6.1.3",
        ),
    ],
)
def test_a_failed_mandatory_test_is_named(document: Json, test: str) -> None:
    assert any(f"test {test})" in message for _, message in faults_of(document))


def suite() -> list[Any]:
    return [
        pytest.param(case["name"], case["valid"], one["id"], id=case["name"].rpartition("2021-")[2])
        for one in json.loads(real_data(f"{SUITE}/testcases.json").read_bytes())["tests"]
        for case in [*one.get("failures", []), *one.get("valid", [])]
    ]


def test_the_suite_of_the_standard_is_judged_as_it_wants() -> None:
    wrong = []
    for name, valid, test in (case.values for case in suite()):
        try:
            import_report(real_data(f"{SUITE}/{name}").read_bytes())
            outcome = True
        except ImportRefused as refusal:
            outcome = False
            told = any(f"test {test})" in fault.message for fault in refusal.faults)
            if not told:
                wrong.append((name, refusal.detail))
        if outcome != valid:
            wrong.append((name, f"accepted: {outcome}"))

    assert wrong == []


def test_a_real_advisory_of_a_vendor_reads_whole() -> None:
    report = import_report(real_data("vex/csaf/rhsa-2021_5186.json").read_bytes())

    told = {claim.status for claim in report.claims}
    assert told == {VexStatus.FIXED, VexStatus.NOT_AFFECTED}
    assert report.claims[0].author == "Red Hat Product Security"


def test_a_real_document_whose_history_contradicts_it_is_refused_with_the_place() -> None:
    with pytest.raises(ShapeInvalid) as refusal:
        import_report(real_data("vex/csaf/trustify__cve-2023-0044.json").read_bytes())

    assert [fault.pointer for fault in refusal.value.faults] == ["/document/tracking/version"]
