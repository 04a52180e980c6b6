"""The kinds of long work there are; each app registers its own as it loads."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.canonical_json import JsonValue


class Work(Protocol):
    """One run in the hands of a worker."""

    @property
    def actor(self) -> Actor:
        """Whoever asked, with exactly what they held when they did."""

    @property
    def question(self) -> Mapping[str, Any]:  # Any: JSON
        """What is to be done."""

    def now(self) -> datetime:
        """Return the present instant."""

    def progress(self, done: int, total: int) -> None:
        """Say how far it is, for everybody to see at once; raises LeaseLost where the run was cancelled or lost."""


Prepared = object


@dataclass(frozen=True, slots=True)
class RunKind:
    """A kind of run, in two halves.

    `prepare` does the long part in steps, outside any transaction of ours, and may be done again by another worker.
    `complete` writes what came of it, in the one transaction that also ends the run, and returns the result.
    `discard` lets go of what was kept for the run, once it has ended however it ended.
    """

    name: str
    title: str
    prepare: Callable[[Work], Prepared]
    complete: Callable[[Work, Any], dict[str, JsonValue]]  # Any: what `prepare` of the same kind returned
    discard: Callable[[Mapping[str, Any]], None] = lambda _question: None


_KINDS: dict[str, RunKind] = {}


def register(kind: RunKind) -> None:
    """Make a kind known; called by apps as they load."""
    if _KINDS.setdefault(kind.name, kind) is not kind:
        raise ValueError(f"{kind.name} is registered already")


def kind_named(name: str) -> RunKind:
    """Return a kind; an unknown one is a fault of ours."""
    return _KINDS[name]


def title_of(name: str) -> str:
    """Return what people call a kind, its name where it left the product."""
    kind = _KINDS.get(name)
    return kind.title if kind else name
