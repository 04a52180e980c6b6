"""Publishing: an event is a row of the transaction that it tells of, or it never happened."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import structlog
from celery import current_app
from django.db import connection, models, transaction
from kombu.exceptions import OperationalError
from psycopg import sql

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
    """Write an event of the actor's tenant into the caller's transaction; one statement.

    `subject` names what it happened to (at most 255 characters; events about one subject keep their order), `data`
    is what outsiders may read: no secrets, at most 64 KiB, whole numbers below 2**53. The name must be registered with
    `outbox.names`. Publish after `audit.record`, whose queue then orders the events of a tenant as they commit.
    """
    event = _new_event(name, actor=actor, subject=subject, data=data, at=at)
    _insert_with_fan_out(event, at=at)
    wake_after_commit()
    return event


def record_event(name: str, *, actor: Actor, subject: str, data: Mapping[str, JsonValue], at: datetime) -> OutboxEvent:
    """Write an event without telling anybody."""
    event = _new_event(name, actor=actor, subject=subject, data=data, at=at)
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
        tenant_id=current_tenant(),
        event_id=event.pk,
        subscriber=subscriber,
        lane=lane,
        subject_digest=digest.of_bytes(event.subject.encode()),
        available_at=at,
        created_at=at,
    )


def _new_event(name: str, *, actor: Actor, subject: str, data: Mapping[str, JsonValue], at: datetime) -> OutboxEvent:
    names.label(name)
    if len(canonical_json.dumps(data)) > LARGEST_DATA:
        raise ValueError(f"{name} carries more than {LARGEST_DATA} bytes: tell where to read on instead")
    if current_tenant() != actor.tenant_id:
        raise ScopeSwitched(f"{actor.subject} belongs to another tenant than the scope")
    return OutboxEvent(
        tenant_id=actor.tenant_id,
        name=name,
        subject=subject,
        actor=actor.subject,
        person=actor.person,
        request_id=actor.request_id,
        data=dict(data),
        occurred_at=at,
    )


def _insert_with_fan_out(event: OutboxEvent, *, at: datetime) -> None:
    """Write the event and its place in the queue at once: a decision has few statements to spare."""
    waiting = new_delivery(event, FAN_OUT, Lane.INWARD, at=at)
    event_columns, event_values = _row(event)
    waiting_columns, waiting_values = _row(waiting)
    statement = sql.SQL("WITH event AS (INSERT INTO {} ({}) VALUES ({})) INSERT INTO {} ({}) VALUES ({})").format(
        sql.Identifier(OutboxEvent._meta.db_table),  # noqa: SLF001 - Django's public face of a model
        event_columns,
        sql.SQL(", ").join([sql.Placeholder()] * len(event_values)),
        sql.Identifier(Delivery._meta.db_table),  # noqa: SLF001 - Django's public face of a model
        waiting_columns,
        sql.SQL(", ").join([sql.Placeholder()] * len(waiting_values)),
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [*event_values, *waiting_values])
    event._state.adding = False  # noqa: SLF001 - it is kept now


def _row(instance: models.Model) -> tuple[sql.Composed, list[Any]]:  # Any: whatever the driver takes
    """Return the columns of a row and their values as the database takes them."""
    fields = instance._meta.concrete_fields  # noqa: SLF001 - Django's public face of a model
    columns = sql.Composed([sql.Identifier(str(field.column)) for field in fields]).join(", ")
    return columns, [field.get_db_prep_save(getattr(instance, field.attname), connection) for field in fields]


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
