"""OpenVEX, CSAF and CycloneDX: each fits its schema, says what was claimed, and says nothing of its own."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from jsonschema import Draft7Validator, Draft202012Validator
from referencing import Registry, Resource

from exceptions.errors import NothingToExport
from exceptions.formats.forgiven import Forgiven, Issue
from exceptions.formats.writing import Format
from exceptions.rules.vocabulary import Reason
from policies.importers.records import VexClaim, VexStatus
from policies.importers.registry import import_report
from tests.exceptions.formats.written import (
    API_PURL,
    IN_API,
    IN_OTHER,
    ISSUE,
    LODASH_EVERYWHERE,
    OF_API,
    UNREACHABLE,
    document,
    forgiven,
    issues,
    many,
    seen,
    written,
)
from tests.exceptions.matching.wording import CVE, LODASH
from tests.real_data import real_data

VEX = (Format.OPENVEX, Format.CSAF, Format.CYCLONEDX)
RISK = forgiven(Reason.ACCEPTED_RISK, id="EXC-2026-0002", scope=LODASH_EVERYWHERE)
FACT = forgiven(id="EXC-2026-0003", covered=[UNREACHABLE], seen=seen(reachability="unreachable"))


def _schema(name: str) -> Any:
    return json.loads(real_data(f"schemas/{name}").read_bytes())


@pytest.fixture(scope="module")
def schemas() -> dict[Format, Any]:
    named = {
        "http://cyclonedx.org/schema/spdx.schema.json": "cyclonedx__spdx.schema.json",
        "http://cyclonedx.org/schema/jsf-0.82.schema.json": "cyclonedx__jsf-0.82.schema.json",
        "https://www.first.org/cvss/cvss-v2.0.json": "cvss-v2.0.json",
        "https://www.first.org/cvss/cvss-v3.0.json": "cvss-v3.0.json",
        "https://www.first.org/cvss/cvss-v3.1.json": "cvss-v3.1.json",
    }
    registry: Registry[Any] = Registry().with_resources(
        (uri, Resource.from_contents(_schema(name))) for uri, name in named.items()
    )
    return {
        Format.OPENVEX: Draft202012Validator(
            _schema("openvex_json_schema.json"), format_checker=Draft202012Validator.FORMAT_CHECKER
        ),
        Format.CSAF: Draft202012Validator(
            _schema("csaf-2.0__csaf_json_schema.json"),
            registry=registry,
            format_checker=Draft202012Validator.FORMAT_CHECKER,
        ),
        Format.CYCLONEDX: Draft7Validator(
            _schema("cyclonedx__bom-1.6.schema.json"), registry=registry, format_checker=Draft7Validator.FORMAT_CHECKER
        ),
    }


def read_back(content: bytes) -> list[VexClaim]:
    """Return what our own reader of VEX takes from a document."""
    return list(import_report(content).claims)


@pytest.mark.parametrize("wanted", VEX)
@given(exceptions=many, issue=issues)
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_document_fits_its_schema(
    schemas: dict[Format, Any], wanted: Format, exceptions: list[Forgiven], issue: Issue
) -> None:
    try:
        content = written(wanted, *exceptions, issue=issue).content
    except NothingToExport:
        return

    assert [error.message for error in schemas[wanted].iter_errors(json.loads(content))] == []


@pytest.mark.parametrize("wanted", [Format.OPENVEX, Format.CSAF])
@given(exceptions=many, issue=issues)
@settings(max_examples=20, deadline=None)
def test_what_others_read_is_what_was_said(wanted: Format, exceptions: list[Forgiven], issue: Issue) -> None:
    facts = {
        one.standing.id
        for one in exceptions
        if one.standing.reason in {Reason.FALSE_POSITIVE, Reason.VENDOR_NOT_AFFECTED}
    }
    try:
        content = written(wanted, *exceptions, issue=issue).content
    except NothingToExport:
        return

    for claim in read_back(content):
        if claim.status is VexStatus.NOT_AFFECTED:
            assert claim.justification or claim.statement
            assert any(number in claim.statement for number in facts)


@pytest.mark.parametrize("wanted", Format)
def test_the_same_exceptions_are_the_same_bytes(wanted: Format) -> None:
    first = written(wanted, RISK, FACT, forgiven(covered=[IN_API, IN_OTHER]))
    again = written(wanted, forgiven(covered=[IN_OTHER, IN_API]), FACT, RISK)

    assert first == again


@pytest.mark.parametrize("wanted", VEX)
def test_what_no_vex_says_is_in_the_loss_report(wanted: Format) -> None:
    losses = written(wanted, RISK).losses

    assert {loss.member for loss in losses if not loss.about} >= {"approvals", "recheck", "effect", "scope"}


@pytest.mark.parametrize("wanted", [Format.OPENVEX, Format.CSAF])
def test_a_document_that_would_state_nothing_is_refused_with_the_reasons(wanted: Format) -> None:
    with pytest.raises(NothingToExport) as refused:
        written(wanted, forgiven(covered=[]))

    assert [(fault.pointer, fault.code) for fault in refused.value.faults] == [("EXC-2026-0001", "export.not_said")]


def test_openvex_names_the_package_in_the_artifact() -> None:
    [statement] = document(Format.OPENVEX, FACT)["statements"]

    assert statement["status"] == "not_affected"
    assert statement["justification"] == "vulnerable_code_not_in_execute_path"
    assert statement["products"] == [
        {
            "@id": API_PURL,
            "identifiers": {"purl": API_PURL},
            "subcomponents": [{"@id": LODASH, "identifiers": {"purl": LODASH}}],
        }
    ]


def test_openvex_gives_an_impact_where_no_justification_is_known_and_an_action_for_a_risk() -> None:
    impact, action = document(Format.OPENVEX, forgiven(), RISK)["statements"]

    assert "justification" not in impact
    assert impact["impact_statement"].endswith("(EXC-2026-0001).")
    assert (action["status"], "impact_statement" in action) == ("affected", False)
    assert action["action_statement"].startswith("Accepted risk: ")


def test_csaf_joins_what_is_said_of_one_vulnerability() -> None:
    [vulnerability] = document(Format.CSAF, FACT, forgiven(Reason.ACCEPTED_RISK, covered=[IN_OTHER]))["vulnerabilities"]

    assert vulnerability["cve"] == CVE
    assert set(vulnerability["product_status"]) == {"known_affected", "known_not_affected"}
    assert [flag["label"] for flag in vulnerability["flags"]] == ["vulnerable_code_not_in_execute_path"]
    assert [one["category"] for one in vulnerability["remediations"]] == ["none_available"]


def test_csaf_names_an_id_that_is_no_cve_as_one_of_its_system() -> None:
    ghsa = "GHSA-jfh8-c2jp-5v3q"
    covered = [type(IN_API)(ghsa, LODASH, IN_API.artifact_digest, IN_API.artifact_name)]

    [vulnerability] = document(Format.CSAF, forgiven(covered=covered))["vulnerabilities"]

    assert vulnerability["ids"] == [{"system_name": "GHSA", "text": ghsa}]


def test_cyclonedx_dismisses_a_package_of_one_artifact_in_a_document_about_it_alone() -> None:
    assert document(Format.CYCLONEDX, FACT)["vulnerabilities"] == []
    assert "one artifact at a time" in written(Format.CYCLONEDX, FACT).losses[-1].message

    about = document(Format.CYCLONEDX, FACT, issue=OF_API)
    assert about["metadata"]["component"]["purl"] == API_PURL
    assert [one["analysis"]["state"] for one in about["vulnerabilities"]] == ["false_positive"]
    assert [one["analysis"]["justification"] for one in about["vulnerabilities"]] == ["code_not_reachable"]


def test_cyclonedx_says_exploitable_of_a_risk_with_the_artifact_around_its_package() -> None:
    risk = forgiven(Reason.SCHEDULED_FIX, covered=[IN_API, IN_OTHER])

    whole = document(Format.CYCLONEDX, risk)
    [vulnerability] = whole["vulnerabilities"]
    assert (vulnerability["analysis"]["state"], vulnerability["analysis"]["response"]) == ("exploitable", ["update"])
    assert [one["type"] for one in whole["components"]] == ["container", "container"]
    inner = {part["bom-ref"] for one in whole["components"] for part in one["components"]}
    assert {affected["ref"] for affected in vulnerability["affects"]} == inner


def test_no_reader_of_cyclonedx_takes_a_dismissal_for_more_than_its_artifact() -> None:
    about = written(Format.CYCLONEDX, FACT, issue=OF_API)

    [claim] = read_back(about.content)
    assert claim.status is VexStatus.NOT_AFFECTED
    assert claim.components == (LODASH,)
    assert ISSUE.artifact != OF_API.artifact
