"""From the bytes of an upload to text, JSON and lines, within limits."""

from typing import Final

from exceptions.formats.nodes import Node, from_json, refused
from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.trust import strict_json

MEBIBYTE: Final = 1024 * 1024
MOST_BYTES: Final = 5 * MEBIBYTE
MOST_ENTRIES: Final = 2_000
_MARK = "\ufeff"


def text_of(content: bytes) -> str:
    """Return the text of a file: UTF-8, within the limit, and not empty."""
    if len(content) > MOST_BYTES:
        raise refused("", "too_large", f"at most {MOST_BYTES // MEBIBYTE} MiB are read, this is {len(content)} bytes")
    try:
        text = content.decode("utf-8").removeprefix(_MARK)
    except UnicodeDecodeError as failure:
        line = content.count(b"\n", 0, failure.start) + 1
        raise refused(f"line {line}", "not_text", "the file is not UTF-8 text") from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise refused(f"line {line}", "not_text", "a NUL character is no part of a text")
    if not text.strip():
        raise refused("", "empty", "the file has no content")
    return text


def json_of(text: str) -> Node:
    """Return the one JSON value of a text with its pointers."""
    return from_json(plain_json_of(text))


def plain_json_of(text: str, *, place: str = "") -> JsonValue:
    """Return the one JSON value of a text of which there is exactly one reading."""
    try:
        return strict_json.loads(text.encode())
    except strict_json.NotJson as failure:
        raise refused(place, "not_json", f"this is not JSON: {failure}") from None
