"""The gate before an environment: a versioned chain of checks with a mode."""

from typing import Self

from django.db import models

from stellapolicy.tenancy.models import Environment, TenantModel, TenantQuerySet


class GateMode(models.TextChoices):
    """What a verdict does to a pipeline."""

    OBSERVE = "observe"
    WARN = "warn"
    ENFORCE = "enforce"


class GateQuerySet(TenantQuerySet["Gate"]):
    """Gates of the tenant."""

    def in_force(self) -> Self:
        """The current version of each gate."""
        return self.filter(is_current=True)


class Gate(TenantModel):
    """One version of a gate; a change is a new version, so that every decision can name what it was judged by."""

    environment = models.ForeignKey(Environment, on_delete=models.PROTECT, related_name="gates")
    name = models.SlugField(max_length=100, default="default")
    version = models.PositiveIntegerField(default=1)
    mode = models.CharField(max_length=8, choices=GateMode.choices, default=GateMode.OBSERVE)
    preset = models.CharField(max_length=32)
    chain = models.JSONField(help_text="[{check, options}], in order.")
    digest = models.CharField(max_length=71, help_text="Of preset, chain and mode.")
    is_current = models.BooleanField(default=True)
    created_by = models.CharField(max_length=200)
    created_at = models.DateTimeField()

    objects = GateQuerySet.as_manager()

    class Meta(TenantModel.Meta):
        ordering = ["environment", "name", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["environment", "name", "version"], name="gate_once_per_version"),
            models.UniqueConstraint(
                fields=["environment", "name"],
                condition=models.Q(is_current=True),
                name="one_current_version_per_gate",
            ),
            models.CheckConstraint(condition=models.Q(mode__in=GateMode.values), name="gate_mode_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.environment.slug}/{self.name}"
