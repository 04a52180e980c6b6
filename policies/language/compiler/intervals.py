"""What generated code asks of the findings of a release: counts and maxima that are certain only within bounds.

A finding whose predicate is unknown may count or not. An interval compares as true only where every value it can have
does, so that a condition on it and the opposite condition are both false exactly when the answer is open.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from policies.language.types import UNKNOWN, Facts

Truth: TypeAlias = bool | float
Predicate: TypeAlias = Callable[[Facts], Truth]
Measure: TypeAlias = Callable[[Facts], float]


@dataclass(frozen=True, slots=True, eq=False)
class Interval:
    """A number between `low` and `high`, both included; `high` may be infinite."""

    low: float
    high: float

    def __lt__(self, other: "float | Interval") -> bool:
        return self.high < _low(other)

    def __le__(self, other: "float | Interval") -> bool:
        return self.high <= _low(other)

    def __gt__(self, other: "float | Interval") -> bool:
        return self.low > _high(other)

    def __ge__(self, other: "float | Interval") -> bool:
        return self.low >= _high(other)

    def __add__(self, other: "float | Interval") -> "float | Interval":
        return between(self.low + _low(other), self.high + _high(other))

    __radd__ = __add__

    def __sub__(self, other: "float | Interval") -> "float | Interval":
        return between(self.low - _high(other), self.high - _low(other))

    def __rsub__(self, other: float) -> "float | Interval":
        return between(other - self.high, other - self.low)

    def __mul__(self, other: "float | Interval") -> "float | Interval":
        products = [left * right for left in (self.low, self.high) for right in (_low(other), _high(other))]
        return _around(products)

    __rmul__ = __mul__

    def __truediv__(self, other: "float | Interval") -> "float | Interval":
        low, high = _low(other), _high(other)
        if low <= 0 <= high:
            return UNKNOWN
        quotients = [left / right for left in (self.low, self.high) for right in (low, high)]
        return _around(quotients)

    def __rtruediv__(self, other: float) -> "float | Interval":
        return Interval(other, other) / self


def between(low: float, high: float) -> "float | Interval":
    """Return the interval, the number where both ends agree, or UNKNOWN where an end is none."""
    if math.isnan(low) or math.isnan(high):
        return UNKNOWN
    return low if low == high else Interval(low, high)


def _around(values: Sequence[float]) -> "float | Interval":
    """Return the interval that holds all values; infinity times zero leaves everything open."""
    return UNKNOWN if any(math.isnan(value) for value in values) else between(min(values), max(values))


def _low(value: "float | Interval") -> float:
    return value.low if isinstance(value, Interval) else value


def _high(value: "float | Interval") -> float:
    return value.high if isinstance(value, Interval) else value


def certain(value: object) -> object:
    """Return a value that is certain, UNKNOWN for an interval."""
    return UNKNOWN if isinstance(value, Interval) else value


def count_findings(findings: Sequence[Facts], predicate: Predicate) -> "float | Interval":
    """Return how many findings satisfy the predicate."""
    answers = [predicate(facts) for facts in findings]
    sure = float(sum(answer is True for answer in answers))
    return between(sure, sure + sum(answer is not True and answer is not False for answer in answers))


def any_finding(findings: Sequence[Facts], predicate: Predicate) -> Truth:
    """Whether a finding satisfies the predicate; false without findings."""
    answers = [predicate(facts) for facts in findings]
    if any(answer is True for answer in answers):
        return True
    return False if all(answer is False for answer in answers) else UNKNOWN


def greatest(findings: Sequence[Facts], measure: Measure, predicate: Predicate) -> "float | Interval":
    """Return the greatest value among the findings that satisfy the predicate, zero without one."""
    asked = [(measure(facts), predicate(facts)) for facts in findings]
    sure = [value for value, answer in asked if answer is True]
    open_ = [value for value, answer in asked if answer is not True and answer is not False]
    known = [value for value in sure if not math.isnan(value)]
    low = max(known) if known else (-math.inf if sure else 0.0)
    possible = [*sure, *open_]
    high = math.inf if any(math.isnan(value) for value in possible) else max([low, *possible])
    if open_ and not sure:
        low = min(0.0, *(value if not math.isnan(value) else -math.inf for value in open_))
        high = max(0.0, high)
    return between(low, high)
