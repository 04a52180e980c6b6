"""The syntax tree of one policy file: closed unions of frozen nodes that compare by meaning, never by place."""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

from policies.language.source import NOWHERE, Span


class Comparator(StrEnum):
    """The operators that compare two values and give a truth."""

    EQUAL = "=="
    NOT_EQUAL = "!="
    LESS = "<"
    LESS_OR_EQUAL = "<="
    GREATER = ">"
    GREATER_OR_EQUAL = ">="
    IN = "in"
    NOT_IN = "not in"


class ArithmeticOperator(StrEnum):
    """The operators that make a number of two numbers."""

    ADD = "+"
    SUBTRACT = "-"
    MULTIPLY = "*"
    DIVIDE = "/"


class Sign(StrEnum):
    """The operators in front of a number."""

    PLUS = "+"
    MINUS = "-"


class DurationUnit(StrEnum):
    """The unit a duration is written in."""

    MINUTES = "m"
    HOURS = "h"
    DAYS = "d"
    WEEKS = "w"


SECONDS_PER_UNIT = {
    DurationUnit.MINUTES: 60,
    DurationUnit.HOURS: 3_600,
    DurationUnit.DAYS: 86_400,
    DurationUnit.WEEKS: 604_800,
}


class SignalType(StrEnum):
    """The types a `declare` section may give to a signal."""

    BOOL = "bool"
    NUMBER = "number"
    STRING = "string"
    STRINGS = "list<string>"
    INSTANT = "instant"


