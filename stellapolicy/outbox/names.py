"""The events there are, each with the words a reader sees; apps register theirs as they load."""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from types import MappingProxyType

from stellapolicy.outbox.errors import UnknownEvent

_LABELS: dict[str, str] = {}


def register(labels: Mapping[str, str]) -> None:
    """Make events known (`exception.expired` → "An exception ended"); saying the same twice is harmless."""
    for name, label in labels.items():
        if _LABELS.setdefault(name, label) != label:
            raise ValueError(f"{name} is registered as {_LABELS[name]!r} already")


def label(name: str) -> str:
    """Return the words for an event; refuses an unknown one."""
    try:
        return _LABELS[name]
    except KeyError:
        raise UnknownEvent(f"register {name!r} with outbox.names in the app that publishes it") from None


def known() -> Mapping[str, str]:
    """Return every event with its words."""
    return MappingProxyType(_LABELS)


def covers(pattern: str, name: str) -> bool:
    """Whether a name or glob (`exception.*`, `*`) means this event."""
    return fnmatchcase(name, pattern)


def is_meaningful(pattern: str) -> bool:
    """Whether a name or glob means at least one event there is."""
    return any(covers(pattern, name) for name in _LABELS)
