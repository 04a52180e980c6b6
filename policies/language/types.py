"""The types of the language: what a fact, a literal and an expression can be."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final, TypeAlias, final


class Type(StrEnum):
    """A type as the author writes or reads it."""

    BOOL = "bool"
    NUMBER = "number"
    STRING = "string"
    SEVERITY = "severity"
    INSTANT = "instant"
    DURATION = "duration"
    STRINGS = "list<string>"
    STATEMENTS = "list<statement>"

    @property
    def phrase(self) -> str:
        """The type with its article, for messages."""
        return f"{'an' if self is Type.INSTANT else 'a'} {self.value}"

    @property
    def is_ordered(self) -> bool:
        """Whether `<` and its kin compare two values of this type."""
        return self in _ORDERED

    @property
    def is_numeric(self) -> bool:
        """Whether a running program holds it as a number: instants and durations in microseconds, severity by rank."""
        return self in _ORDERED


_ORDERED = frozenset({Type.NUMBER, Type.SEVERITY, Type.INSTANT, Type.DURATION})


@final
class Unknown(float):
    """The value of a fact nobody knows: not a number, so that every comparison with it is false.

    INVARIANT: a false comparison is not yet a false condition; generated code asks for the truth and for the falsity
    of a condition separately, and what is neither is unknown.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return "UNKNOWN"

    def __reduce__(self) -> str:
        return "UNKNOWN"

    def __copy__(self) -> "Unknown":
        return self

    def __deepcopy__(self, memo: object) -> "Unknown":
        return self


UNKNOWN: Final = Unknown("nan")

Scalar: TypeAlias = bool | float | str | datetime
Statement: TypeAlias = Mapping[str, Scalar]
FactValue: TypeAlias = Scalar | tuple[str, ...] | tuple[Statement, ...]
Facts: TypeAlias = Mapping[str, FactValue]
