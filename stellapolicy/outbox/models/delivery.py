"""The queue of the outbox: a row without content for every event and whoever is to have it."""

from datetime import datetime
from typing import Final, Self
from uuid import UUID

from django.db import models
from django.db.models import Exists, OuterRef, Q

from stellapolicy.kernel.ids import new_id
from stellapolicy.outbox.models.event import OutboxEvent
from stellapolicy.tenancy.models import Tenant

# The first delivery of every event: to the outbox itself, which finds out who else is to have it.
FAN_OUT: Final = "outbox.fan_out"


class Lane(models.TextChoices):
    """Inward deliveries are one transaction each; outward ones speak to somebody else's server between two."""

    INWARD = "inward"
    OUTWARD = "outward"


class DeliveryStatus(models.TextChoices):
    """The life of a delivery, in the words of every job of the product."""

    QUEUED = "queued"
    LEASED = "leased"
    SUCCEEDED = "succeeded"
    DEAD_LETTER = "dead_letter"
    CANCELLED = "cancelled"


OPEN_STATUSES = (DeliveryStatus.QUEUED, DeliveryStatus.LEASED)


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    """Deliveries of every tenant: identifiers, states and leases, nothing else."""

    def of_tenant(self, tenant_id: UUID) -> Self:
        """Those of one tenant."""
        return self.filter(tenant_id=tenant_id)

    def due(self, lane: Lane, *, at: datetime) -> Self:
        """Those waiting in a lane whose time has come, oldest first."""
        waiting = self.filter(status=DeliveryStatus.QUEUED, lane=lane, available_at__lte=at)
        return waiting.order_by("available_at", "event_id", "id")

    def in_turn(self) -> Self:
        """Leaving out those behind an earlier event about the same subject, for the same subscriber or unsorted yet."""
        before = Delivery.objects.filter(
            Q(subscriber=OuterRef("subscriber")) | Q(subscriber=FAN_OUT),
            tenant_id=OuterRef("tenant_id"),
            subject_digest=OuterRef("subject_digest"),
            status__in=OPEN_STATUSES,
            lane=Lane.INWARD,
            event_id__lt=OuterRef("event_id"),
        )
        return self.filter(~Exists(before))

    def abandoned(self, *, at: datetime) -> Self:
        """Those whose worker let the lease run out."""
        return self.filter(status=DeliveryStatus.LEASED, leased_until__lt=at)

    def unclaimed(self) -> Self:
        """Locked for us, leaving out what another worker holds at this moment."""
        return self.select_for_update(skip_locked=True, of=("self",))

    def of_lease(self, lease: UUID) -> Self:
        """The delivery while, and only while, this lease is the one that holds it."""
        return self.filter(lease=lease, status=DeliveryStatus.LEASED)

    def given_up(self) -> Self:
        """Those nobody tries any more."""
        return self.filter(status=DeliveryStatus.DEAD_LETTER)

    def ended_before(self, instant: datetime) -> Self:
        """Those that ended, well or not, before."""
        return self.exclude(status__in=OPEN_STATUSES).filter(finished_at__lt=instant)


class Delivery(models.Model):
    """One event on its way to one subscriber."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+")
    event = models.ForeignKey(OutboxEvent, on_delete=models.PROTECT, related_name="deliveries")
    subscriber = models.CharField(max_length=100)
    lane = models.CharField(max_length=8, choices=Lane.choices)
    subject_digest = models.CharField(max_length=71, help_text="Digest of what the event is about.")
    status = models.CharField(max_length=16, choices=DeliveryStatus.choices, default=DeliveryStatus.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    available_at = models.DateTimeField()
    lease = models.UUIDField(null=True)
    leased_until = models.DateTimeField(null=True)
    failure = models.CharField(max_length=100, blank=True, help_text="Code of the last failed attempt.")
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "deliveries"
        constraints = [
            models.UniqueConstraint(fields=["event", "subscriber"], name="one_delivery_per_subscriber"),
            models.CheckConstraint(condition=Q(status__in=DeliveryStatus.values), name="delivery_status_is_known"),
            models.CheckConstraint(condition=Q(lane__in=Lane.values), name="delivery_lane_is_known"),
        ]
        indexes = [
            models.Index(fields=["lane", "available_at"], condition=Q(status="queued"), name="deliveries_due"),
            models.Index(fields=["leased_until"], condition=Q(status="leased"), name="deliveries_leased"),
            models.Index(
                fields=["tenant", "subject_digest", "event"],
                condition=Q(status__in=["queued", "leased"]),
                name="deliveries_in_turn",
            ),
            models.Index(fields=["tenant", "-id"], condition=Q(status="dead_letter"), name="deliveries_given_up"),
            models.Index(fields=["finished_at"], name="deliveries_ended"),
        ]

    def __str__(self) -> str:
        return f"{self.event_id} to {self.subscriber}"
