"""Expressions: from the syntax tree to terms, each mistake reported where it stands."""

from policies.language import terms, tree
from policies.language.checker import comparisons, forms
from policies.language.checker.scope import Place, Scope
from policies.language.diagnostics import did_you_mean
from policies.language.facts import STATEMENT_FIELDS
from policies.language.functions import FUNCTIONS
from policies.language.functions.quantities import EPOCH, MICROSECOND, MICROSECONDS_PER_DAY, MICROSECONDS_PER_SECOND
from policies.language.source import Span
from policies.language.terms import Arithmetic, Constant, Fact, Lookup, Negation, Operation, StatementField, Term
from policies.language.tree import Comparator, Sign
from policies.language.types import Type

_PROFILE = "profile"
_ZERO = {Type.NUMBER: Constant(Type.NUMBER, 0.0), Type.DURATION: Constant(Type.DURATION, 0)}


def check(scope: Scope, node: tree.Expression) -> Term | None:
    """Return the term of an expression, or None after reporting its mistakes."""
    found = _check(scope, node)
    if found is not None:
        source = scope.gathering.source
        scope.names.put(found, source, node.span)
        if isinstance(found, Negation):  # `!=` and `not in` are written as one, and so is what they negate
            scope.names.put(found.operand, source, node.span)
    return found


def _check(scope: Scope, node: tree.Expression) -> Term | None:  # noqa: PLR0911 - one line for each shape of expression
    match node:
        case tree.Path():
            return _path(scope, node)
        case tree.Call():
            return forms.call(scope, node)
        case tree.Index():
            return _index(scope, node)
        case tree.Member():
            return forms.member(scope, node)
        case tree.Signed():
            return _signed(scope, node)
        case tree.Arithmetic():
            left, right = check(scope, node.left), check(scope, node.right)
            return None if left is None or right is None else comparisons.arithmetic(scope, node, left, right)
        case tree.Comparison():
            return _comparison(scope, node)
        case tree.Not():
            operand = check_truth(scope, node.operand)
            return None if operand is None else terms.negation(operand)
        case tree.And():
            operands = _truths(scope, node.operands)
            return None if operands is None else terms.conjunction(operands)
        case tree.Or():
            operands = _truths(scope, node.operands)
            return None if operands is None else terms.disjunction(operands)
        case _:
            return literal(scope, node)


def check_truth(scope: Scope, node: tree.Expression) -> Term | None:
    """Return the term of a condition, or None after reporting its mistakes or that it is no condition."""
    found = check(scope, node)
    if found is None or found.type is Type.BOOL:
        return found
    scope.gathering.report("E305", node.span, f"a condition was expected, this is {found.type.phrase}")
    return None


def check_as(scope: Scope, node: tree.Expression, wanted: Type, what: str) -> Term | None:
    """Return the term of an expression of one type; a string literal is read as a severity where one is wanted."""
    found = check(scope, node)
    if found is None:
        return None
    if wanted is Type.SEVERITY and isinstance(found, Constant) and found.type is Type.STRING:
        return comparisons.severity_literal(scope, str(found.value), node.span)
    if found.type is wanted:
        return found
    scope.gathering.report("E304", node.span, f"{what} takes {wanted.phrase}, this is {found.type.phrase}")
    return None


def _truths(scope: Scope, nodes: tuple[tree.Expression, ...]) -> tuple[Term, ...] | None:
    found = [check_truth(scope, node) for node in nodes]
    whole = tuple(term for term in found if term is not None)
    return whole if len(whole) == len(found) else None


def literal(scope: Scope, node: tree.Expression) -> Constant | None:
    """Return the constant of a literal; a list must hold strings only, as every list that is a value does."""
    found = _scalar_literal(node)
    if found is not None:
        return found
    if isinstance(node, tree.ListLiteral):
        items = [item.value for item in node.items if isinstance(item, tree.Text)]
        if len(items) == len(node.items):
            return Constant(Type.STRINGS, tuple(items))
        scope.gathering.report("E304", node.span, "a list that is a value holds strings only")
        return None
    scope.gathering.report("E308", node.span, "this cannot be a value here")
    return None


