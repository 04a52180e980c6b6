"""Takes events from a Valkey stream: acknowledged once our transaction is committed, parked after five tries."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import structlog
from django.conf import settings
from redis import Redis
from redis.exceptions import ResponseError

from policies.inbound.events import EventMalformed, read_event
from policies.services.inbound import receive_event
from stellapolicy.kernel.refusals import Refusal

GROUP: Final = "policy-engine"
FIELD: Final = "event"
TRIES: Final = 5
PATIENCE_SECONDS: Final = 5
"""How long a message that was not acknowledged rests before somebody tries it again."""

log = structlog.get_logger(__name__)
Fields = dict[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Drained:
    """What one round did: messages acted upon, parked, and left for another try."""

    handled: int = 0
    parked: int = 0
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class Message:
    """One entry of the stream, how often it was handed out."""

    id: str
    fields: Fields
    tries: int


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream with our consumer group, and beside it the stream of what we gave up."""

    client: Redis
    name: str

    @property
    def parked(self) -> str:
        """The name of the stream of parked messages."""
        return f"{self.name}:parked"

    def prepare(self) -> None:
        """Make the group, from the beginning of the stream, unless it is there."""
        try:
            self.client.xgroup_create(self.name, GROUP, id="0", mkstream=True)
        except ResponseError as refused:
            if "BUSYGROUP" not in str(refused):
                raise

    def messages(self, *, consumer: str, limit: int, patience_seconds: float) -> Iterator[Message]:
        """Yield what nobody finished in time, then what is new."""
        idle = round(patience_seconds * 1000)
        claimed: Any = self.client.xautoclaim(
            self.name, GROUP, consumer, idle, "0-0", count=limit
        )  # Any: of the library
        for key, fields in claimed[1]:
            yield self._counted(key, fields)
        fresh: Any = self.client.xreadgroup(GROUP, consumer, {self.name: ">"}, count=limit)  # Any: of the library
        for _, entries in fresh or ():
            for key, fields in entries:
                yield Message(key.decode(), fields, tries=1)

    def acknowledge(self, message: Message) -> None:
        """Say that a message is dealt with."""
        self.client.xack(self.name, GROUP, message.id)

    def park(self, message: Message, reason: str) -> None:
        """Put a message aside with the reason; moved in one step, so that none is lost or parked twice."""
        with self.client.pipeline(transaction=True) as step:
            step.xadd(self.parked, {**message.fields, b"reason": reason.encode(), b"was": message.id.encode()})  # type: ignore[dict-item]  # of the library
            step.xack(self.name, GROUP, message.id)
            step.execute()

    def requeue(self) -> int:
        """Put what was parked back to the end of the stream; return how many."""
        entries: Any = self.client.xrange(self.parked)  # Any: of the library
        for key, fields in entries:
            with self.client.pipeline(transaction=True) as step:
                step.xadd(self.name, {FIELD: fields.get(FIELD.encode(), b"")})
                step.xdel(self.parked, key)
                step.execute()
        return len(entries)

    def parked_messages(self) -> list[tuple[str, str]]:
        """Return (id, reason) of what was parked, oldest first."""
        entries: Any = self.client.xrange(self.parked)  # Any: of the library
        return [(key.decode(), fields.get(b"reason", b"").decode()) for key, fields in entries]

    def _counted(self, key: bytes, fields: Fields) -> Message:
        pending: Any = self.client.xpending_range(self.name, GROUP, key, key, 1)  # Any: of the library
        return Message(key.decode(), fields, tries=pending[0]["times_delivered"] if pending else 1)


def open_stream() -> Stream | None:
    """Return the stream the settings name; None where there is none."""
    if not settings.EVENTS_STREAM:
        return None
    return Stream(Redis.from_url(settings.EVENTS_URL, socket_timeout=10), settings.EVENTS_STREAM)


def drain(
    stream: Stream,
    *,
    consumer: str,
    clock: Callable[[], datetime],
    limit: int = 100,
    patience_seconds: float = PATIENCE_SECONDS,
) -> Drained:
    """Act upon what waits, at most `limit` old and `limit` new messages.

    A message that is refused or surprises us stays, to be tried again, and is parked at its fifth try; surprises are
    raised at the end.
    """
    stream.prepare()
    handled = parked = waiting = 0
    surprises: list[Exception] = []
    for message in stream.messages(consumer=consumer, limit=limit, patience_seconds=patience_seconds):
        try:
            receive_event(read_event(_written(message)), at=clock())
        except Refusal as refusal:
            reason = f"{refusal.code}: {refusal.detail}"
        except Exception as surprise:  # noqa: BLE001 - raised below, after the other messages
            surprises.append(surprise)
            reason = type(surprise).__name__
        else:
            stream.acknowledge(message)
            handled += 1
            continue
        if message.tries < TRIES:
            waiting += 1
            continue
        log.error("events.parked", message=message.id, reason=reason)
        stream.park(message, reason)
        parked += 1
    if surprises:
        raise ExceptionGroup("events that could not be acted upon", surprises)
    return Drained(handled, parked, waiting)


def _written(message: Message) -> bytes:
    written = message.fields.get(FIELD.encode())
    if written is None:
        raise EventMalformed(f"a message has the field {FIELD!r}")
    return written
