"""The answer to a request that carried an `Idempotency-Key`."""

from datetime import datetime, timedelta
from typing import Self

from django.db import models

from stellapolicy.tenancy.models import TenantModel, TenantQuerySet

RETENTION = timedelta(hours=24)


class IdempotencyQuerySet(TenantQuerySet["IdempotencyRecord"]):
    """Answers kept for the tenant of the scope."""

    def valid(self, *, at: datetime) -> Self:
        """Those young enough to be given again."""
        return self.filter(at__gt=at - RETENTION)

    def outlived(self, *, at: datetime) -> Self:
        """Those past their 24 hours."""
        return self.filter(at__lte=at - RETENTION)


class IdempotencyRecord(TenantModel):
    """One key of one caller for one address, with the answer it was given."""

    subject = models.CharField(max_length=200)
    key = models.CharField(max_length=255)
    target = models.CharField(max_length=2048, help_text="Method and path.")
    request_digest = models.CharField(max_length=71)
    status = models.PositiveSmallIntegerField()
    headers = models.JSONField(default=dict)
    body = models.BinaryField()
    at = models.DateTimeField()

    objects = IdempotencyQuerySet.as_manager()

    class Meta(TenantModel.Meta):
        ordering = ["at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "subject", "key", "target"], name="idempotency_key_once_per_caller"
            ),
        ]
        indexes = [models.Index(fields=["at"], name="idempotency_by_age")]

    def __str__(self) -> str:
        return f"{self.target} {self.key}"
