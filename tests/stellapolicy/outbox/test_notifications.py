"""Who is told of what, over which way, how often, and never twice."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import orjson
import pytest
from django.core import mail
from pytest_django import Settings

from stellapolicy.egress.errors import AddressRefused
from stellapolicy.egress.models import ConnectionMode
from stellapolicy.egress.services.connection import set_mode
from stellapolicy.kernel.actor import Actor, ScopeMissing
from stellapolicy.outbox.errors import (
    ChannelNameTaken,
    ChannelUnknown,
    EmailUnsupported,
    EventNameUnknown,
    MuteRefused,
    RuleUnknown,
    TargetRefused,
)
from stellapolicy.outbox.models import (
    ChannelKind,
    Delivery,
    DeliveryStatus,
    Digest,
    MessageStatus,
    Notice,
    Notification,
    NotificationChannel,
    NotificationMessage,
    NotificationRule,
    OutboxEvent,
)
from stellapolicy.outbox.services import dispatching, leases, notifying, outward
from stellapolicy.outbox.services.events import publish
from stellapolicy.outbox.services.notifications import (
    create_channel,
    create_rule,
    mark_read,
    mute_rule,
    remove_channel,
    remove_rule,
    unmute_rule,
)
from tests.factories import NOON
from tests.loopback import Answer, Loopback, loopback

pytestmark = pytest.mark.usefixtures("in_tenant")
HOUR = timedelta(hours=1)


def channel(
    actor: Actor, kind: ChannelKind = ChannelKind.IN_APP, *recipients: str, url: str = "", name: str = "security"
) -> NotificationChannel:
    return create_channel(actor=actor, name=name, kind=kind, recipients=recipients, url=url, at=NOON)


def inbox_of(actor: Actor, *people: str) -> NotificationChannel:
    return channel(actor, ChannelKind.IN_APP, *(people or ("alice",)))


def rule(
    actor: Actor, over: NotificationChannel, *events: str, digest: Digest = Digest.IMMEDIATELY
) -> NotificationRule:
    return create_rule(actor=actor, channel_id=over.pk, events=events or ("test.*",), digest=digest, at=NOON)


def happen(actor: Actor, subject: str = "thing:1", *, at: datetime = NOON) -> OutboxEvent:
    event = publish("test.happened", actor=actor, subject=subject, data={"number": 1, "list": [1]}, at=at)
    dispatching.dispatch(clock=lambda: at)
    return event


def deliver(at: datetime = NOON) -> None:
    outward.deliver(clock=lambda: at)


@pytest.fixture
def chat(settings: Settings) -> Iterator[Loopback]:
    """A chat service on loopback that notifications may call."""
    settings.EGRESS_INTERNAL_HOSTS = {"notification": ["127.0.0.1"]}
    with loopback() as server:
        yield server


def test_an_event_is_put_into_the_inbox_of_each_person(actor: Actor) -> None:
    rule(actor, inbox_of(actor, "alice", "bob"))

    happen(actor)

    assert set(Notification.objects.values_list("person", flat=True)) == {"user:alice", "user:bob"}
    message = NotificationMessage.objects.get()
    assert message.title == "Something happened in a test: thing:1"
    assert message.text.splitlines()[1:] == ["number: 1"]
    assert message.status == MessageStatus.SUCCEEDED


def test_an_event_of_another_name_is_not_told(actor: Actor) -> None:
    rule(actor, inbox_of(actor), "test.ended")

    happen(actor)

    assert not Notification.objects.exists()


def test_an_event_that_two_rules_lead_to_one_channel_is_told_once_and_soonest(actor: Actor) -> None:
    over = inbox_of(actor)
    rule(actor, over, digest=Digest.DAILY)
    rule(actor, over)

    happen(actor)
    notifying.compose_due(at=NOON + timedelta(days=2))

    assert Notification.objects.count() == 1


def test_an_event_handed_over_twice_is_told_once(actor: Actor) -> None:
    rule(actor, inbox_of(actor))
    event = happen(actor)

    with pytest.raises(Exception, match="one_notice_per_channel_and_event"):
        notifying.notice(event.published(at=NOON))


@pytest.mark.parametrize(
    "digest,due",
    [(Digest.HOURLY, NOON + HOUR), (Digest.DAILY, NOON + 12 * HOUR), (Digest.IMMEDIATELY, NOON + timedelta(minutes=7))],
)
def test_a_digest_is_due_at_the_end_of_its_hour_or_day(digest: Digest, due: datetime) -> None:
    assert notifying.due_after(digest, at=NOON + timedelta(minutes=7)) == due


def test_a_digest_tells_of_all_its_events_in_one_message(actor: Actor) -> None:
    rule(actor, inbox_of(actor), digest=Digest.HOURLY)
    for number in range(3):
        happen(actor, f"thing:{number}")

    early = notifying.compose_due(at=NOON + timedelta(minutes=59))
    on_time = notifying.compose_due(at=NOON + HOUR)
    again = notifying.compose_due(at=NOON + HOUR)

    message = NotificationMessage.objects.get()
    assert (early, on_time, again) == (0, 1, 0)
    assert (message.title, message.event_count) == ("3 events", 3)
    assert [line.split()[-3] for line in message.text.splitlines()] == ["thing:0", "thing:1", "thing:2"]


def test_a_muted_rule_is_silent_and_does_not_speak_later(actor: Actor) -> None:
    muted = rule(actor, inbox_of(actor))
    mute_rule(actor=actor, pk=muted.pk, until=NOON + HOUR, at=NOON)

    happen(actor)
    happen(actor, at=NOON + HOUR)

    assert Notification.objects.count() == 1


def test_a_rule_can_speak_again_before_its_time(actor: Actor) -> None:
    muted = rule(actor, inbox_of(actor))
    mute_rule(actor=actor, pk=muted.pk, until=NOON + HOUR, at=NOON)

    unmute_rule(actor=actor, pk=muted.pk, at=NOON)

    happen(actor)
    assert Notification.objects.count() == 1


@pytest.mark.parametrize("until", [NOON, NOON - HOUR, NOON + timedelta(days=400)])
def test_a_rule_is_muted_for_a_time_to_come_only(actor: Actor, until: datetime) -> None:
    muted = rule(actor, inbox_of(actor))

    with pytest.raises(MuteRefused):
        mute_rule(actor=actor, pk=muted.pk, until=until, at=NOON)


def test_a_removed_rule_is_silent_and_gone(actor: Actor) -> None:
    gone = rule(actor, inbox_of(actor))

    remove_rule(actor=actor, pk=gone.pk, at=NOON)

    happen(actor)
    assert not Notice.objects.exists()
    with pytest.raises(RuleUnknown):
        remove_rule(actor=actor, pk=gone.pk, at=NOON)


def test_a_removed_channel_silences_its_rules(actor: Actor) -> None:
    over = inbox_of(actor)
    rule(actor, over)

    remove_channel(actor=actor, pk=over.pk, at=NOON)

    happen(actor)
    assert not Notice.objects.exists()
    with pytest.raises(ChannelUnknown):
        rule(actor, over)


def test_mail_goes_to_every_recipient_without_showing_them_to_each_other(actor: Actor) -> None:
    rule(actor, channel(actor, ChannelKind.EMAIL, "a@example.org", "b@example.org"))
    happen(actor)

    deliver()

    (sent,) = mail.outbox
    assert sent.bcc == ["a@example.org", "b@example.org"]
    assert sent.to == []
    assert "thing:1" in sent.subject
    assert NotificationMessage.objects.get().sent_at == NOON


def test_mail_without_a_server_is_refused_as_unsupported(actor: Actor, settings: Settings) -> None:
    settings.EMAIL_BACKEND = "stellapolicy.outbox.mail.UnsupportedBackend"

    with pytest.raises(EmailUnsupported):
        channel(actor, ChannelKind.EMAIL, "a@example.org")


def test_mail_that_loses_its_server_is_kept_and_says_why(actor: Actor, settings: Settings) -> None:
    rule(actor, channel(actor, ChannelKind.EMAIL, "a@example.org"))
    settings.EMAIL_BACKEND = "stellapolicy.outbox.mail.UnsupportedBackend"
    happen(actor)

    deliver()

    assert NotificationMessage.objects.get().failure == "channel.email_unsupported"
    assert Delivery.objects.get(lane="outward").status == DeliveryStatus.QUEUED


def test_a_chat_receives_text_without_marks_of_its_own(actor: Actor, chat: Loopback) -> None:
    rule(actor, channel(actor, ChannelKind.SLACK, url=chat.url("/services/T0/B0/secret")))
    happen(actor, "<!channel> & thing")

    deliver()

    (asked,) = chat.asked
    assert asked.path == "/services/T0/B0/secret"
    assert "&lt;!channel&gt; &amp; thing" in orjson.loads(asked.body)["text"]


def test_a_service_receives_title_and_text(actor: Actor, chat: Loopback) -> None:
    rule(actor, channel(actor, ChannelKind.WEBHOOK, url=chat.url("/in")))
    happen(actor)

    deliver()

    assert set(orjson.loads(chat.asked[0].body)) == {"title", "text"}


def test_a_message_that_is_not_taken_is_tried_again_and_given_up_at_last(actor: Actor, settings: Settings) -> None:
    settings.EGRESS_INTERNAL_HOSTS = {"notification": ["127.0.0.1"]}
    with loopback(lambda _asked: Answer(500)) as server:
        rule(actor, channel(actor, ChannelKind.SLACK, url=server.url()))
        happen(actor)
        at = NOON
        for _ in leases.OUTWARD_PAUSES:
            deliver(at)
            at = Delivery.objects.get(lane="outward").available_at
        waiting = NotificationMessage.objects.get().status
        deliver(at)

    message = NotificationMessage.objects.get()
    assert (waiting, message.status, message.failure) == ("queued", "failed", "channel.not_taken")


def test_a_sealed_installation_sends_no_message_and_counts_no_failure(actor: Actor, chat: Loopback) -> None:
    rule(actor, channel(actor, ChannelKind.SLACK, url=chat.url()))
    happen(actor)
    set_mode(actor=actor, mode=ConnectionMode.SEALED, reason="drill", at=NOON)

    deliver()

    assert chat.asked == []
    assert Delivery.objects.get(lane="outward").attempts == 0


def test_a_message_over_a_channel_that_was_removed_is_called_off(actor: Actor, chat: Loopback) -> None:
    over = channel(actor, ChannelKind.SLACK, url=chat.url())
    rule(actor, over)
    happen(actor)
    remove_channel(actor=actor, pk=over.pk, at=NOON)

    deliver()

    assert chat.asked == []
    assert NotificationMessage.objects.get().status == MessageStatus.FAILED


def test_the_address_of_a_channel_is_neither_kept_nor_shown_in_the_clear(actor: Actor) -> None:
    channel(actor, ChannelKind.SLACK, url="https://8.8.8.8/services/T0/B0/secret")

    kept = NotificationChannel.objects.values().get()
    assert kept["shown_target"] == "https://8.8.8.8/…"
    assert "secret" not in kept["sealed_target"]


def test_a_channel_that_leads_inside_is_refused(actor: Actor) -> None:
    with pytest.raises(AddressRefused):
        channel(actor, ChannelKind.SLACK, url="https://10.0.0.1/")


@pytest.mark.parametrize(
    "kind,recipients,url",
    [
        (ChannelKind.EMAIL, (), ""),
        (ChannelKind.EMAIL, ("nobody",), ""),
        (ChannelKind.EMAIL, ("a@example.org\nBcc: b@example.org",), ""),
        (ChannelKind.EMAIL, ("a@example.org",), "https://8.8.8.8/"),
        (ChannelKind.EMAIL, tuple(f"a{number}@example.org" for number in range(51)), ""),
        (ChannelKind.IN_APP, ("not a name",), ""),
        (ChannelKind.SLACK, (), ""),
        (ChannelKind.WEBHOOK, ("alice",), "https://8.8.8.8/"),
    ],
)
def test_a_channel_that_leads_nowhere_is_refused(
    actor: Actor, kind: ChannelKind, recipients: tuple[str, ...], url: str
) -> None:
    with pytest.raises(TargetRefused):
        channel(actor, kind, *recipients, url=url)


def test_two_channels_of_one_name_are_refused(actor: Actor) -> None:
    inbox_of(actor)

    with pytest.raises(ChannelNameTaken):
        inbox_of(actor)


def test_a_rule_about_no_event_is_refused(actor: Actor) -> None:
    with pytest.raises(EventNameUnknown):
        rule(actor, inbox_of(actor), "test.never")


def test_channels_and_rules_need_the_scope(actor: Actor) -> None:
    reader = Actor(tenant_id=actor.tenant_id, subject="user:reader")
    over = inbox_of(actor)

    with pytest.raises(ScopeMissing):
        channel(reader, ChannelKind.IN_APP, "alice", name="other")
    with pytest.raises(ScopeMissing):
        rule(reader, over)


def test_everybody_marks_their_own_notifications_read(actor: Actor) -> None:
    rule(actor, inbox_of(actor, "alice", "bob"))
    happen(actor)
    alice = Actor(tenant_id=actor.tenant_id, subject="user:alice")

    assert mark_read(actor=alice, pks=None, at=NOON) == 1
    assert mark_read(actor=alice, pks=None, at=NOON) == 0
    assert Notification.objects.of_person("user:bob").unread().count() == 1


def test_nobody_marks_a_notification_of_somebody_else(actor: Actor) -> None:
    rule(actor, inbox_of(actor, "bob"))
    happen(actor)
    alice = Actor(tenant_id=actor.tenant_id, subject="user:alice")

    assert mark_read(actor=alice, pks=[Notification.objects.get().pk], at=NOON) == 0
