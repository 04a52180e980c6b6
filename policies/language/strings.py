"""Strings between their source form, escapes included, and their value."""

import re
import unicodedata

from policies.language.diagnostics import Gathering
from policies.language.source import Span

_ESCAPE = re.compile(r"(\\u[0-9A-Fa-f]{4})+|\\u[0-9A-Fa-f]{0,3}|\\.")
_SIMPLE = {'\\"': '"', "\\\\": "\\", "\\n": "\n", "\\t": "\t"}
_UNIT_LENGTH = len("\\u0000")
_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_ESCAPED = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}
_LAST_OF_BASIC_PLANE = 0xFFFF


def resolve_escapes(inside: str, *, start: int, gathering: Gathering) -> str:
    """Return the value, in NFC, of what stands between two quotes; `start` is its offset in the source."""
    value = inside
    if "\\" in inside:
        value = _ESCAPE.sub(lambda found: _resolved(found, start=start, gathering=gathering), inside)
    return value if value.isascii() else unicodedata.normalize("NFC", value)


def _resolved(found: re.Match[str], *, start: int, gathering: Gathering) -> str:
    escape = found[0]
    if escape in _SIMPLE:
        return _SIMPLE[escape]
    span = Span(start + found.start(), start + found.end())
    if not escape.startswith("\\u"):
        hint = 'a string knows `\\"`, `\\\\`, `\\n`, `\\t` and `\\uXXXX`'
        gathering.report("E104", span, f"`{escape}` is not an escape", hint=hint)
        return ""
    if found[1] is None:
        gathering.report("E105", span, "`\\u` takes four hexadecimal digits")
        return ""
    return _code_points(escape, span=span, gathering=gathering)


def _code_points(escapes: str, *, span: Span, gathering: Gathering) -> str:
    """Return the characters of a run of hexadecimal escapes, pairs of surrogates joined."""
    digits = (escapes[at + 2 : at + _UNIT_LENGTH] for at in range(0, len(escapes), _UNIT_LENGTH))
    units = b"".join(bytes.fromhex(four) for four in digits)
    try:
        text = units.decode("utf-16-be")
    except UnicodeDecodeError:
        gathering.report("E105", span, "half of a surrogate pair is not a character")
        return ""
    if "\x00" in text:
        gathering.report("E105", span, "U+0000 cannot stand in a string")
        return ""
    return text


def quoted(value: str) -> str:
    """Return the source form of a string: what a reader would not see is written as an escape."""
    return '"' + "".join(_ESCAPED.get(character) or _visible(character) for character in value) + '"'


def _visible(character: str) -> str:
    if character.isascii() and character.isprintable():
        return character
    if unicodedata.category(character) not in _HIDDEN_CATEGORIES:
        return character
    code_point = ord(character)
    if code_point <= _LAST_OF_BASIC_PLANE:
        return f"\\u{code_point:04X}"
    units = character.encode("utf-16-be").hex().upper()
    return f"\\u{units[:4]}\\u{units[4:]}"
