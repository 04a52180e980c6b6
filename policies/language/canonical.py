"""The canonical form of a program: JSON that says everything the program means and nothing about how it was written.

A term is `[tag, …]`, an effect likewise. Numbers are doubles, instants RFC 3339 text, durations seconds. Reading is
strict: what this module would not write, it refuses, so that a program from a database is as closed as a compiled one.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from http import HTTPStatus
from typing import Any, TypeVar

from policies.language import ruleset, terms
from policies.language.functions import IMPLEMENTATIONS
from policies.language.functions.quantities import MICROSECONDS_PER_SECOND, instant_of, microseconds
from policies.language.ruleset import Effect, ProgramRule, Ruleset, Settings
from policies.language.terms import Constant, Term
from policies.language.types import Type
from policies.language.verdict import AnnotationValue, Status
from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.kernel.clock import rfc3339
from stellapolicy.kernel.refusals import Refusal

LANGUAGE = "stella-dsl@1"
_DEEPEST = 100
_Enum = TypeVar("_Enum", bound=StrEnum)


class ProgramRefused(Refusal):
    """JSON that is no canonical program of this language."""

    code = "program.refused"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = "The program cannot be used"


@dataclass(frozen=True, slots=True)
class _Part:
    """How one field of a term or effect is written and read."""

    write: Callable[[Any], JsonValue]
    read: Callable[[Any, int], Any]  # the schema pairs each reader with the field it is for


def _refuse(what: str, value: object) -> ProgramRefused:
    return ProgramRefused(f"{str(value)[:80]!r} is not {what}")


def _text(value: object, _depth: int = 0) -> str:
    if not isinstance(value, str):
        raise _refuse("a string", value)
    return value


def _number(value: object, _depth: int = 0) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _refuse("a number", value)
    return float(value)


def _sequence(value: object) -> Sequence[object]:
    if isinstance(value, list | tuple):
        return value
    raise _refuse("a list", value)


def _function(value: object, _depth: int) -> str:
    name = _text(value)
    if name not in IMPLEMENTATIONS:
        raise _refuse("a function", name)
    return name


def _choice(kind: type[_Enum]) -> _Part:
    def read(value: object, _depth: int) -> _Enum:
        try:
            return kind(_text(value))
        except ValueError:
            raise _refuse(f"one of {', '.join(kind)}", value) from None

    return _Part(lambda member: str(member.value), read)


def _constant_value(constant: Constant) -> JsonValue:
    value = constant.value
    if constant.type is Type.INSTANT and not isinstance(value, str | tuple):
        return rfc3339(instant_of(value))
    if constant.type is Type.DURATION and not isinstance(value, str | tuple):
        return value / MICROSECONDS_PER_SECOND
    return list(value) if isinstance(value, tuple) else value


def _constant_of(kind: Type, value: object) -> Constant:
    match kind, value:
        case (Type.BOOL, bool()):
            return Constant(kind, value)
        case (Type.STRING | Type.SEVERITY, str()):
            return Constant(kind, value)
        case (Type.INSTANT, str()):
            return Constant(kind, microseconds(datetime.fromisoformat(value)))
        case (Type.DURATION, _):
            return Constant(kind, round(_number(value) * MICROSECONDS_PER_SECOND))
        case (Type.NUMBER, _):
            return Constant(kind, _number(value))
        case (Type.STRINGS, _):
            return Constant(kind, tuple(_text(item) for item in _sequence(value)))
    raise _refuse(f"a literal of type {kind}", value)


def _members(value: object, _depth: int) -> tuple[Constant, ...]:
    kind, members = _sequence(value)
    return tuple(_constant_of(Type(_text(kind)), member) for member in _sequence(members))


def _rows(value: object, depth: int) -> tuple[tuple[Term, float], ...]:
    pairs = [_sequence(row) for row in _sequence(value)]
    return tuple((_read_term(condition, depth), _number(adjustment)) for condition, adjustment in pairs)


def _pair_value(value: object) -> AnnotationValue:
    if isinstance(value, list | tuple):
        return tuple(_text(item) for item in value)
    return value if isinstance(value, bool | str) else _number(value)


def _optional(part: _Part) -> _Part:
    return _Part(
        lambda value: None if value is None else part.write(value),
        lambda value, depth: None if value is None else part.read(value, depth),
    )


_TEXT = _Part(str, _text)
_TEXTS = _Part(list, lambda value, _: tuple(_text(item) for item in _sequence(value)))
_FUNCTION = _Part(str, _function)
_TERM = _Part(lambda term: write_term(term), lambda value, depth: _read_term(value, depth))  # noqa: PLW0108 - below
_TERMS = _Part(
    lambda parts: [write_term(part) for part in parts],
    lambda value, depth: tuple(_read_term(part, depth) for part in _sequence(value)),
)
_TYPE = _choice(Type)
_MEMBERS = _Part(lambda all_: [all_[0].type.value, [_constant_value(one) for one in all_]], _members)
_ROWS = _Part(lambda rows: [[write_term(condition), adjustment] for condition, adjustment in rows], _rows)
_PAIRS = _Part(
    lambda pairs: [[name, list(value) if isinstance(value, tuple) else value] for name, value in pairs],
    lambda value, _: tuple((_text(name), _pair_value(item)) for name, item in map(_sequence, _sequence(value))),
)

_Schema = dict[str, tuple[type[Any], tuple[_Part, ...]]]
_TERM_SCHEMA: _Schema = {
    "fact": (terms.Fact, (_TEXT, _TYPE)),
    "field": (terms.StatementField, (_TEXT, _TYPE)),
    "arithmetic": (terms.Arithmetic, (_choice(terms.Operation), _TERM, _TERM, _TYPE)),
    "lookup": (terms.Lookup, (_TEXT, _TERM)),
    "table": (terms.Table, (_ROWS,)),
    "call": (terms.Call, (_FUNCTION, _TERMS, _TYPE)),
    "coalesce": (terms.Coalesce, (_TERM, _TERM, _TYPE)),
    "statement_count": (terms.StatementCount, (_TERM,)),
    "latest_statement": (terms.LatestStatement, (_TERM, _TEXT, _TYPE)),
    "release_count": (terms.ReleaseCount, (_TERM,)),
    "release_max": (terms.ReleaseMax, (_TERM, _TERM, _TYPE)),
    "compare": (terms.Comparison, (_choice(terms.Relation), _TERM, _TERM)),
    "member": (terms.Membership, (_TERM, _MEMBERS)),
    "contains": (terms.Containment, (_TERM, _TERM)),
    "exists": (terms.Existence, (_TERM,)),
    "statement_test": (terms.StatementTest, (_choice(terms.Quantifier), _TERM)),
    "release_any": (terms.ReleaseAny, (_TERM,)),
    "not": (terms.Negation, (_TERM,)),
    "and": (terms.Conjunction, (_TERMS,)),
    "or": (terms.Disjunction, (_TERMS,)),
}
_EFFECT_SCHEMA: _Schema = {
    "status": (ruleset.AssignStatus, (_TERM, _TEXTS)),
    "severity": (ruleset.AssignSeverity, (_TERM,)),
    "measure": (ruleset.AssignMeasure, (_choice(ruleset.Measure), _TERM)),
    "warn": (ruleset.AddWarning, (_optional(_TEXT),)),
    "ignore": (ruleset.IgnoreUntil, (_optional(_TERM),)),
    "defer": (ruleset.DeferUntil, (_TERM,)),
    "escalate": (ruleset.EscalateTo, (_optional(_TERM),)),
    "require_vex": (ruleset.DemandVex, (_TEXTS, _TEXTS)),
    "annotate": (ruleset.AddAnnotation, (_TEXT, _TERM)),
    "request_exception": (ruleset.ProposeException, (_PAIRS,)),
}
_TAGS = {kind: tag for schema in (_TERM_SCHEMA, _EFFECT_SCHEMA) for tag, (kind, _) in schema.items()}


def write_term(term: Term) -> list[JsonValue]:
    """Return the canonical JSON of a term."""
    if isinstance(term, Constant):
        return ["literal", term.type.value, _constant_value(term)]
    return _write(term, _TERM_SCHEMA)


def write_effect(effect: Effect) -> list[JsonValue]:
    """Return the canonical JSON of an effect."""
    return _write(effect, _EFFECT_SCHEMA)


def _write(value: Term | Effect, schema: _Schema) -> list[JsonValue]:
    tag = _TAGS[type(value)]
    members = [getattr(value, field.name) for field in fields(value) if field.init]
    return [tag, *(part.write(member) for part, member in zip(schema[tag][1], members, strict=True))]


def _read(value: object, schema: _Schema, depth: int) -> Any:  # noqa: ANN401 - the schema knows
    parts = _sequence(value)
    tag = _text(parts[0]) if parts else ""
    if tag not in schema or depth > _DEEPEST:
        raise _refuse("a known form", tag)
    kind, readers = schema[tag]
    if len(parts) != len(readers) + 1:
        raise _refuse(f"a complete `{tag}`", value)
    return kind(*(reader.read(part, depth + 1) for reader, part in zip(readers, parts[1:], strict=True)))


def _read_term(value: object, depth: int = 0) -> Term:
    parts = _sequence(value)
    if parts and parts[0] == "literal":
        _, kind, literal = parts
        return _constant_of(Type(_text(kind)), literal)
    term: Term = _read(value, _TERM_SCHEMA, depth)
    return term


def _read_effect(value: object) -> Effect:
    effect: Effect = _read(value, _EFFECT_SCHEMA, 0)
    return effect


def write_ruleset(program: Ruleset) -> dict[str, JsonValue]:
    """Return the canonical JSON of a program; it is what the digest is taken of."""
    return {
        "language": LANGUAGE,
        "settings": {
            "default_status": program.settings.default_status.value,
            "on_unknown": program.settings.on_unknown.value,
            "strict": program.settings.strict,
        },
        "signals": {path: kind.value for path, kind in program.signals.items()},
        "maps": {name: dict(rows) for name, rows in program.maps.items()},
        "rules": [_write_rule(rule) for rule in program.rules],
        "release_rules": [_write_rule(rule) for rule in program.release_rules],
    }


def _write_rule(rule: ProgramRule) -> dict[str, JsonValue]:
    return {
        "name": rule.name,
        "priority": rule.priority,
        "when": write_term(rule.condition),
        "then": [write_effect(effect) for effect in rule.then],
        "else": [write_effect(effect) for effect in rule.otherwise],
        "because": rule.because,
    }


def read_ruleset(document: JsonValue) -> Ruleset:
    """Return the program of a canonical JSON.

    Raises ProgramRefused for anything `write_ruleset` would not have written.
    """
    try:
        found = _ruleset(document)
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as mistake:
        raise ProgramRefused(f"the JSON is no canonical program: {mistake}") from mistake
    if found.rules != in_order(found.rules) or found.release_rules != in_order(found.release_rules):
        raise ProgramRefused("the rules are not in canonical order")
    return found


def _ruleset(document: Any) -> Ruleset:  # noqa: ANN401 - JSON from outside; every access is checked by the caller
    if document["language"] != LANGUAGE:
        raise _refuse(f"`{LANGUAGE}`", document["language"])
    settings: Mapping[str, object] = document["settings"]
    return Ruleset(
        settings=Settings(
            Status(_text(settings["default_status"])), Status(_text(settings["on_unknown"])), settings["strict"] is True
        ),
        signals={path: Type(kind) for path, kind in document["signals"].items()},
        maps={name: {key: _number(value) for key, value in rows.items()} for name, rows in document["maps"].items()},
        rules=tuple(_read_rule(rule) for rule in document["rules"]),
        release_rules=tuple(_read_rule(rule) for rule in document["release_rules"]),
    )


def _read_rule(document: Any) -> ProgramRule:  # noqa: ANN401 - as above
    because, priority = document["because"], document["priority"]
    if isinstance(priority, bool) or not isinstance(priority, int):
        raise _refuse("a priority", priority)
    return ProgramRule(
        name=_text(document["name"]),
        priority=priority,
        condition=_read_term(document["when"]),
        then=tuple(_read_effect(effect) for effect in document["then"]),
        otherwise=tuple(_read_effect(effect) for effect in document["else"]),
        because=None if because is None else _text(because),
    )


def in_order(rules: tuple[ProgramRule, ...]) -> tuple[ProgramRule, ...]:
    """Return rules as a program holds them: by priority, then by name."""
    return tuple(sorted(rules, key=lambda rule: (rule.priority, rule.name)))
