"""Files of several JSON values after one another: one per line, or as a program printed them."""

import json
from collections.abc import Iterator

from policies.importers.limits import STANDARD, ImportLimits
from policies.importers.reading import decode_json, refuse_depth, refuse_repetition
from policies.importers.refusals import JsonInvalid, TooDeep, TooLarge

_BLANK = " \t\r\n"
Pairs = list[tuple[str, object]]


def begins_sequence(content: bytes) -> bool:
    """Whether the file begins with a whole JSON object or list that something follows."""
    try:
        text = content.decode()
        start = _next(text, 0)
        _, end = json.JSONDecoder().raw_decode(text, start)
    except (ValueError, RecursionError):
        return False
    return _next(text, end) < len(text)


def decode_sequence(content: bytes, limits: ImportLimits = STANDARD) -> tuple[object, ...]:
    """Return the JSON values of `content` in their order, at least two.

    Raises JsonInvalid naming the line, TooDeep, and TooLarge for more values than findings are read.
    """
    lines = content.split(b"\n")
    first = next((line for line in lines if line.strip()), b"")
    values = _values_of_lines(lines, limits) if _is_value(first, limits) else _printed_values(content, limits)
    found: list[object] = []
    for value in values:
        if len(found) >= limits.findings:
            raise TooLarge(f"the file has more than {limits.findings} values")
        found.append(value)
    if len(found) < 2:  # noqa: PLR2004 - one value is no sequence
        raise JsonInvalid("the file holds no sequence of JSON values")
    return tuple(found)


def _is_value(line: bytes, limits: ImportLimits) -> bool:
    try:
        decode_json(line, limits)
    except JsonInvalid:
        return False
    return True


def _values_of_lines(lines: list[bytes], limits: ImportLimits) -> Iterator[object]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            yield decode_json(line, limits)
        except JsonInvalid as refusal:
            message = refusal.detail.removeprefix("line 1, ")
            raise JsonInvalid(f"line {number}, {message}") from None


def _printed_values(content: bytes, limits: ImportLimits) -> Iterator[object]:
    """Yield values that run over lines; the end of one is where the next begins."""
    text = _as_text(content)
    decoder = json.JSONDecoder(object_pairs_hook=_object_of, parse_constant=_refuse_constant)
    position = _next(text, 0)
    while position < len(text):
        try:
            value, end = decoder.raw_decode(text, position)
        except json.JSONDecodeError as failure:
            raise JsonInvalid(f"line {failure.lineno}, column {failure.colno}: {failure.msg}") from None
        except RecursionError:
            raise TooDeep(f"the file is nested deeper than {limits.depth} levels") from None
        refuse_depth(value, limits)
        yield value
        position = _next(text, end)


def _as_text(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as failure:
        line = content.count(b"\n", 0, failure.start) + 1
        raise JsonInvalid(f"line {line}: not UTF-8") from None


def _next(text: str, position: int) -> int:
    while position < len(text) and text[position] in _BLANK:
        position += 1
    return position


def _object_of(pairs: Pairs) -> dict[str, object]:
    refuse_repetition(pairs)
    return dict(pairs)


def _refuse_constant(name: str) -> object:
    raise JsonInvalid(f"{name} is no JSON number")
