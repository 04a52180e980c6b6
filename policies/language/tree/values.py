"""Values: what may stand in lists, entries and records, and, records apart, in expressions."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

from policies.language.tree.nodes import Name, Node


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


Literal: TypeAlias = Text | Number | Duration | Boolean | Null | Day | Instant | ListLiteral
Value: TypeAlias = Literal | Record
