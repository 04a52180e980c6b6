"""Pieces of Python syntax trees, each named for what it says; the only place that knows the `ast` module by heart."""

import ast
from collections.abc import Sequence
from typing import Final, TypeAlias

from policies.language.terms import Operation, Relation

Code: TypeAlias = ast.expr
Step: TypeAlias = ast.stmt

UNKNOWN_NAME: Final = "U"
_RELATIONS: Final[dict[Relation, ast.cmpop]] = {
    Relation.EQUAL: ast.Eq(),
    Relation.LESS: ast.Lt(),
    Relation.LESS_OR_EQUAL: ast.LtE(),
    Relation.GREATER: ast.Gt(),
    Relation.GREATER_OR_EQUAL: ast.GtE(),
}
OPPOSITE: Final = {
    Relation.LESS: Relation.GREATER_OR_EQUAL,
    Relation.LESS_OR_EQUAL: Relation.GREATER,
    Relation.GREATER: Relation.LESS_OR_EQUAL,
    Relation.GREATER_OR_EQUAL: Relation.LESS,
}
_OPERATIONS: Final[dict[Operation, ast.operator]] = {
    Operation.ADD: ast.Add(),
    Operation.SUBTRACT: ast.Sub(),
    Operation.MULTIPLY: ast.Mult(),
}


def name(identifier: str) -> Code:
    """`identifier`, read."""
    return ast.Name(identifier, ast.Load())


def constant(value: object) -> Code:
    """A literal: a truth, number, string, tuple or frozen set of them."""
    return ast.Constant(value)  # type: ignore[arg-type] # a frozen set is a constant of the compiler, not of the grammar


UNKNOWN: Final = name(UNKNOWN_NAME)
TRUE: Final = constant(True)
FALSE: Final = constant(False)


def call(function: str, *arguments: Code) -> Code:
    """`function(arguments…)`."""
    return ast.Call(name(function), list(arguments), [])


def related(left: Code, relation: Relation, right: Code) -> Code:
    """`left < right` and its kin."""
    return ast.Compare(left, [_RELATIONS[relation]], [right])


def equal(left: Code, right: Code) -> Code:
    """`left == right`."""
    return ast.Compare(left, [ast.Eq()], [right])


def unequal(left: Code, right: Code) -> Code:
    """`left != right`."""
    return ast.Compare(left, [ast.NotEq()], [right])


def same(left: Code, right: Code) -> Code:
    """`left is right`."""
    return ast.Compare(left, [ast.Is()], [right])


def other(left: Code, right: Code) -> Code:
    """`left is not right`."""
    return ast.Compare(left, [ast.IsNot()], [right])


def within(item: Code, container: Code) -> Code:
    """`item in container`."""
    return ast.Compare(item, [ast.In()], [container])


def without(item: Code, container: Code) -> Code:
    """`item not in container`."""
    return ast.Compare(item, [ast.NotIn()], [container])


def every(parts: Sequence[Code]) -> Code:
    """The parts joined by `and`; none is true."""
    if not parts:
        return TRUE
    return parts[0] if len(parts) == 1 else ast.BoolOp(ast.And(), list(parts))


def either(parts: Sequence[Code]) -> Code:
    """The parts joined by `or`; none is false."""
    if not parts:
        return FALSE
    return parts[0] if len(parts) == 1 else ast.BoolOp(ast.Or(), list(parts))


def negated(part: Code) -> Code:
    """`not part`."""
    return ast.UnaryOp(ast.Not(), part)


def joined(operation: Operation, left: Code, right: Code) -> Code:
    """`left + right` and its kin; a division is not among them, because it needs to look at zero."""
    return ast.BinOp(left, _OPERATIONS[operation], right)


def chosen(test: Code, then: Code, otherwise: Code) -> Code:
    """`then if test else otherwise`."""
    return ast.IfExp(test, then, otherwise)


def kept(identifier: str, value: Code) -> Code:
    """`(identifier := value)`."""
    return ast.NamedExpr(ast.Name(identifier, ast.Store()), value)


def is_simple(code: Code) -> bool:
    """Whether it costs nothing to evaluate it twice."""
    return isinstance(code, ast.Name | ast.Constant)


def is_literal(code: Code) -> bool:
    """Whether it is a literal, and therefore known."""
    return isinstance(code, ast.Constant)


def assigned(identifier: str, value: Code) -> Step:
    """`identifier = value`."""
    return ast.Assign([ast.Name(identifier, ast.Store())], value)


def marked(identifier: str, bits: Code) -> Step:
    """`identifier |= bits`."""
    return ast.AugAssign(ast.Name(identifier, ast.Store()), ast.BitOr(), bits)


def added(identifier: str, value: Code) -> Step:
    """`identifier += value`."""
    return ast.AugAssign(ast.Name(identifier, ast.Store()), ast.Add(), value)


def masked(identifier: str, bits: int) -> Code:
    """`identifier & bits`."""
    return ast.BinOp(name(identifier), ast.BitAnd(), constant(bits))


def item(owner: str, key: Code) -> Code:
    """`owner[key]`, which raises KeyError where there is none."""
    return ast.Subscript(name(owner), key, ast.Load())


def applied(function_code: Code, argument: Code) -> Code:
    """`function(argument)` of a function that is itself looked up."""
    return ast.Call(function_code, [argument], [])


def when(test: Code, then: Sequence[Step], otherwise: Sequence[Step] = ()) -> Step:
    """`if test: then… else: otherwise…`."""
    return ast.If(test, list(then) or [ast.Pass()], list(otherwise))


def returned(value: Code) -> Step:
    """`return value`."""
    return ast.Return(value)


def guarded(body: Sequence[Step], errors: str, fallback: Sequence[Step]) -> Step:
    """`try: body… except errors: fallback…`."""
    return ast.Try(list(body), [ast.ExceptHandler(name(errors), None, list(fallback))], [], [])


def function(identifier: str, parameters: Sequence[str], body: Sequence[Step]) -> ast.FunctionDef:
    """`def identifier(parameters…): body…`."""
    arguments = ast.arguments([], [ast.arg(one) for one in parameters], None, [], [], None, [])
    return ast.FunctionDef(identifier, arguments, list(body), [])
