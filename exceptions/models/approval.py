"""Who must agree to which level, as the tenant decided, and approvals as signed statements."""

from django.db import models

from exceptions.models.exception import PolicyException
from exceptions.models.terms import ExceptionTerms
from stellapolicy.governance.models import ApprovalRequest
from stellapolicy.tenancy.models import TenantModel, TenantQuerySet


class ApprovalTable(TenantModel):
    """One version of the table of approval levels; the newest counts, the shipped one where there is none."""

    version = models.PositiveIntegerField()
    preset = models.CharField(max_length=32, blank=True, help_text="The shipped table it equals; empty for one's own.")
    levels = models.JSONField()
    digest = models.CharField(max_length=71)
    request = models.ForeignKey(ApprovalRequest, on_delete=models.PROTECT, related_name="+")
    proposed_by = models.CharField(max_length=200)
    confirmed_by = models.CharField(max_length=200)
    reason = models.TextField()
    at = models.DateTimeField()

    objects = TenantQuerySet["ApprovalTable"].as_manager()

    class Meta(TenantModel.Meta):
        ordering = ["-version"]
        constraints = [models.UniqueConstraint(fields=["tenant", "version"], name="approval_table_once_per_version")]

    def __str__(self) -> str:
        return f"approval levels {self.version}"


class ExceptionAttestation(TenantModel):
    """The approval of terms as a signed statement (DSSE), which verifies without this installation."""

    exception = models.ForeignKey(PolicyException, on_delete=models.PROTECT, related_name="attestations")
    terms = models.OneToOneField(ExceptionTerms, on_delete=models.PROTECT, related_name="attestation")
    envelope = models.JSONField()
    key_id = models.CharField(max_length=80)
    digest = models.CharField(max_length=71)
    at = models.DateTimeField()

    objects = TenantQuerySet["ExceptionAttestation"].as_manager()

    class Meta(TenantModel.Meta):
        ordering = ["exception", "-at", "-id"]

    def __str__(self) -> str:
        return self.digest[:19]
