"""Webhooks: who may be told, and what happens to their secret."""

from collections.abc import Callable
from uuid import UUID

import pytest

from stellapolicy.audit.models import Entry
from stellapolicy.egress.errors import AddressRefused, NotAllowed, Sealed
from stellapolicy.egress.models import ConnectionMode
from stellapolicy.egress.services.connection import set_mode
from stellapolicy.kernel.actor import Actor, ScopeMissing
from stellapolicy.outbox.errors import (
    EventNameUnknown,
    TooManyWebhooks,
    WebhookNotPaused,
    WebhookPaused,
    WebhookUnknown,
)
from stellapolicy.outbox.models import Delivery, Lane, OutboxEvent, WebhookState, WebhookSubscription
from stellapolicy.outbox.services import dispatching, webhooks
from stellapolicy.outbox.services.events import publish
from stellapolicy.outbox.services.webhooks import (
    CreatedWebhook,
    create_webhook,
    delete_webhook,
    pause_webhook,
    ping_webhook,
    resume_webhook,
    rotate_secret,
)
from tests.factories import NOON

Verb = Callable[..., object]
pytestmark = pytest.mark.usefixtures("in_tenant")
# A public address: judged, never called.
URL = "https://8.8.8.8/hook"


def create(actor: Actor, url: str = URL, *events: str) -> CreatedWebhook:
    return create_webhook(actor=actor, url=url, events=events or ("test.*",), description="chat", at=NOON)


def followers(actor: Actor, name: str = "test.happened") -> set[str]:
    event = publish(name, actor=actor, subject="thing:1", data={}, at=NOON)
    dispatching.dispatch(clock=lambda: NOON)
    return set(Delivery.objects.filter(event_id=event.pk, lane=Lane.OUTWARD).values_list("subscriber", flat=True))


def test_a_webhook_is_told_of_the_events_it_names(actor: Actor) -> None:
    webhook = create(actor, URL, "test.happened", "webhook.*").webhook

    assert followers(actor) == {webhook.subscriber}
    assert followers(actor, "test.ended") == set()


def test_a_secret_is_returned_once_and_kept_encrypted(actor: Actor) -> None:
    created = create(actor)

    kept = WebhookSubscription.objects.values().get()
    assert created.secret.startswith("whsec_")
    assert created.secret not in str(kept)


@pytest.mark.parametrize("url", ["http://8.8.8.8/", "nonsense", "ftp://8.8.8.8/", "https://me:word@8.8.8.8/"])
def test_an_address_that_is_not_https_is_refused(actor: Actor, url: str) -> None:
    with pytest.raises(NotAllowed):
        create(actor, url)


@pytest.mark.parametrize(
    "url", ["https://127.0.0.1/", "https://localhost/", "https://169.254.169.254/", "https://[::1]/"]
)
def test_an_address_inside_is_refused(actor: Actor, url: str) -> None:
    with pytest.raises(AddressRefused):
        create(actor, url)


def test_an_event_nobody_publishes_is_refused_where_it_stands(actor: Actor) -> None:
    with pytest.raises(EventNameUnknown) as refused:
        create(actor, URL, "test.happened", "test.never")

    assert [fault.pointer for fault in refused.value.faults] == ["/events/1"]


def test_no_event_at_all_is_refused(actor: Actor) -> None:
    with pytest.raises(EventNameUnknown):
        create_webhook(actor=actor, url=URL, events=(), at=NOON)


def test_a_sealed_installation_makes_and_tests_no_webhook(actor: Actor) -> None:
    webhook = create(actor).webhook
    set_mode(actor=actor, mode=ConnectionMode.SEALED, reason="drill", at=NOON)

    with pytest.raises(Sealed):
        create(actor)
    with pytest.raises(Sealed):
        ping_webhook(actor=actor, pk=webhook.pk, at=NOON)


def test_a_tenant_has_only_so_many_webhooks(actor: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "MOST_WEBHOOKS", 1)
    create(actor)

    with pytest.raises(TooManyWebhooks):
        create(actor)


