"""Canonical JSON (RFC 8785): one value, one sequence of bytes, on every machine."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import rfc8785

JsonValue: TypeAlias = bool | int | float | str | Sequence["JsonValue"] | Mapping[str, "JsonValue"] | None


def dumps(value: JsonValue) -> bytes:
    """Return the RFC 8785 bytes of `value`.

    Raises rfc8785.CanonicalizationError for NaN, infinities and integers of 2**53 and above; scores are
    therefore integers (CVSS in tenths, EPSS in 10⁻⁵), never floats.
    """
    return rfc8785.dumps(value)
