"""Values of settings, every one that ever held."""

from typing import Self

from django.db import models
from django.db.models import Q

from stellapolicy.governance.models.approval import ApprovalRequest
from stellapolicy.tenancy.models import TenantModel, TenantQuerySet


class GovernanceSettingQuerySet(TenantQuerySet["GovernanceSetting"]):
    """Values of the tenant."""

    def newest(self) -> Self:
        """The value in force of each setting that was ever changed."""
        return self.order_by("name", "-version").distinct("name")

    def history_of(self, name: str) -> Self:
        """Every value of one setting, the newest first."""
        return self.filter(name=name).order_by("-version")


class GovernanceSetting(TenantModel):
    """One value of one setting; the highest version holds, and a change is a further row."""

    name = models.CharField(max_length=64)
    version = models.PositiveIntegerField()
    value = models.JSONField()
    request = models.OneToOneField(ApprovalRequest, on_delete=models.PROTECT, related_name="+")
    proposed_by = models.CharField(max_length=200)
    confirmed_by = models.CharField(max_length=200)
    reason = models.TextField()
    at = models.DateTimeField()

    objects = GovernanceSettingQuerySet.as_manager()

    class Meta(TenantModel.Meta):
        ordering = ["name", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "name", "version"], name="setting_version_once"),
            models.CheckConstraint(condition=Q(version__gte=1), name="setting_versions_begin_at_1"),
            models.CheckConstraint(condition=~Q(proposed_by=models.F("confirmed_by")), name="setting_has_two_people"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.version}"