@dataclass(frozen=True, slots=True)
class Node:
    """A piece of a policy and where it stands in its source; the place takes no part in equality."""

    span: Span = field(default=NOWHERE, compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Name(Node):
    """The name a rule, profile, table, scalar, field or argument is given."""

    text: str


# --- Values -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Text(Node):
    """A string, escapes resolved and in NFC; also a bare word where `settings` and `metadata` take one."""

    value: str


@dataclass(frozen=True, slots=True)
class Number(Node):
    """A number with exactly the digits written; signed only in literals (lists, entries, map and table rows)."""

    text: str

    @property
    def value(self) -> Decimal:
        """The exact value."""
        return Decimal(self.text)


@dataclass(frozen=True, slots=True)
class Duration(Node):
    """A length of time as written, such as `90m` or `2w`."""

    count: int
    unit: DurationUnit

    @property
    def seconds(self) -> int:
        """The length in seconds."""
        return self.count * SECONDS_PER_UNIT[self.unit]


@dataclass(frozen=True, slots=True)
class Boolean(Node):
    """`true` or `false`."""

    value: bool


@dataclass(frozen=True, slots=True)
class Null(Node):
    """`null`; the parser lets it stand in literals only, where it says that a fact is absent."""


@dataclass(frozen=True, slots=True)
class Day(Node):
    """`date("2026-12-31")`; the parser has checked that the calendar knows the day."""

    text: str

    @property
    def value(self) -> date:
        """The day."""
        return date.fromisoformat(self.text)


@dataclass(frozen=True, slots=True)
class Instant(Node):
    """`instant("2026-12-31T00:00:00Z")`; the parser has checked it, zone included."""

    text: str

    @property
    def value(self) -> datetime:
        """The instant, aware of its zone."""
        return datetime.fromisoformat(self.text)


@dataclass(frozen=True, slots=True)
class ListLiteral(Node):
    """A list of literals; of records too, but only in `given` and `metadata`."""

    items: tuple["Value", ...]


@dataclass(frozen=True, slots=True)
class Field(Node):
    """One `name = literal` of a record or of `requestException`."""

    name: Name
    value: "Literal"


@dataclass(frozen=True, slots=True)
class Record(Node):
    """A record `{ name = literal … }`, in `given` and `metadata` only."""

    fields: tuple[Field, ...]


# --- Expressions ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Path(Node):
    """A dotted reference such as `vex.status`; every name is kept as written."""

    names: tuple[str, ...]

    @property
    def dotted(self) -> str:
        """The path as the author writes it."""
        return ".".join(self.names)


@dataclass(frozen=True, slots=True)
class Argument(Node):
    """One argument of a call, named (`at = run.at`) or by place."""

    name: Name | None
    value: "Expression"


@dataclass(frozen=True, slots=True)
class Call(Node):
    """A call of a function (`exists(…)`) or of a fact (`vex.any(…)`); only a path can be called."""

    target: Path
    arguments: tuple[Argument, ...]


@dataclass(frozen=True, slots=True)
class Index(Node):
    """`base[key]`, as in `profile.trust.sources[advisory.source]`."""

    base: "Expression"
    key: "Expression"


@dataclass(frozen=True, slots=True)
class Member(Node):
    """`.name` of something computed, as in `vex.latest().status`.

    INVARIANT: the base is never a Path; a name after a path makes the path longer.
    """

    base: "Expression"
    name: Name


@dataclass(frozen=True, slots=True)
class Signed(Node):
    """A sign in front of an expression."""

    sign: Sign
    operand: "Expression"


@dataclass(frozen=True, slots=True)
class Arithmetic(Node):
    """Two numbers joined; chains lean to the left."""

    left: "Expression"
    operator: ArithmeticOperator
    right: "Expression"


@dataclass(frozen=True, slots=True)
class Comparison(Node):
    """Two values compared; a comparison of a comparison needs parentheses."""

    left: "Expression"
    operator: Comparator
    right: "Expression"


@dataclass(frozen=True, slots=True)
class Not(Node):
    """The Kleene negation."""

    operand: "Expression"


@dataclass(frozen=True, slots=True)
class And(Node):
    """The Kleene conjunction of two or more conditions, as one chain is written."""

    operands: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Or(Node):
    """The Kleene disjunction of two or more conditions, as one chain is written."""

    operands: tuple["Expression", ...]


Literal: TypeAlias = Text | Number | Duration | Boolean | Null | Day | Instant | ListLiteral
Value: TypeAlias = Literal | Record
Expression: TypeAlias = Literal | Path | Call | Index | Member | Signed | Arithmetic | Comparison | Not | And | Or


# --- Actions ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Assign(Node):
    """`target := value`."""

    target: Path
    value: Expression


@dataclass(frozen=True, slots=True)
class Block(Node):
    """`block`."""


@dataclass(frozen=True, slots=True)
class Warn(Node):
    """`warn`, with the message it always adds."""

    message: Text | None = None


@dataclass(frozen=True, slots=True)
class Ignore(Node):
    """`ignore`, until an instant where one is given."""

    until: Expression | None = None


@dataclass(frozen=True, slots=True)
class Defer(Node):
    """`defer until` an instant, from which on the finding blocks."""

    until: Expression


@dataclass(frozen=True, slots=True)
class Escalate(Node):
    """`escalate`, to somebody where one is named."""

    to: Expression | None = None


@dataclass(frozen=True, slots=True)
class RequireVex(Node):
    """`requireVex` of one of these vendors with one of these justifications."""

    vendors: ListLiteral
    justifications: ListLiteral


@dataclass(frozen=True, slots=True)
class Annotate(Node):
    """`annotate target := value`."""

    target: Path
    value: Expression


@dataclass(frozen=True, slots=True)
class RequestException(Node):
    """`requestException` with the fields of the request."""

    fields: tuple[Field, ...]


Action: TypeAlias = Assign | Block | Warn | Ignore | Defer | Escalate | RequireVex | Annotate | RequestException


# --- Sections ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Entry(Node):
    """One `path = value` of `metadata`, `settings` or `given`."""

    path: Path
    value: Value


@dataclass(frozen=True, slots=True)
class Declaration(Node):
    """One `path = type` of `declare`."""

    path: Path
    type: SignalType


@dataclass(frozen=True, slots=True)
class Metadata(Node):
    """What the author says about the policy; no part of its meaning."""

    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Settings(Node):
    """`default_status`, `on_unknown` and `strict`; a bare word is kept as Text."""

    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Declare(Node):
    """The types of extra signals."""

    declarations: tuple[Declaration, ...]


@dataclass(frozen=True, slots=True)
class MapRow(Node):
    """`source "nvd" => +0.5`."""

    source: Text
    adjustment: Number


@dataclass(frozen=True, slots=True)
class SourceMap(Node):
    """A map from the name of a source to a signed adjustment."""

    name: Name
    rows: tuple[MapRow, ...]


@dataclass(frozen=True, slots=True)
class EnvironmentRow(Node):
    """`if condition then adjustment`."""

    condition: Expression
    adjustment: Number


@dataclass(frozen=True, slots=True)
class EnvironmentTable(Node):
    """A table whose matching rows add up."""

    name: Name
    rows: tuple[EnvironmentRow, ...]


@dataclass(frozen=True, slots=True)
class Scalar(Node):
    """A named value of a profile."""

    name: Name
    value: Expression


ProfileEntry: TypeAlias = SourceMap | EnvironmentTable | Scalar


@dataclass(frozen=True, slots=True)
class Profile(Node):
    """Named tables and values that rules of the pack read as `profile.<name>.<entry>`."""

    name: Name
    entries: tuple[ProfileEntry, ...]


@dataclass(frozen=True, slots=True)
class Rule(Node):
    """A rule; of the whole release where `release` is set. No priority written means the default."""

    name: Name
    condition: Expression
    actions: tuple[Action, ...]
    otherwise: tuple[Action, ...] = ()
    because: Text | None = None
    priority: int | None = None
    release: bool = False


@dataclass(frozen=True, slots=True)
class PolicyTest(Node):
    """A `test` block: facts given, conditions on the verdict expected."""

    name: Text
    given: tuple[Entry, ...]
    expectations: tuple[Expression, ...]


Section: TypeAlias = Metadata | Settings | Declare | Profile | Rule | PolicyTest


@dataclass(frozen=True, slots=True)
class PolicyFile(Node):
    """One file: the policy's name, the syntax it is written in, its sections in order."""

    name: Text
    syntax: Text
    sections: tuple[Section, ...]


def children(node: Node) -> Iterator[Node]:
    """Yield the direct children of a node in the order of its fields."""
    for part in fields(node):
        member = getattr(node, part.name)
        if isinstance(member, Node):
            yield member
        elif isinstance(member, tuple):
            yield from (item for item in member if isinstance(item, Node))


def walk(node: Node) -> Iterator[Node]:
    """Yield a node and everything below it, parents first, left to right; needs no recursion."""
    waiting = [node]
    while waiting:
        current = waiting.pop()
        yield current
        waiting.extend(reversed(tuple(children(current))))
