"""Keeps feed files aside, with the reason and the bytes, until somebody decides about them."""

from datetime import datetime
from uuid import UUID

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from policies.errors import HeldFeedAltered, HeldFeedUnknown
from policies.feeds.file import FeedFile
from policies.models import FeedName
from policies.models.feeds import FeedOrigin, HeldFeed, HeldState
from stellapolicy.audit import services as audit
from stellapolicy.kernel import digest
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.refusals import Refusal
from stellapolicy.outbox.services import events

TO_REVIEW = "feed.to_review"
SECOND_PERSON = "feed.needs_second_person"
_REASON_LENGTH = 500


def keep_aside(
    *,
    actor: Actor,
    name: FeedName,
    content: bytes,
    origin: FeedOrigin,
    why: tuple[str, str] | Refusal,
    file: FeedFile | None,
    at: datetime,
) -> HeldFeed:
    """Keep a file with its reason (a refusal, or a code and a sentence); the same file is kept once.

    What was discarded before is not kept again: whoever discarded it has seen it.
    """
    content_digest = digest.of_bytes(content)
    code, reason = (why.code, why.detail) if isinstance(why, Refusal) else why
    known = HeldFeed.objects.locked().filter(name=name, digest=content_digest)
    earlier = known.exclude(state=HeldState.LOADED).order_by("-kept_at", "-id").first()
    if earlier is not None and (earlier.state != HeldState.DISCARDED or origin is FeedOrigin.FETCH):
        return earlier
    held = HeldFeed.objects.create(
        name=name,
        origin=origin,
        digest=content_digest,
        stored_as=_store(content_digest, content),
        size_bytes=len(content),
        code=code,
        reason=reason[:_REASON_LENGTH],
        is_readable=file is not None,
        version=file.version if file else "",
        model_date=file.model_date if file else None,
        row_count=file.row_count if file else None,
        kept_by=actor.subject,
        kept_at=at,
    )
    audit.record(actor, "feed.kept_aside", held, at=at, after_digest=content_digest, reason=reason[:_REASON_LENGTH])
    if code != TO_REVIEW:
        data = {"feed": name.value, "held": str(held.pk), "code": code, "reason": held.reason, "origin": origin.value}
        events.publish("feed.kept_aside", actor=actor, subject=f"feed:{name}", data=data, at=at)
    return held


def held_content(held: HeldFeed) -> bytes:
    """Return the bytes that were kept, or refuse where they are not the same any more."""
    try:
        with default_storage.open(held.stored_as) as file:
            content: bytes = file.read()
    except FileNotFoundError:
        raise HeldFeedAltered("the stored file is gone") from None
    if digest.of_bytes(content) != held.digest:
        raise HeldFeedAltered(f"the stored file is no longer {held.digest}")
    return content


def held_named(pk: UUID) -> HeldFeed:
    """Return a file that is kept aside, held against other writers, or refuse."""
    held = HeldFeed.objects.locked().filter(pk=pk).first()
    if held is None:
        raise HeldFeedUnknown("no such file is kept aside")
    return held


def _store(content_digest: str, content: bytes) -> str:
    """Keep the bytes under their own name; the same bytes are kept once."""
    hexadecimal = content_digest.removeprefix("sha256:")
    path = f"feeds/{hexadecimal[:2]}/{hexadecimal}"
    if not default_storage.exists(path):
        default_storage.save(path, ContentFile(content))
    return path
