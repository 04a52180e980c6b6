"""The queue: rows without content that any worker may claim, and their content behind the tenant's lock."""

from datetime import datetime
from typing import Self
from uuid import UUID

from django.db import models

from gates.models.decision import GateDecision
from stellapolicy.kernel.ids import new_id
from stellapolicy.tenancy.models import Service, Tenant, TenantModel, TenantQuerySet


class JobStatus(models.TextChoices):
    """The life of a job; the vocabulary of every job in the product."""

    QUEUED = "queued"
    LEASED = "leased"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    DEAD_LETTER = "dead_letter"
    CANCELLED = "cancelled"


OPEN_STATUSES = (JobStatus.QUEUED, JobStatus.LEASED, JobStatus.RUNNING)


class GateJobQuerySet(models.QuerySet["GateJob"]):
    """Jobs of every tenant: identifiers, states and leases, nothing else."""

    def due(self, *, at: datetime) -> Self:
        """Those waiting whose time has come, oldest first."""
        return self.filter(status=JobStatus.QUEUED, available_at__lte=at).order_by("available_at", "id")

    def abandoned(self, *, at: datetime) -> Self:
        """Those whose worker let the lease run out."""
        return self.filter(status__in=(JobStatus.LEASED, JobStatus.RUNNING), leased_until__lt=at)

    def unclaimed(self) -> Self:
        """Locked for us, leaving out what another worker holds at this moment."""
        return self.select_for_update(skip_locked=True)

    def of_lease(self, *, lease: UUID) -> Self:
        """The job while, and only while, this lease is the one that holds it."""
        return self.filter(lease=lease, status__in=(JobStatus.LEASED, JobStatus.RUNNING))


class GateJob(models.Model):
    """One place in the queue."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+")
    status = models.CharField(max_length=16, choices=JobStatus.choices, default=JobStatus.QUEUED)
    dedupe_key = models.CharField(max_length=71, help_text="Request digest and triggering event; once among open jobs.")
    attempts = models.PositiveSmallIntegerField(default=0)
    available_at = models.DateTimeField()
    lease = models.UUIDField(null=True)
    leased_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    objects = GateJobQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "dedupe_key"],
                condition=models.Q(status__in=["queued", "leased", "running"]),
                name="one_open_job_per_question",
            ),
            models.CheckConstraint(condition=models.Q(status__in=JobStatus.values), name="job_status_is_known"),
        ]
        indexes = [
            models.Index(fields=["available_at", "id"], condition=models.Q(status="queued"), name="jobs_due"),
            models.Index(fields=["leased_until"], name="jobs_leased"),
        ]

    def __str__(self) -> str:
        return str(self.id)


class GateJobRequest(TenantModel):
    """What a job asks, and the one decision it led to."""

    service_path = "service"

    job = models.OneToOneField(GateJob, on_delete=models.PROTECT, related_name="request")
    question = models.JSONField()
    service = models.ForeignKey(Service, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    subject = models.CharField(max_length=200)
    scopes = models.JSONField(default=list)
    services = models.JSONField(null=True, help_text="The services the scopes are held in; empty for all.")
    service_scopes = models.JSONField(default=dict, help_text="Further scopes, each in one service.")
    decision = models.OneToOneField(GateDecision, null=True, on_delete=models.PROTECT, related_name="job_request")
    failure = models.JSONField(default=dict, blank=True, help_text="Code and sentence of the last failed attempt.")

    objects = TenantQuerySet["GateJobRequest"].as_manager()

    class Meta(TenantModel.Meta):
        ordering = ["-job__created_at", "-id"]

    def __str__(self) -> str:
        return str(self.job_id)
