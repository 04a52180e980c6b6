"""What analyses say of a finding, the worse state standing."""

import pytest

from policies.evidence.reachability import ReachabilityIndex
from policies.importers.records import ReachabilityDetail, ReachabilityFact, ReachabilityState

CVE = "CVE-2021-23337"
PURL = "pkg:npm/lodash@4.17.20"


def fact(state: str, **said: object) -> ReachabilityFact:
    return ReachabilityFact(CVE, str(said.pop("purl", PURL)), ReachabilityState(state), **said)  # type: ignore[arg-type]


def test_reachable_stands_against_unreachable_and_unknown() -> None:
    index = ReachabilityIndex(
        [
            fact("unreachable", confidence_basis_points=9_900),
            fact("unknown"),
            fact("reachable", detail=ReachabilityDetail.STATIC, score_basis_points=8_500, call_paths=3),
            fact("reachable", detail=ReachabilityDetail.RUNTIME, confidence_basis_points=7_000),
        ]
    )

    assert index.facts_of([CVE], PURL) == {
        "reachability.state": "reachable",
        "reachability.detail": "runtime",
        "reachability.score": 0.85,
        "reachability.confidence": 0.7,
        "reachability.paths": 3,
    }


def test_unreachable_is_no_surer_than_the_least_sure_analysis() -> None:
    index = ReachabilityIndex([fact("unreachable", confidence_basis_points=bp) for bp in (9_000, 4_000)])

    assert index.facts_of([CVE], PURL)["reachability.confidence"] == 0.4


@pytest.mark.parametrize("purl", ["", PURL, "pkg:npm/lodash", f"{PURL}?arch=x86"])
def test_a_fact_speaks_of_its_package_and_without_one_of_the_whole_subject(purl: str) -> None:
    assert ReachabilityIndex([fact("unreachable", purl=purl)]).facts_of([CVE], PURL)


@pytest.mark.parametrize(
    "names,purl",
    [(["CVE-2000-1"], PURL), ([CVE], "pkg:npm/lodash@4.17.21"), ([CVE], "pkg:npm/lodash.merge@1"), ([CVE], "")],
)
def test_what_no_analysis_looked_at_has_no_facts(names: list[str], purl: str) -> None:
    assert ReachabilityIndex([fact("unreachable")]).facts_of(names, purl) == {}


def test_an_analysis_is_found_by_any_name_of_the_vulnerability() -> None:
    index = ReachabilityIndex([fact("reachable", aliases=("GHSA-35jh-r3h4-6jhm",))])

    assert index.facts_of(["GHSA-35jh-r3h4-6jhm"], PURL)["reachability.state"] == "reachable"
