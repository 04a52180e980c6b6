"""The scope a client writes: read into one spelling, every mistake at its place."""

from typing import Any

import pytest
from hypothesis import given

from exceptions.matching.scope import PackageScope, Scope, read_scope
from stellapolicy.kernel.refusals import Fault
from tests.exceptions.matching.strategies import scopes
from tests.exceptions.matching.wording import CVE, DIGEST, LODASH


def read(document: Any) -> Scope:
    faults: list[Fault] = []
    scope = read_scope(document, faults=faults)
    assert faults == []
    return scope


def mistakes(document: Any) -> list[tuple[str, str]]:
    faults: list[Fault] = []
    read_scope(document, faults=faults)
    return [(fault.pointer, fault.code) for fault in faults]


def test_every_dimension_is_read_into_its_one_spelling() -> None:
    scope = read(
        {
            "vulnerabilities": [" cve-2021-44228", "ghsa-JFH8-c2jp-5v3q", "CVE-2021-44228"],
            "packages": [LODASH, {"pattern": "pkg:PyPI/Foo_Bar", "versions": "vers:pypi/>=1.0|<2.0"}],
            "digests": [DIGEST],
            "artifacts": ["registry.example/**"],
            "labels": {"tier": "web", "team": ""},
            "services": ["checkout"],
            "environments": ["staging", "production"],
            "rules": ["baseline/*"],
        }
    )

    assert scope == Scope(
        vulnerabilities=(CVE, "GHSA-jfh8-c2jp-5v3q"),
        packages=(PackageScope(LODASH), PackageScope("pkg:pypi/foo-bar", "vers:pypi/>=1.0|<2.0")),
        digests=(DIGEST,),
        artifacts=("registry.example/*",),
        labels=(("team", ""), ("tier", "web")),
        services=("checkout",),
        environments=("production", "staging"),
        rules=("baseline/*",),
    )


def test_two_ways_of_writing_one_scope_have_one_digest() -> None:
    one = read({"vulnerabilities": [CVE, "CVE-2020-8203"], "packages": ["pkg:npm/@shop/*"]})
    other = read({"packages": [{"pattern": "pkg:npm/%40shop/**"}], "vulnerabilities": ["cve-2020-8203", CVE]})

    assert one.digest == other.digest


@given(scopes)
def test_a_stored_scope_is_read_back_the_same(scope: Scope) -> None:
    assert Scope.from_json(scope.to_json()) == scope


@pytest.mark.parametrize(
    "change",
    [
        {"more": []},
        {"rules": "baseline/*"},
        {"rules": [5]},
        {"labels": [["team", "shop"]]},
        {"labels": {"team": 5}},
        {"packages": ["pkg:npm/lodash"]},
        {"packages": [{"pattern": 5, "versions": ""}]},
    ],
)
def test_anything_else_is_no_stored_scope(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"of a scope|not a scope"):
        Scope.from_json({**Scope().to_json(), **change})


def test_a_label_with_two_values_is_no_scope() -> None:
    with pytest.raises(ValueError, match="one value"):
        Scope(labels=(("team", "shop"), ("team", "other")))


@pytest.mark.parametrize(
    "dimensions",
    [
        {},
        {"digests": [DIGEST]},
        {"services": ["checkout"], "environments": ["production"]},
        {"packages": ["pkg:npm/*"]},
        {"packages": [LODASH, "pkg:npm/*"]},
        {"packages": ["pkg:*/*"], "services": ["checkout"]},
    ],
)
def test_a_scope_that_names_no_vulnerability_package_or_rule_is_too_open(dimensions: dict[str, Any]) -> None:
    assert mistakes(dimensions) == [("/scope", "scope.too_open")]


@pytest.mark.parametrize(
    "dimensions",
    [{"vulnerabilities": [CVE]}, {"packages": ["pkg:npm/lod*"]}, {"rules": ["baseline/*"]}],
)
def test_a_vulnerability_a_package_or_a_rule_is_enough(dimensions: dict[str, Any]) -> None:
    assert mistakes(dimensions) == []


