"""Reads JSON of which there is exactly one reading, since two readers of one signature must not differ. Pure."""

import json
from typing import Final

from stellapolicy.kernel.canonical_json import JsonValue

_ESCAPE: Final = b"\\u"  # the one way to write half a character, a surrogate without its partner
_NUL: Final = b"\\u0000"


class NotJson(ValueError):  # noqa: N818 - reads as a sentence
    """The bytes are no JSON, or JSON that two readers could understand differently."""


def loads(content: bytes) -> JsonValue:
    """Return the value of UTF-8 JSON.

    A key given twice, NaN, half a character, a NUL, which cannot be stored, or bottomless nesting raises NotJson.
    """
    try:
        value: JsonValue = json.loads(content.decode(), object_pairs_hook=_object, parse_constant=_refuse_constant)
        if _ESCAPE in content:
            json.dumps(value, ensure_ascii=False).encode()
        if _NUL in content and _holds_nul(value):
            raise NotJson("it holds a NUL character")
    except RecursionError:
        raise NotJson("it is nested too deeply") from None
    except ValueError as failure:
        raise NotJson(str(failure)) from None
    return value


def _object(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    found: dict[str, JsonValue] = {}
    for name, value in pairs:
        if name in found:
            raise NotJson(f"the key {name!r:.60} is given twice")
        found[name] = value
    return found


def _holds_nul(value: JsonValue) -> bool:
    match value:
        case str():
            return "\x00" in value
        case dict():
            return any(_holds_nul(name) or _holds_nul(inner) for name, inner in value.items())
        case list():
            return any(map(_holds_nul, value))
        case _:
            return False


def _refuse_constant(constant: str) -> JsonValue:
    raise NotJson(f"{constant} is not JSON")
