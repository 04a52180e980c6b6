"""What the gates room fills and follows of the room below once every app is loaded."""

from exceptions import ports
from gates.services import reevaluation
from gates.services.blocked import BlockedFindings
from gates.services.preview import GatePreview
from stellapolicy.outbox.subscriptions import subscribe


def wire() -> None:
    """Answer what exceptions ask of gates, and ask gates again where an exception began, ended or changed."""
    ports.wire_blocked(BlockedFindings())
    ports.wire_preview(GatePreview())
    for name in reevaluation.EVENTS:
        subscribe(name, key=reevaluation.KEY, act=reevaluation.follow_exception)
