"""What every piece of a tree has: a place that takes no part in equality, and children."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from policies.language.source import NOWHERE, Span


@dataclass(frozen=True, slots=True)
class Node:
    """A piece of a policy and where it stands in its source; the place takes no part in equality."""

    parts: ClassVar[tuple[str, ...]] = ()
    span: Span = field(default=NOWHERE, compare=False, repr=False, kw_only=True)

    def __init_subclass__(cls) -> None:
        """Remember the fields of each kind of node, the only ones that can hold nodes."""
        cls.parts = tuple(cls.__annotations__)


@dataclass(frozen=True, slots=True)
class Name(Node):
    """The name a rule, profile, table, scalar, field or argument is given."""

    text: str


def children(node: Node) -> Iterator[Node]:
    """Yield the direct children of a node in the order of its fields."""
    for name in node.parts:
        member = getattr(node, name)
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
