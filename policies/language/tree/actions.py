"""Actions: what a rule does once its condition is decided."""

from dataclasses import dataclass
from typing import TypeAlias

from policies.language.tree.expressions import Expression, Path
from policies.language.tree.nodes import Node
from policies.language.tree.values import Field, ListLiteral, Text


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
