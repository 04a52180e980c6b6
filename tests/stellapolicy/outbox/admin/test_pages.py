"""What can be done on the pages of the outbox, and by whom."""

from datetime import UTC, datetime, timedelta
from http import HTTPStatus

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from stellapolicy.access.models import User
from stellapolicy.access.roles import Role
from stellapolicy.kernel.actor import Actor
from stellapolicy.outbox.models import (
    ChannelKind,
    Delivery,
    DeliveryStatus,
    Digest,
    Notification,
    NotificationChannel,
    NotificationRule,
    WebhookState,
    WebhookSubscription,
)
from stellapolicy.outbox.services import dispatching, outward
from stellapolicy.outbox.services.events import publish
from stellapolicy.outbox.services.notifications import create_channel, create_rule
from stellapolicy.outbox.services.webhooks import create_webhook
from stellapolicy.tenancy.models import Tenant
from stellapolicy.tenancy.scope import tenant_scope
from tests.factories import NOON, person_with

URL = "https://8.8.8.8/hook"


@pytest.fixture
def person(tenant: Tenant) -> User:
    """An administrator of the tenant."""
    return person_with(tenant, Role.ADMIN)


@pytest.fixture
def browser(person: User) -> Client:
    """A browser in which the administrator is signed in."""
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def webhook(actor: Actor) -> WebhookSubscription:
    """A webhook."""
    with tenant_scope(actor.tenant_id):
        return create_webhook(actor=actor, url=URL, events=["test.*"], description="chat", at=NOON).webhook


def happen(actor: Actor) -> None:
    with tenant_scope(actor.tenant_id):
        publish("test.happened", actor=actor, subject="thing:1", data={}, at=NOON)
        dispatching.dispatch(clock=lambda: NOON)


def do(browser: Client, verb: str, row: object, **said: str) -> HttpResponse:
    kind = type(row)._meta.model_name  # type: ignore[attr-defined]
    return browser.post(reverse(f"admin:outbox_{kind}_{verb}", args=[row.pk]), said)  # type: ignore[attr-defined, return-value]


def fresh(actor: Actor) -> WebhookSubscription:
    with tenant_scope(actor.tenant_id):
        return WebhookSubscription.objects.get()


def test_a_webhook_is_made_and_its_secret_shown_on_one_page_only(actor: Actor, browser: Client) -> None:
    said = {"url": URL, "events": "test.happened\ntest.ended", "description": "chat"}

    shown = browser.post(reverse("admin:outbox_webhooksubscription_new"), said)

    later = browser.get(reverse("admin:outbox_webhooksubscription_change", args=[fresh(actor).pk]))
    assert "whsec_" in shown.content.decode()
    assert "no-store" in shown["Cache-Control"]
    assert "whsec_" not in later.content.decode()
    assert fresh(actor).events == ["test.ended", "test.happened"]


def test_a_refused_address_is_told_in_the_form(tenant: Tenant, browser: Client) -> None:
    said = {"url": "https://127.0.0.1/", "events": "test.*"}

    shown = browser.post(reverse("admin:outbox_webhooksubscription_new"), said)

    assert "leads inside" in shown.content.decode()


def test_a_webhook_is_paused_resumed_and_deleted(actor: Actor, browser: Client, webhook: WebhookSubscription) -> None:
    do(browser, "pause", webhook, reason="too loud")
    paused = fresh(actor)
    do(browser, "resume", webhook)
    resumed = fresh(actor)
    do(browser, "delete", webhook, reason="gone")

    assert (paused.state, paused.pause_reason) == (WebhookState.PAUSED, "too loud")
    assert resumed.state == WebhookState.ACTIVE
    assert fresh(actor).state == WebhookState.DELETED


def test_a_new_secret_is_shown_once(browser: Client, webhook: WebhookSubscription) -> None:
    assert "whsec_" in do(browser, "rotate", webhook).content.decode()


def test_a_test_is_on_its_way(actor: Actor, browser: Client, webhook: WebhookSubscription) -> None:
    do(browser, "ping", webhook)

    assert Delivery.objects.filter(subscriber=webhook.subscriber, status=DeliveryStatus.QUEUED).count() == 1


