"""What makes an exception void: the conditions, what each asks for, those given by default, and how they are read."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final

from exceptions.rules.reading import decimal_of, no_such, read_object
from exceptions.rules.vocabulary import Kind, Reason
from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.kernel.decimals import CVSS_UNITS, EPSS_UNITS, to_units
from stellapolicy.kernel.pointers import below
from stellapolicy.kernel.refusals import Fault

MOST_CONDITIONS: Final = 50
MOST_ENVIRONMENTS: Final = 50
LONGEST_NOTICE: Final = timedelta(days=7)
NOTICE_FIFTHS: Final = 5
_SECONDS_PER_DAY = 86_400
_FIELDS = ("kind", "action", "threshold", "environments")


class ConditionKind(StrEnum):
    """What may make an exception void; all but the last three compare with what was seen when it was approved."""

    KEV_LISTED = "kev_listed"
    EPSS_RISES = "epss_rises"
    CVSS_RISES = "cvss_rises"
    REACHABILITY_GAINS_PATH = "reachability_gains_path"
    FIX_APPEARS = "fix_appears"
    VEX_WORSENS = "vex_worsens"
    NEW_CVE_IN_PACKAGE = "new_cve_in_package"
    PACKAGE_VERSION_LEAVES_RANGE = "package_version_leaves_range"
    UNKNOWNS_ABOVE = "unknowns_above"
    SCOPE_GREW = "scope_grew"
    EXPIRY_WITHIN = "expiry_within"
    EPSS_ABOVE = "epss_above"
    CVSS_ABOVE = "cvss_above"
    KEV_IS_LISTED = "kev_is_listed"


class Action(StrEnum):
    """What a fired condition asks for, the weakest first."""

    WARN = "warn"
    REQUIRE_REAPPROVAL = "require_reapproval"
    REVOKE = "revoke"
    BLOCK = "block"

    @property
    def rank(self) -> int:
        """Order of strength, warn 0 to block 3."""
        return _RANKS[self]


_RANKS: Final = {action: rank for rank, action in enumerate(Action)}
_ORDER: Final = {kind: place for place, kind in enumerate(ConditionKind)}

AROUND: Final = frozenset({ConditionKind.NEW_CVE_IN_PACKAGE, ConditionKind.PACKAGE_VERSION_LEAVES_RANGE})
"""What is asked about the packages as such: their other vulnerabilities, and versions that are in scope no longer."""
ABSOLUTE: Final = frozenset({ConditionKind.EPSS_ABOVE, ConditionKind.CVSS_ABOVE, ConditionKind.KEV_IS_LISTED})
ABOUT_THE_ESTATE: Final = frozenset(
    {ConditionKind.UNKNOWNS_ABOVE, ConditionKind.SCOPE_GREW, ConditionKind.EXPIRY_WITHIN}
)
"""Conditions that look at counts or the calendar and at no fact of a finding."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One way to become void. `threshold` is a plain decimal; `environments` are slugs, none of them means anywhere."""

    kind: ConditionKind
    action: Action
    threshold: str = ""
    environments: tuple[str, ...] = ()

    @property
    def order(self) -> tuple[int, int, str, tuple[str, ...]]:
        """The total order in which conditions are kept and shown."""
        return _ORDER[self.kind], -self.action.rank, self.threshold, self.environments

    @property
    def limit(self) -> str:
        """The threshold, or the usual one where none is stated."""
        usual = THRESHOLDS[self.kind].usual if self.kind in THRESHOLDS else ""
        return self.threshold or usual

    def to_json(self) -> dict[str, JsonValue]:
        """Return the condition as it is stored."""
        return {
            "kind": self.kind.value,
            "action": self.action.value,
            "threshold": self.threshold,
            "environments": list(self.environments),
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, JsonValue]) -> "Condition":
        """Return the condition that `to_json` wrote; raises ValueError for anything else."""
        match stored:
            case {
                "kind": str(kind),
                "action": str(action),
                "threshold": str(threshold),
                "environments": [*environments],
            }:
                return cls(ConditionKind(kind), Action(action), threshold, tuple(map(str, environments)))
            case _:
                raise ValueError(f"not a stored condition: {stored!r}")


