"""What is too much for one transaction is left to transactions of their own, which a killed worker does not lose."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final
from uuid import UUID

from exceptions.services.lifecycle import WORKER
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.outbox.models import Lane
from stellapolicy.outbox.services.events import queue, record_event, wake_after_commit

RECHECKING: Final = "exception.recheck_left"
SUPERSEDING: Final = "exception.superseding_left"
LEFT: Final[Mapping[str, str]] = MappingProxyType(
    {
        RECHECKING: "Exceptions wait to be rechecked",
        SUPERSEDING: "Requests wait to be closed as overtaken",
    }
)
# Who works off which of these; nobody else is told of them.
KEYS: Final[Mapping[str, str]] = MappingProxyType(
    {RECHECKING: "exceptions.recheck_left", SUPERSEDING: "exceptions.supersede_left"}
)


def leave(name: str, *, tenant_id: UUID, subject: str, data: Mapping[str, JsonValue], at: datetime) -> None:
    """Let the rest of some work wait for a transaction of its own, as a row of this transaction."""
    event = record_event(name, actor=Actor(tenant_id, WORKER), subject=subject, data=data, at=at)
    queue(event, KEYS[name], Lane.INWARD, at=at)
    wake_after_commit()
