"""Who inside the product acts on which events; apps subscribe as they load, the dispatcher hands over."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.outbox import names
from stellapolicy.outbox.errors import SubscriberUnknown

# Parts of keys that the outbox itself gives out.
_RESERVED = ("outbox.", "webhook:", "message:")


@dataclass(frozen=True, slots=True)
class PublishedEvent:
    """Something that happened and was committed.

    `actor` says who did it, without any scope: what a subscriber does is the work of the product, not of that person.
    `subject` is what it happened to; events about one subject are handed to each subscriber in their order. `at` is
    the present instant, at which it is handed over: what an act writes, it writes as of then.
    """

    id: UUID
    name: str
    tenant_id: UUID
    actor: Actor
    subject: str
    data: Mapping[str, JsonValue]
    occurred_at: datetime
    at: datetime


Act = Callable[[PublishedEvent], object]


@dataclass(frozen=True, slots=True)
class Subscriber:
    """One act of one room, and the events (names or globs) it follows."""

    key: str
    patterns: tuple[str, ...]
    act: Act

    def follows(self, name: str) -> bool:
        """Whether it wants this event."""
        return any(names.covers(pattern, name) for pattern in self.patterns)


_SUBSCRIBERS: dict[str, Subscriber] = {}


def subscribe(name: str, *, key: str, act: Act) -> None:
    """Let `act` run after each event of this name or glob; the key (`room.verb`) is kept and never reused.

    `act` runs in the dispatcher, in a transaction and scope of the event's tenant, which commits together with the
    mark that it ran: once per event, as far as it writes to the database only. It raises to be tried again. One key
    may follow several names with the same act; saying the same twice is harmless.
    """
    if key.startswith(_RESERVED):
        raise ValueError(f"the key {key!r} is the outbox's own")
    _add(name, key=key, act=act)


def subscribe_own(name: str, *, key: str, act: Act) -> None:
    """Let an act of the outbox itself follow events."""
    _add(name, key=key, act=act)


def subscriber(key: str) -> Subscriber:
    """Return the subscriber of a key, or refuse."""
    try:
        return _SUBSCRIBERS[key]
    except KeyError:
        raise SubscriberUnknown(f"nobody subscribes as {key}") from None


def followers(name: str) -> Iterator[Subscriber]:
    """Return whoever follows an event, in the order of their keys."""
    return (_SUBSCRIBERS[key] for key in sorted(_SUBSCRIBERS) if _SUBSCRIBERS[key].follows(name))


def withdraw(key: str) -> None:
    """Forget a subscriber, as tests do with theirs."""
    _SUBSCRIBERS.pop(key, None)


def _add(name: str, *, key: str, act: Act) -> None:
    earlier = _SUBSCRIBERS.get(key)
    if earlier is None:
        _SUBSCRIBERS[key] = Subscriber(key, (name,), act)
        return
    if earlier.act != act:
        raise ValueError(f"{key} is subscribed with another act already")
    if name not in earlier.patterns:
        _SUBSCRIBERS[key] = Subscriber(key, (*earlier.patterns, name), act)
