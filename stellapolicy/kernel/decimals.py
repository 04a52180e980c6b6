"""Exact small numbers: scores travel as integers so that no digit is lost and digests agree."""

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

EPSS_UNITS = 100_000
CVSS_UNITS = 10


def to_units(text: str | float | Decimal, *, units: int) -> int:
    """Return a decimal as a count of 1/`units`, rounded half up.

    Raises ValueError when the text is no finite decimal.
    """
    try:
        number = Decimal(str(text))
    except InvalidOperation:
        raise ValueError(f"{text!r} is not a decimal number") from None
    if not number.is_finite():
        raise ValueError(f"{text!r} is not a finite number")
    try:
        return int((number * units).quantize(Decimal(1), rounding=ROUND_HALF_UP))
    except InvalidOperation:
        raise ValueError(f"{text!r} is too large to count in 1/{units}") from None


def epss_units(text: str | float | Decimal) -> int:
    """Return an EPSS probability or percentile in 10⁻⁵ (0.97 is 97000)."""
    return to_units(text, units=EPSS_UNITS)


def cvss_tenths(text: str | float | Decimal) -> int:
    """Return a CVSS score in tenths (9.8 is 98)."""
    return to_units(text, units=CVSS_UNITS)


def from_units(count: int, *, units: int) -> str:
    """Return the shortest plain decimal text of `count`/`units` ("0.97", "9.8", "7.0" becomes "7")."""
    text = format(Decimal(count) / Decimal(units), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
