"""What the outbox refuses."""

from http import HTTPStatus
from typing import ClassVar

from stellapolicy.kernel.refusals import Refusal


class UnknownEvent(Exception):  # noqa: N818 - reads as a sentence
    """An event was published that no app registered: a mistake of ours, found by the first test that runs it."""


class SubscriberUnknown(Refusal):
    """An event waits for a subscriber that this version of the product no longer has."""

    code: ClassVar[str] = "outbox.subscriber_unknown"
    status: ClassVar[HTTPStatus] = HTTPStatus.NOT_FOUND
    title: ClassVar[str] = "Nobody takes this event any more"
