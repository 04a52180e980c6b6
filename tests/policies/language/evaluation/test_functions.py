"""The functions of the language, each by what it promises, and by the public suites where there is one."""

import json
from typing import Any

import pytest

from policies.language.functions import FUNCTIONS, IMPLEMENTATIONS, METHODS
from policies.language.functions.components import any_purl_match, purl_match, version_at_least, version_in
from policies.language.functions.cvss import cvss, normalize_cvss
from policies.language.functions.licences import licence_satisfies
from policies.language.functions.quantities import divide, instant_of, microseconds, percent_of, severity_band
from policies.language.types import UNKNOWN
from stellapolicy.kernel.severity import Severity, of_cvss
from tests.policies.language.evaluation.compiling import program
from tests.real_data import real_data

LOG4J = "pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1"
LOG4SHELL = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H"


@pytest.mark.parametrize("name", sorted({**FUNCTIONS, **METHODS}))
def test_the_example_of_every_function_compiles(name: str) -> None:
    function = {**FUNCTIONS, **METHODS}[name]

    assert program(f"rule r {{ when {function.example} then warn }}").rules


@pytest.mark.parametrize("name", sorted(IMPLEMENTATIONS))
def test_every_function_is_unknown_as_soon_as_an_argument_is(name: str) -> None:
    functions = {function.name: function for function in (*FUNCTIONS.values(), *METHODS.values())}
    count = len(functions[name].parameters) if name in functions else 2

    assert IMPLEMENTATIONS[name](*[UNKNOWN] * count) is UNKNOWN


@pytest.mark.parametrize(
    "pattern,matches",
    [
        ("pkg:maven/org.apache.logging.log4j/log4j-core", True),
        ("pkg:maven/org.apache.*/log4j-*@2.*", True),
        ("pkg:maven/*", True),
        ("pkg:MAVEN/*/log4j-core@2.14.1", True),
        ("pkg:maven/org.apache.*/log4j-*@1.*", False),
        ("pkg:npm/*", False),
        ("pkg:*/log4j-core", True),
        ("log4j-core", UNKNOWN),
        ("pkg:maven", UNKNOWN),
    ],
)
def test_a_purl_is_matched_part_by_part(pattern: str, matches: bool | float) -> None:  # noqa: FBT001
    assert purl_match(LOG4J, pattern) is matches


def test_an_npm_scope_is_no_version() -> None:
    scoped = "pkg:npm/%40angular/core@16.2.0"

    assert purl_match(scoped, "pkg:npm/@angular/core") is True
    assert purl_match(scoped, "pkg:npm/%40angular/*@16.*") is True
    assert purl_match(scoped, "pkg:npm/@angular/core@17.*") is False


def test_a_list_of_purls_matches_by_one_and_is_unknown_by_an_unreadable_one() -> None:
    assert any_purl_match((LOG4J, "nonsense"), "pkg:maven/*") is True
    assert any_purl_match((LOG4J, "nonsense"), "pkg:npm/*") is UNKNOWN
    assert any_purl_match((LOG4J,), "pkg:npm/*") is False


@pytest.mark.parametrize(
    "version,versions,lies",
    [
        ("2.14.1", "vers:maven/>=2.0|<2.15.0", True),
        ("2.15.0", "vers:maven/>=2.0|<2.15.0", False),
        ("1.10.0", "vers:npm/>1.9.0", True),
        ("1:2.3-4ubuntu1", "vers:deb/<1:2.3-5", True),
        ("nonsense!", "vers:semver/>=1.0.0", UNKNOWN),
        ("1.0", "vers:unheard-of/>=1", UNKNOWN),
        ("1.0", ">=1", UNKNOWN),
        ("1" * 5_000, "vers:npm/>=1.0.0", UNKNOWN),
    ],
)
def test_a_version_is_compared_as_its_ecosystem_does(version: str, versions: str, lies: bool | float) -> None:  # noqa: FBT001
    assert version_in(version, versions) is lies


@pytest.mark.parametrize("suite", ["npm_range_containment_test.json", "pypi_range_containment_test.json"])
def test_containment_agrees_with_the_public_vers_suite(suite: str) -> None:
    cases: list[dict[str, Any]] = json.loads(real_data(f"vers/{suite}").read_text(encoding="utf-8"))["tests"]

    wrong = [
        (case["input"], found)
        for case in cases
        if (found := version_in(case["input"]["version"], case["input"]["vers"])) is not case["expected_output"]
    ]

    assert wrong == []


