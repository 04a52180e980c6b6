"""Actions: what a rule does, checked and made one of the effects a program knows."""

from typing import Final

from policies.language import terms, tree
from policies.language.checker import expressions
from policies.language.checker.scope import Scope, words_of
from policies.language.diagnostics import did_you_mean
from policies.language.facts import CATALOGUE
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
    Measure,
    ProposeException,
)
from policies.language.terms import Constant, Term
from policies.language.types import Type
from policies.language.verdict import STATUS_WORDS, AnnotationValue, Status

_TARGETS: Final = ("status", "severity", *Measure)
_EVIDENCE: Final = ("vex.", "reachability.", "exception.")
_BLOCKED: Final = Constant(Type.STRING, Status.BLOCKED.value)
_ANNOTATED: Final = frozenset({Type.BOOL, Type.NUMBER, Type.STRING, Type.SEVERITY, Type.INSTANT, Type.STRINGS})


def check_actions(scope: Scope, actions: tuple[tree.Action, ...], condition: Term | None) -> tuple[Effect, ...]:
    """Return the effects of a branch; what is wrong is reported and left out."""
    found = (_effect(scope, action, condition) for action in actions)
    return tuple(effect for effect in found if effect is not None)


def check_release_actions(scope: Scope, actions: tuple[tree.Action, ...]) -> tuple[Effect, ...]:
    """Return the effects of a release rule, which can block and warn and nothing else."""
    found: list[Effect] = []
    for action in actions:
        match action:
            case tree.Block():
                found.append(AssignStatus(_BLOCKED))
            case tree.Warn(message):
                found.append(AddWarning(None if message is None else message.value))
            case _:
                scope.gathering.report("E315", action.span, "a rule of a release can only `block` or `warn`")
    return tuple(found)


def _effect(scope: Scope, action: tree.Action, condition: Term | None) -> Effect | None:  # noqa: PLR0911 - one line for each shape of action
    match action:
        case tree.Block():
            return AssignStatus(_BLOCKED)
        case tree.Warn(message):
            return AddWarning(None if message is None else message.value)
        case tree.Assign():
            return _assignment(scope, action)
        case tree.Ignore(until):
            return _ignore(scope, action, until, condition)
        case tree.Defer(until):
            instant = expressions.check_as(scope, until, Type.INSTANT, "`defer until`")
            return None if instant is None else DeferUntil(instant)
        case tree.Escalate(None):
            return EscalateTo(None)
        case tree.Escalate(to) if to is not None:
            role = expressions.check_as(scope, to, Type.STRING, "`escalate to`")
            return None if role is None else EscalateTo(role)
        case tree.RequireVex():
            return _require_vex(scope, action)
        case tree.Annotate():
            return _annotation(scope, action)
        case tree.RequestException(fields):
            return _request(scope, fields)
        case _:
            return None


def _assignment(scope: Scope, action: tree.Assign) -> Effect | None:
    target = action.target.dotted
    if target == "status":
        return _status(scope, action)
    if target == "severity":
        severity = expressions.check_as(scope, action.value, Type.SEVERITY, "`severity`")
        return None if severity is None else AssignSeverity(severity)
    if target in set(Measure):
        number = expressions.check_as(scope, action.value, Type.NUMBER, f"`{target}`")
        return None if number is None else AssignMeasure(Measure(target), number)
    hint = did_you_mean(target, _TARGETS) or f"what can be assigned: {', '.join(_TARGETS)}"
    scope.gathering.report("E311", action.target.span, f"`{target}` cannot be assigned", hint=hint)
    return None


def _status(scope: Scope, action: tree.Assign) -> Effect | None:
    value = expressions.check_as(scope, action.value, Type.STRING, "`status`")
    if value is None:
        return None
    if isinstance(value, Constant):
        return _literal_status(scope, str(value.value), action.value)
    words = words_of(scope, value)
    if words and not any(STATUS_WORDS.get(word) for word in words):
        message = f"this is one of {', '.join(words)}, and none of them is a status"
        scope.gathering.report("E312", action.value.span, message)
        return None
    return AssignStatus(value, words)


