"""Fetches the feeds from their addresses: conditionally, through the one way out, whole or kept aside."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from http import HTTPStatus

from django.conf import settings
from django.db import transaction

from policies.errors import FeedUnavailable
from policies.importers.limits import MEBIBYTE
from policies.models import FeedName
from policies.models.feeds import FeedOrigin, FeedState, HeldFeed
from policies.services.feed_quarantine import keep_aside
from policies.services.feed_uploads import receive_feed
from policies.services.feeds import LoadedFeed, recognise, wait_for_turn
from stellapolicy.audit import services as audit
from stellapolicy.egress import factory
from stellapolicy.egress.errors import EgressRefused, Sealed
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.refusals import Refusal
from stellapolicy.outbox.services import events
from stellapolicy.tenancy.scope import tenant_scope
from stellapolicy.tenancy.selectors import named_tenant

LARGEST_ANSWER = 64 * MEBIBYTE
_PURPOSE = "feeds"
# Longest that one feed may take, from its name to its last byte.
_SECONDS = 300.0
_SUBJECT = "system:feeds"
_ERROR_LENGTH = 500
_NAMED_LENGTH = 255


class FetchOutcome(StrEnum):
    """What became of a fetch."""

    NOT_CONFIGURED = "not_configured"
    UNCHANGED = "unchanged"
    LOADED = "loaded"
    KEPT_ASIDE = "kept_aside"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Fetched:
    """What became of a fetch; `code` and `detail` say why where it brought nothing that could be loaded."""

    name: FeedName
    outcome: FetchOutcome
    loaded: LoadedFeed | None = None
    code: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class _Answer:
    """What the server said: None for content that did not change, and what it calls the content."""

    content: bytes | None
    etag: str = ""
    last_modified: str = ""


def fetch_feed(*, name: FeedName, at: datetime) -> Fetched:
    """Ask for a feed unless it is what we have, and load it; two at once load once.

    What fails is recorded in the state of the feed and told once; raises `egress.sealed` where nothing may leave.
    """
    url = settings.FEED_URLS[name.value]
    if not url:
        return Fetched(name, FetchOutcome.NOT_CONFIGURED)
    tenant = named_tenant(settings.INSTALLATION_TENANT)
    actor = Actor(tenant_id=tenant.pk, subject=_SUBJECT)
    try:
        answer = _ask(url, FeedState.objects.filter(name=name).first())
    except Sealed:
        raise
    except (EgressRefused, FeedUnavailable) as refusal:
        with tenant_scope(tenant.pk):
            return _failed(name, refusal, actor=actor, at=at)
    with tenant_scope(tenant.pk):
        return _take(name, answer, actor=actor, at=at)


def _ask(url: str, state: FeedState | None) -> _Answer:
    headers: dict[str, str] = {}
    if state is not None and state.etag:
        headers["If-None-Match"] = state.etag
    if state is not None and state.last_modified:
        headers["If-Modified-Since"] = state.last_modified
    with factory.session(_PURPOSE, largest_answer=LARGEST_ANSWER, seconds=_SECONDS) as session:
        response = session.get(url, headers=headers)
    if response.status_code == HTTPStatus.NOT_MODIFIED and headers:
        return _Answer(None)
    if response.status_code != HTTPStatus.OK:
        raise FeedUnavailable(f"the server answered {response.status_code}")
    return _Answer(response.content, response.headers.get("ETag", ""), response.headers.get("Last-Modified", ""))


def _take(name: FeedName, answer: _Answer, *, actor: Actor, at: datetime) -> Fetched:
    if answer.content is None:
        _checked(name, at=at)
        return Fetched(name, FetchOutcome.UNCHANGED)
    try:
        with transaction.atomic():
            received = receive_feed(actor=actor, content=answer.content, origin=FeedOrigin.FETCH, expected=name, at=at)
    except Refusal as refusal:
        _keep(name, answer.content, refusal, actor=actor, at=at)
        return _failed(name, refusal, actor=actor, at=at, outcome=FetchOutcome.KEPT_ASIDE)
    if isinstance(received, HeldFeed):
        why = FeedUnavailable(received.reason)
        return _failed(name, why, code=received.code, actor=actor, at=at, outcome=FetchOutcome.KEPT_ASIDE)
    _checked(name, at=at, answer=answer)
    return Fetched(name, FetchOutcome.LOADED if received.change else FetchOutcome.UNCHANGED, received)


def _keep(name: FeedName, content: bytes, refusal: Refusal, *, actor: Actor, at: datetime) -> None:
    """Keep what came and could not be loaded: nobody else has seen it."""
    try:
        file = recognise(content, expected=name, at=at)
    except Refusal:
        file = None
    keep_aside(actor=actor, name=name, content=content, origin=FeedOrigin.FETCH, why=refusal, file=file, at=at)


def _checked(name: FeedName, *, at: datetime, answer: _Answer | None = None) -> None:
    """Write that a check succeeded, also one that found nothing new."""
    wait_for_turn(name)
    state = FeedState.objects.get(name=name)
    state.checked_at = max(at, state.checked_at) if state.checked_at else at
    state.failures, state.failed_at, state.error_code, state.error = 0, None, "", ""
    if answer is not None:
        state.etag = answer.etag if len(answer.etag) <= _NAMED_LENGTH else ""
        state.last_modified = answer.last_modified[:64]
    state.save()


def _failed(
    name: FeedName,
    refusal: Refusal,
    *,
    actor: Actor,
    at: datetime,
    code: str = "",
    outcome: FetchOutcome = FetchOutcome.FAILED,
) -> Fetched:
    """Write that a check failed; only the first of a row is recorded and told."""
    wait_for_turn(name)
    said = code or refusal.code
    state, _ = FeedState.objects.get_or_create(name=name)
    state.failures += 1
    state.failed_at, state.error_code, state.error = at, said, refusal.detail[:_ERROR_LENGTH]
    state.save(update_fields=["failures", "failed_at", "error_code", "error"])
    if state.failures == 1:
        audit.record(actor, "feed.check_failed", state, at=at, reason=f"{said}: {state.error}")
        data = {"feed": name.value, "code": said, "detail": state.error}
        events.publish("feed.failed", actor=actor, subject=f"feed:{name}", data=data, at=at)
    return Fetched(name, outcome, code=said, detail=refusal.detail)
