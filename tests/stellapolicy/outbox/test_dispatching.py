"""Each subscriber has each event once, in order, tried again alone, whoever is killed."""

import os
import signal
import subprocess
import threading
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import connection, connections, transaction

from stellapolicy.audit import services as audit
from stellapolicy.audit.models import ChainHead, Entry
from stellapolicy.kernel.actor import Actor, ScopeMissing
from stellapolicy.outbox.errors import DeliveryUnderway, DeliveryUnknown
from stellapolicy.outbox.models import Delivery, DeliveryStatus, Lane, OutboxEvent
from stellapolicy.outbox.services import dispatching, leases, reaping
from stellapolicy.outbox.services.events import publish
from stellapolicy.outbox.subscriptions import PublishedEvent
from stellapolicy.tenancy.models import Tenant
from stellapolicy.tenancy.scope import current_tenant, tenant_scope
from tests.factories import NOON, TenantFactory, almighty
from tests.processes import python
from tests.stellapolicy.outbox.conftest import Subscribing

# Of this database alone: another worker of the tests has locks of its own beside us.
WAITING_HERE = (
    "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE NOT granted AND datname = current_database()"
)


def happen(actor: Actor, subject: str = "thing:1", *, name: str = "test.happened") -> OutboxEvent:
    with tenant_scope(actor.tenant_id):
        return publish(name, actor=actor, subject=subject, data={}, at=NOON)


def dispatch(at: datetime = NOON) -> int:
    return dispatching.dispatch(clock=lambda: at)


def delivery_of(event: OutboxEvent, key: str = "test.act") -> Delivery:
    return Delivery.objects.get(event_id=event.pk, subscriber=key)


def fail(event: PublishedEvent) -> None:
    raise ValueError(event.subject)


def test_a_subscriber_receives_what_happened_in_the_scope_of_its_tenant(actor: Actor, subscribing: Subscribing) -> None:
    seen: list[tuple[PublishedEvent, object]] = []
    subscribing(lambda event: seen.append((event, current_tenant())))
    event = happen(actor)

    dispatch(NOON + timedelta(seconds=1))

    ((received, tenant),) = seen
    assert (received.id, received.name, received.subject) == (event.pk, "test.happened", "thing:1")
    assert (received.occurred_at, received.at) == (NOON, NOON + timedelta(seconds=1))
    assert tenant == actor.tenant_id


def test_an_event_is_handed_to_each_subscriber_once(actor: Actor, subscribing: Subscribing) -> None:
    calls: Counter[str] = Counter()
    subscribing(lambda _event: calls.update(["first"]), key="test.first")
    subscribing(lambda _event: calls.update(["second"]), key="test.second", name="test.*")
    happen(actor)

    dispatch()
    dispatch()

    assert calls == {"first": 1, "second": 1}


def test_an_event_of_another_name_is_not_handed_over(actor: Actor, subscribing: Subscribing) -> None:
    subscribing(fail)
    event = happen(actor, name="test.ended")

    dispatch()

    assert not Delivery.objects.filter(event_id=event.pk, subscriber="test.act").exists()


def test_a_subscriber_that_fails_is_tried_again_alone(actor: Actor, subscribing: Subscribing) -> None:
    calls: Counter[str] = Counter()
    subscribing(fail, key="test.broken")
    subscribing(lambda _event: calls.update(["sound"]), key="test.sound")
    event = happen(actor)

    dispatch()
    dispatch(NOON + timedelta(hours=1))

    assert calls == {"sound": 1}
    assert delivery_of(event, "test.broken").attempts == 2
    assert delivery_of(event, "test.broken").failure == "ValueError"


def test_what_a_failed_subscriber_wrote_is_undone(actor: Actor, subscribing: Subscribing) -> None:
    def write_and_fail(event: PublishedEvent) -> None:
        audit.record(event.actor, "outbox.retried", audit.Target("thing", "1"), at=event.at)
        raise ValueError

    subscribing(write_and_fail)
    happen(actor)

    dispatch()

    with tenant_scope(actor.tenant_id):
        assert not Entry.objects.filter(action="outbox.retried").exists()


def test_the_pause_doubles_and_the_last_failure_is_a_dead_letter(actor: Actor, subscribing: Subscribing) -> None:
    subscribing(fail)
    event = happen(actor)
    at, pauses = NOON, []

    for _ in leases.INWARD_PAUSES:
        dispatch(at)
        pauses.append(delivery_of(event).available_at - at)
        at = delivery_of(event).available_at
    dispatch(at)

    assert [pause.total_seconds() for pause in pauses] == [2, 4, 8, 16, 32, 64, 128, 256, 512]
    assert delivery_of(event).status == DeliveryStatus.DEAD_LETTER
    assert delivery_of(event).failure == "ValueError"


