"""Telling people: an event becomes a notice, notices become one message, a message is sent or put into inboxes."""

import json
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Final
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage

from stellapolicy.egress.errors import Sealed
from stellapolicy.egress.factory import require_host, session
from stellapolicy.kernel import canonical_json
from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.kernel.refusals import Refusal
from stellapolicy.outbox.errors import MessageNotTaken
from stellapolicy.outbox.models import (
    ChannelKind,
    Delivery,
    DeliveryStatus,
    Digest,
    Lane,
    MessageStatus,
    Notice,
    Notification,
    NotificationChannel,
    NotificationMessage,
    NotificationRule,
)
from stellapolicy.outbox.models.notification import MESSAGE_PREFIX
from stellapolicy.outbox.secrets_at_rest import unseal
from stellapolicy.outbox.services.dispatching import Clock
from stellapolicy.outbox.services.events import queue
from stellapolicy.outbox.services.leases import LEASE_EXPIRED, finish, give_back, hold, postpone
from stellapolicy.outbox.services.notifications import PURPOSE
from stellapolicy.outbox.services.webhook_delivery import WHILE_SEALED
from stellapolicy.outbox.subscriptions import PublishedEvent
from stellapolicy.outbox.targets import Target
from stellapolicy.outbox.wording import Words, words_for
from stellapolicy.tenancy.models import Tenant
from stellapolicy.tenancy.scope import tenant_scope

SUBSCRIBER: Final = "outbox.notify"
MAIL_PURPOSE: Final = "mail"
_MOST_AT_ONCE: Final = 1000
_ORDER: Final = {Digest.IMMEDIATELY: 0, Digest.HOURLY: 1, Digest.DAILY: 2}


def notice(event: PublishedEvent) -> None:
    """Note an event once for every channel that a rule leads it to, by the rule that speaks soonest."""
    soonest: dict[UUID, NotificationRule] = {}
    for rule in NotificationRule.objects.speaking(at=event.at).select_related("channel").order_by("pk"):
        if not rule.follows(event.name):
            continue
        other = soonest.get(rule.channel_id)
        if other is None or _ORDER[Digest(rule.digest)] < _ORDER[Digest(other.digest)]:
            soonest[rule.channel_id] = rule
    for rule in soonest.values():
        due_at = due_after(Digest(rule.digest), at=event.at)
        noted = Notice.objects.create(channel=rule.channel, event_id=event.id, due_at=due_at)
        if due_at <= event.at:
            _compose(rule.channel, [noted], at=event.at)


def send_digests(*, at: datetime) -> int:
    """Compose the messages whose time has come, one for each channel; return how many."""
    composed = 0
    for tenant_id in Tenant.objects.order_by("pk").values_list("pk", flat=True):
        with tenant_scope(tenant_id):
            composed += compose_due(at=at)
    return composed


def compose_due(*, at: datetime) -> int:
    """Compose the messages of the tenant of the scope whose time has come; return how many."""
    due: dict[UUID, list[Notice]] = {}
    rows = (
        Notice.objects.due(at=at).select_related("channel", "event").select_for_update(skip_locked=True, of=("self",))
    )
    for noted in rows[:_MOST_AT_ONCE]:
        due.setdefault(noted.channel_id, []).append(noted)
    for gathered in due.values():
        _compose(gathered[0].channel, gathered, at=at)
    return len(due)


def due_after(digest: Digest, *, at: datetime) -> datetime:
    """Return when an event of this instant is told: at once, or at the end of its hour or day (UTC)."""
    hour = at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    match digest:
        case Digest.IMMEDIATELY:
            return at
        case Digest.HOURLY:
            return hour + timedelta(hours=1)
        case Digest.DAILY:
            return hour.replace(hour=0) + timedelta(days=1)


def send_message(claimed: Delivery, *, clock: Clock) -> None:
    """Send the message that was claimed; one over a channel that was removed is called off."""
    prepared = _prepared(claimed, at=clock())
    if prepared is None:
        return
    channel, words, target = prepared
    try:
        _bring(ChannelKind(channel.kind), target, words)
    except Refusal as refusal:
        _record(claimed, refusal, at=clock())
    else:
        _record(claimed, None, at=clock())


def record_lost(held: Delivery, *, at: datetime) -> None:
    """Count the attempt of a worker that never came back as one that failed; the caller's transaction holds it."""
    with tenant_scope(held.tenant_id):
        _fail(held, _message_of(held), LEASE_EXPIRED, at=at)


