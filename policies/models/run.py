"""Runs: long work that waits, is claimed by one worker at a time, shows its progress, and ends once."""

from datetime import datetime
from typing import Self
from uuid import UUID

from django.db import models

from stellapolicy.kernel.ids import new_id
from stellapolicy.tenancy.models import Tenant, TenantModel, TenantQuerySet


class RunStatus(models.TextChoices):
    """The life of a run; the vocabulary of every job in the product."""

    QUEUED = "queued"
    LEASED = "leased"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    DEAD_LETTER = "dead_letter"
    CANCELLED = "cancelled"


HELD_STATUSES = (RunStatus.LEASED, RunStatus.RUNNING)
OPEN_STATUSES = (RunStatus.QUEUED, *HELD_STATUSES)


class RunQuerySet(models.QuerySet["Run"]):
    """Runs of every tenant: identifiers, states, leases and progress, nothing else."""

    def due(self, *, at: datetime) -> Self:
        """Those waiting whose time has come, oldest first."""
        return self.filter(status=RunStatus.QUEUED, available_at__lte=at).order_by("available_at", "id")

    def open(self) -> Self:
        """Those that have not ended."""
        return self.filter(status__in=OPEN_STATUSES)

    def abandoned(self, *, at: datetime) -> Self:
        """Those whose worker let the lease run out."""
        return self.filter(status__in=HELD_STATUSES, leased_until__lt=at)

    def unclaimed(self) -> Self:
        """Locked for us, leaving out what another worker holds at this moment."""
        return self.select_for_update(skip_locked=True)

    def of_lease(self, lease: UUID) -> Self:
        """The run while, and only while, this lease is the one that holds it."""
        return self.filter(lease=lease, status__in=HELD_STATUSES)


class Run(models.Model):
    """One piece of long work: its place in the queue, and how far it is."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=40)
    status = models.CharField(max_length=16, choices=RunStatus.choices, default=RunStatus.QUEUED)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0, help_text="Steps in all; 0 until they are counted.")
    attempts = models.PositiveSmallIntegerField(default=0)
    available_at = models.DateTimeField()
    lease = models.UUIDField(null=True)
    leased_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    objects = RunQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(condition=models.Q(status__in=RunStatus.values), name="run_status_is_known"),
        ]
        indexes = [
            models.Index(fields=["available_at", "id"], condition=models.Q(status="queued"), name="runs_due"),
            models.Index(fields=["leased_until"], name="runs_leased"),
            models.Index(fields=["tenant", "-created_at"], name="runs_of_tenant"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


class RunContent(TenantModel):
    """What a run is asked to do, for whom, and what came of it."""

    run = models.OneToOneField(Run, on_delete=models.PROTECT, related_name="content")
    title = models.CharField(max_length=300)
    question = models.JSONField()
    subject = models.CharField(max_length=200)
    scopes = models.JSONField(default=list)
    services = models.JSONField(null=True, help_text="The services the scopes are held in; empty for all.")
    service_scopes = models.JSONField(default=dict, help_text="Further scopes, each in one service.")
    result = models.JSONField(default=dict, blank=True)
    failure = models.JSONField(default=dict, blank=True, help_text="Code, sentence and places of the refusal.")

    objects = TenantQuerySet["RunContent"].as_manager()

    class Meta(TenantModel.Meta):
        ordering = ["-run__created_at", "-id"]

    def __str__(self) -> str:
        return self.title
