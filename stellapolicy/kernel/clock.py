"""The clock, read at the edge only (API, admin, tasks, commands); everything below receives `at`."""

from datetime import UTC, datetime


def now() -> datetime:
    """Return the present instant in UTC."""
    return datetime.now(tz=UTC)


def rfc3339(instant: datetime) -> str:
    """Return an aware instant as RFC 3339 text in UTC, `Z` for the zone, microseconds only when there are any."""
    if instant.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
