"""What a variable of a condition can still be: bounds, words, truths, narrowed by one literal after another."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from policies.language.facts import CATALOGUE
from policies.language.terms import Constant, ConstantValue, Fact, Relation, ReleaseCount, StatementCount, Term
from policies.language.types import Type
from stellapolicy.kernel.severity import RANKS

_RANKS: Final[frozenset[ConstantValue]] = frozenset(rank for rank in RANKS.values() if rank >= 0)
_TRUTHS: Final[frozenset[ConstantValue]] = frozenset({True, False})
OPPOSITE: Final = {
    Relation.LESS: Relation.GREATER_OR_EQUAL,
    Relation.LESS_OR_EQUAL: Relation.GREATER,
    Relation.GREATER: Relation.LESS_OR_EQUAL,
    Relation.GREATER_OR_EQUAL: Relation.LESS,
}
_ABOVE: Final = frozenset({Relation.GREATER, Relation.GREATER_OR_EQUAL})
_OPEN: Final = frozenset({Relation.GREATER, Relation.LESS})


@dataclass(frozen=True, slots=True)
class Domain:
    """The values left to a variable: between bounds, among some, without some; and whether it is known at all."""

    low: float | None = None
    low_open: bool = False
    high: float | None = None
    high_open: bool = False
    allowed: frozenset[ConstantValue] | None = None
    excluded: frozenset[ConstantValue] = frozenset()
    known: bool | None = None
    contradictory: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether no value is left, and absence is not asked for either."""
        if self.contradictory:
            return True
        if self.known is False:
            return False
        if self.allowed is not None:
            return next(self.values(), None) is None
        if self.low is None or self.high is None:
            return False
        if self.low == self.high:
            return self.low_open or self.high_open or self.low in self.excluded
        return self.low > self.high

    def values(self) -> Iterator[ConstantValue]:
        """Yield the values left of a finite set, in order."""
        yield from sorted((value for value in self.allowed or () if self._fits(value)), key=str)

    def _fits(self, value: ConstantValue) -> bool:
        if value in self.excluded:
            return False
        if isinstance(value, bool) or not isinstance(value, int | float):
            return True
        above = self.low is None or value > self.low or (value == self.low and not self.low_open)
        below = self.high is None or value < self.high or (value == self.high and not self.high_open)
        return above and below

    def being(self, *, known: bool) -> "Domain":
        """Return what is left where the variable is known, or where it is not."""
        if self.known is None:
            return replace(self, known=known)
        return self if self.known is known else replace(self, contradictory=True)

    def related(self, relation: Relation, value: ConstantValue) -> "Domain":
        """Return what is left where the variable stands in this relation to a value."""
        if relation is Relation.EQUAL:
            return self.among(frozenset({value}))
        number = float(value) if isinstance(value, int | float) else 0.0
        is_open = relation in _OPEN
        if relation in _ABOVE:
            is_closer = self.low is None or (number, is_open) > (self.low, self.low_open)
            return replace(self, low=number, low_open=is_open) if is_closer else self
        is_closer = self.high is None or (number, not is_open) < (self.high, not self.high_open)
        return replace(self, high=number, high_open=is_open) if is_closer else self

    def among(self, values: frozenset[ConstantValue]) -> "Domain":
        """Return what is left among some values."""
        return replace(self, allowed=values if self.allowed is None else self.allowed & values)

    def without(self, values: frozenset[ConstantValue]) -> "Domain":
        """Return what is left without some values."""
        return replace(self, excluded=self.excluded | values)


def domain_of(variable: Term) -> Domain:
    """Return everything a variable can be before anything is asked of it; a literal is only itself."""
    if isinstance(variable, Constant):
        return Domain(allowed=frozenset({variable.runtime_value}))
    if variable.type is Type.BOOL:
        return Domain(allowed=_TRUTHS)
    if variable.type is Type.SEVERITY:
        return Domain(allowed=_RANKS)
    if isinstance(variable, StatementCount | ReleaseCount):
        return Domain(low=0.0)
    spec = CATALOGUE.get(variable.path) if isinstance(variable, Fact) else None
    if spec is None:
        return Domain()
    return Domain(low=spec.minimum, high=spec.maximum, allowed=frozenset(spec.words) if spec.words else None)
