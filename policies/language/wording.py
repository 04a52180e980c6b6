"""Terms and effects in the words of the language, for traces, lints and whoever has no source at hand."""

from typing import Final

from policies.language.functions.quantities import MICROSECONDS_PER_DAY, MICROSECONDS_PER_SECOND, instant_of
from policies.language.ruleset import (
    AddAnnotation,
    AddWarning,
    AssignMeasure,
    AssignSeverity,
    AssignStatus,
    DeferUntil,
    DemandVex,
    Effect,
    EscalateTo,
    IgnoreUntil,
    ProposeException,
)
from policies.language.strings import quoted
from policies.language.terms import (
    ALWAYS,
    Arithmetic,
    Call,
    Coalesce,
    Comparison,
    Conjunction,
    Constant,
    Containment,
    Disjunction,
    Existence,
    Fact,
    LatestStatement,
    Lookup,
    Membership,
    Negation,
    Operation,
    Relation,
    ReleaseAny,
    ReleaseCount,
    ReleaseMax,
    StatementCount,
    StatementField,
    StatementTest,
    Table,
    Term,
)
from policies.language.types import Type
from policies.language.verdict import AnnotationValue, Status
from stellapolicy.kernel.clock import rfc3339

_RELATIONS: Final = {
    Relation.EQUAL: "==",
    Relation.LESS: "<",
    Relation.LESS_OR_EQUAL: "<=",
    Relation.GREATER: ">",
    Relation.GREATER_OR_EQUAL: ">=",
}
_OPERATIONS: Final = {
    Operation.ADD: "+",
    Operation.SUBTRACT: "-",
    Operation.MULTIPLY: "*",
    Operation.DIVIDE: "/",
}
_MANY: Final = 8
"""A list longer than this is cut: the trace is read by people, the program holds the whole."""


def number(value: float) -> str:
    """Return a number as it reads best: whole ones without a point."""
    return f"{value:.15g}"


def word_term(term: Term) -> str:  # noqa: C901, PLR0911, PLR0912 - one line for each shape of term
    """Return a term as an author would write it."""
    match term:
        case Constant():
            return _constant(term)
        case Fact(path, _):
            return path
        case StatementField(name, _):
            return name
        case Arithmetic(operation, left, right, _):
            return f"{_operand(left)} {_OPERATIONS[operation]} {_operand(right)}"
        case Lookup(map_name, key):
            return f"{map_name}[{word_term(key)}]"
        case Table(rows):
            return f"(sum of {len(rows)} rows)"
        case Call(function, arguments):
            return f"{function}({', '.join(map(word_term, arguments))})"
        case Coalesce(value, default, _):
            return f"coalesce({word_term(value)}, {word_term(default)})"
        case StatementCount(predicate):
            return f"vex.count({_predicate(predicate)})"
        case LatestStatement(predicate, name, _):
            return f"vex.latest({_predicate(predicate)}).{name}"
        case StatementTest(quantifier, predicate):
            return f"vex.{quantifier}({_predicate(predicate)})"
        case ReleaseCount(predicate):
            return f"release.count({_predicate(predicate)})"
        case ReleaseAny(predicate):
            return f"release.any({_predicate(predicate)})"
        case ReleaseMax(value, predicate, _):
            rest = "" if predicate == ALWAYS else f", {word_term(predicate)}"
            return f"release.max({word_term(value)}{rest})"
        case Comparison(relation, left, right):
            return f"{_operand(left)} {_RELATIONS[relation]} {_operand(right)}"
        case Membership(value, members):
            return f"{_operand(value)} in {_list([_constant(member) for member in members])}"
        case Containment(item, container):
            return f"{_operand(item)} in {_operand(container)}"
        case Existence(value):
            return f"exists({word_term(value)})"
        case Negation(operand):
            return _negation(operand)
        case Conjunction(operands):
            return " and ".join(
                f"({word_term(one)})" if isinstance(one, Disjunction) else word_term(one) for one in operands
            )
        case Disjunction(operands):
            return " or ".join(map(word_term, operands))


def word_effect(effect: Effect) -> str:  # noqa: PLR0911 - one line for each shape of effect
    """Return an effect as an author would write it."""
    match effect:
        case AssignStatus(Constant(_, Status.BLOCKED.value), _):
            return "block"
        case AssignStatus(value, _):
            return f"status := {word_term(value)}"
        case AssignSeverity(value):
            return f"severity := {word_term(value)}"
        case AssignMeasure(measure, value):
            return f"{measure.value} := {word_term(value)}"
        case AddWarning(message):
            return "warn" if message is None else f"warn message {quoted(message)}"
        case IgnoreUntil(until):
            return "ignore" if until is None else f"ignore until {word_term(until)}"
        case DeferUntil(until):
            return f"defer until {word_term(until)}"
        case EscalateTo(role):
            return "escalate" if role is None else f"escalate to {word_term(role)}"
        case DemandVex(vendors, justifications):
            listed = [_list([quoted(one) for one in names]) for names in (vendors, justifications)]
            return f"requireVex {{ vendors = {listed[0]} justifications = {listed[1]} }}"
        case AddAnnotation(path, value):
            return f"annotate {path} := {word_term(value)}"
        case ProposeException(fields):
            rows = " ".join(f"{name} = {word_value(value)}" for name, value in fields)
            return f"requestException {{ {rows} }}"


def word_value(value: AnnotationValue) -> str:
    """Return a plain value as an author would write it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return _list([quoted(item) for item in value])
    return quoted(value) if isinstance(value, str) else number(value)


def _constant(constant: Constant) -> str:
    value = constant.value
    if constant.type is Type.INSTANT and isinstance(value, int | float):
        return _instant(value)
    if constant.type is Type.DURATION and isinstance(value, int | float):
        return _duration(value)
    return word_value(value)


def _instant(microseconds: float) -> str:
    text = rfc3339(instant_of(microseconds))
    return f'date("{text[:10]}")' if microseconds % MICROSECONDS_PER_DAY == 0 else f'instant("{text}")'


def _duration(microseconds: float) -> str:
    days, rest = divmod(microseconds, MICROSECONDS_PER_DAY)
    if not rest:
        return f"{days:.0f}d"
    return f"{microseconds / MICROSECONDS_PER_SECOND / 60:.15g}m"


def _list(items: list[str]) -> str:
    shown = items if len(items) <= _MANY else [*items[:_MANY], f"… {len(items) - _MANY} more"]
    return f"[{', '.join(shown)}]"


def _predicate(term: Term) -> str:
    return "" if term == ALWAYS else word_term(term)


def _operand(term: Term) -> str:
    text = word_term(term)
    is_composed = isinstance(term, Conjunction | Disjunction | Negation | Comparison | Arithmetic | Membership)
    return f"({text})" if is_composed else text


def _negation(operand: Term) -> str:
    match operand:
        case Comparison(Relation.EQUAL, left, right):
            return f"{_operand(left)} != {_operand(right)}"
        case Membership(value, members):
            return f"{_operand(value)} not in {_list([_constant(member) for member in members])}"
        case Containment(item, container):
            return f"{_operand(item)} not in {_operand(container)}"
        case _:
            return f"not {_operand(operand)}"
