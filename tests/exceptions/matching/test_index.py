"""The index gives what asking every exception gives, in an order that nothing but the exceptions decides."""

import random
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exceptions.matching.index import ExceptionIndex
from exceptions.matching.scope import PackageScope, Scope
from exceptions.matching.standing import StandingException
from exceptions.matching.subject import Place, Subject
from exceptions.rules.vocabulary import State
from tests.exceptions.matching import naive
from tests.exceptions.matching.strategies import estates, instants, places, subjects
from tests.exceptions.matching.wording import (
    CVE,
    DAY,
    DIGEST,
    HERE,
    LODASH,
    NOON,
    OTHER_DIGEST,
    finding,
    packages,
    standing,
)


def ids(found: tuple[StandingException, ...]) -> list[str]:
    return [one.id for one in found]


@settings(max_examples=80, deadline=None)
@given(estates, st.lists(st.tuples(subjects, places), min_size=1, max_size=10), instants)
def test_the_index_answers_as_a_loop_over_all_exceptions(
    estate: list[StandingException], asked: list[tuple[Subject, Place]], at: datetime
) -> None:
    index = ExceptionIndex(estate)

    for subject, place in asked:
        assert list(index.covering(subject, place, at=at)) == naive.covering(estate, subject, place, at=at)
        assert list(index.in_scope(subject, place)) == naive.in_scope(estate, subject, place)


@settings(max_examples=30, deadline=None)
@given(estates, subjects, places, st.randoms(use_true_random=False))
def test_the_order_does_not_depend_on_the_order_of_the_input(
    estate: list[StandingException], subject: Subject, place: Place, chance: random.Random
) -> None:
    shuffled = chance.sample(estate, len(estate))

    assert ExceptionIndex(shuffled).in_scope(subject, place) == ExceptionIndex(estate).in_scope(subject, place)


def test_the_most_specific_wins_then_the_later_approval_then_the_id() -> None:
    exact = standing(packages(LODASH), id="EXC-2026-0009", approved_at=NOON - 9 * DAY)
    later = standing(id="EXC-2026-0003", approved_at=NOON - DAY)
    first = standing(id="EXC-2026-0001")
    second = standing(id="EXC-2026-0002")

    found = ExceptionIndex([second, first, exact, later]).covering(finding(), HERE, at=NOON)

    assert ids(found) == ["EXC-2026-0009", "EXC-2026-0003", "EXC-2026-0001", "EXC-2026-0002"]


def test_what_is_held_is_in_scope_and_covers_nothing() -> None:
    held = standing(state=State.REVALIDATION_REQUIRED, grace_until=NOON, blocks=True)
    index = ExceptionIndex([held])

    assert index.covering(finding(), HERE, at=NOON) == ()
    assert index.in_scope(finding(), HERE) == (held,)


def test_an_alias_is_as_good_as_the_id() -> None:
    by_alias = standing(Scope(vulnerabilities=("GHSA-jfh8-c2jp-5v3q",)))

    index = ExceptionIndex([by_alias])

    assert index.covering(finding(CVE, "GHSA-jfh8-c2jp-5v3q"), HERE, at=NOON) == (by_alias,)
    assert index.covering(finding(CVE), HERE, at=NOON) == ()


def test_an_exception_found_by_two_names_is_there_once() -> None:
    both = standing(Scope(vulnerabilities=(CVE, "GHSA-jfh8-c2jp-5v3q")))

    assert ExceptionIndex([both]).in_scope(finding(CVE, "GHSA-jfh8-c2jp-5v3q"), HERE) == (both,)


@pytest.mark.parametrize(
    "scope",
    [
        Scope(vulnerabilities=(CVE,), digests=(DIGEST,)),
        Scope(vulnerabilities=(CVE,), artifacts=("registry.example/shop/*",)),
        Scope(vulnerabilities=(CVE,), artifacts=("registry.example/shop/api",)),
        Scope(vulnerabilities=(CVE,), artifacts=("*/shop/api:1.?",)),
        Scope(vulnerabilities=(CVE,), labels=(("team", "shop"),)),
        Scope(vulnerabilities=(CVE,), labels=(("team", "shop"), ("tier", "web"))),
        Scope(vulnerabilities=(CVE,), services=("billing", "checkout"), environments=("production",)),
        Scope(rules=("baseline/*",), digests=(DIGEST, OTHER_DIGEST)),
    ],
)
def test_a_place_is_met_by_digest_name_labels_service_and_environment(scope: Scope) -> None:
    exception = standing(scope)

    assert ExceptionIndex([exception]).in_scope(finding(), HERE) == (exception,)