def test_a_later_event_about_the_same_subject_waits_for_the_earlier(actor: Actor, subscribing: Subscribing) -> None:
    seen: list[object] = []
    stumbling = iter([True])

    def stumble_once(event: PublishedEvent) -> None:
        if next(stumbling, False):
            raise ValueError
        seen.append(event.id)

    subscribing(stumble_once)
    first, second = happen(actor), happen(actor)
    other = happen(actor, "thing:2")

    dispatch()
    seen_at_once = list(seen)
    dispatch(NOON + timedelta(seconds=2))

    assert seen_at_once == [other.pk]
    assert seen == [other.pk, first.pk, second.pk]


def test_a_dead_letter_no_longer_holds_up_what_follows(actor: Actor, subscribing: Subscribing) -> None:
    subscribing(fail)
    first, second = happen(actor), happen(actor)
    dispatch()
    Delivery.objects.filter(event_id=first.pk).update(status=DeliveryStatus.DEAD_LETTER)

    dispatch()

    assert delivery_of(second).attempts == 1


def test_a_delivery_to_a_subscriber_that_is_gone_is_kept_and_says_so(actor: Actor, subscribing: Subscribing) -> None:
    event = happen(actor)
    leased = Delivery.objects.filter(event_id=event.pk)
    leased.update(subscriber="test.gone")

    dispatch()

    assert delivery_of(event, "test.gone").failure == "outbox.subscriber_unknown"


def test_a_batch_is_bounded(actor: Actor) -> None:
    for number in range(5):
        happen(actor, f"thing:{number}")

    assert dispatching.dispatch(clock=lambda: NOON, limit=3) == 3
    assert dispatch() > 0
    assert dispatch() == 0


def test_each_delivery_is_leased_from_the_instant_it_begins(actor: Actor, subscribing: Subscribing) -> None:
    leases_seen: list[datetime | None] = []
    instants = (NOON + timedelta(seconds=second) for second in range(100))
    subscribing(
        lambda event: leases_seen.append(Delivery.objects.get(event_id=event.id, subscriber="test.act").leased_until)
    )
    happen(actor, "thing:1")
    happen(actor, "thing:2")

    dispatching.dispatch(clock=lambda: next(instants))

    first, second = leases_seen
    assert first is not None
    assert second is not None
    assert first < second


def test_a_worker_that_lost_its_lease_leaves_nothing(actor: Actor, subscribing: Subscribing) -> None:
    calls: Counter[str] = Counter()
    subscribing(lambda _event: calls.update(["ran"]))
    event = happen(actor)
    dispatching.dispatch(clock=lambda: NOON, limit=2)  # the fan-out and the outbox's own subscriber
    slow = leases.claim_next(Lane.INWARD, at=NOON)
    assert slow is not None
    assert reaping.reap(at=NOON + leases.LEASE + timedelta(seconds=1)) == 1
    dispatch(NOON + timedelta(hours=1))

    dispatching._try(slow, lambda: NOON)

    assert calls == {"ran": 1}
    assert delivery_of(event).status == DeliveryStatus.SUCCEEDED


def dispatch_only_fan_out() -> None:
    dispatching.dispatch(clock=lambda: NOON, limit=1)


@pytest.mark.parametrize("status", [DeliveryStatus.DEAD_LETTER, DeliveryStatus.CANCELLED])
def test_what_was_given_up_can_begin_anew(actor: Actor, subscribing: Subscribing, status: DeliveryStatus) -> None:
    calls: Counter[str] = Counter()
    subscribing(lambda _event: calls.update(["ran"]))
    event = happen(actor)
    dispatch_only_fan_out()
    Delivery.objects.filter(subscriber="test.act").update(status=status, finished_at=NOON)

    with tenant_scope(actor.tenant_id):
        dispatching.retry(actor=actor, pk=delivery_of(event).pk, reason="repaired", at=NOON)
    dispatch()

    assert calls == {"ran": 1}


def test_what_is_under_way_does_not_begin_anew(actor: Actor) -> None:
    event = happen(actor)
    waiting = delivery_of(event, "outbox.fan_out")

    with tenant_scope(actor.tenant_id), pytest.raises(DeliveryUnderway):
        dispatching.retry(actor=actor, pk=waiting.pk, reason="impatient", at=NOON)


