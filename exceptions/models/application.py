"""Each time an exception changed a verdict."""

from django.db import models

from exceptions.models.exception import PolicyException
from exceptions.models.terms import ExceptionTerms
from stellapolicy.tenancy.models import TenantModel, TenantQuerySet


class ExceptionApplication(TenantModel):
    """One finding of one decision that an exception changed; append-only, kept for a year.

    `run` is the decision or run, by its id: rooms above this one own those rows.
    """

    exception = models.ForeignKey(PolicyException, on_delete=models.PROTECT, related_name="applications")
    terms = models.ForeignKey(ExceptionTerms, on_delete=models.PROTECT, related_name="+")
    run = models.UUIDField()
    artifact_digest = models.CharField(max_length=140)
    environment = models.CharField(max_length=50)
    finding = models.TextField(help_text="The key of the finding.")
    raw_status = models.CharField(max_length=24)
    status = models.CharField(max_length=24)
    effect = models.CharField(max_length=24)
    program_digest = models.CharField(max_length=71)
    at = models.DateTimeField()

    objects = TenantQuerySet["ExceptionApplication"].as_manager()

    class Meta(TenantModel.Meta):
        ordering = ["-at", "-id"]
        indexes = [
            models.Index(fields=["exception", "-at", "-id"], name="applications_newest"),
            models.Index(fields=["tenant", "at"], name="applications_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.finding}: {self.raw_status} to {self.status}"
