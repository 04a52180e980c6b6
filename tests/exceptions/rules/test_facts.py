from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exceptions.rules.facts import MOST_VERSIONS, Change, SeenFacts, Snapshot, compare, united
from stellapolicy.kernel import canonical_json
from tests.exceptions.rules.rows import LODASH, LOG4J, LOG4SHELL, QUIET, row, rows


def test_there_is_one_row_of_each_vulnerability_in_each_package_and_they_are_sorted() -> None:
    other = row(vulnerability="CVE-2020-8203", package=LODASH)

    merged = united([QUIET, other, QUIET, row(package="")])

    assert [one.key for one in merged] == [("CVE-2020-8203", LODASH), (LOG4SHELL, ""), (LOG4SHELL, LOG4J)]


@pytest.mark.parametrize(
    "first, second, worst",
    [
        ({"severity": "low"}, {"severity": "critical"}, {"severity": "critical"}),
        ({"severity": "unknown"}, {"severity": "low"}, {"severity": "low"}),
        ({"severity": "unknown"}, {"severity": "unknown"}, {"severity": "unknown"}),
        (
            {"cvss": 98, "cvss_vector": "the high one"},
            {"cvss": 75, "cvss_vector": "the low one"},
            {"cvss": 98, "cvss_vector": "the high one"},
        ),
        ({"cvss": None, "cvss_vector": ""}, {"cvss": 0}, {"cvss": 0, "cvss_vector": QUIET.cvss_vector}),
        (
            {"epss": 97_000, "epss_date": "2026-01-01"},
            {"epss": 1_000, "epss_date": "2026-03-02"},
            {"epss": 97_000, "epss_date": "2026-01-01"},
        ),
        ({"kev": True}, {"kev": None}, {"kev": True}),
        ({"kev": False}, {"kev": None}, {"kev": False}),
        ({"kev": None}, {"kev": None}, {"kev": None}),
        ({"fix": True}, {"fix": False}, {"fix": True}),
        ({"reachability": "reachable"}, {"reachability": "unknown"}, {"reachability": "reachable"}),
        ({"reachability": "unreachable"}, {"reachability": "unknown"}, {"reachability": "unknown"}),
        ({"vex": "affected"}, {"vex": "not_affected"}, {"vex": "affected"}),
        ({"vex": "under_investigation"}, {"vex": "none"}, {"vex": "under_investigation"}),
        ({"vex": "fixed"}, {"vex": "none"}, {"vex": "none"}),
        (
            {"vex": "not_affected", "vex_trust": 8_000},
            {"vex": "fixed", "vex_trust": 4_000},
            {"vex": "fixed", "vex_trust": 4_000},
        ),
        ({"versions": ("2.0", "1.0")}, {"versions": ("1.5",)}, {"versions": ("1.0", "1.5", "2.0")}),
        ({"artifacts": 2}, {"artifacts": 5}, {"artifacts": 7}),
    ],
)
def test_the_worst_of_each_field_is_kept(first: dict[str, Any], second: dict[str, Any], worst: dict[str, Any]) -> None:
    (merged,) = united([row(**first), row(**second)])

    assert {name: getattr(merged, name) for name in worst} == worst


def test_no_more_than_fifty_versions_are_kept() -> None:
    (merged,) = united([row(versions=tuple(f"1.{minor:03}" for minor in range(60))), row(versions=("0.9",))])

    assert len(merged.versions) == MOST_VERSIONS == 50
    assert merged.versions[0] == "0.9"


@given(st.lists(rows, max_size=8), st.randoms(use_true_random=False))
def test_the_order_of_rows_makes_no_difference(given_rows: list[SeenFacts], chance: Any) -> None:
    shuffled = list(given_rows)
    chance.shuffle(shuffled)

    assert united(shuffled) == united(given_rows)


@given(st.lists(rows, max_size=6), st.lists(rows, max_size=6))
def test_uniting_some_first_makes_no_difference(some: list[SeenFacts], others: list[SeenFacts]) -> None:
    assert united([*united(some), *others]) == united([*some, *others])


@given(st.lists(rows, max_size=8))
def test_what_is_united_stays_as_it_is(given_rows: list[SeenFacts]) -> None:
    merged = united(given_rows)

    assert united(merged) == merged


@given(rows)
def test_a_row_is_stored_and_read_back(given_row: SeenFacts) -> None:
    stored = given_row.to_json()

    assert canonical_json.dumps(stored)
    assert SeenFacts.from_json(stored) == given_row


@pytest.mark.parametrize("wrong", [{"cvss": "7.5"}, {"versions": "2.14.1"}, {"vulnerability": None}])
def test_what_is_no_row_is_not_read_as_one(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="not a row"):
        SeenFacts.from_json({**QUIET.to_json(), **wrong})


@pytest.mark.parametrize("wrong", [{"severity": "catastrophic"}, {"reachability": "maybe"}, {"vex": "denied"}])
def test_a_row_only_says_words_of_our_scales(wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="not on our scales"):
        row(**wrong)


@given(st.lists(rows, max_size=6))
def test_nothing_changes_where_nothing_changed(given_rows: list[SeenFacts]) -> None:
    assert compare(given_rows, given_rows) == ()


