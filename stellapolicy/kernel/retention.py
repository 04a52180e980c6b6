"""What is not kept for ever: rooms register here what they remove, and after how long; one daily task does it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

# Removes at most `limit` rows that ended before an instant, in the transaction it is called in, and returns how many.
Remove = Callable[[datetime, int], int]


class Reach(StrEnum):
    """Whose rows a purge removes: those of each tenant, in its scope one after the other, or what belongs to nobody."""

    TENANT = "tenant"
    INSTALLATION = "installation"


@dataclass(frozen=True, slots=True)
class Purge:
    """One thing that is removed: `what` in words for the documentation, `kept` counted from its end.

    `recorded` purges leave an audit entry for every batch; those of mere leftovers need none.
    """

    name: str
    what: str
    kept: timedelta
    reach: Reach
    remove: Remove
    recorded: bool = True


_PURGES: dict[str, Purge] = {}


def register(purge: Purge) -> None:
    """Add a purge, in `apps.ready`; saying the same twice is harmless, saying another under its name is not."""
    if _PURGES.setdefault(purge.name, purge) != purge:
        raise ValueError(f"{purge.name} is registered already")


def purges() -> tuple[Purge, ...]:
    """Return every purge, by name."""
    return tuple(_PURGES[name] for name in sorted(_PURGES))