@pytest.mark.parametrize(
    "scope",
    [
        Scope(vulnerabilities=(CVE,), digests=(OTHER_DIGEST,)),
        Scope(vulnerabilities=(CVE,), artifacts=("shop/api",)),
        Scope(vulnerabilities=(CVE,), artifacts=("registry.example/shop",)),
        Scope(vulnerabilities=(CVE,), labels=(("team", "shop"), ("tier", "batch"))),
        Scope(vulnerabilities=(CVE,), services=("checkout",), environments=("staging",)),
        Scope(vulnerabilities=("CVE-2020-8203",), digests=(DIGEST,)),
        Scope(vulnerabilities=(CVE,), rules=("secrets/*",)),
    ],
)
def test_one_dimension_that_does_not_match_is_enough(scope: Scope) -> None:
    assert ExceptionIndex([standing(scope)]).in_scope(finding(), HERE) == ()


@pytest.mark.parametrize(
    "scope",
    [
        Scope(vulnerabilities=(CVE,), artifacts=("*a*",)),
        Scope(vulnerabilities=(CVE,), labels=(("team", "shop"),)),
        Scope(vulnerabilities=(CVE,), services=("checkout",)),
        Scope(vulnerabilities=(CVE,), environments=("production",)),
    ],
)
def test_a_place_of_which_nothing_is_known_lies_in_no_scope_that_names_one(scope: Scope) -> None:
    assert ExceptionIndex([standing(scope)]).in_scope(finding(), Place(DIGEST)) == ()


def test_several_images_share_one_exception_of_a_rule() -> None:
    exception = standing(Scope(rules=("baseline/block_high",), digests=(DIGEST, OTHER_DIGEST)))
    index = ExceptionIndex([exception])

    found = [index.in_scope(finding(), Place(digest)) for digest in (DIGEST, OTHER_DIGEST, "sha256:" + "c" * 64)]

    assert found == [(exception,), (exception,), ()]


def test_a_finding_no_rule_decided_is_met_by_no_rule() -> None:
    exception = standing(Scope(rules=("*e*",)))

    assert ExceptionIndex([exception]).in_scope(finding(rule=""), HERE) == ()


def test_a_scope_that_names_nothing_covers_nothing() -> None:
    assert ExceptionIndex([standing(Scope(digests=(DIGEST,)))]).in_scope(finding(), HERE) == ()


def test_a_scope_of_very_many_pairs_is_found_all_the_same() -> None:
    wide = standing(
        Scope(
            vulnerabilities=(CVE, *(f"CVE-2024-{number:04}" for number in range(199))),
            services=("checkout", *(f"service-{number}" for number in range(199))),
        )
    )
    index = ExceptionIndex([wide])

    assert index.in_scope(finding("CVE-2024-0007"), HERE) == (wide,)
    assert index.in_scope(finding("CVE-2024-0007"), Place(DIGEST, service="unheard-of")) == ()


def test_more_places_than_are_remembered_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exceptions.matching.index._MOST_REMEMBERED", 2)
    exception = standing(Scope(vulnerabilities=(CVE,), services=("checkout",)))
    index = ExceptionIndex([exception])

    found = [index.in_scope(finding(), Place(DIGEST, service=name)) for name in ("checkout", "a", "b", "checkout")]

    assert found == [(exception,), (), (), (exception,)]


def test_a_wild_package_is_met_within_its_type_and_one_of_any_type_everywhere() -> None:
    in_npm, anywhere = standing(packages("pkg:npm/lod*"), id="EXC-1"), standing(packages("pkg:*/lodash"), id="EXC-2")
    index = ExceptionIndex([in_npm, anywhere])

    assert ids(index.in_scope(finding(), HERE)) == ["EXC-1", "EXC-2"]
    assert ids(index.in_scope(finding(purl="pkg:pypi/lodash@1"), HERE)) == ["EXC-2"]


def test_a_package_that_cannot_be_read_covers_nothing_though_its_vulnerability_is_named() -> None:
    unread = standing(Scope(vulnerabilities=(CVE,), packages=(PackageScope("lodash"),)))

    assert ExceptionIndex([unread]).in_scope(finding(), HERE) == ()