@dataclass(frozen=True, slots=True)
class Threshold:
    """What numbers a condition takes, in words and as bounds; `usual` where it may be left out."""

    words: str
    low: Decimal
    high: Decimal
    places: int
    usual: str = ""


_SMALLEST_EPSS = Decimal(1) / EPSS_UNITS
_SMALLEST_CVSS = Decimal(1) / CVSS_UNITS
_DAY_PLACES = 4
_SHORTEST_NOTICE = Decimal(1).scaleb(-_DAY_PLACES)

THRESHOLDS: Final[Mapping[ConditionKind, Threshold]] = {
    ConditionKind.EPSS_RISES: Threshold("a rise of the probability", _SMALLEST_EPSS, Decimal(1), 5, usual="0.2"),
    ConditionKind.CVSS_RISES: Threshold("a rise of the score", _SMALLEST_CVSS, Decimal(10), 1, usual="0.1"),
    ConditionKind.EPSS_ABOVE: Threshold("a probability", Decimal(0), Decimal(1) - _SMALLEST_EPSS, 5),
    ConditionKind.CVSS_ABOVE: Threshold("a score", Decimal(0), Decimal(10) - _SMALLEST_CVSS, 1),
    ConditionKind.UNKNOWNS_ABOVE: Threshold("a count", Decimal(0), Decimal(1_000_000), 0),
    ConditionKind.SCOPE_GREW: Threshold("a growth in percent", Decimal(0), Decimal(1_000), 0, usual="25"),
    ConditionKind.EXPIRY_WITHIN: Threshold("a number of days", _SHORTEST_NOTICE, Decimal(365), _DAY_PLACES),
}

# What guards a place, or rests on where the code runs, was agreed to for the places there were.
_TIED_TO_PLACES = frozenset(
    {Reason.TEST_ONLY, Reason.COMPENSATING_CONTROL, Reason.RUNTIME_MITIGATION, Reason.NETWORK_ISOLATION}
)


def default_conditions(kind: Kind, reason: Reason, *, term: timedelta) -> tuple[Condition, ...]:
    """Return the conditions of an exception whose author chose none, for a term from start to expiry.

    A new KEV listing blocks; EPSS and reachability ask for approval again, so does a fix where a risk was accepted and
    a dismissal gone where the exception rests on a fact; a plan only hears of its fix.
    """
    conditions = [
        Condition(ConditionKind.KEV_LISTED, Action.BLOCK),
        Condition(ConditionKind.EPSS_RISES, Action.REQUIRE_REAPPROVAL, THRESHOLDS[ConditionKind.EPSS_RISES].usual),
        Condition(ConditionKind.REACHABILITY_GAINS_PATH, Action.REQUIRE_REAPPROVAL),
    ]
    match kind:
        case Kind.ACCEPTANCE:
            conditions.append(Condition(ConditionKind.FIX_APPEARS, Action.REQUIRE_REAPPROVAL))
        case Kind.PLAN:
            conditions.append(Condition(ConditionKind.FIX_APPEARS, Action.WARN))
        case Kind.FACT:
            conditions.append(Condition(ConditionKind.VEX_WORSENS, Action.REQUIRE_REAPPROVAL))
    if reason in _TIED_TO_PLACES:
        usual = THRESHOLDS[ConditionKind.SCOPE_GREW].usual
        conditions.append(Condition(ConditionKind.SCOPE_GREW, Action.WARN, usual))
    conditions.append(Condition(ConditionKind.EXPIRY_WITHIN, Action.WARN, _notice(term)))
    return ordered(conditions)


def ordered(conditions: Iterable[Condition]) -> tuple[Condition, ...]:
    """Return conditions each once and in their total order, so that equal policies are equal bytes."""
    return tuple(sorted(set(conditions), key=lambda condition: condition.order))


def read_conditions(
    document: JsonValue, *, kind: Kind, faults: list[Fault], pointer: str = "/recheck"
) -> tuple[Condition, ...]:
    """Return the conditions a client stated, usual thresholds filled in; every mistake is added to `faults`.

    An exception that rests on a fact needs a condition on facts that does more than warn: it is void when the fact is.
    """
    if not isinstance(document, list | tuple):
        faults.append(Fault(pointer, "recheck.type", "a list of conditions is expected here"))
        return ()
    if len(document) > MOST_CONDITIONS:
        faults.append(Fault(pointer, "recheck.too_many", f"at most {MOST_CONDITIONS} conditions can be watched"))
        return ()
    before = len(faults)
    read = [_condition(stated, pointer=below(pointer, index), faults=faults) for index, stated in enumerate(document)]
    conditions = ordered(condition for condition in read if condition is not None)
    if kind is Kind.FACT and len(faults) == before and not any(map(_guards_a_fact, conditions)):
        message = "an exception that rests on a fact needs a condition on facts with an action stronger than warn"
        faults.append(Fault(pointer, "recheck.mandatory", message))
    return conditions


