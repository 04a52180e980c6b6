"""Terms: the checked form of expressions, closed and typed, free of names that could mean two things.

A program is made of these. They carry no places in a source, and everything an author can write in two ways is written
in one: `!=` is the negation of `==`, aliases are the facts they stand for, profile values are put in place.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from policies.language.types import Type
from stellapolicy.kernel.severity import RANKS, Severity

ConstantValue: TypeAlias = bool | float | str | tuple[str, ...]


class Relation(StrEnum):
    """How two values may compare; `!=` is a negated `==`."""

    EQUAL = "eq"
    LESS = "lt"
    LESS_OR_EQUAL = "le"
    GREATER = "gt"
    GREATER_OR_EQUAL = "ge"


class Operation(StrEnum):
    """The arithmetic of numbers, durations and instants."""

    ADD = "add"
    SUBTRACT = "sub"
    MULTIPLY = "mul"
    DIVIDE = "div"


class Quantifier(StrEnum):
    """How many statements must satisfy a predicate; `all` also asks that there is one."""

    ANY = "any"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Constant:
    """A literal; instants and durations in whole microseconds, severities as words."""

    type: Type
    value: ConstantValue

    @property
    def runtime_value(self) -> ConstantValue:
        """The value while a program runs: severities by rank."""
        if self.type is Type.SEVERITY:
            return RANKS[Severity(str(self.value))]
        return self.value


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact of the finding."""

    path: str
    type: Type


@dataclass(frozen=True, slots=True)
class StatementField:
    """A field of the statement a predicate looks at."""

    name: str
    type: Type


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """Two numeric values joined; division by zero is unknown."""

    operation: Operation
    left: "Term"
    right: "Term"
    type: Type


@dataclass(frozen=True, slots=True)
class Lookup:
    """The adjustment a source map has for a key; a missing key is unknown."""

    map_name: str
    key: "Term"
    type: Type = field(default=Type.NUMBER, init=False)


@dataclass(frozen=True, slots=True)
class Table:
    """The sum of the adjustments whose conditions hold; unknown as soon as one condition is."""

    rows: tuple[tuple["Term", float], ...]
    type: Type = field(default=Type.NUMBER, init=False)


@dataclass(frozen=True, slots=True)
class Call:
    """A pure function of values; unknown when an argument is."""

    function: str
    arguments: tuple["Term", ...]
    type: Type


@dataclass(frozen=True, slots=True)
class Coalesce:
    """A value, or the default where it is unknown."""

    value: "Term"
    default: "Term"
    type: Type


@dataclass(frozen=True, slots=True)
class StatementCount:
    """The number of accepted statements that satisfy a predicate."""

    predicate: "Term"
    type: Type = field(default=Type.NUMBER, init=False)


@dataclass(frozen=True, slots=True)
class LatestStatement:
    """A field of the latest accepted statement that satisfies a predicate; `status` is `none` without one."""

    predicate: "Term"
    name: str
    type: Type


@dataclass(frozen=True, slots=True)
class ReleaseCount:
    """The number of findings of the release that satisfy a predicate."""

    predicate: "Term"
    type: Type = field(default=Type.NUMBER, init=False)


