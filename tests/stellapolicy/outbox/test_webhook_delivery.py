"""Telling a webhook: what arrives, what is logged, when it is tried again and when no more."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import orjson
import pytest
from pytest_django import Settings

from stellapolicy.egress.models import ConnectionMode
from stellapolicy.egress.services.connection import set_mode
from stellapolicy.kernel.actor import Actor
from stellapolicy.outbox.errors import DeliveryUnderway, DeliveryUnknown, WebhookPaused
from stellapolicy.outbox.message import signature
from stellapolicy.outbox.models import (
    AttemptOutcome,
    Delivery,
    DeliveryStatus,
    OutboxEvent,
    WebhookDelivery,
    WebhookState,
    WebhookSubscription,
)
from stellapolicy.outbox.services import dispatching, leases, outward, webhook_delivery
from stellapolicy.outbox.services.events import publish
from stellapolicy.outbox.services.webhooks import (
    GRACE,
    CreatedWebhook,
    create_webhook,
    delete_webhook,
    pause_webhook,
    ping_webhook,
    redeliver,
    rotate_secret,
)
from tests.factories import NOON
from tests.loopback import Answer, Asked, Loopback, loopback

pytestmark = pytest.mark.usefixtures("in_tenant")


@dataclass(slots=True)
class Receiver:
    """The other side: what it answers, and what it was sent."""

    server: Loopback
    answer: Answer = field(default_factory=Answer)

    @property
    def received(self) -> list[Asked]:
        """Every message that came."""
        return self.server.asked


@pytest.fixture
def receiver(settings: Settings) -> Iterator[Receiver]:
    """Run the other side on loopback, which webhooks of this test may call."""
    settings.EGRESS_INTERNAL_HOSTS = {"webhook": ["127.0.0.1"]}
    with ExitStack() as stack:
        server = stack.enter_context(loopback(lambda _asked: receiving.answer))
        receiving = Receiver(server)
        yield receiving


@pytest.fixture
def created(actor: Actor, receiver: Receiver) -> CreatedWebhook:
    """A webhook that leads to the other side."""
    return create_webhook(actor=actor, url=receiver.server.url("/hook"), events=["test.*"], at=NOON)


def happen(actor: Actor) -> OutboxEvent:
    return publish("test.happened", actor=actor, subject="thing:1", data={"number": 1}, at=NOON)


def deliver(at: datetime = NOON) -> None:
    dispatching.dispatch(clock=lambda: at)
    outward.deliver(clock=lambda: at)


def waiting() -> Delivery:
    return Delivery.objects.get(lane="outward")


def log() -> list[WebhookDelivery]:
    return list(WebhookDelivery.objects.order_by("pk"))


def fresh(created: CreatedWebhook) -> WebhookSubscription:
    return WebhookSubscription.objects.get(pk=created.webhook.pk)


def test_an_event_arrives_signed(actor: Actor, receiver: Receiver, created: CreatedWebhook) -> None:
    event = happen(actor)

    deliver()

    (message,) = receiver.received
    headers = {name.lower(): value for name, value in message.headers.items()}
    expected = signature(created.secret, event.pk, headers["webhook-timestamp"], message.body)
    assert (message.method, message.path) == ("POST", "/hook")
    assert headers["webhook-id"] == str(event.pk)
    assert headers["webhook-signature"] == expected
    assert headers["content-type"] == "application/cloudevents+json"
    assert orjson.loads(message.body)["data"] == {"number": 1}


def test_an_attempt_that_went_well_is_logged(actor: Actor, receiver: Receiver, created: CreatedWebhook) -> None:
    receiver.answer = Answer(202, b"thanks\x00\n")
    happen(actor)

    deliver()

    (attempt,) = log()
    assert (attempt.outcome, attempt.response_status, attempt.attempt) == (AttemptOutcome.SUCCEEDED, 202, 1)
    assert attempt.excerpt.rstrip() == "thanks"
    assert waiting().status == DeliveryStatus.SUCCEEDED
    assert fresh(created).last_success_at == NOON


@pytest.mark.parametrize("status", [301, 302, 400, 404, 429, 500, 503])
def test_any_answer_but_2xx_is_a_failure_with_its_reason(
    actor: Actor, receiver: Receiver, created: CreatedWebhook, status: int
) -> None:
    receiver.answer = Answer(status, b"no" * 1000, {"Location": "/elsewhere"})
    happen(actor)

    deliver()

    (attempt,) = log()
    assert (attempt.outcome, attempt.error_code) == (AttemptOutcome.FAILED, f"http.{status}")
    assert len(attempt.excerpt) <= 512
    assert len(receiver.received) == 1
    assert waiting().status == DeliveryStatus.QUEUED


def test_a_failure_is_tried_again_over_a_day_and_then_the_webhook_is_paused(
    actor: Actor, receiver: Receiver, created: CreatedWebhook
) -> None:
    receiver.answer = Answer(500)
    happen(actor)
    at = NOON

    for _ in leases.OUTWARD_PAUSES:
        deliver(at)
        at = waiting().available_at
    deliver(at)

    assert timedelta(hours=23) < at - NOON < timedelta(hours=25)
    assert waiting().status == DeliveryStatus.DEAD_LETTER
    assert [attempt.attempt for attempt in log()] == list(range(1, 12))
    assert fresh(created).state == WebhookState.PAUSED
    assert "http.500" in fresh(created).pause_reason
    assert OutboxEvent.objects.named(["webhook.paused"]).count() == 1


def test_many_failures_in_a_row_pause_a_webhook(
    actor: Actor, receiver: Receiver, created: CreatedWebhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook_delivery, "MOST_FAILURES", 3)
    receiver.answer = Answer(500)
    for _ in range(5):
        happen(actor)

    deliver()

    assert fresh(created).state == WebhookState.PAUSED
    assert len(receiver.received) == 3
    assert Delivery.objects.filter(lane="outward", status=DeliveryStatus.CANCELLED).count() == 2


def test_a_success_makes_earlier_failures_forgotten(actor: Actor, receiver: Receiver, created: CreatedWebhook) -> None:
    receiver.answer = Answer(500)
    happen(actor)
    deliver()
    receiver.answer = Answer(200)

    deliver(NOON + timedelta(minutes=1))

    assert fresh(created).consecutive_failures == 0
    assert fresh(created).last_failure_at == NOON


def test_the_other_side_may_say_that_it_is_gone(actor: Actor, receiver: Receiver, created: CreatedWebhook) -> None:
    receiver.answer = Answer(410)
    happen(actor)

    deliver()

    assert fresh(created).state == WebhookState.PAUSED


def test_an_address_that_leads_inside_by_now_is_not_called(
    actor: Actor, receiver: Receiver, created: CreatedWebhook, settings: Settings
) -> None:
    WebhookSubscription.objects.update(url=f"https://127.0.0.1:{receiver.server.port}/")
    settings.EGRESS_INTERNAL_HOSTS = {}
    happen(actor)

    deliver()

    (attempt,) = log()
    assert attempt.error_code == "egress.address_refused"
    assert receiver.received == []


def test_nobody_there_is_a_failure_with_its_reason(actor: Actor, created: CreatedWebhook) -> None:
    WebhookSubscription.objects.update(url="http://127.0.0.1:9/")
    happen(actor)

    deliver()

    assert [attempt.error_code for attempt in log()] == ["egress.failed"]


def test_a_sealed_installation_sends_nothing_and_counts_no_failure(
    actor: Actor, receiver: Receiver, created: CreatedWebhook
) -> None:
    happen(actor)
    set_mode(actor=actor, mode=ConnectionMode.SEALED, reason="drill", at=NOON)

    deliver()

    held = waiting()
    assert (held.status, held.attempts, held.failure) == (DeliveryStatus.QUEUED, 0, "egress.sealed")
    assert held.available_at == NOON + webhook_delivery.WHILE_SEALED
    assert (receiver.received, log()) == ([], [])


def test_what_waits_for_a_paused_webhook_is_called_off(
    actor: Actor, receiver: Receiver, created: CreatedWebhook
) -> None:
    happen(actor)
    dispatching.dispatch(clock=lambda: NOON)
    pause_webhook(actor=actor, pk=created.webhook.pk, reason="", at=NOON)

    outward.deliver(clock=lambda: NOON)

    assert waiting().status == DeliveryStatus.CANCELLED
    assert receiver.received == []


def test_what_waits_for_a_deleted_webhook_is_called_off(
    actor: Actor, receiver: Receiver, created: CreatedWebhook
) -> None:
    happen(actor)
    dispatching.dispatch(clock=lambda: NOON)
    delete_webhook(actor=actor, pk=created.webhook.pk, at=NOON)

    outward.deliver(clock=lambda: NOON)

    assert receiver.received == []


@pytest.mark.parametrize("after,signatures", [(timedelta(hours=1), 2), (GRACE, 1)])
def test_both_secrets_sign_for_a_day(
    actor: Actor, receiver: Receiver, created: CreatedWebhook, after: timedelta, signatures: int
) -> None:
    rotate_secret(actor=actor, pk=created.webhook.pk, at=NOON)
    happen(actor)

    deliver(NOON + after)

    headers = {name.lower(): value for name, value in receiver.received[0].headers.items()}
    assert len(headers["webhook-signature"].split()) == signatures


def test_a_secret_that_cannot_be_read_is_a_failure_with_its_reason(
    actor: Actor, receiver: Receiver, created: CreatedWebhook, settings: Settings
) -> None:
    settings.SECRET_KEY = "a key that replaced the other without a trace"
    happen(actor)

    deliver()

    assert [attempt.error_code for attempt in log()] == ["webhook.secret_unreadable"]
    assert receiver.received == []


def test_a_ping_arrives(actor: Actor, receiver: Receiver, created: CreatedWebhook) -> None:
    event = ping_webhook(actor=actor, pk=created.webhook.pk, at=NOON)

    deliver()

    (message,) = receiver.received
    assert orjson.loads(message.body)["type"] == "webhook.ping"
    assert orjson.loads(message.body)["id"] == str(event.pk)


def test_an_event_can_be_sent_again_under_its_id(actor: Actor, receiver: Receiver, created: CreatedWebhook) -> None:
    happen(actor)
    deliver()

    redeliver(actor=actor, webhook_id=created.webhook.pk, pk=log()[0].pk, at=NOON)
    deliver()

    first, second = receiver.received
    assert first.body == second.body


def test_an_event_whose_place_in_the_queue_was_forgotten_can_be_sent_again(
    actor: Actor, receiver: Receiver, created: CreatedWebhook
) -> None:
    happen(actor)
    deliver()
    Delivery.objects.all().delete()

    redeliver(actor=actor, webhook_id=created.webhook.pk, pk=log()[0].pk, at=NOON)
    deliver()

    assert len(receiver.received) == 2


def test_an_event_that_is_tried_again_by_itself_is_not_sent_again(
    actor: Actor, receiver: Receiver, created: CreatedWebhook
) -> None:
    receiver.answer = Answer(500)
    happen(actor)
    deliver()

    with pytest.raises(DeliveryUnderway):
        redeliver(actor=actor, webhook_id=created.webhook.pk, pk=log()[0].pk, at=NOON)


def test_nothing_is_sent_again_to_a_paused_webhook(actor: Actor, receiver: Receiver, created: CreatedWebhook) -> None:
    happen(actor)
    deliver()
    pause_webhook(actor=actor, pk=created.webhook.pk, reason="", at=NOON)

    with pytest.raises(WebhookPaused):
        redeliver(actor=actor, webhook_id=created.webhook.pk, pk=log()[0].pk, at=NOON)


def test_a_delivery_of_another_webhook_is_not_there(actor: Actor, receiver: Receiver, created: CreatedWebhook) -> None:
    other = create_webhook(actor=actor, url=receiver.server.url("/other"), events=["webhook.*"], at=NOON)
    happen(actor)
    deliver()

    with pytest.raises(DeliveryUnknown):
        redeliver(actor=actor, webhook_id=other.webhook.pk, pk=log()[0].pk, at=NOON)


def test_a_worker_that_lost_its_lease_while_it_waited_records_nothing(
    actor: Actor, receiver: Receiver, created: CreatedWebhook
) -> None:
    happen(actor)
    dispatching.dispatch(clock=lambda: NOON)
    instants = iter([NOON, NOON, NOON])

    def reaped_meanwhile() -> datetime:
        at = next(instants)
        if len(receiver.received) == 1:
            Delivery.objects.filter(lane="outward").update(lease=None, status=DeliveryStatus.QUEUED)
        return at

    outward.deliver(clock=reaped_meanwhile, limit=1)

    assert log() == []
    assert waiting().status == DeliveryStatus.QUEUED
