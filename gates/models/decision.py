"""Decisions: append-only, complete, replayable."""

from datetime import datetime
from typing import Self

from django.db import models

from gates.models.gate import Gate, GateMode
from policies.models import Artifact, Snapshot
from stellapolicy.tenancy.models import Environment, TenantModel, TenantQuerySet


class Decision(models.TextChoices):
    """The answer to: may it ship."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    WARN = "warn"
    BLOCK = "block"


class GateDecisionQuerySet(TenantQuerySet["GateDecision"]):
    """Decisions of the tenant."""

    def since(self, instant: datetime) -> Self:
        """Those made at or after the instant."""
        return self.filter(created_at__gte=instant)

    def stopping(self) -> Self:
        """Those that stop a pipeline: blocks of a gate that enforces; one that observes only says what it would do."""
        return self.filter(decision=Decision.BLOCK, mode=GateMode.ENFORCE)

    def latest_per_target(self) -> Self:
        """The last decision of each artifact and environment."""
        return self.order_by("artifact", "environment", "-created_at", "-id").distinct("artifact", "environment")


class GateDecision(TenantModel):
    """One answer to one question; the row can never change, and everything it was made from is named in it."""

    service_path = "artifact__service"

    artifact = models.ForeignKey(Artifact, on_delete=models.PROTECT, related_name="decisions")
    environment = models.ForeignKey(Environment, on_delete=models.PROTECT, related_name="decisions")
    gate = models.ForeignKey(Gate, on_delete=models.PROTECT, related_name="decisions")
    snapshot = models.ForeignKey(Snapshot, null=True, on_delete=models.PROTECT, related_name="decisions")
    decision = models.CharField(max_length=8, choices=Decision.choices)
    exit_code = models.PositiveSmallIntegerField()
    mode = models.CharField(max_length=8, choices=GateMode.choices)
    blocked_by = models.CharField(max_length=32, blank=True)
    at = models.DateTimeField(help_text="The instant the question was asked about.")
    actor = models.CharField(max_length=200)
    build = models.JSONField(default=dict, help_text="Where the request came from, as the client says.")
    inputs = models.JSONField(help_text="Everything frozen for the evaluation that the snapshot does not hold.")
    body = models.JSONField(help_text="The answer: checks, reasons, findings, digests.")
    body_digest = models.CharField(max_length=71)
    determinism_hash = models.CharField(max_length=71)
    request_digest = models.CharField(max_length=71)
    created_at = models.DateTimeField()

    objects = GateDecisionQuerySet.as_manager()

    class Meta(TenantModel.Meta):
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(condition=models.Q(decision__in=Decision.values), name="decision_is_known"),
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at", "-id"]),
            models.Index(fields=["artifact", "environment", "-created_at"]),
            models.Index(fields=["tenant", "request_digest"]),
        ]

    def __str__(self) -> str:
        return f"{self.decision} {self.id}"
