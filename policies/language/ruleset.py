"""What a program consists of: settings, declared signals, source maps and rules with their effects."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from policies.language import terms
from policies.language.terms import Term
from policies.language.types import Type
from policies.language.verdict import Pairs, Status

DEFAULT_PRIORITY = 100
RUN_AT = "run.at"
SEVERITY_PATH = "severity.normalized"


@dataclass(frozen=True, slots=True)
class Settings:
    """How a program answers when no rule speaks, and when one might.

    `default_status` and `on_unknown` are statuses; `strict` made every warning an error when it was compiled.
    """

    default_status: Status = Status.PASS
    on_unknown: Status = Status.WARNED
    strict: bool = False


@dataclass(frozen=True, slots=True)
class AssignStatus:
    """`status := …`, and `block`; the value is one of the words of `STATUS_WORDS`.

    `words` lists what a computed value can be, and is empty where that is open.
    """

    value: Term
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AssignSeverity:
    """`severity := …`."""

    value: Term


class Measure(StrEnum):
    """The numbers of a verdict that rules may set."""

    SCORE = "score"
    CONFIDENCE = "confidence"


@dataclass(frozen=True, slots=True)
class AssignMeasure:
    """`score := …` or `confidence := …`."""

    measure: Measure
    value: Term


@dataclass(frozen=True, slots=True)
class AddWarning:
    """`warn`: warned where the rule assigns nothing else, and the message in any case."""

    message: str | None


@dataclass(frozen=True, slots=True)
class IgnoreUntil:
    """`ignore`, while `run.at` is before an instant where one is given."""

    until: Term | None


@dataclass(frozen=True, slots=True)
class DeferUntil:
    """`defer until`: deferred while `run.at` is before the instant, blocked from it on."""

    until: Term


@dataclass(frozen=True, slots=True)
class EscalateTo:
    """`escalate`, to a role where one is named."""

    role: Term | None


@dataclass(frozen=True, slots=True)
class DemandVex:
    """`requireVex`: a statement by one of the vendors with one of the justifications; both sorted."""

    vendors: tuple[str, ...]
    justifications: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AddAnnotation:
    """`annotate path := …`."""

    path: str
    value: Term


@dataclass(frozen=True, slots=True)
class ProposeException:
    """`requestException` with its fields, sorted by name."""

    fields: Pairs


Effect: TypeAlias = (
    AssignStatus
    | AssignSeverity
    | AssignMeasure
    | AddWarning
    | IgnoreUntil
    | DeferUntil
    | EscalateTo
    | DemandVex
    | AddAnnotation
    | ProposeException
)
StatusEffect: TypeAlias = AssignStatus | AddWarning | IgnoreUntil | DeferUntil | EscalateTo | DemandVex


@dataclass(frozen=True, slots=True)
class ProgramRule:
    """A checked rule: its name is qualified by the policy, `policy/rule`."""

    name: str
    priority: int
    condition: Term
    then: tuple[Effect, ...]
    otherwise: tuple[Effect, ...]
    because: str | None

    @property
    def effects(self) -> tuple[Effect, ...]:
        """Every effect, of both branches."""
        return self.then + self.otherwise


@dataclass(frozen=True, slots=True)
class Ruleset:
    """A whole program before it is compiled.

    INVARIANT: rules are sorted by priority and name, names are unique; the order of rules in files is gone.
    """

    settings: Settings
    signals: Mapping[str, Type]
    maps: Mapping[str, Mapping[str, float]]
    rules: tuple[ProgramRule, ...]
    release_rules: tuple[ProgramRule, ...]


def terms_of(effect: Effect) -> tuple[Term, ...]:
    """Return the terms an effect evaluates."""
    match effect:
        case AssignStatus(value, _) | AssignSeverity(value) | AssignMeasure(_, value) | AddAnnotation(_, value):
            return (value,)
        case IgnoreUntil(until) | EscalateTo(until) if until is not None:
            return (until,)
        case DeferUntil(until):
            return (until,)
        case _:
            return ()


def reads_of(effect: Effect) -> frozenset[str]:
    """Return the fact paths an effect reads: those of its terms and those its meaning needs."""
    found = frozenset[str]().union(*(terms.reads(term) for term in terms_of(effect)))
    if isinstance(effect, DeferUntil) or (isinstance(effect, IgnoreUntil) and effect.until is not None):
        found |= {RUN_AT}
    if isinstance(effect, DemandVex):
        found |= {terms.STATEMENTS_PATH}
    return found


def reads_of_rules(rules: tuple[ProgramRule, ...]) -> frozenset[str]:
    """Return every fact path the rules read."""
    return frozenset(_paths(rules))


def _paths(rules: tuple[ProgramRule, ...]) -> Iterator[str]:
    for rule in rules:
        yield from terms.reads(rule.condition)
        for effect in rule.effects:
            yield from reads_of(effect)
