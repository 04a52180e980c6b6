"""The table of levels: what each asks for, as shipped, and as an administrator writes it with every mistake named."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from types import MappingProxyType
from typing import Final

from exceptions.rules.effects import LONGEST
from exceptions.rules.reading import no_such, read_count, read_flag, read_object
from exceptions.rules.vocabulary import Effect, Kind, Level
from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.kernel.pointers import below
from stellapolicy.kernel.refusals import Fault

MOST_SEATS: Final = 8
MOST_DAYS: Final = 365
LONGEST_NAME: Final = 60
# Who may agree to an exception at all; a seat for anybody else could never be filled.
SEAT_ROLES: Final = ("reviewer", "security", "release_captain", "ciso")
_FLAGS: Final = ("needs_hook_for_plans", "needs_ticket", "needs_signed_evidence")
_FIELDS: Final = ("level", "people", "seats", "longest_days", *_FLAGS)


@dataclass(frozen=True, slots=True)
class SeatRule:
    """One place at the table: who holds one of the roles for every service matched.

    elsewhere: whoever owns another service, none of those matched, may sit here too.
    """

    name: str
    roles: tuple[str, ...]
    elsewhere: bool = False


@dataclass(frozen=True, slots=True)
class LevelRule:
    """What one level asks for: how many people of which seats, for how long at most, and what they must be shown."""

    level: Level
    people: int
    seats: tuple[SeatRule, ...]
    longest: Mapping[Kind, timedelta]
    needs_hook_for_plans: bool = False
    needs_ticket: bool = False
    needs_signed_evidence: bool = False


REVIEWER: Final = SeatRule("reviewer", ("reviewer", "security", "ciso"))
SECURITY: Final = SeatRule("security", ("security", "ciso"))
RELEASE_CAPTAIN: Final = SeatRule("release_captain", ("release_captain",))
CISO: Final = SeatRule("ciso", ("ciso",))
# Where few people do everything: somebody of security, or the owner of a service that gains nothing by it.
SECOND_PAIR_OF_EYES: Final = SeatRule("security_or_other_owner", ("security", "ciso"), elsewhere=True)


def _terms(*, fact: int, plan: int, acceptance: int) -> Mapping[Kind, timedelta]:
    return MappingProxyType(
        {
            Kind.FACT: timedelta(days=fact),
            Kind.PLAN: timedelta(days=plan),
            Kind.ACCEPTANCE: timedelta(days=acceptance),
        }
    )


_A0 = LevelRule(Level.A0, 0, (), _terms(fact=90, plan=90, acceptance=90))
_A1 = LevelRule(Level.A1, 1, (REVIEWER,), _terms(fact=365, plan=180, acceptance=60))
_A2 = LevelRule(Level.A2, 1, (SECURITY,), _terms(fact=365, plan=90, acceptance=30))


def _a3(*seats: SeatRule) -> LevelRule:
    terms = _terms(fact=180, plan=60, acceptance=14)
    return LevelRule(Level.A3, len(seats), seats, terms, needs_hook_for_plans=True)


def _a4(*seats: SeatRule) -> LevelRule:
    terms = _terms(fact=90, plan=30, acceptance=7)
    return LevelRule(
        Level.A4, len(seats), seats, terms, needs_hook_for_plans=True, needs_ticket=True, needs_signed_evidence=True
    )


STANDARD: Final = (_A0, _A1, _A2, _a3(SECURITY, RELEASE_CAPTAIN), _a4(SECURITY, RELEASE_CAPTAIN, CISO))
SMALL_TEAM: Final = (
    _A0,
    _A1,
    _A2,
    _a3(SECOND_PAIR_OF_EYES, SECOND_PAIR_OF_EYES),
    _a4(SECURITY, SECOND_PAIR_OF_EYES),
)
PRESETS: Final[Mapping[str, tuple[LevelRule, ...]]] = MappingProxyType({"standard": STANDARD, "small_team": SMALL_TEAM})


def longest(rule: LevelRule, kind: Kind, effect: Effect) -> timedelta:
    """Return the longest term: what the level allows for the kind, and the effect at all."""
    return min(rule.longest[kind], LONGEST[effect])


def write_levels(table: Sequence[LevelRule]) -> list[JsonValue]:
    """Return a table as it is stored and shown, one object a level."""
    return [
        {
            "level": rule.level.value,
            "people": rule.people,
            "seats": [
                {"name": seat.name, "roles": list(seat.roles), "elsewhere": seat.elsewhere} for seat in rule.seats
            ],
            "longest_days": {kind.value: rule.longest[kind].days for kind in Kind},
            "needs_hook_for_plans": rule.needs_hook_for_plans,
            "needs_ticket": rule.needs_ticket,
            "needs_signed_evidence": rule.needs_signed_evidence,
        }
        for rule in table
    ]


def read_levels(
    document: JsonValue, *, faults: list[Fault] | None = None, pointer: str = "/levels"
) -> tuple[LevelRule, ...]:
    """Return the table a document states, lowest level first.

    All five levels are stated once, each from a1 up needs somebody, and none fewer people than the one below it.
    Every mistake is added to `faults`; without such a list the table is one of ours, and ValueError is raised.
    """
    found: list[Fault] = []
    table = _table(document, pointer=pointer, faults=found)
    if faults is None and found:
        raise ValueError("; ".join(f"{fault.pointer}: {fault.message}" for fault in found))
    if faults is not None:
        faults += found
    return table


def _table(document: JsonValue, *, pointer: str, faults: list[Fault]) -> tuple[LevelRule, ...]:
    if not isinstance(document, list | tuple):
        faults.append(Fault(pointer, "levels.type", "a list of levels is expected here"))
        return ()
    rules: dict[Level, LevelRule] = {}
    places: dict[Level, str] = {}
    for index, stated in enumerate(document):
        place = below(pointer, index)
        fields = read_object(stated, names=_FIELDS, code="levels", pointer=place, faults=faults)
        level = _level(fields, rules, pointer=place, faults=faults)
        if level is not None:
            rules[level], places[level] = _rule(level, fields, pointer=place, faults=faults), place
    faults += [
        Fault(pointer, "levels.missing", f"the level {level} is missing") for level in Level if level not in rules
    ]
    table = tuple(rules[level] for level in Level if level in rules)
    for lower, higher in pairwise(table):
        if higher.people < lower.people:
            message = f"{higher.level} needs at least the {lower.people} people of {lower.level}"
            faults.append(Fault(below(places[higher.level], "people"), "levels.fewer_people", message))
    return table


def _level(
    fields: Mapping[str, JsonValue], known: Mapping[Level, LevelRule], *, pointer: str, faults: list[Fault]
) -> Level | None:
    """Return which level a row is about; None where it says none, or one that was there before."""
    word = fields.get("level")
    place = below(pointer, "level")
    if not isinstance(word, str) or word not in list(Level):
        faults.append(Fault(place, "levels.level", "level is missing" if word is None else no_such(word, Level)))
        return None
    if Level(word) in known:
        faults.append(Fault(place, "levels.twice", f"the level {word} is stated twice"))
        return None
    return Level(word)


def _rule(level: Level, fields: Mapping[str, JsonValue], *, pointer: str, faults: list[Fault]) -> LevelRule:
    seats = _seats(fields.get("seats"), pointer=below(pointer, "seats"), faults=faults)
    people = _people(level, fields.get("people"), seats, pointer=below(pointer, "people"), faults=faults)
    flags = {
        name: read_flag(fields.get(name, False), code=f"levels.{name}", pointer=below(pointer, name), faults=faults)
        for name in _FLAGS
    }
    return LevelRule(
        level=level,
        people=people,
        seats=seats,
        longest=_longest(fields.get("longest_days"), pointer=below(pointer, "longest_days"), faults=faults),
        **flags,
    )


def _people(level: Level, stated: JsonValue, seats: Sequence[SeatRule], *, pointer: str, faults: list[Fault]) -> int:
    low = 0 if level is Level.A0 else 1
    people = read_count(stated, low=low, high=MOST_SEATS, code="levels.people", pointer=pointer, faults=faults)
    if people > len(seats):
        faults.append(Fault(pointer, "levels.people", f"{people} people cannot sit on {len(seats)} seats"))
    return people


def _seats(stated: JsonValue, *, pointer: str, faults: list[Fault]) -> tuple[SeatRule, ...]:
    if not isinstance(stated, list | tuple) or len(stated) > MOST_SEATS:
        faults.append(Fault(pointer, "levels.seats", f"a list of at most {MOST_SEATS} seats is expected here"))
        return ()
    return tuple(_seat(seat, pointer=below(pointer, index), faults=faults) for index, seat in enumerate(stated))


def _seat(stated: JsonValue, *, pointer: str, faults: list[Fault]) -> SeatRule:
    fields = read_object(stated, names=("name", "roles", "elsewhere"), code="levels", pointer=pointer, faults=faults)
    name = fields.get("name")
    if not isinstance(name, str) or not 1 <= len(name.strip()) <= LONGEST_NAME:
        message = f"a seat has a name of at most {LONGEST_NAME} characters"
        faults.append(Fault(below(pointer, "name"), "levels.seat_name", message))
    before = len(faults)
    roles = _roles(fields.get("roles", ()), pointer=below(pointer, "roles"), faults=faults)
    place = below(pointer, "elsewhere")
    elsewhere = read_flag(fields.get("elsewhere", False), code="levels.elsewhere", pointer=place, faults=faults)
    if not roles and not elsewhere and len(faults) == before:
        faults.append(Fault(pointer, "levels.seat_for_nobody", "nobody could ever sit here: no role is named"))
    return SeatRule(str(name).strip(), roles, elsewhere=elsewhere)


def _roles(stated: JsonValue, *, pointer: str, faults: list[Fault]) -> tuple[str, ...]:
    if not isinstance(stated, list | tuple):
        faults.append(Fault(pointer, "levels.roles", "a list of roles is expected here"))
        return ()
    for index, role in enumerate(stated):
        if role not in SEAT_ROLES:
            faults.append(Fault(below(pointer, index), "levels.roles", no_such(role, SEAT_ROLES)))
    return tuple(role for role in SEAT_ROLES if role in stated)


def _longest(stated: JsonValue, *, pointer: str, faults: list[Fault]) -> Mapping[Kind, timedelta]:
    fields = read_object(stated, names=Kind, code="levels", pointer=pointer, faults=faults)
    terms: dict[Kind, timedelta] = {}
    for kind in Kind:
        place = below(pointer, kind)
        days = read_count(
            fields.get(kind), low=1, high=MOST_DAYS, code="levels.longest_days", pointer=place, faults=faults
        )
        terms[kind] = timedelta(days=days)
    return MappingProxyType(terms)
