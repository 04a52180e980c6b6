"""A scope is only called narrower where everything it matches is matched by the other one too."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from exceptions.matching.ranges import is_readable, range_includes
from exceptions.matching.scope import PackageScope, Scope, narrower
from exceptions.matching.subject import Place, Subject
from stellapolicy.kernel.version_ranges import contains
from tests.exceptions.matching import naive
from tests.exceptions.matching.strategies import places, scopes, subjects
from tests.exceptions.matching.wording import CVE, DIGEST, LODASH, OTHER_DIGEST, packages

WIDE = Scope(
    vulnerabilities=(CVE, "CVE-2020-8203"),
    packages=(PackageScope("pkg:npm/lod*"),),
    artifacts=("registry.example/*",),
    labels=(("team", "shop"),),
    rules=("baseline/*",),
)
NARROW = Scope(
    vulnerabilities=(CVE,),
    packages=(PackageScope("pkg:npm/lodash", "vers:npm/<4.17.21"),),
    artifacts=("registry.example/shop/*",),
    labels=(("team", "shop"), ("tier", "web")),
    services=("checkout",),
    rules=("baseline/block_*",),
)


def test_a_scope_that_says_more_in_every_dimension_is_narrower() -> None:
    assert narrower(NARROW, WIDE)
    assert not narrower(WIDE, NARROW)


@pytest.mark.parametrize("dimension", ["vulnerabilities", "packages", "artifacts", "labels", "rules"])
def test_leaving_one_dimension_open_is_not_narrower(dimension: str) -> None:
    assert not narrower(replace(NARROW, **{dimension: ()}), WIDE)


@pytest.mark.parametrize(
    "change",
    [
        {"vulnerabilities": (CVE, "CVE-1999-0001")},
        {"packages": (PackageScope("pkg:npm/*"),)},
        {"packages": (PackageScope("pkg:npm/lodash"), PackageScope("pkg:npm/underscore"))},
        {"artifacts": ("*",)},
        {"labels": (("team", "other"),)},
        {"rules": ("secrets/*",)},
    ],
)
def test_saying_something_else_in_one_dimension_is_not_narrower(change: dict[str, Any]) -> None:
    assert not narrower(replace(NARROW, **change), WIDE)


@given(scopes)
def test_every_scope_is_as_narrow_as_itself(scope: Scope) -> None:
    assert narrower(scope, scope)


def test_nothing_is_narrower_than_a_scope_that_names_nothing() -> None:
    assert not narrower(Scope(vulnerabilities=(CVE,), digests=(DIGEST,)), Scope(digests=(DIGEST, OTHER_DIGEST)))


@settings(max_examples=100, deadline=None)
@given(scopes, scopes, st.data())
@example(NARROW, WIDE, None)
def test_what_the_narrower_one_matches_the_wider_one_matches(
    inner: Scope, outer: Scope, data: st.DataObject | None
) -> None:
    wider = outer if data is None else data.draw(opened(inner, outer))
    assume(narrower(inner, wider))

    for subject, place in asked(data):
        if naive.matches(inner, subject, place):
            assert naive.matches(wider, subject, place)


@st.composite
def opened(draw: st.DrawFn, inner: Scope, outer: Scope) -> Scope:
    """Return a scope that in each dimension is open, as the inner one, or as the outer one."""
    return Scope(
        **{
            dimension: draw(st.sampled_from(((), getattr(inner, dimension), getattr(outer, dimension))))
            for dimension in Scope.__dataclass_fields__
        }
    )


def asked(data: st.DataObject | None) -> list[tuple[Subject, Place]]:
    return [] if data is None else data.draw(st.lists(st.tuples(subjects, places), min_size=3, max_size=10))


@pytest.mark.parametrize(
    "inner,outer",
    [
        (packages(LODASH), packages("pkg:npm/lodash")),
        (packages(LODASH), packages("pkg:npm/lod*")),
        (packages(LODASH), packages("pkg:npm/lodash@4.*")),
        (packages(LODASH), packages("pkg:npm/lodash", versions="vers:npm/<4.17.21")),
        (packages("pkg:npm/lod*@4.17.20"), packages("pkg:npm/*", versions="vers:npm/<4.17.21")),
        (packages("pkg:npm/lodash@4.*"), packages("pkg:npm/lodash")),
        (packages("pkg:npm/lodash"), packages("pkg:*/lodash", "pkg:npm/underscore")),
        (packages("pkg:npm/lodash", versions="vers:npm/>=4.1.0|<4.2.0"), packages("pkg:npm/lod*")),
        (
            packages("pkg:npm/lodash", versions="vers:npm/>=4.1.0|<4.2.0"),
            packages("pkg:npm/lod*", versions="vers:npm/>=4.0.0|<5.0.0"),
        ),
    ],
)
def test_a_package_is_narrower_than_a_pattern_or_range_around_it(inner: Scope, outer: Scope) -> None:
    assert narrower(inner, outer)
    assert not narrower(outer, inner)


@pytest.mark.parametrize(
    "inner,outer",
    [
        ("vers:npm/>=1.0.0|<2.0.0", "vers:npm/>=1.0.0|<=2.0.0"),
        ("vers:npm/>1.0.0|<2.0.0", "vers:npm/>=1.0.0"),
        ("vers:npm/>=1.5.0", "vers:npm/>1.0.0"),
        ("vers:npm/>=1.0.0|<2.0.0", "vers:npm/*"),
        ("vers:npm/1.0.0|1.5.0", "vers:npm/>=1.0.0|!=1.2.0|<2.0.0"),
        ("vers:npm/<1.0.0|>=2.0.0", "vers:npm/<1.0.0|>=2.0.0"),
        ("vers:deb/>=1:1.0", "vers:deb/>=5.0"),
    ],
)
def test_a_stretch_of_versions_lies_in_a_wider_one(inner: str, outer: str) -> None:
    assert range_includes(outer, inner)


@pytest.mark.parametrize(
    "inner,outer",
    [
        ("vers:npm/>=1.0.0|<=2.0.0", "vers:npm/>=1.0.0|<2.0.0"),
        ("vers:npm/>=1.0.0", "vers:npm/>1.0.0"),
        ("vers:npm/>=1.0.0", "vers:npm/>=1.0.0|<2.0.0"),
        ("vers:npm/*", "vers:npm/>=1.0.0"),
        ("vers:npm/1.0.0|3.0.0", "vers:npm/<2.0.0"),
        ("vers:pypi/1.0", "vers:npm/*"),
        ("vers:npm/<1.0.0|>=2.0.0", "vers:npm/*|nonsense"),
        ("vers:npm/>=1.0.0|<2.0.0", "vers:npm/>=0.1.0|!=1.5.0"),
        ("nonsense", "nonsense too"),
        ("vers:npm/>1.0.0|>2.0.0", "vers:npm/>0.9.0|>1.0.0"),
    ],
)
def test_what_is_not_proven_to_lie_within_is_taken_to_lie_outside(inner: str, outer: str) -> None:
    assert not range_includes(outer, inner)


versions = st.sampled_from(("0.9.0", "1.0.0-rc.1", "1.0.0", "1.0.1", "1.5.0", "2.0.0", "10.0.0"))
constraints = st.lists(
    st.tuples(st.sampled_from(("", "", "!=", ">", ">=", "<", "<=")), versions),
    min_size=1,
    max_size=3,
    unique_by=lambda constraint: constraint[1],
).map(lambda stated: "|".join(comparator + version for comparator, version in stated))
ranges = st.one_of(st.just("*"), constraints).map("vers:npm/{}".format)


@settings(max_examples=80, deadline=None)
@given(ranges, ranges, versions)
def test_a_version_in_the_inner_range_is_in_the_outer_one(inner: str, outer: str, version: str) -> None:
    assume(is_readable(inner) and is_readable(outer))

    if range_includes(outer, inner) and contains(inner, version):
        assert contains(outer, version)
