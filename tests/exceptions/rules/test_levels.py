from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from exceptions.rules.facts import SeenFacts
from exceptions.rules.levels import Breadth, Judged, level_of
from exceptions.rules.vocabulary import Level
from tests.exceptions.rules.rows import LODASH, row, rows

ONE = Breadth(artifacts=1, services=1)
WIDE = Breadth(artifacts=26, services=1)
SCALE = ["none", "info", "low", "medium", "high", "critical"]


def judged(*seen: SeenFacts, breadth: Breadth = ONE, reachable: bool = False, outside: bool = False) -> Judged:
    return level_of(seen, breadth, reachable_in_production=reachable, outside_production=outside)


@pytest.mark.parametrize(
    "severity, level",
    [
        ("none", "a0"),
        ("info", "a0"),
        ("low", "a1"),
        ("medium", "a1"),
        ("high", "a2"),
        ("critical", "a3"),
        ("unknown", "a3"),
    ],
)
def test_the_severity_is_the_base_and_an_unknown_one_counts_as_critical(severity: str, level: str) -> None:
    assert judged(row(severity=severity)).level == level


@pytest.mark.parametrize(
    "said, level",
    [
        ({"kev": True}, "a3"),
        ({"epss": 50_000}, "a3"),
        ({"epss": 49_999}, "a2"),
        ({"kev": True, "epss": 97_000}, "a3"),
        ({"kev": None, "epss": None}, "a2"),
    ],
)
def test_exploitation_known_or_likely_adds_one_and_no_more(said: dict[str, Any], level: str) -> None:
    assert judged(row(**said)).level == level


@pytest.mark.parametrize(
    "artifacts, services, level",
    [(25, 3, "a2"), (26, 1, "a3"), (1, 4, "a3"), (26, 4, "a3")],
)
def test_breadth_adds_one_beyond_twenty_five_artifacts_or_three_services(
    artifacts: int, services: int, level: str
) -> None:
    assert judged(row(), breadth=Breadth(artifacts, services)).level == level


def test_being_reachable_in_production_adds_one() -> None:
    assert judged(row(), reachable=True).level is Level.A3


def test_being_outside_production_takes_one_away() -> None:
    assert judged(row(), outside=True).level is Level.A1
    assert judged(row(severity="critical"), outside=True).level is Level.A2


def test_no_level_is_above_a4_or_below_a1() -> None:
    assert judged(row(severity="critical", kev=True), breadth=WIDE, reachable=True).level is Level.A4
    assert judged(row(severity="low"), outside=True).level is Level.A1


@pytest.mark.parametrize(
    "said, how",
    [({"kev": True}, {}), ({"epss": 50_000}, {}), ({}, {"breadth": WIDE}), ({}, {"reachable": True})],
)
def test_what_only_informs_needs_somebody_as_soon_as_anything_adds_to_it(
    said: dict[str, Any], how: dict[str, Any]
) -> None:
    assert judged(row(severity="info", **said), **how).level is Level.A1
    assert judged(row(severity="info", **said), **how, outside=True).level is Level.A1


def test_what_only_informs_outside_production_needs_nobody() -> None:
    assert judged(row(severity="none"), outside=True).level is Level.A0


def test_what_nobody_has_looked_at_counts_as_critical() -> None:
    nothing = judged()

    assert nothing.level is Level.A3
    assert nothing.steps[0].why == "nothing is found there yet, which counts as critical"


def test_what_feeds_say_of_a_vulnerability_leaves_its_severity_to_the_package_it_is_in() -> None:
    as_such = row(package="", severity="unknown", cvss=None, kev=True)

    assert judged(row(severity="low"), as_such).level is Level.A2
    assert judged(row(severity="low"), replace(as_such, vulnerability="CVE-2020-8203")).level is Level.A4
    assert judged(row(severity="low"), row(severity="unknown", package=LODASH)).level is Level.A3


def test_the_computation_reads_as_it_was_done() -> None:
    seen = row(severity="critical", kev=True, epss=97_000)

    steps = judged(seen, breadth=WIDE, reachable=True, outside=True).steps

    assert [step.in_words() for step in steps] == [
        "critical severity: +3",
        "known to be exploited, EPSS 0.97: +1",
        "reachable in production: +1",
        "matches 26 artifacts of 1 service: +1",
        "outside production: -1",
        "never above a4: -1",
    ]


breadths = st.builds(Breadth, artifacts=st.integers(0, 60), services=st.integers(0, 8))


@given(st.lists(rows, max_size=4), breadths, st.booleans(), st.booleans())
def test_the_steps_add_up_to_the_level(
    seen: list[SeenFacts],
    breadth: Breadth,
    reachable: bool,  # noqa: FBT001 - drawn
    outside: bool,  # noqa: FBT001 - drawn
) -> None:
    found = judged(*seen, breadth=breadth, reachable=reachable, outside=outside)

    assert sum(step.value for step in found.steps) == list(Level).index(found.level)


def number(found: Judged) -> int:
    return list(Level).index(found.level)


WORSE = {
    "severity": lambda one: replace(one, severity=SCALE[min(SCALE.index(one.severity) + 1, 5)]),
    "unrated": lambda one: replace(one, severity="unknown"),
    "kev": lambda one: replace(one, kev=True),
    "epss": lambda one: replace(one, epss=min((one.epss or 0) + 30_000, 100_000)),
}


@given(
    st.lists(rows.filter(lambda one: one.severity != "unknown" and one.package), min_size=1, max_size=4),
    breadths,
    st.sampled_from(sorted(WORSE)),
    st.booleans(),
    st.booleans(),
)
def test_worse_facts_never_give_a_lower_level(
    seen: list[SeenFacts],
    breadth: Breadth,
    how: str,
    reachable: bool,  # noqa: FBT001 - drawn
    outside: bool,  # noqa: FBT001 - drawn
) -> None:
    worse = [WORSE[how](seen[0]), *seen[1:]]
    wider = Breadth(breadth.artifacts + 10, breadth.services + 1)
    before = number(judged(*seen, breadth=breadth, reachable=reachable, outside=outside))

    assert number(judged(*worse, breadth=breadth, reachable=reachable, outside=outside)) >= before
    assert number(judged(*seen, breadth=wider, reachable=reachable, outside=outside)) >= before
    assert number(judged(*seen, breadth=breadth, reachable=True, outside=outside)) >= before
    assert number(judged(*seen, breadth=breadth, reachable=reachable, outside=False)) >= before


@given(st.lists(rows, min_size=1, max_size=4), rows, st.booleans())
def test_a_further_finding_never_gives_a_lower_level(
    seen: list[SeenFacts],
    further: SeenFacts,
    outside: bool,  # noqa: FBT001 - drawn
) -> None:
    rated = replace(further, package=LODASH)
    same = [one for one in seen if one.package]

    assume(same)

    assert number(judged(*same, rated, outside=outside)) >= number(judged(*same, outside=outside))


@pytest.mark.parametrize(
    "severity, base",
    [("none", 0), ("info", 0), ("low", 1), ("medium", 1), ("high", 2), ("critical", 3), ("unknown", 3)],
)
def test_the_whole_table_of_the_formula(severity: str, base: int) -> None:
    for kev, reachable, wide, outside in product((False, True), repeat=4):
        added = base + kev + reachable + wide
        expected = 0 if added == 0 else min(max(added - outside, 1), 4)
        breadth = WIDE if wide else ONE
        found = judged(row(severity=severity, kev=kev), breadth=breadth, reachable=reachable, outside=outside)
        assert number(found) == expected
