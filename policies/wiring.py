"""What the policies room registers with the rooms below as it loads."""

from django.utils.translation import gettext_lazy as _

from exceptions import ports
from policies.estate.reader import PresentEstate
from policies.services import feed_retention, feed_uploads
from stellapolicy.access.roles import Scope
from stellapolicy.governance import approvals
from stellapolicy.kernel import retention
from stellapolicy.outbox import subscriptions
from stellapolicy.outbox.subscriptions import PublishedEvent

_ENDED_WITHOUT_CONSENT = ("approval.rejected", "approval.withdrawn", "approval.expired")


def wire_estate() -> None:
    """Let exceptions ask what they cover."""
    ports.wire_estate(PresentEstate())


def wire_feeds() -> None:
    """Let a second person decide about feed files, and give them back where nobody agrees."""
    approvals.register(
        approvals.ApprovalKind(
            name=feed_uploads.KIND,
            title=_("Load a feed file that was kept aside"),
            scope=Scope.GOVERNANCE_WRITE,
            describe=feed_uploads.describe,
            complete=feed_uploads.complete,
        )
    )
    for purge in feed_retention.purges():
        retention.register(purge)
    for name in _ENDED_WITHOUT_CONSENT:
        subscriptions.subscribe(name, key="feeds.release", act=release)


def release(event: PublishedEvent) -> None:
    """Give back the file of a request that ended without consent."""
    if event.data.get("kind") == feed_uploads.KIND:
        feed_uploads.release_of(
            actor=event.actor, approval=str(event.data["request_id"]), reason=event.name, at=event.at
        )
