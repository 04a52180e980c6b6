"""Events: written with the change they tell of, never changed, forgotten after their retention."""

from collections.abc import Iterable
from datetime import datetime
from typing import Self

from django.db import models

from stellapolicy.kernel.actor import Actor
from stellapolicy.outbox.subscriptions import PublishedEvent
from stellapolicy.tenancy.models import TenantModel, TenantQuerySet
from stellapolicy.tenancy.scope import current_tenant


class OutboxEventQuerySet(TenantQuerySet["OutboxEvent"]):
    """Events of the tenant of the scope."""

    def about(self, subject: str) -> Self:
        """Those about one thing."""
        return self.filter(subject=subject)

    def older_than(self, instant: datetime) -> Self:
        """Those that occurred before."""
        return self.filter(occurred_at__lt=instant)

    def named(self, names: Iterable[str]) -> Self:
        """Those of these names."""
        return self.filter(name__in=list(names))


class OutboxEvent(TenantModel):
    """Something that happened; a trigger refuses to change it, and to remove it outside retention."""

    name = models.CharField(max_length=64)
    subject = models.CharField(max_length=255, help_text="What it happened to.")
    actor = models.CharField(max_length=200, help_text="Who did it.")
    person = models.CharField(max_length=200, help_text="The person behind the actor.")
    request_id = models.CharField(max_length=64, blank=True)
    data = models.JSONField(default=dict)
    occurred_at = models.DateTimeField()

    objects = OutboxEventQuerySet.as_manager()

    class Meta(TenantModel.Meta):
        ordering = ["-id"]
        verbose_name = "event"
        indexes = [
            models.Index(fields=["tenant", "name", "-id"], name="events_by_name"),
            models.Index(fields=["tenant", "subject", "-id"], name="events_by_subject"),
            models.Index(fields=["tenant", "occurred_at"], name="events_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.subject}"

    def published(self, *, at: datetime) -> PublishedEvent:
        """Return the event of the scope as subscribers see it at the instant."""
        actor = Actor(
            tenant_id=current_tenant(),
            subject=self.actor,
            request_id=self.request_id,
            extra={"person": self.person},
        )
        return PublishedEvent(
            id=self.pk,
            name=self.name,
            tenant_id=actor.tenant_id,
            actor=actor,
            subject=self.subject,
            data=self.data,
            occurred_at=self.occurred_at,
            at=at,
        )
