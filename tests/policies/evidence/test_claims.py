"""Which claims speak of which finding, and how far they are believed."""

import json
from typing import Any

import pytest

from policies.evidence.assembly import DISMISSALS, AcceptedClaim, assemble
from policies.evidence.claims import Claim, ClaimIndex
from policies.evidence.knowledge import EpssKnowledge, Knowledge
from policies.evidence.snapshot import claim_json
from policies.evidence.trust import claim_trust
from policies.importers.registry import import_report
from tests.real_data import real_data
from tests.reports import digest_of

ARTIFACT = digest_of("shop")
PURL = "pkg:npm/lodash@4.17.20"
NOTHING_KNOWN = Knowledge(epss={}, kev={}, feeds={})


def claim(**said: object) -> Claim:
    stored = {"components": [PURL], "justification": "vulnerable_code_not_present", **said}
    return Claim.from_stored("CVE-2021-23337", str(stored.pop("status", "not_affected")), stored)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"components": ["pkg:npm/lodash"]},
        {"components": [], "products": [f"pkg:oci/shop@{ARTIFACT}"]},
        {"components": [], "products": []},
    ],
)
def test_a_claim_speaks_of_the_component_or_artifact_it_names_or_of_all(said: dict[str, object]) -> None:
    assert ClaimIndex([claim(**said)]).about(["CVE-2021-23337"], PURL, ARTIFACT)


@pytest.mark.parametrize(
    "said",
    [
        {"components": ["pkg:npm/lodash@4.17.21"]},
        {"components": ["pkg:npm/lodash.merge"]},
        {"components": [], "products": [f"pkg:oci/other@{digest_of('other')}"]},
    ],
)
def test_a_claim_about_something_else_does_not_speak_of_the_finding(said: dict[str, object]) -> None:
    assert ClaimIndex([claim(**said)]).about(["CVE-2021-23337"], PURL, ARTIFACT) == ()


def test_a_claim_is_found_by_any_name_of_its_vulnerability() -> None:
    index = ClaimIndex([claim(aliases=["GHSA-35jh-r3h4-6jhm"])])

    assert index.about(["GHSA-35jh-r3h4-6jhm"], PURL, ARTIFACT)


@pytest.mark.parametrize("tier,accepted", [("production", False), ("staging", False), ("development", True)])
def test_an_unsigned_claim_dismisses_in_development_only(tier: str, accepted: bool) -> None:  # noqa: FBT001
    assert claim_trust(claim(), tier=tier, artifact_digest=ARTIFACT).is_accepted is accepted


def test_a_claim_without_justification_is_weaker_than_one_with() -> None:
    blanket = claim_trust(claim(justification=""), tier="staging", artifact_digest=ARTIFACT)
    argued = claim_trust(claim(), tier="staging", artifact_digest=ARTIFACT)

    assert blanket.strength < argued.strength


def test_a_believed_affected_outweighs_a_stronger_dismissal() -> None:
    accepted = [AcceptedClaim(claim(), 9_000), AcceptedClaim(claim(status="affected"), 4_000)]

    facts = assemble({"vuln.id": "CVE-2021-23337"}, circumstances={}, knowledge=NOTHING_KNOWN, accepted=accepted)

    assert facts["vex.status"] == "affected"


def test_silence_is_no_dismissal() -> None:
    facts = assemble({"vuln.id": "CVE-2021-23337"}, circumstances={}, knowledge=NOTHING_KNOWN)

    assert facts["vex.status"] == "none"
    assert facts["vex.statements"] == ()
    assert "kev.listed" not in facts


def test_the_highest_prediction_among_the_names_of_a_vulnerability_counts() -> None:
    knowledge = Knowledge(
        epss={"CVE-1": EpssKnowledge(10_000, 50_000), "CVE-2": EpssKnowledge(90_000, 99_000)}, kev={}, feeds={}
    )

    facts = assemble({"vuln.id": "CVE-1", "vuln.aliases": ["CVE-2"]}, circumstances={}, knowledge=knowledge)

    assert facts["epss.score"] == 0.9


@pytest.mark.parametrize(
    "versions,holds",
    [
        ([], True),
        ([{"version": "4.17.20", "range": "", "status": "unaffected"}], True),
        ([{"version": "4.17.21", "range": "", "status": "unaffected"}], False),
        ([{"version": "4.17.20", "range": "", "status": "affected"}], False),
        ([{"version": "", "range": "vers:npm/>=4.0.0", "status": "unaffected"}], True),
        ([{"version": "", "range": "vers:npm/>=5.0.0", "status": "unaffected"}], False),
        ([{"version": "", "range": "vers:npm/>=four", "status": "unaffected"}], False),
        ([{"range": "vers:npm/>=4.0.0"}, {"range": "vers:npm/<4.17.21", "status": "affected"}], False),
        ([{"range": "vers:npm/>=4.0.0"}, {"range": "no range at all", "status": "affected"}], False),
        ([{"range": "vers:npm/>=4.0.0", "status": "affected"}, {"version": "4.17.20", "status": "fixed"}], True),
    ],
)
def test_a_dismissal_holds_for_the_versions_and_readable_ranges_it_names(versions: list[object], holds: bool) -> None:  # noqa: FBT001
    assert claim(versions=versions).covers_version("4.17.20") is holds


def applied(case: dict[str, Any]) -> set[str]:
    """Return the vulnerabilities of a case that its document dismisses, the document being posted with the scan."""
    report = import_report(real_data(f"vex/trivy-apply/{case['vex']}").read_bytes())
    claims = [Claim.from_stored(one.vulnerability, one.status.value, claim_json(one)) for one in report.claims]
    name = case["artifact"].removeprefix("image oci ") if case["artifact"].startswith("image") else ""
    index = ClaimIndex(claims)
    return {
        finding["cve"]
        for finding in case["findings"]
        if any(
            one.status in DISMISSALS
            for one in index.about([finding["cve"]], finding["purl"], ARTIFACT, artifact_name=name)
        )
    }


def test_a_document_dismisses_what_another_tool_lets_it_dismiss() -> None:
    cases = json.loads(real_data("vex/trivy-apply/cases.json").read_bytes())
    # A CycloneDX VEX linked to the serial number of another inventory: who posts it with the scan of an artifact says
    # that it is about this artifact; a document about products at large joins by product alone.
    ours = [case for case in cases if case["name"] != "CycloneDX VEX, other serial number"]

    assert {case["name"]: applied(case) for case in ours} == {
        case["name"]: set(case["expected_suppressed"]) for case in ours
    }
