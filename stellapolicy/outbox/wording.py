"""How events are told to people: a title and lines of plain text. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from stellapolicy.kernel.clock import rfc3339
from stellapolicy.outbox import names
from stellapolicy.outbox.subscriptions import PublishedEvent

MOST_LINES: Final = 100
_TITLE: Final = 200
_VALUE: Final = 200


@dataclass(frozen=True, slots=True)
class Words:
    """What a message says."""

    title: str
    text: str


def words_for(events: Sequence[PublishedEvent]) -> Words:
    """Return one message about one event with its details, or about many with a line each."""
    if len(events) == 1:
        return _about_one(events[0])
    lines = [_line(event) for event in events[:MOST_LINES]]
    if len(events) > MOST_LINES:
        lines.append(f"and {len(events) - MOST_LINES} more")
    return Words(f"{len(events)} events", "\n".join(lines))


def _about_one(event: PublishedEvent) -> Words:
    details = [f"{name}: {_short(value)}" for name, value in sorted(event.data.items()) if _is_plain(value)]
    return Words(f"{_label(event.name)}: {event.subject}"[:_TITLE], "\n".join([_line(event), *details]))


def _line(event: PublishedEvent) -> str:
    return f"{rfc3339(event.occurred_at)} {_label(event.name)}: {event.subject} (by {event.actor.subject})"


def _label(name: str) -> str:
    """Return the words for an event; one of an app that is gone keeps its name."""
    return names.known().get(name, name)


def _is_plain(value: object) -> bool:
    return isinstance(value, str | int | float | bool) and value != ""


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= _VALUE else f"{text[:_VALUE]}…"
