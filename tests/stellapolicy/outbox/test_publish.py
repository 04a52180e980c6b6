"""An event is a row of the transaction that it tells of."""

from contextlib import suppress
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from stellapolicy.kernel.actor import Actor
from stellapolicy.outbox.errors import UnknownEvent
from stellapolicy.outbox.models import Delivery, OutboxEvent
from stellapolicy.outbox.services.events import LARGEST_DATA, publish
from stellapolicy.tenancy.models import Tenant
from stellapolicy.tenancy.scope import ScopeSwitched, UnscopedQuery, tenant_scope
from tests.factories import NOON


def happen(actor: Actor, subject: str = "thing:1") -> OutboxEvent:
    with tenant_scope(actor.tenant_id):
        return publish("test.happened", actor=actor, subject=subject, data={"number": 1}, at=NOON)


def test_an_event_waits_for_its_fan_out(actor: Actor) -> None:
    event = happen(actor)

    waiting = Delivery.objects.get(event_id=event.pk)
    assert waiting.subscriber == "outbox.fan_out"
    assert waiting.available_at == NOON


def test_publishing_costs_one_statement(actor: Actor) -> None:
    with tenant_scope(actor.tenant_id), CaptureQueriesContext(connection) as asked:
        publish("test.happened", actor=actor, subject="thing:1", data={}, at=NOON)

    assert len(asked) == 1


def test_an_event_of_a_transaction_that_fails_never_happened(actor: Actor) -> None:
    with tenant_scope(actor.tenant_id), suppress(ZeroDivisionError), transaction.atomic():
        happen(actor)
        raise ZeroDivisionError

    with tenant_scope(actor.tenant_id):
        assert not OutboxEvent.objects.exists()
    assert not Delivery.objects.exists()


def test_one_transaction_wakes_the_dispatcher_once(actor: Actor) -> None:
    with tenant_scope(actor.tenant_id):
        before = len(connection.run_on_commit)

        happen(actor)
        happen(actor)

        assert len(connection.run_on_commit) == before + 1


def test_an_event_nobody_registered_is_a_mistake(actor: Actor) -> None:
    with tenant_scope(actor.tenant_id), pytest.raises(UnknownEvent):
        publish("test.unheard_of", actor=actor, subject="thing:1", data={}, at=NOON)


def test_an_event_of_another_tenant_than_the_scope_is_refused(actor: Actor, other_tenant: Tenant) -> None:
    stranger = Actor(tenant_id=other_tenant.pk, subject="user:eve")

    with tenant_scope(actor.tenant_id), pytest.raises(ScopeSwitched):
        publish("test.happened", actor=stranger, subject="thing:1", data={}, at=NOON)


def test_an_event_that_carries_too_much_is_a_mistake(actor: Actor) -> None:
    with tenant_scope(actor.tenant_id), pytest.raises(ValueError, match="tell where to read on"):
        publish("test.happened", actor=actor, subject="thing:1", data={"text": "x" * LARGEST_DATA}, at=NOON)


def test_an_event_outside_a_scope_is_refused(actor: Actor) -> None:
    with pytest.raises(UnscopedQuery):
        publish("test.happened", actor=actor, subject="thing:1", data={}, at=NOON)


def test_another_tenant_does_not_see_an_event(actor: Actor, other_tenant: Tenant) -> None:
    happen(actor)

    with tenant_scope(other_tenant.pk):
        assert not OutboxEvent.objects.exists()


@pytest.mark.parametrize("statement", ["UPDATE outbox_outboxevent SET subject = 'x'", "DELETE FROM outbox_outboxevent"])
def test_the_database_refuses_to_change_or_remove_an_event(actor: Actor, statement: str) -> None:
    with connection.constraint_checks_disabled():
        event = happen(actor)
        Delivery.objects.filter(event_id=event.pk).delete()

    with (
        tenant_scope(actor.tenant_id),
        pytest.raises(IntegrityError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


def test_a_published_event_names_who_did_it_without_their_scopes(actor: Actor) -> None:
    doer = Actor(
        tenant_id=actor.tenant_id,
        subject="token:ci",
        scopes=frozenset({"gate:evaluate"}),
        request_id=str(uuid4()),
        extra={"person": "user:alice"},
    )

    with tenant_scope(actor.tenant_id):
        seen = happen(doer).published(at=NOON)

    assert (seen.actor.subject, seen.actor.person, seen.actor.request_id) == ("token:ci", "user:alice", doer.request_id)
    assert seen.actor.scopes == frozenset()
    assert seen.data == {"number": 1}
