"""Publishing: an event is a row of the transaction that it tells of, or it never happened."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import structlog
from celery import current_app
from django.db import connection, transaction
from kombu.exceptions import OperationalError

from stellapolicy.kernel import canonical_json, digest
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.outbox import names
from stellapolicy.outbox.models import Delivery, Lane, OutboxEvent
from stellapolicy.outbox.models.delivery import FAN_OUT
from stellapolicy.tenancy.scope import ScopeSwitched, current_tenant

LARGEST_DATA: Final = 64 * 1024

log = structlog.get_logger(__name__)


def publish(name: str, *, actor: Actor, subject: str, data: Mapping[str, JsonValue], at: datetime) -> OutboxEvent:
    """Write an event of the actor's tenant into the caller's transaction; two statements.

    `subject` names what it happened to (at most 255 characters; events about one subject keep their order), `data`
    is what outsiders may read: no secrets, at most 64 KiB, whole numbers below 2**53. The name must be registered with
    `outbox.names`. Publish after `audit.record`, whose queue then orders the events of a tenant as they commit.
    """
    event = record_event(name, actor=actor, subject=subject, data=data, at=at)
    queue(event, FAN_OUT, Lane.INWARD, at=at)
    wake_after_commit()
    return event


def record_event(name: str, *, actor: Actor, subject: str, data: Mapping[str, JsonValue], at: datetime) -> OutboxEvent:
    """Write an event without telling anybody."""
    names.label(name)
    if len(canonical_json.dumps(data)) > LARGEST_DATA:
        raise ValueError(f"{name} carries more than {LARGEST_DATA} bytes: tell where to read on instead")
    if current_tenant() != actor.tenant_id:
        raise ScopeSwitched(f"{actor.subject} belongs to another tenant than the scope")
    event = OutboxEvent(
        tenant_id=actor.tenant_id,
        name=name,
        subject=subject,
        actor=actor.subject,
        person=actor.person,
        request_id=actor.request_id,
        data=dict(data),
        occurred_at=at,
    )
    event.save(force_insert=True)
    return event


def queue(event: OutboxEvent, subscriber: str, lane: Lane, *, at: datetime) -> Delivery:
    """Let an event wait for one subscriber."""
    waiting = new_delivery(event, subscriber, lane, at=at)
    waiting.save(force_insert=True)
    return waiting


def new_delivery(event: OutboxEvent, subscriber: str, lane: Lane, *, at: datetime) -> Delivery:
    """Return a delivery that is not yet kept."""
    return Delivery(
        tenant_id=event.tenant_id,
        event_id=event.pk,
        subscriber=subscriber,
        lane=lane,
        subject_digest=digest.of_bytes(event.subject.encode()),
        available_at=at,
        created_at=at,
    )


def wake_after_commit() -> None:
    """Ask a worker to look as soon as this transaction commits, once however many events it has."""
    if not any(waiting[1] is _wake_a_worker for waiting in connection.run_on_commit):
        transaction.on_commit(_wake_a_worker)


def _wake_a_worker() -> None:
    """Ask a worker to look at once; without a broker the periodic dispatch finds the event."""
    try:
        current_app.send_task("outbox.dispatch", retry=False)
    except OperationalError as error:
        log.warning("outbox.worker_not_woken", reason=str(error))
