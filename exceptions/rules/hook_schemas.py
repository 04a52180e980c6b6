"""The shapes of evidence: one JSON Schema per hook, every instant checked, and each mistake said in words."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError

from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.kernel.pointers import below
from stellapolicy.kernel.refusals import Fault

Schema: TypeAlias = dict[str, Any]  # Any: what a JSON Schema holds at each of its keywords

LONGEST_MISTAKE: Final = 200
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_FORMATS: Final = FormatChecker(formats=())

_WORD: Final[Schema] = {"type": "string", "minLength": 1, "maxLength": 500, "pattern": r"\S"}
_INSTANT: Final[Schema] = {"type": "string", "format": "date-time", "maxLength": 40}


def _claims(title: str, **properties: Schema) -> Schema:
    """Return the schema of claims that need all of these; what else is claimed is nobody's business."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "maxProperties": 50,
    }


SCHEMAS: Final[Mapping[str, Schema]] = MappingProxyType(
    {
        "feature_flag_disabled": _claims(
            "A feature flag that leads to the code is off", flag=_WORD, environment=_WORD, disabled_at=_INSTANT
        ),
        "backport_merged": _claims(
            "The fix is merged",
            repository=_WORD,
            commit={"type": "string", "pattern": "^[0-9a-f]{40}([0-9a-f]{24})?$"},
            merged_at=_INSTANT,
        ),
        "compensating_control": _claims(
            "A control was looked at and works", control=_WORD, verified_by=_WORD, verified_at=_INSTANT
        ),
        "security_review": _claims(
            "Somebody of security looked and agreed", reviewer=_WORD, outcome={"enum": ["passed"]}, reviewed_at=_INSTANT
        ),
        "runtime_mitigation": _claims(
            "Something at run time keeps it from happening", mechanism=_WORD, policy=_WORD, since=_INSTANT
        ),
        "waf_rule_deployed": _claims(
            "A rule of the web application firewall blocks it",
            rule_id=_WORD,
            mode={"enum": ["block"]},
            deployed_at=_INSTANT,
        ),
        "custom_attestation": _claims(
            "A statement of another kind",
            predicate_type={"type": "string", "maxLength": 500, "pattern": r"^[A-Za-z][A-Za-z0-9+.\-]*:\S+$"},
            statement={"type": ["object", "string"], "minProperties": 1, "minLength": 1, "maxLength": 20_000},
        ),
    }
)


@_FORMATS.checks("date-time", raises=ValueError)
def _is_instant(stated: object) -> bool:
    return not isinstance(stated, str) or _instant(stated) is not None


_VALIDATORS: Final = {name: Draft202012Validator(schema, format_checker=_FORMATS) for name, schema in SCHEMAS.items()}


def mistakes(hook: str, claims: Mapping[str, JsonValue], *, pointer: str) -> tuple[Fault, ...]:
    """Return what is wrong with the shape of claims, by place; `pointer` is where the claims stand."""
    errors = _VALIDATORS[hook].iter_errors(dict(claims))
    return tuple(sorted((_fault(error, pointer) for error in errors), key=lambda fault: (fault.pointer, fault.message)))


def instants(hook: str, claims: Mapping[str, JsonValue]) -> Iterator[tuple[str, datetime]]:
    """Yield every instant that the claims of a hook state, by name."""
    for name, schema in SCHEMAS[hook]["properties"].items():
        stated = claims.get(name)
        if schema is _INSTANT and isinstance(stated, str) and (moment := _instant(stated)) is not None:
            yield name, moment


def _instant(stated: str) -> datetime | None:
    """Return an instant of RFC 3339; None for any other text, also for one without a zone."""
    if _RFC3339.fullmatch(stated) is None:
        return None
    try:
        return datetime.fromisoformat(stated.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _fault(error: ValidationError, pointer: str) -> Fault:
    for step in error.absolute_path:
        pointer = below(pointer, step)
    message = error.message if len(error.message) <= LONGEST_MISTAKE else f"{error.message[:LONGEST_MISTAKE]}…"
    return Fault(pointer, "evidence.schema", message)
