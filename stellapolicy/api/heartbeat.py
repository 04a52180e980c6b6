"""A sign of life that only a working chain leaves: beat asked, the broker carried it, a worker did it."""

from datetime import UTC, datetime, timedelta
from typing import Final

from django.core.cache import cache

PATIENCE: Final = timedelta(seconds=90)
_KEY: Final = "worker_heartbeat"
_KEPT: Final = timedelta(days=1)


def leave(*, at: datetime) -> None:
    """Leave a sign of life."""
    cache.set(_KEY, at.timestamp(), timeout=int(_KEPT.total_seconds()))


def age(*, at: datetime) -> timedelta | None:
    """Return how old the last sign is; None where there is none."""
    left = cache.get(_KEY)
    return None if left is None else at - datetime.fromtimestamp(left, tz=UTC)
