"""How fresh a feed is: EPSS by the day of its model, every other feed by the last successful check."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

STALE_AFTER = timedelta(hours=48)
"""As the shipped checks judge; twice as old weighs more."""


class Freshness(StrEnum):
    """How far a feed can be relied upon."""

    NOT_CONFIGURED = "not_configured"
    NEVER_READ = "never_read"
    FRESH = "fresh"
    STALE = "stale"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Standing:
    """A feed's freshness, the instant it counts from, its age in whole seconds, and whether the last check failed."""

    freshness: Freshness
    stands_for: datetime | None = None
    age_seconds: int | None = None
    is_failed: bool = False


def standing_of(
    *, by_model: bool, checked_at: datetime | None, model_date: date | None, is_failed: bool, at: datetime
) -> Standing:
    """Return how a connected feed stands at an instant; a day ahead of the clock counts as no age."""
    stands_for = checked_at
    if by_model:
        stands_for = datetime.combine(model_date, time.min, tzinfo=UTC) if model_date else None
    if stands_for is None:
        return Standing(Freshness.NEVER_READ, is_failed=is_failed)
    age = max(at - stands_for, timedelta(0))
    freshness = Freshness.EXPIRED
    if age <= STALE_AFTER:
        freshness = Freshness.FRESH
    elif age <= 2 * STALE_AFTER:
        freshness = Freshness.STALE
    return Standing(freshness, stands_for, int(age.total_seconds()), is_failed)