def _literal_status(scope: Scope, word: str, node: tree.Node) -> Effect | None:
    if word not in STATUS_WORDS:
        hint = did_you_mean(word, STATUS_WORDS) or f"it is one of {', '.join(STATUS_WORDS)}"
        scope.gathering.report("E312", node.span, f'"{word}" is not a status', hint=hint)
        return None
    status = STATUS_WORDS[word]
    return AssignStatus(Constant(Type.STRING, word if status is None else status.value))


def _ignore(scope: Scope, action: tree.Ignore, until: tree.Expression | None, condition: Term | None) -> Effect | None:
    if until is not None:
        instant = expressions.check_as(scope, until, Type.INSTANT, "`ignore until`")
        return None if instant is None else IgnoreUntil(instant)
    if condition is not None and not any(path.startswith(_EVIDENCE) for path in terms.reads(condition)):
        hint = (
            'write `ignore until date("2026-12-31")`, or make the condition rest on vex, reachability or an exception'
        )
        scope.gathering.report("E313", action.span, "this would ignore a finding for ever, on no evidence", hint=hint)
        return None
    return IgnoreUntil(None)


def _require_vex(scope: Scope, action: tree.RequireVex) -> Effect | None:
    vendors = _texts(scope, action.vendors, "vendors")
    justifications = _texts(scope, action.justifications, "justifications")
    if vendors is None or justifications is None:
        return None
    known = CATALOGUE["vex.justification"].words
    for word in justifications:
        if word not in known:
            hint = did_you_mean(word, known) or f"it is one of {', '.join(known)}"
            scope.gathering.report("E312", action.justifications.span, f'"{word}" is not a justification', hint=hint)
            return None
    return DemandVex(tuple(sorted({vendor.lower() for vendor in vendors})), tuple(sorted(set(justifications))))


def _texts(scope: Scope, node: tree.ListLiteral, what: str) -> tuple[str, ...] | None:
    found = tuple(item.value for item in node.items if isinstance(item, tree.Text))
    if found and len(found) == len(node.items):
        return found
    scope.gathering.report("E304", node.span, f"`{what}` takes a list of strings, at least one")
    return None


def _annotation(scope: Scope, action: tree.Annotate) -> Effect | None:
    value = expressions.check(scope, action.value)
    if value is None:
        return None
    path = action.target.dotted
    if value.type not in _ANNOTATED:
        scope.gathering.report("E304", action.value.span, f"{value.type.phrase} cannot be an annotation")
        return None
    known = scope.names.annotations.setdefault(f"annotations.{path}", value.type)
    if known is not value.type:
        message = f"`{path}` is annotated with a {known} elsewhere and with {value.type.phrase} here"
        scope.gathering.report("E304", action.span, message)
        return None
    return AddAnnotation(path, value)


def _request(scope: Scope, fields: tuple[tree.Field, ...]) -> Effect | None:
    found: dict[str, AnnotationValue] = {}
    for one in fields:
        name = one.name.text
        if name in found:
            scope.gathering.report("E307", one.name.span, f"`{name}` is given twice")
            continue
        value = _plain(one.value)
        if value is None:
            scope.gathering.report(
                "E304", one.value.span, "a request holds strings, numbers, truths and lists of strings"
            )
            continue
        found[name] = value
    return ProposeException(tuple(sorted(found.items())))


def _plain(node: tree.Literal) -> AnnotationValue | None:
    match node:
        case tree.Text(value) | tree.Boolean(value):
            return value
        case tree.Number():
            return float(node.value)
        case tree.Day(text) | tree.Instant(text):
            return text
        case tree.Duration(count, unit):
            return f"{count}{unit.value}"
        case tree.ListLiteral(items) if all(isinstance(item, tree.Text) for item in items):
            return tuple(item.value for item in items if isinstance(item, tree.Text))
        case _:
            return None
