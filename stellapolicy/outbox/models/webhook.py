"""Outgoing webhooks: who is told of which events, and how each attempt to tell them went."""

from datetime import datetime
from typing import Final, Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django_fsm import FSMField, FSMModelMixin, transition

from stellapolicy.outbox import names
from stellapolicy.outbox.models.event import OutboxEvent
from stellapolicy.tenancy.models import TenantModel, TenantQuerySet

SUBSCRIBER_PREFIX: Final = "webhook:"


class WebhookState(models.TextChoices):
    """The life of a webhook."""

    ACTIVE = "active"
    PAUSED = "paused"
    DELETED = "deleted"


class WebhookSubscriptionQuerySet(TenantQuerySet["WebhookSubscription"]):
    """Webhooks of the tenant of the scope."""

    def active(self) -> Self:
        """Those that are told of events."""
        return self.filter(state=WebhookState.ACTIVE)

    def kept(self) -> Self:
        """Those that were not deleted."""
        return self.exclude(state=WebhookState.DELETED)


class WebhookSubscription(FSMModelMixin, TenantModel):
    """An address that is told of events; its secrets are kept encrypted and shown once."""

    url = models.CharField(max_length=2048)
    description = models.CharField(max_length=200, blank=True)
    events = ArrayField(models.CharField(max_length=64), help_text="Names of events or globs over them.")
    state = FSMField(default=WebhookState.ACTIVE, choices=WebhookState.choices, protected=True, max_length=16)
    sealed_secret = models.TextField(blank=True)
    sealed_previous_secret = models.TextField(blank=True)
    previous_secret_until = models.DateTimeField(null=True)
    consecutive_failures = models.PositiveIntegerField(default=0)
    last_success_at = models.DateTimeField(null=True)
    last_failure_at = models.DateTimeField(null=True)
    pause_reason = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=200)
    changed_at = models.DateTimeField()

    objects = WebhookSubscriptionQuerySet.as_manager()

    class Meta(TenantModel.Meta):
        ordering = ["-id"]
        verbose_name = "webhook"
        constraints = [
            models.CheckConstraint(condition=Q(state__in=WebhookState.values), name="webhook_state_is_known"),
            models.CheckConstraint(
                condition=Q(state="deleted") | ~Q(sealed_secret=""), name="webhook_has_a_secret_while_it_lives"
            ),
        ]
        indexes = [models.Index(fields=["tenant", "state"], name="webhooks_by_state")]

    def __str__(self) -> str:
        return self.description or self.url

    @property
    def subscriber(self) -> str:
        """The key under which events wait for it."""
        return f"{SUBSCRIBER_PREFIX}{self.pk}"

    def follows(self, name: str) -> bool:
        """Whether it wants this event."""
        return any(names.covers(pattern, name) for pattern in self.events)

    @transition(field=state, source=WebhookState.ACTIVE, target=WebhookState.PAUSED)
    def pause(self) -> None:
        """Legal while it is active."""

    @transition(field=state, source=WebhookState.PAUSED, target=WebhookState.ACTIVE)
    def resume(self) -> None:
        """Legal while it is paused."""

    @transition(field=state, source=[WebhookState.ACTIVE, WebhookState.PAUSED], target=WebhookState.DELETED)
    def delete_for_good(self) -> None:
        """Legal once; its log stays, its secrets go."""


class AttemptOutcome(models.TextChoices):
    """How an attempt went."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"


class Latency(models.TextChoices):
    """How long the other side took, as far as anybody needs to know."""

    UNDER_100_MS = "under_100_ms"
    UNDER_1_S = "under_1_s"
    UNDER_5_S = "under_5_s"
    OVER_5_S = "over_5_s"


class WebhookDeliveryQuerySet(TenantQuerySet["WebhookDelivery"]):
    """Attempts of the tenant of the scope."""

    def older_than(self, instant: datetime) -> Self:
        """Those made before."""
        return self.filter(attempted_at__lt=instant)


class WebhookDelivery(TenantModel):
    """One attempt to tell a webhook of an event."""

    webhook = models.ForeignKey(WebhookSubscription, on_delete=models.PROTECT, related_name="attempts")
    event = models.ForeignKey(OutboxEvent, on_delete=models.PROTECT, related_name="webhook_attempts")
    attempt = models.PositiveSmallIntegerField()
    outcome = models.CharField(max_length=16, choices=AttemptOutcome.choices)
    response_status = models.PositiveSmallIntegerField(null=True)
    error_code = models.CharField(max_length=64, blank=True)
    latency = models.CharField(max_length=16, choices=Latency.choices)
    excerpt = models.CharField(max_length=512, blank=True, help_text="How the answer began.")
    attempted_at = models.DateTimeField()
    next_attempt_at = models.DateTimeField(null=True)

    objects = WebhookDeliveryQuerySet.as_manager()

    class Meta(TenantModel.Meta):
        ordering = ["-id"]
        verbose_name = "webhook delivery"
        verbose_name_plural = "webhook deliveries"
        constraints = [
            models.CheckConstraint(condition=Q(outcome__in=AttemptOutcome.values), name="attempt_outcome_is_known"),
            models.CheckConstraint(condition=Q(latency__in=Latency.values), name="attempt_latency_is_known"),
        ]
        indexes = [
            models.Index(fields=["tenant", "webhook", "-id"], name="attempts_by_webhook"),
            models.Index(fields=["tenant", "attempted_at"], name="attempts_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.event_id} attempt {self.attempt}"
