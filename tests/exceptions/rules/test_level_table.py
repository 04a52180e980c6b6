import copy
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exceptions.rules.levels import (
    PRESETS,
    SMALL_TEAM,
    STANDARD,
    LevelRule,
    SeatRule,
    longest,
    read_levels,
    write_levels,
)
from exceptions.rules.vocabulary import Effect, Kind, Level
from stellapolicy.access.roles import Role
from stellapolicy.kernel.refusals import Fault

TABLES = sorted(PRESETS)


def stated() -> list[dict[str, Any]]:
    return copy.deepcopy(write_levels(STANDARD))  # type: ignore[arg-type]  # JSON that the tests change at will


def refused(document: Any) -> list[tuple[str, str]]:
    faults: list[Fault] = []
    read_levels(document, faults=faults)
    return [(fault.pointer, fault.code) for fault in faults]


@pytest.mark.parametrize(
    "level, people, seats, longest_days",
    [
        ("a0", 0, [], [90, 90, 90]),
        ("a1", 1, ["reviewer"], [365, 180, 60]),
        ("a2", 1, ["security"], [365, 90, 30]),
        ("a3", 2, ["security", "release_captain"], [180, 60, 14]),
        ("a4", 3, ["security", "release_captain", "ciso"], [90, 30, 7]),
    ],
)
def test_the_shipped_table_says_who_agrees_and_for_how_long(
    level: str, people: int, seats: list[str], longest_days: list[int]
) -> None:
    rule = next(rule for rule in STANDARD if rule.level == level)

    assert (rule.people, [seat.name for seat in rule.seats]) == (people, seats)
    assert [rule.longest[kind].days for kind in (Kind.FACT, Kind.PLAN, Kind.ACCEPTANCE)] == longest_days


def test_plans_show_evidence_from_a3_on_and_a4_needs_a_ticket_and_a_signature() -> None:
    needs = {
        rule.level.value: (rule.needs_hook_for_plans, rule.needs_ticket, rule.needs_signed_evidence)
        for rule in STANDARD
    }

    assert needs == {
        "a0": (False, False, False),
        "a1": (False, False, False),
        "a2": (False, False, False),
        "a3": (True, False, False),
        "a4": (True, True, True),
    }


@pytest.mark.parametrize(
    "seat, roles",
    [
        ("reviewer", ("reviewer", "security", "ciso")),
        ("security", ("security", "ciso")),
        ("release_captain", ("release_captain",)),
        ("ciso", ("ciso",)),
    ],
)
def test_a_seat_is_for_its_role_and_for_those_who_stand_above_it(seat: str, roles: tuple[str, ...]) -> None:
    found = {one.name: one.roles for rule in STANDARD for one in rule.seats}

    assert found[seat] == roles


def test_every_role_of_a_seat_is_a_role_there_is() -> None:
    named = {role for table in PRESETS.values() for rule in table for seat in rule.seats for role in seat.roles}

    assert named <= {role.value for role in Role}


def test_a_small_team_needs_two_of_security_or_other_services_and_one_of_security_at_the_top() -> None:
    either = SeatRule("security_or_other_owner", ("security", "ciso"), elsewhere=True)
    a3, a4 = SMALL_TEAM[3:]

    assert (a3.people, a3.seats) == (2, (either, either))
    assert (a4.people, a4.seats) == (2, (SeatRule("security", ("security", "ciso")), either))
    assert SMALL_TEAM[:3] == STANDARD[:3]
    assert [rule.longest for rule in SMALL_TEAM] == [rule.longest for rule in STANDARD]
    assert (a4.needs_hook_for_plans, a4.needs_ticket, a4.needs_signed_evidence) == (True, True, True)


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_written_and_read_back(name: str) -> None:
    assert read_levels(write_levels(PRESETS[name])) == PRESETS[name]


def test_a_table_may_be_stated_in_any_order() -> None:
    assert read_levels(stated()[::-1]) == STANDARD


@given(st.sampled_from(STANDARD + SMALL_TEAM), st.sampled_from(list(Kind)), st.sampled_from(list(Effect)))
def test_the_longest_term_is_the_shorter_of_level_and_effect(rule: LevelRule, kind: Kind, effect: Effect) -> None:
    term = longest(rule, kind, effect)

    assert term <= rule.longest[kind]
    assert term == rule.longest[kind] or longest(STANDARD[1], Kind.FACT, effect) == term


@pytest.mark.parametrize(
    "place, kind, effect, days",
    [
        (1, Kind.FACT, Effect.SUPPRESS, 365),
        (1, Kind.PLAN, Effect.DEFER, 90),
        (2, Kind.ACCEPTANCE, Effect.DEFER, 30),
        (4, Kind.FACT, Effect.DEFER_DEFAULT, 30),
    ],
)
def test_examples_of_the_longest_term(place: int, kind: Kind, effect: Effect, days: int) -> None:
    assert longest(STANDARD[place], kind, effect) == timedelta(days=days)


