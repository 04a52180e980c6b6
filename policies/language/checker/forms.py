"""Calls: functions, functions on facts, and the forms whose arguments are conditions or may be absent."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from policies.language import terms, tree
from policies.language.checker import expressions
from policies.language.checker.arguments import bind
from policies.language.checker.scope import Place, Scope
from policies.language.diagnostics import did_you_mean
from policies.language.facts import CATALOGUE, STATEMENT_FIELDS
from policies.language.functions import FUNCTIONS, METHODS, Function, Parameter
from policies.language.terms import (
    ALWAYS,
    Call,
    Coalesce,
    Comparison,
    Constant,
    Containment,
    Existence,
    Fact,
    LatestStatement,
    Lookup,
    Membership,
    Quantifier,
    Relation,
    ReleaseAny,
    ReleaseCount,
    ReleaseMax,
    StatementCount,
    StatementTest,
    Term,
)
from policies.language.types import Type

Form = Callable[[Scope, tree.Call], Term | None]
_CONFIDENCES: Final = CATALOGUE["secret.confidence"].words
_ON_LISTS: Final = {"matches_any": "any_matches_any"}


def call(scope: Scope, node: tree.Call) -> Term | None:
    """Return the term of a call, or None after reporting its mistakes."""
    name = node.target.dotted
    if name in FORMS:
        return FORMS[name](scope, node)
    if name in METHODS:
        return _method(scope, node, METHODS[name])
    if name in FUNCTIONS:
        return _function(scope, node, FUNCTIONS[name])
    hint: str | None = did_you_mean(name, (*FUNCTIONS, *METHODS, *FORMS))
    if scope.specification(name) is not None:
        hint = f"`{name}` is a fact; write it without parentheses"
    scope.gathering.report("E302", node.target.span, f"`{name}` is not a function", hint=hint)
    return None


def member(scope: Scope, node: tree.Member) -> Term | None:
    """Return the field of a statement in `vex.latest(…).field`, or None after reporting its mistakes."""
    if not (isinstance(node.base, tree.Call) and node.base.target.dotted == _LATEST):
        fields = f"only `{_LATEST}(…)` has fields: {', '.join(STATEMENT_FIELDS)}"
        scope.gathering.report("E308", node.span, "this has no fields", hint=fields)
        return None
    predicate = _predicate(scope, node.base, Place.STATEMENT)
    spec = STATEMENT_FIELDS.get(node.name.text)
    if spec is None:
        hint = did_you_mean(node.name.text, STATEMENT_FIELDS)
        scope.gathering.report("E301", node.name.span, f"a statement has no `{node.name.text}`", hint=hint)
        return None
    return None if predicate is None else LatestStatement(predicate, spec.path, spec.type)


def _method(scope: Scope, node: tree.Call, method: Function) -> Term | None:
    if not _has_finding(scope, node):
        return None
    first, *rest = method.parameters
    arguments = _arguments(scope, node, tuple(rest))
    return None if arguments is None else Call(method.name, (Fact(first.name, first.type), *arguments), method.result)


def _function(scope: Scope, node: tree.Call, function: Function) -> Term | None:
    first = function.parameters[0]
    if function.name in {"contains", *_ON_LISTS} and node.arguments:
        value = expressions.check(scope, node.arguments[0].value)
        if value is None:
            return None
        if value.type is Type.STRINGS:
            return _function_of_list(scope, node, function, Parameter(first.name, Type.STRINGS))
    arguments = _arguments(scope, node, function.parameters)
    return None if arguments is None else Call(function.name, arguments, function.result)


def _function_of_list(scope: Scope, node: tree.Call, function: Function, first: Parameter) -> Term | None:
    arguments = _arguments(scope, node, (first, *function.parameters[1:]))
    if arguments is None:
        return None
    if function.name == "contains":
        return Containment(arguments[1], arguments[0])
    return Call(_ON_LISTS[function.name], arguments, function.result)


def _arguments(scope: Scope, node: tree.Call, parameters: tuple[Parameter, ...]) -> tuple[Term, ...] | None:
    names = [parameter.name for parameter in parameters]
    required = sum(parameter.default_fact is None for parameter in parameters)
    bound = bind(scope, node, names, required=required)
    if bound is None:
        return None
    read = [_argument(scope, bound, parameter, node) for parameter in parameters]
    whole = tuple(term for term in read if term is not None)
    return whole if len(whole) == len(read) else None


def _argument(scope: Scope, bound: Mapping[str, tree.Expression], parameter: Parameter, node: tree.Call) -> Term | None:
    given = bound.get(parameter.name)
    if given is None:
        path = str(parameter.default_fact)
        return Fact(path, CATALOGUE[path].type) if _has_finding(scope, node) else None
    found = expressions.check_as(scope, given, parameter.type, f"`{parameter.name}`")
    if not isinstance(found, Constant):
        return found
    if isinstance(found.value, tuple):
        return Constant(found.type, tuple(sorted(set(found.value))))  # every list a function takes is a set
    mistake = parameter.check(str(found.value)) if parameter.check else None
    if mistake:
        scope.gathering.report("E318", given.span, mistake)
        return None
    return found


def _has_finding(scope: Scope, node: tree.Call) -> bool:
    if scope.place.reads_facts:
        return True
    message = f"`{node.target.dotted}` reads facts of one finding, and there is none here"
    scope.gathering.report("E316", node.span, message)
    return False


# --- Forms ------------------------------------------------------------------------------------------------------------


def _exists(scope: Scope, node: tree.Call) -> Term | None:
    bound = bind(scope, node, ["path"], required=1)
    found = None if bound is None else expressions.check(scope, bound["path"])
    if found is None:
        return None
    if not isinstance(found, Fact | Lookup | terms.StatementField):
        scope.gathering.report("E303", node.span, "`exists` takes a fact, such as `exists(epss.score)`")
        return None
    return Existence(found)


def _coalesce(scope: Scope, node: tree.Call) -> Term | None:
    bound = bind(scope, node, ["path", "default"], required=2)
    if bound is None:
        return None
    value = expressions.check(scope, bound["path"])
    if value is None:
        return None
    if isinstance(value, Constant):
        scope.gathering.report("E303", bound["path"].span, "`coalesce` takes a fact first; a literal is always known")
        return None
    default = expressions.check_as(scope, bound["default"], value.type, "`default`")
    return None if default is None else Coalesce(value, default, value.type)


_HOMES: Final = {
    Place.STATEMENT: frozenset({Place.FINDING, Place.RELEASE_FINDING}),
    Place.RELEASE_FINDING: frozenset({Place.RELEASE}),
}
"""Where an aggregate over statements, or over the findings of a release, can stand; none stands inside another."""


def _has_home(scope: Scope, node: tree.Call, place: Place) -> bool:
    if scope.place in _HOMES[place]:
        return True
    where = "a condition on a finding" if place is Place.STATEMENT else "a rule of a release"
    scope.gathering.report("E316", node.span, f"`{node.target.dotted}` can stand in {where} only")
    return False


def _predicate(scope: Scope, node: tree.Call, place: Place) -> Term | None:
    """Return the condition an aggregate asks of each member; none given holds for every one."""
    bound = bind(scope, node, ["condition"], required=0) if _has_home(scope, node, place) else None
    if bound is None:
        return None
    return expressions.check_truth(scope.at(place), bound["condition"]) if bound else ALWAYS


def _statement_test(quantifier: Quantifier) -> Form:
    def form(scope: Scope, node: tree.Call) -> Term | None:
        predicate = _predicate(scope, node, Place.STATEMENT)
        return None if predicate is None else StatementTest(quantifier, predicate)

    return form


def _statement_count(scope: Scope, node: tree.Call) -> Term | None:
    predicate = _predicate(scope, node, Place.STATEMENT)
    return None if predicate is None else StatementCount(predicate)


def _latest(scope: Scope, node: tree.Call) -> Term | None:
    hint = f"name the field: `{_LATEST}(…).status`"
    scope.gathering.report("E308", node.span, "a whole statement is not a value", hint=hint)
    return None


def _release_count(scope: Scope, node: tree.Call) -> Term | None:
    predicate = _predicate(scope, node, Place.RELEASE_FINDING)
    return None if predicate is None else ReleaseCount(predicate)


def _release_any(scope: Scope, node: tree.Call) -> Term | None:
    predicate = _predicate(scope, node, Place.RELEASE_FINDING)
    return None if predicate is None else ReleaseAny(predicate)


def _release_max(scope: Scope, node: tree.Call) -> Term | None:
    home = _has_home(scope, node, Place.RELEASE_FINDING)
    bound = bind(scope, node, ["value", "condition"], required=1) if home else None
    if bound is None:
        return None
    inner = scope.at(Place.RELEASE_FINDING)
    value = expressions.check(inner, bound["value"])
    predicate = expressions.check_truth(inner, bound["condition"]) if "condition" in bound else ALWAYS
    if value is None or predicate is None:
        return None
    if value.type not in {Type.NUMBER, Type.SEVERITY}:
        message = f"`release.max` takes a number or a severity, this is {value.type.phrase}"
        scope.gathering.report("E304", bound["value"].span, message)
        return None
    return ReleaseMax(value, predicate, value.type)


def _has_tag(scope: Scope, node: tree.Call) -> Term | None:
    bound = bind(scope, node, ["tag"], required=1) if _has_finding(scope, node) else None
    tag = None if bound is None else expressions.check_as(scope, bound["tag"], Type.STRING, "`tag`")
    return None if tag is None else Containment(tag, Fact("sbom.tags", Type.STRINGS))


def _alias(path: str) -> Form:
    def form(scope: Scope, node: tree.Call) -> Term | None:
        if bind(scope, node, [], required=0) is None or not _has_finding(scope, node):
            return None
        return Fact(path, CATALOGUE[path].type)

    return form


def _has_finding_of_secret(scope: Scope, node: tree.Call) -> Term | None:
    """`secret.hasFinding(rule, severity, confidence)`: a secret of a rule (a glob), at least as severe and as sure."""
    bound = bind(scope, node, ["rule", "severity", "confidence"], required=0) if _has_finding(scope, node) else None
    if bound is None:
        return None
    parts: list[Term | None] = [
        Comparison(Relation.EQUAL, Fact("finding.kind", Type.STRING), Constant(Type.STRING, "secret"))
    ]
    if "rule" in bound:
        parts.append(_secret_rule(scope, bound["rule"]))
    if "severity" in bound:
        floor = expressions.check_as(scope, bound["severity"], Type.SEVERITY, "`severity`")
        severity = Fact("severity.normalized", Type.SEVERITY)
        parts.append(None if floor is None else Comparison(Relation.GREATER_OR_EQUAL, severity, floor))
    if "confidence" in bound:
        parts.append(_secret_confidence(scope, bound["confidence"]))
    whole = tuple(part for part in parts if part is not None)
    return terms.conjunction(whole) if len(whole) == len(parts) else None


def _secret_rule(scope: Scope, node: tree.Expression) -> Term | None:
    if not isinstance(node, tree.Text):
        scope.gathering.report("E303", node.span, "`rule` takes a string literal")
        return None
    glob = Constant(Type.STRINGS, (node.value,))
    return Call("matches_any", (Fact("secret.rule", Type.STRING), glob), Type.BOOL)


def _secret_confidence(scope: Scope, node: tree.Expression) -> Term | None:
    word = node.value.lower() if isinstance(node, tree.Text) else ""
    if word not in _CONFIDENCES:
        scope.gathering.report("E312", node.span, f"a confidence is one of {', '.join(_CONFIDENCES)}")
        return None
    enough = _CONFIDENCES[_CONFIDENCES.index(word) :]
    members = tuple(Constant(Type.STRING, one) for one in sorted(enough))
    confidence = Fact("secret.confidence", Type.STRING)
    if len(members) == 1:
        return Comparison(Relation.EQUAL, confidence, members[0])
    return Membership(confidence, members)


_LATEST: Final = "vex.latest"
FORMS: Final[Mapping[str, Form]] = MappingProxyType(
    {
        "exists": _exists,
        "coalesce": _coalesce,
        "reach_state": _alias("reachability.state"),
        "risk_score": _alias("score.risk"),
        "vex.any": _statement_test(Quantifier.ANY),
        "vex.all": _statement_test(Quantifier.ALL),
        "vex.count": _statement_count,
        _LATEST: _latest,
        "release.count": _release_count,
        "release.any": _release_any,
        "release.max": _release_max,
        "sbom.has_tag": _has_tag,
        "secret.hasFinding": _has_finding_of_secret,
    }
)
"""The calls that are part of the language: their arguments are conditions, or may be unknown, or stand for facts."""
