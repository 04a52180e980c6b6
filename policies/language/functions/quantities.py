"""Functions of numbers and of time; instants and durations are whole microseconds."""

from datetime import UTC, datetime, timedelta

from policies.language.types import UNKNOWN
from stellapolicy.kernel.severity import of_cvss

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LAST = datetime.max.replace(tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
MICROSECONDS_PER_SECOND = 1_000_000
MICROSECONDS_PER_DAY = 86_400 * MICROSECONDS_PER_SECOND
_PERCENT = 100
_HIGHEST_SCORE = 10
_TENTHS = 10
_SLACK = 1e-9  # tenths are not exact in a double: 2.3 * 10 falls just short of 23


def microseconds(instant: object) -> int | float:
    """Return an aware instant as microseconds since 1970 (UTC), or UNKNOWN.

    Raises TypeError for a naive instant and for anything else.
    """
    if isinstance(instant, datetime):
        return (instant - EPOCH) // MICROSECOND
    if isinstance(instant, float) and instant != instant:  # noqa: PLR0124 - only what is not a number differs
        return UNKNOWN
    raise TypeError("an instant is an aware datetime")


def instant_of(count: float) -> datetime:
    """Return the instant of a count of microseconds since 1970; what lies beyond the calendar is its last or first."""
    try:
        return EPOCH + timedelta(microseconds=count)
    except OverflowError:
        return LAST if count > 0 else datetime.min.replace(tzinfo=UTC)


def divide(left: float, right: float) -> float:
    """Return the quotient; by zero it is unknown."""
    return left / right if right else UNKNOWN


def percent_of(part: float, total: float) -> float:
    """Return how many percent of the total the part is; of nothing it is unknown."""
    return _PERCENT * part / total if total else UNKNOWN


def severity_band(score: float) -> float:
    """Return the rank of the severity of a CVSS score, 0.0 to 10.0; anything else is unknown."""
    if not 0 <= score <= _HIGHEST_SCORE:
        return UNKNOWN
    # A band begins at its floor: 8.95 is not yet 9.0, so the tenth is cut off and never rounded up.
    return of_cvss(int(score * _TENTHS + _SLACK)).rank


def days_between(first: float, second: float) -> float:
    """Return how many days lie between two instants, negative when the second is earlier."""
    return (second - first) / MICROSECONDS_PER_DAY


def days_since(instant: float, at: float) -> float:
    """Return how many days before `at` the instant was."""
    return (at - instant) / MICROSECONDS_PER_DAY


def days(count: float) -> float:
    """Return a duration of that many days."""
    return count * MICROSECONDS_PER_DAY
