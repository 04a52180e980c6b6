"""What the last walk along each chain found."""

from django.db import models
from django.db.models import Q

from stellapolicy.tenancy.models import Tenant


class ChainVerification(models.Model):
    """The last verification of a tenant's chain; outside row-level security: it is told of all tenants at once."""

    tenant = models.OneToOneField(Tenant, primary_key=True, on_delete=models.PROTECT, related_name="+")
    verified_at = models.DateTimeField()
    entries = models.PositiveBigIntegerField()
    breaks = models.PositiveIntegerField()
    head_hash = models.CharField(max_length=71)

    class Meta:
        ordering = ["tenant"]
        constraints = [models.CheckConstraint(condition=Q(breaks__gte=0), name="verification_counts_its_breaks")]

    def __str__(self) -> str:
        return f"{self.tenant_id} {'intact' if self.breaks == 0 else 'broken'}"
