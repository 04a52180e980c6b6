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


class SecretUnreadable(Refusal):
    """A secret was encrypted under a key that is no longer known."""

    code: ClassVar[str] = "webhook.secret_unreadable"
    status: ClassVar[HTTPStatus] = HTTPStatus.CONFLICT
    title: ClassVar[str] = "The secret cannot be read"


class EventNameUnknown(Refusal):
    """There is no event of this name, and none that this glob means."""

    code: ClassVar[str] = "event.unknown"
    status: ClassVar[HTTPStatus] = HTTPStatus.UNPROCESSABLE_ENTITY
    title: ClassVar[str] = "There is no such event"


class WebhookUnknown(Refusal):
    """No such webhook in this tenant."""

    code: ClassVar[str] = "webhook.unknown"
    status: ClassVar[HTTPStatus] = HTTPStatus.NOT_FOUND
    title: ClassVar[str] = "There is no such webhook"


class WebhookPaused(Refusal):
    """It is paused: nothing is sent to it."""

    code: ClassVar[str] = "webhook.paused"
    status: ClassVar[HTTPStatus] = HTTPStatus.CONFLICT
    title: ClassVar[str] = "The webhook is paused"


class WebhookNotPaused(Refusal):
    """It is active already."""

    code: ClassVar[str] = "webhook.not_paused"
    status: ClassVar[HTTPStatus] = HTTPStatus.CONFLICT
    title: ClassVar[str] = "The webhook is not paused"


class TooManyWebhooks(Refusal):
    """The tenant has as many webhooks as one may have."""

    code: ClassVar[str] = "webhook.too_many"
    status: ClassVar[HTTPStatus] = HTTPStatus.CONFLICT
    title: ClassVar[str] = "There are too many webhooks"


class TargetRefused(Refusal):
    """A channel leads nowhere, or somewhere its kind cannot go."""

    code: ClassVar[str] = "channel.target_refused"
    status: ClassVar[HTTPStatus] = HTTPStatus.UNPROCESSABLE_ENTITY
    title: ClassVar[str] = "The channel leads nowhere"


class ChannelUnknown(Refusal):
    """No such channel in this tenant."""

    code: ClassVar[str] = "channel.unknown"
    status: ClassVar[HTTPStatus] = HTTPStatus.NOT_FOUND
    title: ClassVar[str] = "There is no such channel"


class ChannelNameTaken(Refusal):
    """Another channel is called so."""

    code: ClassVar[str] = "channel.name_taken"
    status: ClassVar[HTTPStatus] = HTTPStatus.CONFLICT
    title: ClassVar[str] = "The name is taken"


class RuleUnknown(Refusal):
    """No such rule in this tenant."""

    code: ClassVar[str] = "rule.unknown"
    status: ClassVar[HTTPStatus] = HTTPStatus.NOT_FOUND
    title: ClassVar[str] = "There is no such rule"


class MuteRefused(Refusal):
    """A rule is muted until an instant to come."""

    code: ClassVar[str] = "rule.mute_refused"
    status: ClassVar[HTTPStatus] = HTTPStatus.UNPROCESSABLE_ENTITY
    title: ClassVar[str] = "The rule cannot be muted so"


class EmailUnsupported(Refusal):
    """The installation knows no mail server."""

    code: ClassVar[str] = "channel.email_unsupported"
    status: ClassVar[HTTPStatus] = HTTPStatus.CONFLICT
    title: ClassVar[str] = "Mail is not set up here"


class MessageNotTaken(Refusal):
    """The other side of a channel answered no."""

    code: ClassVar[str] = "channel.not_taken"
    status: ClassVar[HTTPStatus] = HTTPStatus.FAILED_DEPENDENCY
    title: ClassVar[str] = "The message was not taken"