def test_a_delivery_of_another_tenant_is_not_there(actor: Actor, other_tenant: Tenant) -> None:
    foreign = delivery_of(happen(almighty(other_tenant)), "outbox.fan_out")

    with tenant_scope(actor.tenant_id), pytest.raises(DeliveryUnknown):
        dispatching.retry(actor=actor, pk=foreign.pk, reason="", at=NOON)


def test_trying_anew_needs_the_scope(actor: Actor) -> None:
    waiting = delivery_of(happen(actor), "outbox.fan_out")
    reader = Actor(tenant_id=actor.tenant_id, subject="user:reader")

    with tenant_scope(actor.tenant_id), pytest.raises(ScopeMissing):
        dispatching.retry(actor=reader, pk=waiting.pk, reason="", at=NOON)


@pytest.fixture
def committed_actor(transactional_db: None) -> Actor:
    return almighty(TenantFactory(slug="committed"))


@pytest.mark.django_db(transaction=True)
def test_many_workers_at_once_hand_over_each_event_once(committed_actor: Actor, subscribing: Subscribing) -> None:
    calls: Counter[object] = Counter()
    subscribing(lambda event: calls.update([event.id]))
    events = [happen(committed_actor, f"thing:{number % 3}") for number in range(12)]

    in_threads(4, dispatch)

    while dispatch():
        pass
    assert calls == {event.pk: 1 for event in events}


def in_threads(count: int, act: Callable[[], object]) -> None:
    def work() -> None:
        try:
            act()
        finally:
            connections.close_all()

    workers = [threading.Thread(target=work) for _ in range(count)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


WORKER = """
import sys
import django
django.setup()
from datetime import datetime
from stellapolicy.audit import services as audit
from stellapolicy.outbox import names, subscriptions
from stellapolicy.outbox.services import dispatching
names.register({"test.happened": "Something happened in a test"})
def act(event):
    audit.record(event.actor, "outbox.retried", audit.Target("thing", event.subject), at=event.at)
subscriptions.subscribe("test.happened", key="test.act", act=act)
at = datetime.fromisoformat(sys.argv[1])
dispatching.dispatch(clock=lambda: at)
"""


@pytest.mark.django_db(transaction=True)
def test_what_a_killed_worker_held_is_done_exactly_once_by_the_next(
    committed_actor: Actor, subscribing: Subscribing
) -> None:
    def act(event: PublishedEvent) -> None:
        audit.record(event.actor, "outbox.retried", audit.Target("thing", event.subject), at=event.at)

    subscribing(act)
    with tenant_scope(committed_actor.tenant_id):
        audit.record(committed_actor, "outbox.retried", audit.Target("thing", "earlier"), at=NOON)
    event = happen(committed_actor)
    worker = stuck_worker(committed_actor)
    late = NOON + leases.LEASE + timedelta(seconds=1)
    reaped_while_alive = reaping.reap(at=late)

    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()

    reaped_when_dead = reap_as_soon_as_the_lock_falls(late)
    dispatch(late + timedelta(minutes=1))
    assert (reaped_while_alive, reaped_when_dead) == (0, 1)
    assert delivery_of(event).status == DeliveryStatus.SUCCEEDED
    with tenant_scope(committed_actor.tenant_id):
        assert Entry.objects.filter(target_id="thing:1").count() == 1


def stuck_worker(actor: Actor) -> "subprocess.Popen[bytes]":
    """Start a worker process and hold what its act must write, so that it stands in the middle of it."""
    with tenant_scope(actor.tenant_id), transaction.atomic():
        ChainHead.objects.locked().get()
        worker = python("-c", WORKER, NOON.isoformat())
        with connection.cursor() as cursor:
            while worker.poll() is None:
                cursor.execute(WAITING_HERE)
                (count,) = cursor.fetchone()
                if count:
                    break
                cursor.execute("SELECT pg_sleep(0.02)")
        assert worker.poll() is None, "the worker ended before it could be killed"
        os.kill(worker.pid, signal.SIGSTOP)
    return worker


def reap_as_soon_as_the_lock_falls(at: datetime) -> int:
    """PostgreSQL notices a moment later that the connection of a killed process is gone."""
    for _ in range(500):
        if reaped := reaping.reap(at=at):
            return reaped
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(0.02)")
    return 0
