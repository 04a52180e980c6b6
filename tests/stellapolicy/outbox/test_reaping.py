"""What a worker never came back from counts as a failure of whoever kept it, and hides nothing else."""

from datetime import timedelta

import pytest
from pytest_django import Settings

from stellapolicy.kernel.actor import Actor
from stellapolicy.outbox.models import (
    AttemptOutcome,
    ChannelKind,
    Delivery,
    DeliveryStatus,
    Digest,
    Lane,
    MessageStatus,
    NotificationMessage,
    WebhookDelivery,
    WebhookState,
    WebhookSubscription,
)
from stellapolicy.outbox.services import dispatching, leases, outward, reaping, webhook_delivery
from stellapolicy.outbox.services.events import publish
from stellapolicy.outbox.services.notifications import create_channel, create_rule
from stellapolicy.outbox.services.webhooks import CreatedWebhook, create_webhook, pause_webhook
from tests.factories import NOON

pytestmark = pytest.mark.usefixtures("in_tenant")
LATE = NOON + leases.LEASE + timedelta(seconds=1)


@pytest.fixture
def created(actor: Actor) -> CreatedWebhook:
    """A webhook that nobody here calls."""
    return create_webhook(actor=actor, url="https://8.8.8.8/", events=["test.*"], at=NOON)


def happen(actor: Actor) -> None:
    publish("test.happened", actor=actor, subject="thing:1", data={"number": 1}, at=NOON)
    dispatching.dispatch(clock=lambda: NOON)


def claimed() -> Delivery:
    found = leases.claim_next(Lane.OUTWARD, at=NOON)
    assert found is not None
    return found


def waiting() -> Delivery:
    return Delivery.objects.get(lane=Lane.OUTWARD)


def test_a_webhook_that_kept_a_worker_to_its_end_has_failed_once(actor: Actor, created: CreatedWebhook) -> None:
    happen(actor)
    claimed()

    reaped = reaping.reap(at=LATE)

    attempt, webhook = WebhookDelivery.objects.get(), WebhookSubscription.objects.get()
    assert reaped == 1
    assert (attempt.outcome, attempt.error_code, attempt.attempt) == (AttemptOutcome.FAILED, "lease.expired", 1)
    assert (webhook.consecutive_failures, webhook.last_failure_at) == (1, LATE)
    assert (waiting().status, waiting().available_at) == (DeliveryStatus.QUEUED, attempt.next_attempt_at)


def test_a_webhook_that_keeps_workers_again_and_again_is_paused(
    actor: Actor, created: CreatedWebhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook_delivery, "MOST_FAILURES", 3)
    for _ in range(3):
        happen(actor)
        claimed()

    assert reaping.reap(at=LATE) == 3

    assert WebhookSubscription.objects.get().state == WebhookState.PAUSED
    assert "lease.expired" in WebhookSubscription.objects.get().pause_reason


def test_what_was_lost_on_its_last_attempt_is_given_up(actor: Actor, created: CreatedWebhook) -> None:
    happen(actor)
    Delivery.objects.filter(lane=Lane.OUTWARD).update(attempts=len(leases.OUTWARD_PAUSES))
    claimed()

    reaping.reap(at=LATE)

    assert waiting().status == DeliveryStatus.DEAD_LETTER
    assert WebhookSubscription.objects.get().state == WebhookState.PAUSED


def test_what_was_lost_on_its_way_to_a_webhook_paused_meanwhile_is_reaped_all_the_same(
    actor: Actor, created: CreatedWebhook
) -> None:
    happen(actor)
    claimed()
    pause_webhook(actor=actor, pk=created.webhook.pk, reason="by hand", at=NOON)

    assert reaping.reap(at=LATE) == 1

    assert WebhookSubscription.objects.get().pause_reason == "by hand"


def test_a_message_that_was_lost_on_its_way_says_so_and_waits(actor: Actor) -> None:
    over = create_channel(
        actor=actor, name="chat", kind=ChannelKind.SLACK, recipients=(), url="https://8.8.8.8/", at=NOON
    )
    create_rule(actor=actor, channel_id=over.pk, events=["test.*"], digest=Digest.IMMEDIATELY, at=NOON)
    happen(actor)
    claimed()

    assert reaping.reap(at=LATE) == 1

    message = NotificationMessage.objects.get()
    assert (message.status, message.failure) == (MessageStatus.QUEUED, "lease.expired")
    assert (waiting().status, waiting().failure) == (DeliveryStatus.QUEUED, "lease.expired")


def test_what_is_held_within_its_lease_is_not_reaped(actor: Actor, created: CreatedWebhook) -> None:
    happen(actor)
    claimed()

    assert reaping.reap(at=NOON + leases.LEASE) == 0

    assert not WebhookDelivery.objects.exists()


def test_a_surprise_after_the_lease_was_lost_is_still_told(
    actor: Actor, created: CreatedWebhook, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    happen(actor)

    def reaped_and_broken(*_: object, **__: object) -> None:
        reaping.reap(at=LATE)
        raise ZeroDivisionError

    monkeypatch.setattr(outward, "tell_webhook", reaped_and_broken)

    with pytest.raises(ZeroDivisionError):
        outward.deliver(clock=lambda: NOON)

    assert waiting().failure == "lease.expired"


def test_nothing_is_begun_after_the_time_of_a_batch(actor: Actor, created: CreatedWebhook) -> None:
    happen(actor)

    assert outward.deliver(clock=lambda: NOON, seconds=0) == 0

    assert waiting().attempts == 0
