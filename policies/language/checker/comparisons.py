"""Comparisons, membership and arithmetic: which types go together, and the one form they are written in."""

from typing import Final

from policies.language import tree
from policies.language.checker.scope import Scope, words_of
from policies.language.diagnostics import did_you_mean
from policies.language.source import Span
from policies.language.terms import (
    Arithmetic,
    Comparison,
    Constant,
    Containment,
    Membership,
    Operation,
    Relation,
    Term,
    negation,
)
from policies.language.tree import ArithmeticOperator, Comparator
from policies.language.types import Type
from stellapolicy.kernel.severity import Severity

_SEVERITIES: Final = tuple(severity.value for severity in Severity if severity is not Severity.UNKNOWN)
_RELATIONS: Final = {
    Comparator.EQUAL: Relation.EQUAL,
    Comparator.NOT_EQUAL: Relation.EQUAL,
    Comparator.LESS: Relation.LESS,
    Comparator.LESS_OR_EQUAL: Relation.LESS_OR_EQUAL,
    Comparator.GREATER: Relation.GREATER,
    Comparator.GREATER_OR_EQUAL: Relation.GREATER_OR_EQUAL,
}
_OPERATIONS: Final = {
    ArithmeticOperator.ADD: Operation.ADD,
    ArithmeticOperator.SUBTRACT: Operation.SUBTRACT,
    ArithmeticOperator.MULTIPLY: Operation.MULTIPLY,
    ArithmeticOperator.DIVIDE: Operation.DIVIDE,
}
_N, _D, _I = Type.NUMBER, Type.DURATION, Type.INSTANT
_RESULTS: Final = {
    **{(_N, operation, _N): _N for operation in Operation},
    (_D, Operation.ADD, _D): _D,
    (_D, Operation.SUBTRACT, _D): _D,
    (_D, Operation.MULTIPLY, _N): _D,
    (_N, Operation.MULTIPLY, _D): _D,
    (_D, Operation.DIVIDE, _N): _D,
    (_D, Operation.DIVIDE, _D): _N,
    (_I, Operation.ADD, _D): _I,
    (_D, Operation.ADD, _I): _I,
    (_I, Operation.SUBTRACT, _D): _I,
    (_I, Operation.SUBTRACT, _I): _D,
}
_EQUATABLE: Final = frozenset({Type.BOOL, Type.STRING}) | {kind for kind in Type if kind.is_ordered}
_TRUE: Final = Constant(Type.BOOL, value=True)
_FALSE: Final = Constant(Type.BOOL, value=False)


def arithmetic(scope: Scope, node: tree.Arithmetic, left: Term, right: Term) -> Term | None:
    """Return two numeric terms joined, or None after reporting why they cannot be."""
    operation = _OPERATIONS[node.operator]
    result = _RESULTS.get((left.type, operation, right.type))
    if result is None:
        message = f"`{node.operator}` does not join {left.type.phrase} and {right.type.phrase}"
        hint = "a length of time is written `30d`, or `days(30)`" if _I in (left.type, right.type) else None
        scope.gathering.report("E304", node.span, message, hint=hint)
        return None
    return Arithmetic(operation, left, right, result)


def comparison(scope: Scope, node: tree.Comparison, left: Term, right: Term) -> Term | None:
    """Return two terms compared, or None after reporting why they cannot be."""
    both = _agreed(scope, node, left, right)
    if both is None:
        return None
    left, right = both
    relation = _RELATIONS[node.operator]
    if not (left.type.is_ordered or (relation is Relation.EQUAL and left.type in _EQUATABLE)):
        message = f"`{node.operator}` does not compare values of type {left.type}"
        scope.gathering.report("E304", node.span, message, hint=_unordered_hint(left.type, right))
        return None
    found = _equality(left, right) if relation is Relation.EQUAL else Comparison(relation, left, right)
    return negation(found) if node.operator is Comparator.NOT_EQUAL else found


def _unordered_hint(kind: Type, right: Term) -> str | None:
    if kind is Type.STRING:
        if isinstance(right, Constant) and str(right.value)[:1].isdigit():
            return "versions are compared with `version_in(version, range)`, which knows the order of each ecosystem"
        return "strings have no order; compare them with `==`, `in` or `matches_any`"
    return "use `in`, `contains` or `matches_any` with lists" if kind is Type.STRINGS else None


