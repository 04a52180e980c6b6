"""The size of a tree, taken without recursion."""

from collections.abc import Iterator

from policies.language.diagnostics import Gathering
from policies.language.limits import Limits
from policies.language.tree import (
    And,
    Argument,
    Arithmetic,
    Call,
    Comparison,
    Index,
    ListLiteral,
    Member,
    Node,
    Not,
    Or,
    PolicyFile,
    Record,
    Signed,
    children,
)

_NESTING = (And, Or, Not, Comparison, Arithmetic, Signed, Index, Member, Call, ListLiteral, Record)


def report_size(file: PolicyFile, gathering: Gathering, limits: Limits) -> None:
    """Report a file of more nodes than allowed, and every expression that is nested too deeply."""
    waiting: list[tuple[Node, int, Node]] = [(file, 0, file)]
    last_reported: Node | None = None
    count = 0
    while waiting:
        node, depth, root = waiting.pop()
        count += 1
        if count > limits.nodes:
            gathering.report("E404", node.span, f"the tree of this file has more than {limits.nodes} nodes")
            return
        if depth > limits.depth:
            if root is not last_reported:
                gathering.report("E403", node.span, f"this is nested more than {limits.depth} deep")
            last_reported = root
            continue
        waiting.extend(_below(node, depth, root))


def _below(node: Node, depth: int, root: Node) -> Iterator[tuple[Node, int, Node]]:
    """Yield the children with their depth in the expression they belong to, and where it begins."""
    for child in children(node):
        if isinstance(node, Argument):
            yield child, depth, root
        elif isinstance(node, _NESTING):
            yield child, depth + 1, root
        else:
            yield child, 1, child
