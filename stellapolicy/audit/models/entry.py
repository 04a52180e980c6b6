"""One entry per write, chained by hash, numbered without gaps within its tenant."""

from datetime import datetime
from typing import Self

from django.db import models

from stellapolicy.tenancy.models import TenantModel, TenantQuerySet


class EntryQuerySet(TenantQuerySet["Entry"]):
    """Entries of the tenant of the scope."""

    def about(self, target_type: str, target_id: str) -> Self:
        """Those about one thing."""
        return self.filter(target_type=target_type, target_id=target_id)

    def after(self, seq: int) -> Self:
        """Those that follow a number, in the order of the chain."""
        return self.filter(seq__gt=seq).order_by("seq")

    def between(self, *, since: datetime, until: datetime) -> Self:
        """Those recorded at or after `since` and before `until`."""
        return self.filter(at__gte=since, at__lt=until)


class Entry(TenantModel):
    """What somebody did; a trigger refuses to change or remove it, the hash shows where somebody did so anyway."""

    seq = models.BigIntegerField()
    at = models.DateTimeField()
    actor = models.CharField(max_length=200)
    action = models.CharField(max_length=64)
    target_type = models.CharField(max_length=64)
    target_id = models.TextField()
    before_digest = models.CharField(max_length=71, blank=True)
    after_digest = models.CharField(max_length=71, blank=True)
    reason = models.TextField(blank=True)
    ticket = models.CharField(max_length=200, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    address = models.CharField(max_length=45, blank=True)
    prev_hash = models.CharField(max_length=71)
    hash = models.CharField(max_length=71)

    objects = EntryQuerySet.as_manager()

    class Meta(TenantModel.Meta):
        ordering = ["-seq"]
        verbose_name_plural = "entries"
        constraints = [
            models.UniqueConstraint(fields=["tenant", "seq"], name="audit_number_once_per_tenant"),
            models.CheckConstraint(condition=models.Q(seq__gte=1), name="audit_numbers_begin_at_1"),
        ]
        indexes = [
            models.Index(fields=["tenant", "target_type", "target_id", "-seq"], name="audit_by_target"),
            models.Index(fields=["tenant", "at"], name="audit_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.seq} {self.action}"


class ChainHead(TenantModel):
    """The end of a tenant's chain: writers queue on this row, and a shortened chain no longer meets it."""

    seq = models.BigIntegerField()
    hash = models.CharField(max_length=71)

    objects = TenantQuerySet["ChainHead"].as_manager()

    class Meta(TenantModel.Meta):
        constraints = [models.UniqueConstraint(fields=["tenant"], name="audit_chain_once_per_tenant")]

    def __str__(self) -> str:
        return f"{self.seq} {self.hash}"
