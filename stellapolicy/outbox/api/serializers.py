"""What is told and asked about events, webhooks and notifications."""

from typing import Any

from rest_framework import serializers

from stellapolicy.outbox import names
from stellapolicy.outbox.models import (
    ChannelKind,
    Digest,
    Notification,
    NotificationChannel,
    NotificationRule,
    OutboxEvent,
    WebhookDelivery,
    WebhookSubscription,
)
from stellapolicy.outbox.targets import MOST_RECIPIENTS

_MOST_PATTERNS = 50
_LONGEST_URL = 2048
_LONGEST_REASON = 2000
_EVENTS_HELP = "Names of events (see /event-types) or globs over them, such as `gate.*`."


def _patterns() -> serializers.ListField:
    return serializers.ListField(
        child=serializers.CharField(max_length=64),
        allow_empty=False,
        max_length=_MOST_PATTERNS,
        help_text=_EVENTS_HELP,
    )


class EventTypeOutput(serializers.Serializer[Any]):  # Any: made by hand, never from a row
    """An event there is."""

    name = serializers.CharField()
    title = serializers.CharField(help_text="The event in words.")


class EventTypesOutput(serializers.Serializer[Any]):  # Any: made by hand, never from a row
    """Every event there is."""

    items = EventTypeOutput(many=True)


class EventOutput(serializers.ModelSerializer[OutboxEvent]):
    """Something that happened."""

    title = serializers.SerializerMethodField(help_text="The event in words.")
    data = serializers.JSONField(help_text="What it tells; its members depend on the name.")  # type: ignore[assignment]  # the wire's word

    class Meta:
        model = OutboxEvent
        fields = ("id", "name", "title", "subject", "actor", "person", "request_id", "data", "occurred_at")
        read_only_fields = fields

    def get_title(self, event: OutboxEvent) -> str:
        """Return the words of the event; one of an app that is gone keeps its name."""
        return names.known().get(event.name, event.name)


class WebhookOutput(serializers.ModelSerializer[WebhookSubscription]):
    """A webhook, without its secret."""

    events = serializers.ListField(child=serializers.CharField(), help_text=_EVENTS_HELP)
    state = serializers.ChoiceField(choices=["active", "paused", "deleted"])

    class Meta:
        model = WebhookSubscription
        fields: tuple[str, ...] = (
            "id",
            "url",
            "description",
            "events",
            "state",
            "pause_reason",
            "consecutive_failures",
            "last_success_at",
            "last_failure_at",
            "previous_secret_until",
            "created_at",
            "created_by",
            "changed_at",
        )
        read_only_fields = fields


class CreatedWebhookOutput(WebhookOutput):
    """A webhook with its secret: shown in this answer and never again."""

    secret = serializers.CharField(
        allow_null=True, help_text="`whsec_…`; null where an Idempotency-Key brings back an earlier answer."
    )

    class Meta(WebhookOutput.Meta):
        fields = (*WebhookOutput.Meta.fields, "secret")
        read_only_fields = fields


class WebhookRequest(serializers.Serializer[Any]):  # Any: made by hand, never from a row
    """A webhook that is asked for."""

    url = serializers.CharField(max_length=_LONGEST_URL, help_text="https, and no address inside a network.")
    events = _patterns()
    description = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")


class ReasonRequest(serializers.Serializer[Any]):  # Any: made by hand, never from a row
    """Why."""

    reason = serializers.CharField(
        max_length=_LONGEST_REASON, required=False, allow_blank=True, default="", help_text="For the audit trail."
    )


class AcceptedEventOutput(serializers.Serializer[Any]):  # Any: made by hand, never from a row
    """An event that is being sent."""

    event_id = serializers.UUIDField(help_text="The `webhook-id` it is sent under.")


class WebhookDeliveryOutput(serializers.ModelSerializer[WebhookDelivery]):
    """One attempt to tell a webhook of an event."""

    event_name = serializers.CharField(source="event.name")
    subject = serializers.CharField(source="event.subject")

    class Meta:
        model = WebhookDelivery
        fields = (
            "id",
            "event_id",
            "event_name",
            "subject",
            "attempt",
            "outcome",
            "response_status",
            "error_code",
            "latency",
            "excerpt",
            "attempted_at",
            "next_attempt_at",
        )
        read_only_fields = fields


class ChannelOutput(serializers.ModelSerializer[NotificationChannel]):
    """A way to reach people."""

    target = serializers.CharField(source="shown_target", help_text="Recipients, or the host of the address.")

    class Meta:
        model = NotificationChannel
        fields = ("id", "name", "kind", "target", "created_at", "created_by")
        read_only_fields = fields


class ChannelRequest(serializers.Serializer[Any]):  # Any: made by hand, never from a row
    """A channel that is asked for: recipients for mail and inboxes, an address for the other kinds."""

    name = serializers.CharField(max_length=100)
    kind = serializers.ChoiceField(choices=ChannelKind.choices)
    recipients = serializers.ListField(
        child=serializers.CharField(max_length=254),
        required=False,
        default=list,
        max_length=MOST_RECIPIENTS,
        help_text="Mail addresses (`email`) or usernames (`in_app`).",
    )
    url = serializers.CharField(
        max_length=_LONGEST_URL, required=False, allow_blank=True, default="", help_text="For `slack` and `webhook`."
    )


class RuleOutput(serializers.ModelSerializer[NotificationRule]):
    """Which events are told over which channel."""

    channel_id = serializers.UUIDField()
    channel_name = serializers.CharField(source="channel.name")
    events = serializers.ListField(child=serializers.CharField(), help_text=_EVENTS_HELP)

    class Meta:
        model = NotificationRule
        fields = ("id", "channel_id", "channel_name", "events", "digest", "muted_until", "created_at", "created_by")
        read_only_fields = fields


class RuleRequest(serializers.Serializer[Any]):  # Any: made by hand, never from a row
    """A rule that is asked for."""

    channel_id = serializers.UUIDField()
    events = _patterns()
    digest = serializers.ChoiceField(
        choices=Digest.choices, required=False, default=Digest.IMMEDIATELY, help_text="How long events gather."
    )


class MuteRequest(serializers.Serializer[Any]):  # Any: made by hand, never from a row
    """How long a rule is silent."""

    until = serializers.DateTimeField(help_text="To come, at most 366 days hence; what happens meanwhile is not told.")


class NotificationOutput(serializers.ModelSerializer[Notification]):
    """A message in your inbox."""

    title = serializers.CharField(source="message.title")
    text = serializers.CharField(source="message.text")
    event_count = serializers.IntegerField(source="message.event_count")

    class Meta:
        model = Notification
        fields = ("id", "title", "text", "event_count", "created_at", "read_at")
        read_only_fields = fields


class MarkReadRequest(serializers.Serializer[Any]):  # Any: made by hand, never from a row
    """Which notifications were read."""

    notification_ids = serializers.ListField(
        child=serializers.UUIDField(), required=False, allow_null=True, max_length=500, help_text="Null for all."
    )


class MarkedOutput(serializers.Serializer[Any]):  # Any: made by hand, never from a row
    """How many notifications were unread before."""

    marked = serializers.IntegerField()
