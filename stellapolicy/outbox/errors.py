"""What the outbox refuses."""

from http import HTTPStatus
from typing import ClassVar

from stellapolicy.kernel.refusals import Refusal


class UnknownEvent(Exception):  # noqa: N818 - reads as a sentence
    """An event was published that no app registered: a mistake of ours, found by the first test that runs it."""


class LeaseLost(Exception):  # noqa: N818 - reads as a sentence
    """The delivery was given to somebody else while this worker was at it; what it did is undone."""


class SubscriberUnknown(Refusal):
    """An event waits for a subscriber that this version of the product no longer has."""

    code: ClassVar[str] = "outbox.subscriber_unknown"
    status: ClassVar[HTTPStatus] = HTTPStatus.NOT_FOUND
    title: ClassVar[str] = "Nobody takes this event any more"


class DeliveryUnknown(Refusal):
    """No such delivery in this tenant."""

    code: ClassVar[str] = "delivery.unknown"
    status: ClassVar[HTTPStatus] = HTTPStatus.NOT_FOUND
    title: ClassVar[str] = "There is no such delivery"


class DeliveryUnderway(Refusal):
    """It waits or runs already."""

    code: ClassVar[str] = "delivery.underway"
    status: ClassVar[HTTPStatus] = HTTPStatus.CONFLICT
    title: ClassVar[str] = "This delivery is under way"