@pytest.mark.parametrize(
    "version,floor,enough",
    [("2026.05", "2026.5", True), ("2026.05", "2026.06", False), ("v1.2", "1.1.9", True), ("1.x", "1", UNKNOWN)],
)
def test_rule_bundles_are_versioned_number_by_number(version: str, floor: str, enough: bool | float) -> None:  # noqa: FBT001
    assert version_at_least(version, floor) is enough


@pytest.mark.parametrize(
    "expression,answer",
    [
        ("MIT", True),
        ("mit", True),
        ("GPL-3.0-only", False),
        ("MIT OR GPL-3.0-only", True),
        ("MIT AND GPL-3.0-only", False),
        ("MIT AND (BSD-3-Clause OR GPL-3.0-only)", True),
        ("Unheard-Of", UNKNOWN),
        ("Unheard-Of OR MIT", True),
        ("Unheard-Of AND MIT", UNKNOWN),
        ("Unheard-Of AND GPL-3.0-only", False),
        ("LicenseRef-ours", True),
        ("LicenseRef-theirs", UNKNOWN),
        ("GPL-2.0-only WITH Classpath-exception-2.0", True),
        ("GPL-2.0-only", False),
        ("MIT WITH Classpath-exception-2.0", False),
        ("(((", UNKNOWN),
        ("", UNKNOWN),
        ("(" * 40 + "MIT" + ")" * 40, UNKNOWN),
        ("MIT OR " * 2_000 + "MIT", UNKNOWN),
    ],
)
def test_licences_mean_what_spdx_says(expression: str, answer: bool | float) -> None:  # noqa: FBT001
    allowed = ("BSD-*", "GPL-2.0-only WITH Classpath-exception-2.0", "LicenseRef-ours", "MIT")

    assert licence_satisfies(expression, allowed) is answer


def test_a_deprecated_identifier_is_the_one_that_replaced_it() -> None:
    assert licence_satisfies("GPL-2.0", ("GPL-2.0-only",)) is True
    assert licence_satisfies("GPL-2.0-only", ("GPL-2.0",)) is True


@pytest.mark.parametrize(
    "vector,score",
    [
        (LOG4SHELL, 10.0),
        (f"{LOG4SHELL}/", 10.0),
        (f"{LOG4SHELL}/E:U", 9.1),
        ("AV:N/AC:L/Au:N/C:P/I:P/A:P", 7.5),
        ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", 9.3),
    ],
)
def test_the_most_specific_score_of_a_vector_counts(vector: str, score: float) -> None:
    assert cvss(vector) == score


@pytest.mark.parametrize("nonsense", ["", "CVSS:3.1/AV:N", "CVSS:9.9/AV:N", "x" * 1_000, "CVSS:3.1/" + "AV:N/" * 90])
def test_what_is_no_vector_is_unknown(nonsense: str) -> None:
    assert cvss(nonsense) is UNKNOWN
    assert normalize_cvss(nonsense) is UNKNOWN


def test_a_vector_is_normalised_to_its_canonical_order() -> None:
    assert normalize_cvss("CVSS:3.1/A:H/I:H/C:H/S:C/UI:N/PR:N/AC:L/AV:N") == LOG4SHELL


def test_every_tenth_of_a_score_has_the_severity_of_its_band() -> None:
    found = [severity_band(tenths / 10) for tenths in range(101)]

    assert found == [of_cvss(tenths).rank for tenths in range(101)]
    assert severity_band(8.95) == Severity.HIGH.rank
    assert severity_band(10.1) is UNKNOWN
    assert severity_band(-0.1) is UNKNOWN


def test_dividing_by_nothing_is_unknown() -> None:
    assert divide(1, 0) is UNKNOWN
    assert percent_of(1, 0) is UNKNOWN
    assert percent_of(1, 4) == 25


def test_instants_beyond_the_calendar_are_its_ends() -> None:
    assert instant_of(1e30).year == 9999
    assert instant_of(-1e30).year == 1


@pytest.mark.parametrize("wrong", ["2026-01-01", 5, None])
def test_what_is_no_instant_is_refused(wrong: object) -> None:
    with pytest.raises(TypeError):
        microseconds(wrong)