def _compose(channel: NotificationChannel, notices: list[Notice], *, at: datetime) -> None:
    """Make one message of the notices, and let it wait to be sent or put it into inboxes."""
    words = words_for([noted.event.published(at=at) for noted in notices])
    message = NotificationMessage.objects.create(
        channel=channel, title=words.title, text=words.text, event_count=len(notices), created_at=at
    )
    Notice.objects.filter(pk__in=[noted.pk for noted in notices]).update(message=message)
    if channel.removed_at is not None:
        _end(message, MessageStatus.FAILED, failure="channel.unknown", at=at)
    elif channel.kind == ChannelKind.IN_APP:
        inboxes = [
            Notification(person=f"user:{name}", message=message, created_at=at) for name in _target(channel).recipients
        ]
        Notification.objects.bulk_create(inboxes)
        _end(message, MessageStatus.SUCCEEDED, at=at)
    else:
        queue(notices[-1].event, message.subscriber, Lane.OUTWARD, at=at)


def _prepared(claimed: Delivery, *, at: datetime) -> tuple[NotificationChannel, Words, Target] | None:
    with tenant_scope(claimed.tenant_id):
        message = _message_of(claimed)
        if message.channel.removed_at is not None:
            finish(hold(claimed), DeliveryStatus.CANCELLED, failure="channel.unknown", at=at)
            _end(message, MessageStatus.FAILED, failure="channel.unknown", at=at)
            return None
        return message.channel, Words(message.title, message.text), _target(message.channel)


def _bring(kind: ChannelKind, target: Target, words: Words) -> None:
    match kind:
        case ChannelKind.EMAIL:
            _mail(target, words)
        case ChannelKind.SLACK:
            _post(target, {"text": _slack(words)})
        case ChannelKind.WEBHOOK:
            _post(target, {"title": words.title, "text": words.text})
        case ChannelKind.IN_APP:
            raise MessageNotTaken("what is for inboxes is put there as it is composed")


def _mail(target: Target, words: Words) -> None:
    if settings.EMAIL_HOST:
        require_host(settings.EMAIL_HOST, settings.EMAIL_PORT, purpose=MAIL_PURPOSE)
    message = EmailMessage(subject=" ".join(words.title.split()), body=words.text, bcc=list(target.recipients))
    try:
        message.send()
    except OSError as failure:
        raise MessageNotTaken(f"the mail server: {type(failure).__name__}") from failure


def _post(target: Target, body: dict[str, JsonValue]) -> None:
    with session(PURPOSE) as client:
        answer = client.post(
            target.url,
            data=canonical_json.dumps(body),
            headers={"Content-Type": "application/json"},
            stream=True,
            allow_redirects=False,
        )
        answer.close()
    if not HTTPStatus.OK <= answer.status_code < HTTPStatus.MULTIPLE_CHOICES:
        raise MessageNotTaken(f"the other side answered {answer.status_code}")


def _slack(words: Words) -> str:
    """Return a message with what Slack would read as its own marks made harmless."""
    text = f"{words.title}\n{words.text}"
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _record(claimed: Delivery, refusal: Refusal | None, *, at: datetime) -> None:
    with tenant_scope(claimed.tenant_id):
        held, message = hold(claimed), _message_of(claimed)
        if refusal is None:
            finish(held, DeliveryStatus.SUCCEEDED, at=at)
            _end(message, MessageStatus.SUCCEEDED, at=at)
            return
        if isinstance(refusal, Sealed):
            postpone(held, failure=refusal.code, until=at + WHILE_SEALED)
            return
        _fail(held, message, refusal.code, at=at)


def _fail(held: Delivery, message: NotificationMessage, code: str, *, at: datetime) -> None:
    give_back(held, failure=code, at=at)
    is_over = held.status == DeliveryStatus.DEAD_LETTER
    _end(message, MessageStatus.FAILED if is_over else MessageStatus.QUEUED, failure=code, at=at)


def _end(message: NotificationMessage, status: MessageStatus, *, at: datetime, failure: str = "") -> None:
    message.status, message.failure = status, failure
    message.sent_at = at if status is MessageStatus.SUCCEEDED else None
    message.save(update_fields=["status", "failure", "sent_at"])


def _message_of(claimed: Delivery) -> NotificationMessage:
    pk = UUID(claimed.subscriber.removeprefix(MESSAGE_PREFIX))
    return NotificationMessage.objects.select_related("channel").get(pk=pk)


def _target(channel: NotificationChannel) -> Target:
    return Target.of_json(json.loads(unseal(channel.sealed_target, owner=channel.pk)))
