"""Canonical JSON (RFC 8785): one value, one sequence of bytes, on every machine."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import rfc8785

JsonValue: TypeAlias = bool | int | float | str | Sequence["JsonValue"] | Mapping[str, "JsonValue"] | None

_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
# A fraction, an exponent, or an integer that may be 2**53 or more.
_NUMBER_TO_LOOK_AT = re.compile(r"\d[.eE]|\d{16}", re.ASCII)


def dumps(value: JsonValue) -> bytes:
    """Return the RFC 8785 bytes of `value`.

    Raises rfc8785.CanonicalizationError for NaN, infinities and integers of 2**53 and above; scores are
    therefore integers (CVSS in tenths, EPSS in 10⁻⁵), never floats.
    """
    fast = _dumps_plain(value)
    return rfc8785.dumps(value) if fast is None else fast


def _dumps_plain(value: JsonValue) -> bytes | None:
    """Return the same bytes ten times faster where sorting by code point and Python's numbers are RFC 8785's.

    That is so for ASCII text without fractions and large integers; None asks for the library that knows all rules.
    """
    try:
        written = _ENCODER.encode(value)
    except (TypeError, ValueError):
        return None
    if not written.isascii() or _NUMBER_TO_LOOK_AT.search(_STRING.sub("", written)):
        return None
    return written.encode("ascii")