@pytest.mark.parametrize(
    "before, now, change",
    [
        ({"severity": "low"}, {"severity": "high"}, ("severity", "low", "high", True)),
        ({"severity": "high"}, {"severity": "low"}, ("severity", "high", "low", False)),
        ({"severity": "low"}, {"severity": "unknown"}, ("severity", "low", "unknown", True)),
        ({"severity": "unknown"}, {"severity": "medium"}, ("severity", "unknown", "medium", False)),
        ({"severity": "unknown"}, {"severity": "high"}, ("severity", "unknown", "high", True)),
        ({"cvss": 75}, {"cvss": 98}, ("cvss", "7.5", "9.8", True)),
        ({"cvss": 98}, {"cvss": None}, ("cvss", "9.8", "unknown", False)),
        ({"cvss_vector": "a"}, {"cvss_vector": "b"}, ("cvss_vector", "a", "b", False)),
        ({"epss": 10_000}, {"epss": 10_001}, ("epss", "0.1", "0.10001", True)),
        ({"epss": 10_000}, {"epss": 9_999}, ("epss", "0.1", "0.09999", False)),
        (
            {"epss_date": "2026-03-02"},
            {"epss_date": "2026-03-03"},
            ("epss_date", "2026-03-02", "2026-03-03", False),
        ),
        ({"kev": False}, {"kev": True}, ("kev", "not listed", "listed", True)),
        ({"kev": None}, {"kev": True}, ("kev", "unknown", "listed", True)),
        ({"kev": True}, {"kev": False}, ("kev", "listed", "not listed", False)),
        ({"fix": False}, {"fix": True}, ("fix", "none", "available", True)),
        ({"fix": True}, {"fix": False}, ("fix", "available", "none", False)),
        (
            {"reachability": "unreachable"},
            {"reachability": "unknown"},
            ("reachability", "unreachable", "unknown", True),
        ),
        (
            {"reachability": "reachable"},
            {"reachability": "unknown"},
            ("reachability", "reachable", "unknown", False),
        ),
        ({"vex": "not_affected"}, {"vex": "none"}, ("vex", "not_affected", "none", True)),
        ({"vex": "none"}, {"vex": "affected"}, ("vex", "none", "affected", True)),
        ({"vex": "none"}, {"vex": "fixed"}, ("vex", "none", "fixed", False)),
        ({"vex_trust": 7_000}, {"vex_trust": 6_000}, ("vex_trust", "0.7", "0.6", True)),
        ({"vex_trust": 6_000}, {"vex_trust": 7_000}, ("vex_trust", "0.6", "0.7", False)),
        ({"versions": ("1", "2")}, {"versions": ("2", "3")}, ("versions", "1, 2", "2, 3", True)),
        ({"versions": ("1", "2")}, {"versions": ("2",)}, ("versions", "1, 2", "2", False)),
        ({"artifacts": 3}, {"artifacts": 4}, ("artifacts", "3", "4", True)),
        ({"artifacts": 3}, {"artifacts": 2}, ("artifacts", "3", "2", False)),
    ],
)
def test_every_field_says_how_it_changed_and_whether_for_the_worse(
    before: dict[str, Any], now: dict[str, Any], change: tuple[str, str, str, bool]
) -> None:
    field, was, is_now, worse = change

    assert compare([row(**before)], [row(**now)]) == (Change(field, LOG4SHELL, LOG4J, was, is_now, worse=worse),)


def test_what_is_found_in_another_package_is_worse_and_what_is_gone_is_not() -> None:
    elsewhere = row(package=LODASH)

    assert compare([QUIET], [elsewhere]) == (
        Change("finding", LOG4SHELL, LOG4J, "found", "not found", worse=False),
        Change("finding", LOG4SHELL, LODASH, "not seen", "found", worse=True),
    )


def test_a_package_is_compared_with_the_vulnerability_as_such_where_that_is_what_was_seen() -> None:
    assert compare([row(package="")], [row(kev=True)]) == (
        Change("kev", LOG4SHELL, LOG4J, "not listed", "listed", worse=True),
    )


def test_what_feeds_say_of_a_vulnerability_that_was_seen_in_a_package_is_no_new_finding() -> None:
    as_such = row(package="", severity="unknown", cvss=None)

    assert compare([QUIET], [QUIET, as_such]) == ()
    assert compare([QUIET, as_such], [QUIET]) == ()


def test_whoever_saw_an_exploited_vulnerability_in_one_package_saw_it_in_every_other() -> None:
    snapshot = Snapshot([row(kev=True, epss=97_000, severity="critical", cvss=100)])

    before = snapshot.before(row(package=LODASH, reachability="reachable"))

    assert (before.kev, before.epss, before.severity, before.cvss) == (True, 97_000, "critical", 100)
    assert (before.reachability, before.fix, before.vex) == ("unknown", False, "none")


def test_of_a_vulnerability_nobody_saw_nothing_bad_was_seen() -> None:
    before = Snapshot([QUIET]).before(row(vulnerability="CVE-2020-8203"))

    assert (before.kev, before.epss, before.fix, before.severity) == (False, 0, False, "unknown")