def _scalar_literal(node: tree.Node) -> Constant | None:
    match node:
        case tree.Text(value):
            found = Constant(Type.STRING, value)
        case tree.Number():
            found = Constant(Type.NUMBER, float(node.value))
        case tree.Boolean(truth):
            found = Constant(Type.BOOL, truth)
        case tree.Duration():
            found = Constant(Type.DURATION, node.seconds * MICROSECONDS_PER_SECOND)
        case tree.Instant():
            found = Constant(Type.INSTANT, (node.value - EPOCH) // MICROSECOND)
        case tree.Day():
            days = node.value.toordinal() - EPOCH.toordinal()
            found = Constant(Type.INSTANT, days * MICROSECONDS_PER_DAY)
        case _:
            return None
    return found


def _signed(scope: Scope, node: tree.Signed) -> Term | None:
    operand = check(scope, node.operand)
    if operand is None:
        return None
    if operand.type not in _ZERO:
        scope.gathering.report("E304", node.span, f"{operand.type.phrase} takes no sign")
        return None
    if node.sign is Sign.PLUS:
        return operand
    if isinstance(operand, Constant) and isinstance(operand.value, int | float):
        return Constant(operand.type, 0 - operand.value)
    return Arithmetic(Operation.SUBTRACT, _ZERO[operand.type], operand, operand.type)


def _comparison(scope: Scope, node: tree.Comparison) -> Term | None:
    left = check(scope, node.left)
    if node.operator not in (Comparator.IN, Comparator.NOT_IN):
        right = check(scope, node.right)
        return None if left is None or right is None else comparisons.comparison(scope, node, left, right)
    if isinstance(node.right, tree.ListLiteral):
        items = [_scalar_literal(item) for item in node.right.items]
        whole = tuple(item for item in items if item is not None)
        if len(whole) < len(items):
            scope.gathering.report("E304", node.right.span, "a value is looked up among plain literals")
            return None
        return None if left is None else comparisons.membership(scope, node, left, whole)
    container = check(scope, node.right)
    return None if left is None or container is None else comparisons.containment(scope, node, left, container)


def _path(scope: Scope, node: tree.Path) -> Term | None:
    path = node.dotted
    if node.names[0] == _PROFILE and scope.place is not Place.EXPECTATION:
        return _within_place(scope, scope.profiles.value(scope, node), node.span)
    spec = scope.specification(path)
    if spec is None:
        _report_unknown(scope, node)
        return None
    if scope.place is Place.STATEMENT and path in STATEMENT_FIELDS:
        return StatementField(path, spec.type)
    if scope.place is Place.RELEASE:
        hint = "write `release.count(…)`, `release.any(…)` or `release.max(…)` around the condition on one finding"
        scope.gathering.report("E316", node.span, f"`{path}` is a fact of one finding, not of a release", hint=hint)
        return None
    if scope.names.is_off(spec):
        message = f"`{path}` belongs to the group `{spec.group}`, which no source delivers here"
        scope.gathering.report("E314", node.span, message)
        return None
    return Fact(path, spec.type)


def _within_place(scope: Scope, term: Term | None, span: Span) -> Term | None:
    """Return the value of a profile unless it reads facts where there is no finding to read them of."""
    if term is not None and scope.place is Place.RELEASE and terms.reads(term):
        scope.gathering.report("E316", span, "this value of a profile reads facts of one finding, not of a release")
        return None
    return term


def _report_unknown(scope: Scope, node: tree.Path) -> None:
    path = node.dotted
    if path in FUNCTIONS or path in forms.FORMS:
        scope.gathering.report("E308", node.span, f"`{path}` is a function", hint=f"call it: `{path}(…)`")
        return
    group = [known for known in scope.known_paths() if known.startswith(f"{path}.")]
    hint = did_you_mean(path, scope.known_paths())
    if group:
        hint = f"`{path}` is a group of facts: {', '.join(sorted(group)[:4])}"
    elif node.names[0] == "signals":
        hint = "declare it: `declare { " + path + " = number }`"
    what = "part of a verdict" if scope.place is Place.EXPECTATION else "fact"
    scope.gathering.report("E301", node.span, f"`{path}` is no {what}", hint=hint)


def _index(scope: Scope, node: tree.Index) -> Term | None:
    if not isinstance(node.base, tree.Path) or node.base.names[0] != _PROFILE:
        hint = "`profile.<profile>.<map>[source]` looks an adjustment up"
        scope.gathering.report("E308", node.span, "only a map of a profile is looked up with `[…]`", hint=hint)
        return None
    name = scope.profiles.map_name(scope, node.base)
    key = check_as(scope, node.key, Type.STRING, "a map")
    return None if name is None or key is None else Lookup(name, key)
