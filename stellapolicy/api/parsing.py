"""JSON bodies read strictly: whatever two readers could understand differently is refused, with its place."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from json.scanner import py_make_scanner  # type: ignore[attr-defined]  # in every CPython, not in the stubs
from typing import IO, Any, NoReturn

import orjson
from rest_framework.parsers import BaseParser

from stellapolicy.kernel.refusals import Fault, Refusal

_INTEGERS = range(-(2**63), 2**63)
_LONGEST = 20  # characters of the longest of them, with its sign


class MalformedJson(Refusal):
    """The body is not JSON."""

    code = "json.malformed"
    status = HTTPStatus.BAD_REQUEST
    title = "The body is not JSON"


class AmbiguousJson(Refusal):
    """The body is JSON that readers may take to mean different things."""

    code = "json.ambiguous"
    status = HTTPStatus.BAD_REQUEST
    title = "The body is ambiguous"


class _Doubled(Exception):  # noqa: N818 - reads as a sentence
    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


class JsonParser(BaseParser):
    """Parses `application/json`; other forms of body are answered with 415."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,  # noqa: ARG002 - DRF's
        parser_context: Mapping[str, Any] | None = None,  # noqa: ARG002 - DRF's
    ) -> Any:  # noqa: ANN401 - any JSON value
        """Return the value of the body."""
        return loads(stream.read())


def loads(body: bytes) -> Any:  # noqa: ANN401 - any JSON value
    """Return the value of a JSON text (RFC 8259, UTF-8).

    Refuses NaN and infinities, lone surrogates and NUL in strings, keys given twice, and integers beyond 64 bits.
    """
    try:
        # orjson is the strict one about syntax, encoding, NaN, surrogates and depth; it lets double keys pass.
        orjson.loads(body)
    except orjson.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        fault = Fault(place, MalformedJson.code, error.msg)
        raise MalformedJson(f"{error.msg} ({place})", faults=(fault,)) from None
    text = body.decode("utf-8")
    if "\\u0000" in text:
        _refuse_nul(orjson.loads(body), "")
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_int=_bounded)
    except _Doubled as doubled:
        _refuse_doubled(text, doubled.key)
    except RecursionError:
        raise MalformedJson("the body is nested too deeply") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:  # Any: any JSON value
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            raise _Doubled(key)
        seen.add(key)
    raise AssertionError("fewer keys than pairs, and none twice")


def _bounded(digits: str) -> int:
    # Judged by length first: Python takes quadratic time over a long row of digits.
    if len(digits) > _LONGEST or int(digits) not in _INTEGERS:
        raise AmbiguousJson(f"the number {digits[:_LONGEST]}… does not fit into 64 bits")
    return int(digits)


def _refuse_nul(value: Any, pointer: str) -> None:  # noqa: ANN401 - any JSON value
    match value:
        case str() if "\x00" in value:
            fault = Fault(pointer, MalformedJson.code, "a NUL character cannot be stored")
            raise MalformedJson(f"a NUL character at {pointer or 'the top'}", faults=(fault,))
        case dict():
            for key, inner in value.items():
                _refuse_nul(key, pointer)
                _refuse_nul(inner, f"{pointer}/{key}")
        case list():
            for index, inner in enumerate(value):
                _refuse_nul(inner, f"{pointer}/{index}")


def _refuse_doubled(text: str, key: str) -> NoReturn:
    """Parse again, slowly, to say where the object with the doubled key begins."""
    at = _Locating(text).offset
    before = text[:at]
    place = f"line {before.count(chr(10)) + 1}, column {at - before.rfind(chr(10))}"
    fault = Fault(place, AmbiguousJson.code, f"the key {key!r} is given twice in this object")
    raise AmbiguousJson(f"the object at {place} has the key {key!r} twice", faults=(fault,))


class _Locating(json.JSONDecoder):
    """Reads a text in pure Python and remembers where the first object with a doubled key begins."""

    def __init__(self, text: str) -> None:
        super().__init__(object_pairs_hook=_unique)
        self.offset = 0
        self.parse_object = self._object
        self.scan_once = py_make_scanner(self)
        try:
            self.decode(text)
        except (_Doubled, RecursionError):
            return

    def _object(self, place: tuple[str, int], *arguments: Any) -> Any:  # noqa: ANN401 - of the standard library
        try:
            return json.decoder.JSONObject(place, *arguments)  # type: ignore[attr-defined]  # undocumented, stable
        except _Doubled:
            self.offset = self.offset or place[1] - 1
            raise