@pytest.mark.parametrize(
    "value,code",
    [
        ({"vulnerabilities": ["CVE-2021-*"]}, "/scope/vulnerabilities/0 scope.vulnerability"),
        ({"vulnerabilities": [CVE, "CVE-20999"]}, "/scope/vulnerabilities/1 scope.vulnerability"),
        ({"vulnerabilities": ["cve-2021-1"]}, "/scope/vulnerabilities/0 scope.vulnerability"),
        ({"vulnerabilities": [""]}, "/scope/vulnerabilities/0 scope.text"),
        ({"vulnerabilities": ["CVE\n1"]}, "/scope/vulnerabilities/0 scope.text"),
        ({"vulnerabilities": [5]}, "/scope/vulnerabilities/0 scope.type"),
        ({"vulnerabilities": CVE}, "/scope/vulnerabilities scope.type"),
        ({"vulnerabilities": ["x" * 501]}, "/scope/vulnerabilities/0 scope.too_long"),
        ({"vulnerabilities": [f"CVE-2021-{n:05}" for n in range(201)]}, "/scope/vulnerabilities scope.too_many"),
        ({"packages": [LODASH, "lodash"]}, "/scope/packages/1 scope.package"),
        ({"packages": [{"versions": "vers:npm/*"}]}, "/scope/packages/0 scope.package"),
        ({"packages": [{"pattern": LODASH, "range": ""}]}, "/scope/packages/0 scope.package"),
        ({"packages": [{"pattern": 5}]}, "/scope/packages/0/pattern scope.type"),
        ({"packages": [{"pattern": LODASH, "versions": 5}]}, "/scope/packages/0/versions scope.type"),
        (
            {"packages": [{"pattern": LODASH, "versions": "vers:npm/>=4.0.0"}]},
            "/scope/packages/0/versions scope.versions",
        ),
        (
            {"packages": [{"pattern": "pkg:npm/lodash", "versions": "vers:deb/>=4"}]},
            "/scope/packages/0/versions scope.versions",
        ),
        (
            {"packages": [{"pattern": "pkg:npm/lodash", "versions": "vers:npm/<5.0.0|>=4.0.0"}]},
            "/scope/packages/0/versions scope.versions",
        ),
        (
            {"packages": [{"pattern": "pkg:npm/lodash", "versions": "vers:npm/>4.0.0|>5.0.0"}]},
            "/scope/packages/0/versions scope.versions",
        ),
        ({"digests": ["sha256:short"]}, "/scope/digests/0 scope.digest"),
        ({"artifacts": ["**"]}, "/scope/artifacts/0 scope.pattern"),
        ({"rules": ["*"]}, "/scope/rules/0 scope.pattern"),
        ({"services": ["check*"]}, "/scope/services/0 scope.slug"),
        ({"environments": ["pro duction"]}, "/scope/environments/0 scope.slug"),
        ({"labels": ["team"]}, "/scope/labels scope.type"),
        ({"labels": {"te/am": 5}}, "/scope/labels/te~1am scope.label"),
        ({"labels": {" ": "shop"}}, "/scope/labels/  scope.label"),
        ({"labels": {"team": "x" * 501}}, "/scope/labels/team scope.too_long"),
        ({"labels": {f"label{n}": "" for n in range(201)}}, "/scope/labels scope.too_many"),
        ({"service": ["checkout"]}, "/scope/service scope.unknown"),
    ],
)
def test_a_mistake_is_told_where_it_is(value: dict[str, Any], code: str) -> None:
    document = {"vulnerabilities": [CVE], **value}

    assert [" ".join(mistake) for mistake in mistakes(document)] == [code]


def test_every_mistake_is_told_at_once() -> None:
    found = mistakes({"vulnerabilities": ["*", CVE, ""], "digests": ["x"], "labels": {"a": None}, "rule": []})

    assert [pointer for pointer, _ in found] == [
        "/scope/rule",
        "/scope/vulnerabilities/0",
        "/scope/vulnerabilities/2",
        "/scope/digests/0",
        "/scope/labels/a",
    ]


def test_a_scope_that_is_no_object_is_told_so() -> None:
    assert ("/scope", "scope.type") in mistakes([CVE])


def test_a_reader_is_told_what_is_meant_where_and_what_is_left_open() -> None:
    scope = Scope(
        vulnerabilities=(CVE, "CVE-2020-8203", "GHSA-jfh8-c2jp-5v3q"),
        packages=(PackageScope("pkg:npm/lodash", "vers:npm/>=4.0.0|<4.17.21"), PackageScope("pkg:npm/lodash-*")),
        labels=(("team", "shop"), ("tier", "web")),
        environments=("production",),
        rules=("baseline/*",),
    )

    assert scope.in_words() == (
        "The vulnerability is CVE-2020-8203, CVE-2021-44228 or GHSA-jfh8-c2jp-5v3q.",
        "The package is pkg:npm/lodash in the versions >=4.0.0|<4.17.21 or like pkg:npm/lodash-*.",
        "The rule is like baseline/*.",
        "The artifact carries the label team=shop and tier=web.",
        "The environment is production.",
        "It holds for every service.",
    )


def test_a_scope_that_names_every_place_leaves_nothing_open() -> None:
    scope = Scope(
        vulnerabilities=(CVE,),
        digests=(DIGEST,),
        artifacts=("api",),
        services=("checkout",),
        environments=("production",),
    )

    assert scope.in_words()[1:] == (
        f"The artifact is {DIGEST}.",
        "The artifact's name is api.",
        "The service is checkout.",
        "The environment is production.",
    )