@pytest.mark.parametrize("document", [None, {}, "a0", 3])
def test_what_is_no_list_is_no_table(document: object) -> None:
    assert refused(document) == [("/levels", "levels.type")]


def test_every_level_is_stated_once() -> None:
    table = stated()
    table[4] = dict(table[3])
    table.append({"level": "a9"})
    table.append({})
    table.append("a4")  # type: ignore[arg-type]  # what a client may send

    assert refused(table) == [
        ("/levels/4/level", "levels.twice"),
        ("/levels/5/level", "levels.level"),
        ("/levels/6/level", "levels.level"),
        ("/levels/7", "levels.type"),
        ("/levels/7/level", "levels.level"),
        ("/levels", "levels.missing"),
    ]


@pytest.mark.parametrize("level", [1, 2, 3, 4])
def test_from_a1_on_somebody_has_to_agree(level: int) -> None:
    table = stated()
    table[level]["people"] = 0

    assert (f"/levels/{level}/people", "levels.people") in refused(table)


def test_more_people_than_seats_cannot_sit() -> None:
    table = stated()
    table[3]["people"] = 3

    assert refused(table) == [("/levels/3/people", "levels.people")]


def test_fewer_people_than_seats_can() -> None:
    table = stated()
    table[4]["people"] = 2

    assert read_levels(table)[4].people == 2


def test_a_higher_level_never_needs_fewer_people() -> None:
    table = stated()
    table[4]["people"] = 1

    assert refused(table) == [("/levels/4/people", "levels.fewer_people")]
    assert refused(table[::-1]) == [("/levels/0/people", "levels.fewer_people")]


@pytest.mark.parametrize("days", [0, -1, 366, "90", 1.5, True, None])
def test_a_term_is_from_a_day_to_a_year(days: object) -> None:
    table = stated()
    table[2]["longest_days"]["plan"] = days

    assert refused(table) == [("/levels/2/longest_days/plan", "levels.longest_days")]


def test_every_mistake_is_named_at_its_place() -> None:
    table = stated()
    table[1] |= {"poeple": 1, "needs_ticket": "no"}
    table[2]["seats"] = [
        {"name": "", "roles": ["securty"]},
        {"name": "x", "roles": "security"},
        {"name": "nobody", "roles": []},
        {"name": "somebody", "elsewhere": 1},
        "security",
    ]
    table[3]["longest_days"] = {"fact": 1, "plan": 1, "acceptance": 1, "hope": 1}
    table[4]["seats"] = "everybody"

    assert refused(table) == [
        ("/levels/1/poeple", "levels.unknown"),
        ("/levels/1/needs_ticket", "levels.needs_ticket"),
        ("/levels/2/seats/0/name", "levels.seat_name"),
        ("/levels/2/seats/0/roles/0", "levels.roles"),
        ("/levels/2/seats/1/roles", "levels.roles"),
        ("/levels/2/seats/2", "levels.seat_for_nobody"),
        ("/levels/2/seats/3/elsewhere", "levels.elsewhere"),
        ("/levels/2/seats/4", "levels.type"),
        ("/levels/2/seats/4/name", "levels.seat_name"),
        ("/levels/2/seats/4", "levels.seat_for_nobody"),
        ("/levels/3/longest_days/hope", "levels.unknown"),
        ("/levels/4/seats", "levels.seats"),
        ("/levels/4/people", "levels.people"),
    ]


@pytest.mark.parametrize("role", [Role.ADMIN, Role.VIEWER, Role.REQUESTER, Role.SERVICE])
def test_no_seat_is_for_somebody_who_may_not_agree(role: Role) -> None:
    table = stated()
    table[2]["seats"][0]["roles"] = [role.value]

    assert refused(table) == [("/levels/2/seats/0/roles/0", "levels.roles")]


def test_a_seat_may_be_for_owners_of_other_services_alone() -> None:
    table = stated()
    table[3]["seats"][1] = {"name": "other owner", "elsewhere": True}

    assert read_levels(table)[3].seats[1] == SeatRule("other owner", (), elsewhere=True)


def test_a_stored_table_with_mistakes_is_not_taken_for_one() -> None:
    with pytest.raises(ValueError, match="the level a4 is missing"):
        read_levels(stated()[:4])


def test_levels_are_in_the_order_of_their_table() -> None:
    assert [rule.level for rule in STANDARD] == [rule.level for rule in SMALL_TEAM] == list(Level)
