"""The home page: what each room wants seen first, as tiles and panels; every number links to its list."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.http import HttpRequest
from django_stubs_ext import StrOrPromise

from stellapolicy.kernel.clock import now


class Tone(StrEnum):
    """How a number is meant."""

    GOOD = "good"
    CAREFUL = "careful"
    BAD = "bad"
    QUIET = "quiet"


@dataclass(frozen=True, slots=True)
class Tile:
    """One number (or word) with what it counts, a remark below, and the list behind it."""

    title: StrOrPromise
    value: StrOrPromise
    href: str
    remark: StrOrPromise = ""
    tone: Tone = Tone.QUIET
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Panel:
    """A part of the page with a template of its own."""

    title: StrOrPromise
    template: str
    content: Mapping[str, Any] = field(default_factory=dict)  # Any: whatever the template shows
    href: str = ""
    is_wide: bool = False


Provider = Callable[[HttpRequest, datetime], Iterable[Tile | Panel]]
_providers: list[tuple[int, str, Provider]] = []


def register(provider: Provider, *, place: int) -> None:
    """Let a room show tiles and panels, rooms in the order of their place; saying the same twice is harmless."""
    entry = (place, f"{provider.__module__}.{provider.__qualname__}", provider)
    if entry not in _providers:
        _providers.append(entry)


def callback(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Return the context of the home page with every tile and panel this person may see."""
    at = now()
    shown = [part for _, _, provider in sorted(_providers, key=lambda each: each[:2]) for part in provider(request, at)]
    return {
        **context,
        "at": at,
        "tiles": [part for part in shown if isinstance(part, Tile)],
        "panels": [part for part in shown if isinstance(part, Panel)],
    }
