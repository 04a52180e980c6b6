"""Feeds that people bring: an installation's right, looked at first, and decided by two where it says so."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import transaction

from policies.errors import FeedNotYours, FeedShrunk, HeldFeedDecided, HeldFeedUnreadable
from policies.feeds.file import FeedFile
from policies.importers.records import EpssDay, KevCatalogue
from policies.intelligence import news_rule
from policies.models import FeedName
from policies.models.feeds import FeedOrigin, FeedState, HeldFeed, HeldState
from policies.services import feed_epss, feed_kev
from policies.services.feed_epss import Movement
from policies.services.feed_quarantine import SECOND_PERSON, TO_REVIEW, held_content, held_named, keep_aside
from policies.services.feeds import SAMPLE, LoadedFeed, judge, load_feed, movement_of, recognise, wait_for_turn
from stellapolicy.access.roles import Scope
from stellapolicy.audit import services as audit
from stellapolicy.governance.models import ApprovalRequest
from stellapolicy.governance.quorum import QuorumRule, Seat
from stellapolicy.governance.selectors import switched_on
from stellapolicy.governance.services import approvals
from stellapolicy.governance.settings import FEED_UPLOAD
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.refusals import Refusal
from stellapolicy.tenancy.models import Tenant

KIND: Final = "feeds.accept_quarantined"
_RULE = QuorumRule((Seat("second person", scope=Scope.GOVERNANCE_WRITE),))


@dataclass(frozen=True, slots=True)
class Preview:
    """What a file would do if it were loaded now, and why it would not be."""

    movement: Movement
    is_past: bool
    refusal: Refusal | None


def may_load_feeds(actor: Actor) -> bool:
    """Whether somebody acts for the installation: in its own tenant, with the right to govern it."""
    return actor.holds_for(Scope.GOVERNANCE_WRITE, None) and _is_installation(actor)


def require_installation(actor: Actor) -> None:
    """Refuse whoever does not act for the installation: what they load would count for every tenant."""
    actor.require(Scope.GOVERNANCE_WRITE)
    if not _is_installation(actor):
        raise FeedNotYours(f"feeds count for every tenant; the tenant {settings.INSTALLATION_TENANT!r} loads them")


@transaction.atomic
def receive_feed(
    *, actor: Actor, content: bytes, origin: FeedOrigin, at: datetime, expected: FeedName | None = None
) -> LoadedFeed | HeldFeed:
    """Load a file, the operator's own deed; one that lost more than a tenth of its rows is kept aside instead."""
    try:
        with transaction.atomic():
            return load_feed(actor=actor, content=content, origin=origin, expected=expected, at=at)
    except FeedShrunk as refusal:
        file = recognise(content, expected=expected, at=at)
        name = FeedName(file.name)
        return keep_aside(actor=actor, name=name, content=content, origin=origin, why=refusal, file=file, at=at)


@transaction.atomic
def upload_feed(*, actor: Actor, content: bytes, expected: FeedName, at: datetime) -> LoadedFeed | HeldFeed:
    """Load a file for the whole installation, or return it as held: it waits for a second person, or has shrunk.

    It waits wherever the installation says so, and always where it takes an entry out of KEV. Raises FeedNotYours,
    and what `load_feed` refuses; a file that shrank is kept aside.
    """
    require_installation(actor)
    file = recognise(content, expected=expected, at=at)
    wait_for_turn(expected)
    why = _why_two(file)
    if why is None:
        return receive_feed(actor=actor, content=content, origin=FeedOrigin.UPLOAD, expected=expected, at=at)
    judge(file, _last_real(expected), accept_shrunk=True)
    held = keep_aside(actor=actor, name=expected, content=content, origin=FeedOrigin.UPLOAD, why=why, file=file, at=at)
    return _ask(held, actor=actor, reason="uploaded", at=at)


@transaction.atomic
def review_feed(*, actor: Actor, content: bytes, at: datetime) -> HeldFeed:
    """Keep a readable file aside so that its effect can be looked at before it is loaded."""
    require_installation(actor)
    file = recognise(content, expected=None, at=at)
    why = (TO_REVIEW, "uploaded, not loaded yet")
    return keep_aside(
        actor=actor,
        name=FeedName(file.name),
        content=content,
        origin=FeedOrigin.UPLOAD,
        why=why,
        file=file,
        at=at,
    )


@transaction.atomic
def load_held(*, actor: Actor, pk: UUID, reason: str, at: datetime) -> HeldFeed:
    """Load a file that is kept aside, or ask a second person where it has shrunk or the installation says so."""
    require_installation(actor)
    held = held_named(pk)
    if held.state != HeldState.HELD:
        raise HeldFeedDecided(f"it is {held.get_state_display().lower()}")
    if not held.is_readable:
        raise HeldFeedUnreadable(held.reason)
    content = held_content(held)
    name = FeedName(held.name)
    wait_for_turn(name)
    why = None if held.code == FeedShrunk.code else _why_two(recognise(content, expected=name, at=at))
    if why is not None:
        held.code, held.reason = why
        held.save(update_fields=["code", "reason"])
    if why is not None or held.code == FeedShrunk.code:
        return _ask(held, actor=actor, reason=reason, at=at)
    try:
        with transaction.atomic():
            load_feed(actor=actor, content=content, origin=FeedOrigin(held.origin), expected=name, at=at)
    except FeedShrunk as refusal:
        held.code, held.reason = refusal.code, refusal.detail
        held.save(update_fields=["code", "reason"])
        return _ask(held, actor=actor, reason=reason, at=at)
    return _loaded(held, actor=actor, reason=reason, at=at)