@dataclass(frozen=True, slots=True)
class ReleaseMax:
    """The greatest value among the findings that satisfy a predicate; zero, or severity none, without one."""

    value: "Term"
    predicate: "Term"
    type: Type


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two values of one type compared."""

    relation: Relation
    left: "Term"
    right: "Term"
    type: Type = field(default=Type.BOOL, init=False)


@dataclass(frozen=True, slots=True)
class Membership:
    """Whether a value is one of some literals, which are sorted and distinct."""

    value: "Term"
    members: tuple[Constant, ...]
    type: Type = field(default=Type.BOOL, init=False)


@dataclass(frozen=True, slots=True)
class Containment:
    """Whether a list of strings holds a string."""

    item: "Term"
    container: "Term"
    type: Type = field(default=Type.BOOL, init=False)


@dataclass(frozen=True, slots=True)
class Existence:
    """Whether a value is known."""

    value: "Term"
    type: Type = field(default=Type.BOOL, init=False)


@dataclass(frozen=True, slots=True)
class StatementTest:
    """Whether any, or every one, of the accepted statements satisfies a predicate."""

    quantifier: Quantifier
    predicate: "Term"
    type: Type = field(default=Type.BOOL, init=False)


@dataclass(frozen=True, slots=True)
class ReleaseAny:
    """Whether any finding of the release satisfies a predicate."""

    predicate: "Term"
    type: Type = field(default=Type.BOOL, init=False)


@dataclass(frozen=True, slots=True)
class Negation:
    """The Kleene negation."""

    operand: "Term"
    type: Type = field(default=Type.BOOL, init=False)


@dataclass(frozen=True, slots=True)
class Conjunction:
    """The Kleene conjunction of two or more truths, none of them a conjunction."""

    operands: tuple["Term", ...]
    type: Type = field(default=Type.BOOL, init=False)


@dataclass(frozen=True, slots=True)
class Disjunction:
    """The Kleene disjunction of two or more truths, none of them a disjunction."""

    operands: tuple["Term", ...]
    type: Type = field(default=Type.BOOL, init=False)


Term: TypeAlias = (
    Constant
    | Fact
    | StatementField
    | Arithmetic
    | Lookup
    | Table
    | Call
    | Coalesce
    | StatementCount
    | LatestStatement
    | ReleaseCount
    | ReleaseMax
    | Comparison
    | Membership
    | Containment
    | Existence
    | StatementTest
    | ReleaseAny
    | Negation
    | Conjunction
    | Disjunction
)
Aggregate: TypeAlias = ReleaseCount | ReleaseMax | ReleaseAny

ALWAYS = Constant(Type.BOOL, value=True)
STATEMENTS_PATH = "vex.statements"


def children(term: Term) -> tuple[Term, ...]:  # noqa: C901, PLR0911 - one line for each shape of term
    """Return the terms directly inside a term, left to right."""
    match term:
        case Constant() | Fact() | StatementField():
            return ()
        case Arithmetic(_, left, right) | Comparison(_, left, right):
            return (left, right)
        case Lookup(_, inner) | Existence(inner) | Negation(inner):
            return (inner,)
        case Table(rows):
            return tuple(condition for condition, _ in rows)
        case Call(_, arguments):
            return arguments
        case Coalesce(value, default):
            return (value, default)
        case StatementCount(inner) | LatestStatement(inner) | ReleaseCount(inner) | ReleaseAny(inner):
            return (inner,)
        case StatementTest(_, inner):
            return (inner,)
        case ReleaseMax(value, predicate):
            return (value, predicate)
        case Membership(value, members):
            return (value, *members)
        case Containment(item, container):
            return (item, container)
        case Conjunction(operands) | Disjunction(operands):
            return operands


def walk(term: Term) -> Iterator[Term]:
    """Yield a term and everything inside it, outer before inner, left to right."""
    yield term
    for child in children(term):
        yield from walk(child)


def reads(term: Term) -> frozenset[str]:
    """Return the paths of every fact a term reads."""
    found = {inner.path for inner in walk(term) if isinstance(inner, Fact)}
    if any(isinstance(inner, StatementTest | StatementCount | LatestStatement) for inner in walk(term)):
        found.add(STATEMENTS_PATH)
    return frozenset(found)


def conjuncts(term: Term) -> tuple[Term, ...]:
    """Return the operands of a conjunction, or the term alone."""
    return term.operands if isinstance(term, Conjunction) else (term,)


def conjunction(operands: tuple[Term, ...]) -> Term:
    """Return the conjunction of any number of truths: none is always true, nested ones are flattened."""
    flat = tuple(inner for operand in operands for inner in conjuncts(operand))
    match flat:
        case ():
            return ALWAYS
        case (only,):
            return only
        case _:
            return Conjunction(flat)


def disjunction(operands: tuple[Term, ...]) -> Term:
    """Return the disjunction of one or more truths, nested ones flattened."""
    flat = tuple(
        inner
        for operand in operands
        for inner in (operand.operands if isinstance(operand, Disjunction) else (operand,))
    )
    return flat[0] if len(flat) == 1 else Disjunction(flat)


def negation(operand: Term) -> Term:
    """Return the negation of a truth; two cancel out."""
    return operand.operand if isinstance(operand, Negation) else Negation(operand)