@pytest.mark.parametrize("verb", ["rotate", "pause", "resume", "ping", "delete"])
def test_an_auditor_reads_and_does_nothing(
    tenant: Tenant, actor: Actor, webhook: WebhookSubscription, verb: str
) -> None:
    client = Client()
    client.force_login(person_with(tenant, Role.AUDITOR))

    refused = do(client, verb, webhook, reason="because")

    page = client.get(reverse("admin:outbox_webhooksubscription_change", args=[webhook.pk]))
    assert refused.status_code == HTTPStatus.FORBIDDEN
    assert page.status_code == HTTPStatus.OK
    assert f"/{verb}/" not in page.content.decode()


def test_what_was_given_up_is_counted_on_the_overview_and_tried_anew(
    actor: Actor, browser: Client, webhook: WebhookSubscription
) -> None:
    happen(actor)
    waiting = Delivery.objects.filter(subscriber=webhook.subscriber)
    waiting.update(status=DeliveryStatus.DEAD_LETTER, finished_at=NOON, failure="http.500")

    home = browser.get(reverse("admin:index")).content.decode()
    do(browser, "retry", waiting.get(), reason="repaired")

    assert "events that somebody did not get" in home
    assert waiting.get().status == DeliveryStatus.QUEUED


def test_an_attempt_says_why_it_failed_and_its_event_is_sent_again(
    actor: Actor, browser: Client, webhook: WebhookSubscription
) -> None:
    with tenant_scope(actor.tenant_id):
        WebhookSubscription.objects.update(url="https://nowhere.example/")
    happen(actor)
    outward.deliver(clock=lambda: NOON)
    Delivery.objects.filter(subscriber=webhook.subscriber).update(status=DeliveryStatus.DEAD_LETTER)
    with tenant_scope(actor.tenant_id):
        attempt = webhook.attempts.get()

    page = browser.get(reverse("admin:outbox_webhookdelivery_change", args=[attempt.pk])).content.decode()
    do(browser, "redeliver", attempt)

    assert "egress.failed" in page
    assert Delivery.objects.get(subscriber=webhook.subscriber).status == DeliveryStatus.QUEUED


def test_a_channel_and_a_rule_are_made_muted_and_removed(actor: Actor, browser: Client) -> None:
    browser.post(
        reverse("admin:outbox_notificationchannel_new"), {"name": "all", "kind": "in_app", "recipients": "ada\nbob"}
    )
    with tenant_scope(actor.tenant_id):
        channel = NotificationChannel.objects.get()
    said = {"channel": str(channel.pk), "events": "test.*", "digest": "hourly"}
    browser.post(reverse("admin:outbox_notificationrule_new"), said)
    with tenant_scope(actor.tenant_id):
        rule = NotificationRule.objects.get()

    do(browser, "mute", rule, until=f"{datetime.now(tz=UTC) + timedelta(days=30):%Y-%m-%d}")
    with tenant_scope(actor.tenant_id):
        muted = NotificationRule.objects.get().muted_until
    do(browser, "remove", channel)

    with tenant_scope(actor.tenant_id):
        assert not NotificationChannel.objects.live().exists()
        assert NotificationRule.objects.get().digest == Digest.HOURLY
    assert muted is not None


def test_one_reads_ones_own_inbox_and_nobody_elses(tenant: Tenant, actor: Actor, browser: Client, person: User) -> None:
    with tenant_scope(actor.tenant_id):
        channel = create_channel(
            actor=actor, name="all", kind=ChannelKind.IN_APP, recipients=(person.username, "somebody"), at=NOON
        )
        create_rule(actor=actor, channel_id=channel.pk, events=["test.*"], digest=Digest.IMMEDIATELY, at=NOON)
    happen(actor)
    with tenant_scope(actor.tenant_id):
        mine = Notification.objects.get(person=person.subject)
        other = Notification.objects.get(person="user:somebody")

    read = do(browser, "read", mine)
    foreign = do(browser, "read", other)

    with tenant_scope(actor.tenant_id):
        unread = set(Notification.objects.unread().values_list("person", flat=True))
    assert (read.status_code, foreign.status_code) == (HTTPStatus.FOUND, HTTPStatus.NOT_FOUND)
    assert unread == {"user:somebody"}


def test_everybody_has_an_inbox(tenant: Tenant) -> None:
    client = Client()
    client.force_login(person_with(tenant, Role.VIEWER))

    assert client.get(reverse("admin:outbox_notification_changelist")).status_code == HTTPStatus.OK
    assert client.get(reverse("admin:outbox_webhooksubscription_changelist")).status_code == HTTPStatus.FORBIDDEN