@transaction.atomic
def discard_held(*, actor: Actor, pk: UUID, reason: str, at: datetime) -> HeldFeed:
    """Decide that a file that is kept aside is not wanted; the bytes go with the next purge."""
    require_installation(actor)
    held = held_named(pk)
    if held.state not in {HeldState.HELD, HeldState.WAITING}:
        raise HeldFeedDecided(f"it is {held.get_state_display().lower()}")
    if held.state == HeldState.WAITING and held.approval is not None:
        approvals.recall(actor=actor, pk=held.approval, kind=KIND, reason=reason, at=at)
    held.discard()
    return _decided(held, "feed.discarded", actor=actor, reason=reason, at=at)


def complete(*, actor: Actor, request: ApprovalRequest, at: datetime) -> HeldFeed:
    """Load what the second person agreed to: exactly these bytes, also where they shrank."""
    held = held_named(UUID(request.payload["held"]))
    if held.digest != request.payload["digest"] or held.approval != request.pk:
        raise HeldFeedDecided("the request is about another file")
    load_feed(
        actor=actor,
        content=held_content(held),
        origin=FeedOrigin(held.origin),
        expected=FeedName(held.name),
        accept_shrunk=True,
        at=at,
    )
    return _loaded(held, actor=actor, reason=request.reason, at=at)


@transaction.atomic
def release_of(*, actor: Actor, approval: str, reason: str, at: datetime) -> None:
    """Give back a file whose request was refused, taken back or never decided: it is kept aside as before."""
    held = HeldFeed.objects.locked().filter(approval=UUID(approval), state=HeldState.WAITING).first()
    if held is None:
        return
    held.refuse()
    held.approval = None
    held.save(update_fields=["state", "approval"])
    audit.record(actor, "feed.refused", held, at=at, after_digest=held.digest, reason=reason)


def describe(request: ApprovalRequest) -> tuple[str, ...]:
    """Return what the second person reads before deciding."""
    asked = request.payload
    return (
        f"Load a file of the {FeedName(asked['feed']).label} feed for every tenant of this installation.",
        f"It has {asked['row_count']} rows and is of {asked['model_date']}; it was kept aside: {asked['why']}.",
    )


def preview(held: HeldFeed, *, at: datetime) -> Preview:
    """Return what a readable file would do now; nothing that lasts is written."""
    content = held_content(held)
    file = recognise(content, expected=FeedName(held.name), at=at)
    last = _last_real(FeedName(held.name))
    refusal: Refusal | None = None
    try:
        judge(file, last)
    except Refusal as refused:
        refusal = refused
    is_past = last is not None and last.model_date is not None and file.model_date < last.model_date
    return Preview(_movement(file, is_past=is_past), is_past, refusal)


def _movement(file: FeedFile, *, is_past: bool) -> Movement:
    if not isinstance(file.content, EpssDay):
        return movement_of(feed_kev.compare(file.content))
    with transaction.atomic(), feed_epss.staged(file.content, as_of=file.model_date if is_past else None) as cursor:
        return feed_epss.measure(cursor, news_rule())


def _is_installation(actor: Actor) -> bool:
    return Tenant.objects.filter(pk=actor.tenant_id, slug=settings.INSTALLATION_TENANT).exists()


def _why_two(file: FeedFile) -> tuple[str, str] | None:
    """Return why one person alone does not load a file: the house rule, or an entry that would leave KEV; else None."""
    if isinstance(file.content, KevCatalogue) and _last_real(FeedName.KEV) is not None:
        gone = feed_kev.compare(file.content).removed
        if gone:
            return SECOND_PERSON, f"it takes {len(gone)} out of KEV, {min(gone)} first"
    return (SECOND_PERSON, "uploads of feeds need a second person here") if switched_on(FEED_UPLOAD) else None


def _last_real(name: FeedName) -> FeedState | None:
    return FeedState.objects.filter(name=name).exclude(version=SAMPLE).exclude(digest="").first()


def _ask(held: HeldFeed, *, actor: Actor, reason: str, at: datetime) -> HeldFeed:
    """Let a second person decide; a file that waits already keeps its one request."""
    if held.state == HeldState.WAITING:
        return held
    request = approvals.request_approval(
        actor=actor,
        kind=KIND,
        target=audit.Target("policies.heldfeed", str(held.pk)),
        payload={
            "held": str(held.pk),
            "feed": held.name,
            "digest": held.digest,
            "row_count": held.row_count,
            "model_date": held.model_date.isoformat() if held.model_date else None,
            "why": held.reason,
        },
        rule=_RULE,
        reason=reason,
        at=at,
    )
    held.wait()
    held.approval = request.pk
    held.save(update_fields=["state", "approval"])
    audit.record(actor, "feed.acceptance_asked", held, at=at, after_digest=held.digest, reason=reason)
    return held


def _loaded(held: HeldFeed, *, actor: Actor, reason: str, at: datetime) -> HeldFeed:
    held.mark_loaded()
    return _decided(held, "feed.accepted", actor=actor, reason=reason, at=at)


def _decided(held: HeldFeed, action: str, *, actor: Actor, reason: str, at: datetime) -> HeldFeed:
    held.decided_by, held.decided_at = actor.subject, at
    held.save(update_fields=["state", "decided_by", "decided_at"])
    audit.record(actor, action, held, at=at, after_digest=held.digest, reason=reason)
    return held
