"""One attempt to tell a webhook of an event: what is sent, how it went, and what follows from that."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from time import monotonic
from typing import Final
from uuid import UUID

from stellapolicy.egress.errors import EgressRefused, Sealed
from stellapolicy.egress.factory import read_beginning, session
from stellapolicy.kernel.actor import Actor
from stellapolicy.outbox.errors import SecretUnreadable
from stellapolicy.outbox.message import Message, signed_message
from stellapolicy.outbox.models import (
    AttemptOutcome,
    Delivery,
    DeliveryStatus,
    Latency,
    OutboxEvent,
    WebhookDelivery,
    WebhookState,
    WebhookSubscription,
)
from stellapolicy.outbox.models.webhook import SUBSCRIBER_PREFIX
from stellapolicy.outbox.secrets_at_rest import unseal
from stellapolicy.outbox.services.dispatching import Clock
from stellapolicy.outbox.services.leases import LEASE_EXPIRED, finish, give_back, hold, postpone
from stellapolicy.outbox.services.webhooks import PURPOSE, pause_locked
from stellapolicy.tenancy.scope import tenant_scope

# So many failed attempts in a row, of whatever events, and nobody is told any more until somebody looks.
MOST_FAILURES: Final = 30
WHILE_SEALED: Final = timedelta(minutes=5)
_EXCERPT: Final = 512
ANSWER_SECONDS: Final = 10.0
_LATENCIES: Final = ((0.1, Latency.UNDER_100_MS), (1.0, Latency.UNDER_1_S), (5.0, Latency.UNDER_5_S))


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt went: the status answered (None for no answer), else a code that says why not."""

    status: int | None
    code: str
    latency: Latency
    excerpt: str = ""

    @property
    def is_success(self) -> bool:
        """Whether the other side took it: any answer of 2xx."""
        return self.code == ""


def tell_webhook(claimed: Delivery, *, clock: Clock) -> None:
    """Make the attempt that was claimed; one to a webhook that is paused or gone is called off."""
    message = _message(claimed, at=clock())
    if message is None:
        return
    outcome = _post(message) if isinstance(message, Message) else message
    _record(claimed, outcome, at=clock())


def record_lost(held: Delivery, *, at: datetime) -> None:
    """Count the attempt of a worker that never came back as one that failed; the caller's transaction holds it."""
    with tenant_scope(held.tenant_id):
        _conclude(held, Outcome(None, LEASE_EXPIRED, Latency.OVER_5_S), at=at)


def _message(claimed: Delivery, *, at: datetime) -> Message | Outcome | None:
    """Return what to send; an outcome where it cannot be signed; None where nobody wants it any more."""
    with tenant_scope(claimed.tenant_id):
        webhook = WebhookSubscription.objects.filter(pk=_webhook_id(claimed)).first()
        if webhook is None or webhook.state != WebhookState.ACTIVE:
            finish(hold(claimed), DeliveryStatus.CANCELLED, failure="webhook.paused", at=at)
            return None
        event = OutboxEvent.objects.get(pk=claimed.event_id)
        try:
            secrets = _secrets(webhook, at=at)
        except SecretUnreadable as unreadable:
            return Outcome(None, unreadable.code, Latency.UNDER_100_MS)
        return signed_message(webhook.url, event.published(at=at), secrets=secrets, at=at)


def _secrets(webhook: WebhookSubscription, *, at: datetime) -> list[str]:
    sealed = [webhook.sealed_secret]
    if webhook.previous_secret_until is not None and at < webhook.previous_secret_until:
        sealed.append(webhook.sealed_previous_secret)
    return [unseal(each, owner=webhook.pk) for each in sealed]


def _post(message: Message) -> Outcome:
    """Post a message and read how the answer begins; a redirect is a failure, as the address is to be mended."""
    began = monotonic()
    try:
        with session(PURPOSE) as client:
            answer = client.post(
                message.url, data=message.body, headers=message.headers, stream=True, allow_redirects=False
            )
            beginning = read_beginning(answer, _EXCERPT, seconds=ANSWER_SECONDS)
    except Sealed:
        return Outcome(None, Sealed.code, Latency.UNDER_100_MS)
    except EgressRefused as refused:
        return Outcome(None, refused.code, _latency(monotonic() - began), refused.detail[:_EXCERPT])
    is_success = HTTPStatus.OK <= answer.status_code < HTTPStatus.MULTIPLE_CHOICES
    code = "" if is_success else f"http.{answer.status_code}"
    return Outcome(answer.status_code, code, _latency(monotonic() - began), _readable(beginning))


def _record(claimed: Delivery, outcome: Outcome, *, at: datetime) -> None:
    with tenant_scope(claimed.tenant_id):
        held = hold(claimed)
        if outcome.code == Sealed.code:
            postpone(held, failure=outcome.code, until=at + WHILE_SEALED)
            return
        _conclude(held, outcome, at=at)


def _conclude(held: Delivery, outcome: Outcome, *, at: datetime) -> None:
    """End the delivery or let it wait, log the attempt, and count it for its webhook."""
    webhook = WebhookSubscription.objects.locked().get(pk=_webhook_id(held))
    attempt = held.attempts
    if outcome.is_success:
        finish(held, DeliveryStatus.SUCCEEDED, at=at)
    else:
        give_back(held, failure=outcome.code, at=at)
    WebhookDelivery.objects.create(
        webhook=webhook,
        event_id=held.event_id,
        attempt=attempt,
        outcome=AttemptOutcome.SUCCEEDED if outcome.is_success else AttemptOutcome.FAILED,
        response_status=outcome.status,
        error_code=outcome.code,
        latency=outcome.latency,
        excerpt=outcome.excerpt,
        attempted_at=at,
        next_attempt_at=held.available_at if held.status == DeliveryStatus.QUEUED else None,
    )
    _count(webhook, held, outcome, at=at)


def _count(webhook: WebhookSubscription, held: Delivery, outcome: Outcome, *, at: datetime) -> None:
    """Remember how the webhook fares, and pause one that fails for long or says that it is gone."""
    if outcome.is_success:
        webhook.consecutive_failures, webhook.last_success_at = 0, at
    else:
        webhook.consecutive_failures, webhook.last_failure_at = webhook.consecutive_failures + 1, at
    webhook.save(update_fields=["consecutive_failures", "last_success_at", "last_failure_at"])
    if (reason := _why_pause(webhook, held, outcome)) and webhook.state == WebhookState.ACTIVE:
        worker = Actor(tenant_id=held.tenant_id, subject="system:outbox")
        pause_locked(webhook, actor=worker, reason=reason, at=at)


def _why_pause(webhook: WebhookSubscription, held: Delivery, outcome: Outcome) -> str:
    if outcome.status == HTTPStatus.GONE:
        return "the other side says it is gone (410)"
    if held.status == DeliveryStatus.DEAD_LETTER:
        return f"an event could not be delivered within a day; last: {outcome.code}"
    if webhook.consecutive_failures >= MOST_FAILURES:
        return f"{webhook.consecutive_failures} attempts in a row failed; last: {outcome.code}"
    return ""


def _webhook_id(claimed: Delivery) -> UUID:
    return UUID(claimed.subscriber.removeprefix(SUBSCRIBER_PREFIX))


def _latency(seconds: float) -> Latency:
    return next((bucket for bound, bucket in _LATENCIES if seconds < bound), Latency.OVER_5_S)


def _readable(beginning: bytes) -> str:
    """Return bytes of others as text that can be kept and shown."""
    text = beginning.decode("utf-8", errors="replace")
    return "".join(letter if letter.isprintable() else " " for letter in text)[:_EXCERPT]
