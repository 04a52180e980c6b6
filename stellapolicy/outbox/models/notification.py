"""Notifications: over which channel, by which rule, what waits to be said, what was said, and to whom."""

from datetime import datetime
from typing import Final, Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from stellapolicy.outbox import names
from stellapolicy.outbox.models.event import OutboxEvent
from stellapolicy.tenancy.models import TenantModel, TenantQuerySet

MESSAGE_PREFIX: Final = "message:"


class ChannelKind(models.TextChoices):
    """How a message is brought."""

    EMAIL = "email"
    WEBHOOK = "webhook"
    SLACK = "slack"
    IN_APP = "in_app"


class Digest(models.TextChoices):
    """How long events gather before one message tells of them all."""

    IMMEDIATELY = "immediately"
    HOURLY = "hourly"
    DAILY = "daily"


class MessageStatus(models.TextChoices):
    """The life of a message."""

    QUEUED = "queued"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class ChannelQuerySet(TenantQuerySet["NotificationChannel"]):
    """Channels of the tenant of the scope."""

    def live(self) -> Self:
        """Those that were not removed."""
        return self.filter(removed_at__isnull=True)


class NotificationChannel(TenantModel):
    """A way to reach people; where it leads is kept encrypted, as an address may be a secret by itself."""

    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=16, choices=ChannelKind.choices)
    sealed_target = models.TextField(help_text="Recipients or address, encrypted.")
    shown_target = models.CharField(max_length=200, help_text="What may be shown of them.")
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=200)
    removed_at = models.DateTimeField(null=True)

    objects = ChannelQuerySet.as_manager()

    class Meta(TenantModel.Meta):
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "name"], condition=Q(removed_at__isnull=True), name="channel_name_once_per_tenant"
            ),
            models.CheckConstraint(condition=Q(kind__in=ChannelKind.values), name="channel_kind_is_known"),
        ]

    def __str__(self) -> str:
        return self.name


class RuleQuerySet(TenantQuerySet["NotificationRule"]):
    """Rules of the tenant of the scope."""

    def live(self) -> Self:
        """Those that were not removed, of channels that were not."""
        return self.filter(removed_at__isnull=True, channel__removed_at__isnull=True)

    def speaking(self, *, at: datetime) -> Self:
        """Those that are not muted at the instant."""
        return self.live().exclude(muted_until__gt=at)


class NotificationRule(TenantModel):
    """Which events are told over which channel, and how many at once."""

    channel = models.ForeignKey(NotificationChannel, on_delete=models.PROTECT, related_name="rules")
    events = ArrayField(models.CharField(max_length=64), help_text="Names of events or globs over them.")
    digest = models.CharField(max_length=16, choices=Digest.choices, default=Digest.IMMEDIATELY)
    muted_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=200)
    removed_at = models.DateTimeField(null=True)

    objects = RuleQuerySet.as_manager()

    class Meta(TenantModel.Meta):
        ordering = ["-id"]
        constraints = [models.CheckConstraint(condition=Q(digest__in=Digest.values), name="rule_digest_is_known")]

    def __str__(self) -> str:
        return ", ".join(self.events)

    def follows(self, name: str) -> bool:
        """Whether it is about this event."""
        return any(names.covers(pattern, name) for pattern in self.events)


class NotificationMessage(TenantModel):
    """One message over one channel, about one event or a digest of many."""

    channel = models.ForeignKey(NotificationChannel, on_delete=models.PROTECT, related_name="messages")
    title = models.CharField(max_length=200)
    text = models.TextField()
    event_count = models.PositiveIntegerField()
    status = models.CharField(max_length=16, choices=MessageStatus.choices, default=MessageStatus.QUEUED)
    failure = models.CharField(max_length=100, blank=True)
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)

    objects = TenantQuerySet["NotificationMessage"].as_manager()

    class Meta(TenantModel.Meta):
        ordering = ["-id"]
        verbose_name = "message"
        constraints = [
            models.CheckConstraint(condition=Q(status__in=MessageStatus.values), name="message_status_is_known")
        ]
        indexes = [models.Index(fields=["tenant", "created_at"], name="messages_by_time")]

    def __str__(self) -> str:
        return self.title

    @property
    def subscriber(self) -> str:
        """The key under which it waits to be sent."""
        return f"{MESSAGE_PREFIX}{self.pk}"


class NoticeQuerySet(TenantQuerySet["Notice"]):
    """Notices of the tenant of the scope."""

    def due(self, *, at: datetime) -> Self:
        """Those not yet said whose time has come, in the order of their events."""
        return self.filter(message__isnull=True, due_at__lte=at).order_by("event_id")


class Notice(TenantModel):
    """An event that is to be told over a channel; INVARIANT: once, however many rules ask for it."""

    channel = models.ForeignKey(NotificationChannel, on_delete=models.PROTECT, related_name="notices")
    event = models.ForeignKey(OutboxEvent, on_delete=models.PROTECT, related_name="notices")
    due_at = models.DateTimeField()
    message = models.ForeignKey(NotificationMessage, null=True, on_delete=models.PROTECT, related_name="notices")

    objects = NoticeQuerySet.as_manager()

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["channel", "event"], name="one_notice_per_channel_and_event"),
        ]
        indexes = [
            models.Index(fields=["tenant", "due_at"], condition=Q(message__isnull=True), name="notices_due"),
        ]

    def __str__(self) -> str:
        return str(self.event_id)


class NotificationQuerySet(TenantQuerySet["Notification"]):
    """Notifications of the tenant of the scope."""

    def of_person(self, person: str) -> Self:
        """Those of one person (`user:alice`)."""
        return self.filter(person=person)

    def unread(self) -> Self:
        """Those nobody looked at."""
        return self.filter(read_at__isnull=True)


class Notification(TenantModel):
    """A message in the inbox of one person."""

    person = models.CharField(max_length=200)
    message = models.ForeignKey(NotificationMessage, on_delete=models.PROTECT, related_name="notifications")
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)

    objects = NotificationQuerySet.as_manager()

    class Meta(TenantModel.Meta):
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["message", "person"], name="one_notification_per_person")]
        indexes = [models.Index(fields=["tenant", "person", "-id"], name="inbox")]

    def __str__(self) -> str:
        return f"{self.person} {self.message_id}"
