"""One thing after the other, none of which keeps the others from their turn."""

from collections.abc import Callable, Iterable
from typing import TypeVar

_Item = TypeVar("_Item")


def each(items: Iterable[_Item], act: Callable[[_Item], int], *, otherwise: str) -> int:
    """Act on every item and return what it all adds up to.

    A surprise in one keeps no other waiting: all are raised together once everything had its turn, as an ExceptionGroup
    that says `otherwise`.
    """
    done, surprises = 0, []
    for item in items:
        try:
            done += act(item)
        except Exception as surprise:  # noqa: BLE001 - raised below, with those of the others
            surprises.append(surprise)
    if surprises:
        raise ExceptionGroup(otherwise, surprises)
    return done