def test_a_webhook_needs_the_scope(actor: Actor) -> None:
    with pytest.raises(ScopeMissing):
        create(Actor(tenant_id=actor.tenant_id, subject="user:reader"))


def test_a_new_secret_replaces_the_old_which_signs_for_another_day(actor: Actor) -> None:
    created = create(actor)

    rotated = rotate_secret(actor=actor, pk=created.webhook.pk, at=NOON)

    assert rotated.secret != created.secret
    assert rotated.webhook.sealed_previous_secret == created.webhook.sealed_secret
    assert rotated.webhook.previous_secret_until == NOON + webhooks.GRACE


def test_a_paused_webhook_is_told_of_nothing_and_the_tenant_is_told_that_it_is(actor: Actor) -> None:
    webhook = create(actor).webhook

    pause_webhook(actor=actor, pk=webhook.pk, reason="too loud", at=NOON)

    assert followers(actor) == set()
    assert OutboxEvent.objects.named(["webhook.paused"]).get().data["reason"] == "too loud"
    assert Entry.objects.filter(action="webhook.paused", reason="too loud").exists()


def test_a_paused_webhook_is_neither_paused_nor_tested(actor: Actor) -> None:
    webhook = create(actor).webhook
    pause_webhook(actor=actor, pk=webhook.pk, reason="", at=NOON)

    with pytest.raises(WebhookPaused):
        pause_webhook(actor=actor, pk=webhook.pk, reason="", at=NOON)
    with pytest.raises(WebhookPaused):
        ping_webhook(actor=actor, pk=webhook.pk, at=NOON)


def test_a_resumed_webhook_is_told_again(actor: Actor) -> None:
    webhook = create(actor).webhook
    pause_webhook(actor=actor, pk=webhook.pk, reason="", at=NOON)

    resumed = resume_webhook(actor=actor, pk=webhook.pk, at=NOON)

    assert resumed.state == WebhookState.ACTIVE
    assert followers(actor) == {webhook.subscriber}


def test_an_active_webhook_cannot_be_resumed(actor: Actor) -> None:
    with pytest.raises(WebhookNotPaused):
        resume_webhook(actor=actor, pk=create(actor).webhook.pk, at=NOON)


def test_a_deleted_webhook_keeps_its_row_and_no_secret(actor: Actor) -> None:
    created = create(actor)
    rotate_secret(actor=actor, pk=created.webhook.pk, at=NOON)

    delete_webhook(actor=actor, pk=created.webhook.pk, at=NOON)

    kept = WebhookSubscription.objects.get()
    assert (kept.state, kept.sealed_secret, kept.sealed_previous_secret) == (WebhookState.DELETED, "", "")
    assert followers(actor) == set()


def test_a_deleted_webhook_is_not_there_any_more(actor: Actor) -> None:
    webhook = create(actor).webhook
    delete_webhook(actor=actor, pk=webhook.pk, at=NOON)

    for verb in (rotate_secret, resume_webhook, ping_webhook, delete_webhook):
        with pytest.raises(WebhookUnknown):
            verb(actor=actor, pk=webhook.pk, at=NOON)


@pytest.mark.parametrize("verb", [rotate_secret, resume_webhook, ping_webhook, delete_webhook])
def test_a_webhook_of_another_tenant_is_not_there(actor: Actor, foreign_webhook: UUID, verb: Verb) -> None:
    with pytest.raises(WebhookUnknown):
        verb(actor=actor, pk=foreign_webhook, at=NOON)


def test_a_ping_is_for_one_webhook_alone(actor: Actor) -> None:
    webhook = create(actor, URL, "*").webhook
    create(actor, URL, "*")

    event = ping_webhook(actor=actor, pk=webhook.pk, at=NOON)
    dispatching.dispatch(clock=lambda: NOON)

    assert set(Delivery.objects.filter(event_id=event.pk).values_list("subscriber", flat=True)) == {webhook.subscriber}