def _equality(left: Term, right: Term) -> Term:
    """Return `left == right`, a literal on the right; a truth compared with a literal is itself or its negation."""
    if isinstance(left, Constant) and not isinstance(right, Constant):
        left, right = right, left
    if right == _TRUE:
        return left
    return negation(left) if right == _FALSE else Comparison(Relation.EQUAL, left, right)


def _agreed(scope: Scope, node: tree.Comparison, left: Term, right: Term) -> tuple[Term, Term] | None:
    """Return both sides with one type, a literal taking that of the other side."""
    found_left: Term | None = left
    found_right: Term | None = right
    if isinstance(left, Constant):
        found_left = literal_for(scope, left, right, node.left.span)
    elif isinstance(right, Constant):
        found_right = literal_for(scope, right, left, node.right.span)
    if found_left is None or found_right is None:
        return None
    if found_left.type is found_right.type:
        return found_left, found_right
    hint = None
    if Type.INSTANT in (left.type, right.type) and Type.STRING in (left.type, right.type):
        hint = 'an instant is written `date("2026-12-31")` or `instant("2026-12-31T00:00:00Z")`'
    scope.gathering.report("E304", node.span, f"{left.type.phrase} is compared with {right.type.phrase}", hint=hint)
    return None


def literal_for(scope: Scope, literal: Constant, other: Term, span: Span) -> Constant | None:
    """Return a literal as the other side reads it; None after reporting a word the other side can never be."""
    if literal.type is not Type.STRING:
        return literal
    word = str(literal.value)
    if other.type is Type.SEVERITY:
        return severity_literal(scope, word, span)
    words = words_of(scope, other)
    if words and word not in words:
        listed = did_you_mean(word, words) or f"it is one of {', '.join(words)}"
        scope.gathering.report("E312", span, f'this is never "{word}"', hint=listed)
        return None
    return literal


def severity_literal(scope: Scope, word: str, span: Span) -> Constant | None:
    """Return a severity from its word in any case, or None after reporting that it is none."""
    lowered = word.lower()
    if lowered in _SEVERITIES:
        return Constant(Type.SEVERITY, lowered)
    hint = did_you_mean(lowered, _SEVERITIES)
    if lowered == Severity.UNKNOWN:
        hint = "an unknown severity is an absent fact: write `not exists(severity.normalized)`"
    scope.gathering.report("E312", span, f'"{word}" is not a severity', hint=hint)
    return None


def membership(scope: Scope, node: tree.Comparison, value: Term, items: tuple[Constant, ...]) -> Term | None:
    """Return `value in [items]`, the items sorted and distinct, or None after reporting what does not fit."""
    if value.type in {Type.BOOL, Type.STRINGS, Type.STATEMENTS}:
        hint = "write `matches_any(list, [globs])`" if value.type is Type.STRINGS else None
        scope.gathering.report(
            "E304", node.span, f"{value.type.phrase} is not looked up in a list of literals", hint=hint
        )
        return None
    read = [literal_for(scope, item, value, node.right.span) for item in items]
    fitting = [item for item in read if item is not None]
    if len(fitting) < len(items):
        return None
    for item in fitting:
        if item.type is not value.type:
            scope.gathering.report(
                "E304", node.right.span, f"{value.type.phrase} is looked up among {item.type.phrase}"
            )
            return None
    found = _one_of(value, tuple(sorted(set(fitting), key=_order)))
    return negation(found) if node.operator is Comparator.NOT_IN else found


def _order(item: Constant) -> tuple[float, str]:
    """Order literals of one type: numeric ones by value, words by code point."""
    value = item.runtime_value
    return (value, "") if isinstance(value, int | float) else (0, str(value))


def _one_of(value: Term, members: tuple[Constant, ...]) -> Term:
    match members:
        case ():
            return _FALSE
        case (only,):
            return _equality(value, only)
        case _:
            return Membership(value, members)


def containment(scope: Scope, node: tree.Comparison, item: Term, container: Term) -> Term | None:
    """Return `item in list`, or None after reporting that the right side is no list of strings."""
    if item.type is not Type.STRING or container.type is not Type.STRINGS:
        hint = "parts of a text are found with `contains(text, part)`" if container.type is Type.STRING else None
        message = f"{item.type.phrase} cannot be looked up in {container.type.phrase}"
        scope.gathering.report("E304", node.span, message, hint=hint)
        return None
    found = Containment(item, container)
    return negation(found) if node.operator is Comparator.NOT_IN else found