def days(text: str) -> timedelta:
    """Return the length that a threshold in days states."""
    return timedelta(seconds=to_units(text, units=_SECONDS_PER_DAY))


def _notice(term: timedelta) -> str:
    """Return a fifth of the term in days, a week at most."""
    notice = min(LONGEST_NOTICE, term / NOTICE_FIFTHS)
    return _plain(max(Decimal(notice.total_seconds()) / _SECONDS_PER_DAY, _SHORTEST_NOTICE), _DAY_PLACES)


def _plain(number: Decimal, places: int) -> str:
    """Return the one spelling of a decimal: no exponent, no zeros at its end."""
    text = format(round(number, places), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _guards_a_fact(condition: Condition) -> bool:
    """Whether it watches a fact wherever that changes, and does more than warn."""
    is_everywhere = not condition.environments
    return is_everywhere and condition.kind not in ABOUT_THE_ESTATE and condition.action is not Action.WARN


def _condition(stated: JsonValue, *, pointer: str, faults: list[Fault]) -> Condition | None:
    """Return one condition, None where it has a fault."""
    before = len(faults)
    fields = read_object(stated, names=_FIELDS, code="recheck", pointer=pointer, faults=faults)
    if not isinstance(stated, Mapping):
        return None
    kind = _word(fields, "kind", ConditionKind, pointer=pointer, faults=faults)
    action = _word(fields, "action", Action, pointer=pointer, faults=faults)
    environments = _environments(fields.get("environments"), pointer=below(pointer, "environments"), faults=faults)
    if kind is None:
        return None
    place = below(pointer, "threshold")
    threshold = _threshold(ConditionKind(kind), fields.get("threshold"), pointer=place, faults=faults)
    if action is None or len(faults) > before:
        return None
    return Condition(ConditionKind(kind), Action(action), threshold, environments)


def _word(
    fields: Mapping[str, JsonValue], name: str, choices: type[StrEnum], *, pointer: str, faults: list[Fault]
) -> str | None:
    word = fields.get(name)
    if isinstance(word, str) and word in list(choices):
        return word
    message = f"{name} is missing" if word is None else no_such(word, choices)
    faults.append(Fault(below(pointer, name), f"recheck.{name}", message))
    return None


def _threshold(kind: ConditionKind, stated: JsonValue, *, pointer: str, faults: list[Fault]) -> str:
    if kind not in THRESHOLDS:
        if stated not in (None, ""):
            faults.append(Fault(pointer, "recheck.threshold", f"{kind} takes no threshold"))
        return ""
    taken = THRESHOLDS[kind]
    if stated in (None, "") and taken.usual:
        return taken.usual
    number = decimal_of(stated)
    if number is None or not taken.low <= number <= taken.high or number != round(number, taken.places):
        written = f"at most {taken.places} decimals" if taken.places else "whole"
        message = f"{kind} takes {taken.words} from {taken.low:f} to {taken.high:f}, {written}"
        faults.append(Fault(pointer, "recheck.threshold", message))
        return ""
    return _plain(number, taken.places)


def _environments(stated: JsonValue, *, pointer: str, faults: list[Fault]) -> tuple[str, ...]:
    if stated is None:
        return ()
    if not isinstance(stated, list | tuple) or len(stated) > MOST_ENVIRONMENTS:
        message = f"a list of at most {MOST_ENVIRONMENTS} environments is expected here"
        faults.append(Fault(pointer, "recheck.environments", message))
        return ()
    for index, slug in enumerate(stated):
        if not isinstance(slug, str) or not slug.strip():
            message = "the slug of an environment is expected here"
            faults.append(Fault(below(pointer, index), "recheck.environments", message))
    return tuple(sorted({slug.strip() for slug in stated if isinstance(slug, str)}))
