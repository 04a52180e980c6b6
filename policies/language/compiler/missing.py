"""Why a condition is unknown: functions that answer which facts it misses, as one bit a fact.

Only what is itself unknown is entered: a fact beside a false part of an `and` is not missed. A function is written
and compiled for a condition when it is first unknown and matters.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from policies.language import terms
from policies.language.compiler import code, truths
from policies.language.compiler.code import Code, Step
from policies.language.compiler.unit import FACTS, Body, Unit
from policies.language.terms import STATEMENTS_PATH, Conjunction, Constant, Disjunction, Fact, Negation, Term
from policies.language.types import UNKNOWN, Facts, Type

Gap: TypeAlias = Callable[[Facts], int]
_MISSED = "k"
_HERE = "n"


@dataclass(slots=True)
class Gaps:
    """Which facts conditions of a program miss; the bits are those of `paths`, in order."""

    maps: Mapping[str, Mapping[str, float]]
    paths: tuple[str, ...]
    _known: dict[Term, Gap] = field(default_factory=dict)

    def of(self, condition: Term) -> Gap:
        """Return the function that answers what a condition misses where it is unknown."""
        if condition not in self._known:
            self._known[condition] = self._compiled(condition)
        return self._known[condition]

    def named(self, missed: int) -> tuple[str, ...]:
        """Return the paths of the bits, sorted."""
        return tuple(path for place, path in enumerate(self.paths) if missed >> place & 1)

    def absent(self, paths: Iterable[str], facts: Facts) -> int:
        """Return the bits of the paths nobody knows; all of them where each is known and their use still is not."""
        wanted = sorted(paths)
        gone = [path for path in wanted if is_absent(facts, path)]
        return self._bits(gone or wanted)

    def _bits(self, paths: Iterable[str]) -> int:
        return sum(1 << self.paths.index(path) for path in set(paths))

    def _compiled(self, condition: Term) -> Gap:
        unit = Unit(self.maps)
        identifier = unit.fresh("w")
        body = Body(unit, (FACTS,))
        steps = [
            code.assigned(_MISSED, code.constant(0)),
            *self._steps(body, condition),
            code.returned(code.name(_MISSED)),
        ]
        unit.add(identifier, (FACTS,), body.steps(steps))
        gap: Gap = unit.compiled()[identifier]
        return gap

    def _steps(self, body: Body, term: Term) -> list[Step]:
        match term:
            case Conjunction(operands) | Disjunction(operands):
                return [
                    code.when(_is_unknown(body, operand), inner)
                    for operand in operands
                    if (inner := self._steps(body, operand))
                ]
            case Negation(operand):
                return self._steps(body, operand)
            case Constant():
                return []
            case _:
                return self._atom(body, term)

    def _atom(self, body: Body, term: Term) -> list[Step]:
        """Mark the facts of an unknown atom that are not there, or all of them where each is."""
        facts = sorted(_facts(term), key=lambda fact: fact.path)
        every = code.marked(_MISSED, code.constant(self._bits(fact.path for fact in facts)))
        if len(facts) <= 1:
            return [every] if facts else []
        steps: list[Step] = [code.assigned(_HERE, code.constant(0))]
        for fact in facts:
            value = body.fact(fact.path, fact.type)
            steps.append(code.when(code.unequal(value, value), [_marked_here(self._bits([fact.path]))]))
        return [
            *steps,
            code.when(code.name(_HERE), [code.marked(_MISSED, code.name(_HERE))], [every]),
        ]


def _marked_here(bits: int) -> Step:
    return code.marked(_HERE, code.constant(bits))


def _facts(term: Term) -> Iterator[Fact]:
    """Yield every fact an atom reads, once."""
    found = {inner.path: inner for inner in terms.walk(term) if isinstance(inner, Fact)}
    if STATEMENTS_PATH in terms.reads(term):
        found[STATEMENTS_PATH] = Fact(STATEMENTS_PATH, Type.STATEMENTS)
    yield from found.values()


def _is_unknown(body: Body, term: Term) -> Code:
    return code.every([code.negated(truths.true(body, term)), code.negated(truths.false(body, term))])


def is_absent(facts: Facts, path: str) -> bool:
    """Whether nobody knows a fact."""
    value = facts.get(path, UNKNOWN)
    return isinstance(value, float) and value != value  # noqa: PLR0124 - only what is not a number differs from itself
