"""Expressions: conditions and the values that rules compute."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from policies.language.tree.nodes import Name, Node
from policies.language.tree.values import Literal


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


Expression: TypeAlias = Literal | Path | Call | Index | Member | Signed | Arithmetic | Comparison | Not | And | Or
