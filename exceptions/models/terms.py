"""Terms: what exactly was asked for and, once approved, holds; a change is a new version."""

from django.db import models
from django.db.models import F, Q

from exceptions.matching.scope import Scope
from exceptions.models.choices import choices_of
from exceptions.models.exception import PolicyException
from exceptions.rules.facts import SeenFacts
from exceptions.rules.recheck import Condition
from exceptions.rules.vocabulary import Effect, Level
from stellapolicy.tenancy.models import TenantModel, TenantQuerySet


class Change(models.TextChoices):
    """What terms are, beside those before them."""

    FIRST = "first"
    CHANGE = "change"
    EXTENSION = "extension"
    NARROWED = "narrowed"


class ExceptionTerms(TenantModel):
    """One version of the terms of an exception; immutable, and named by the digest of everything in it."""

    exception = models.ForeignKey(PolicyException, on_delete=models.PROTECT, related_name="versions")
    version = models.PositiveIntegerField()
    change = models.CharField(max_length=16, choices=Change.choices)
    scope = models.JSONField(help_text="The canonical selector.")
    scope_digest = models.CharField(max_length=71)
    effect = models.CharField(max_length=24, choices=choices_of(Effect))
    starts_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    rationale = models.TextField()
    controls = models.JSONField(default=list)
    conditions = models.JSONField(default=list, help_text="What makes it void: the recheck policy.")
    seen = models.JSONField(default=list, help_text="What was known of the covered findings when it was asked for.")
    counts = models.JSONField(default=dict, help_text="Artifacts, services and findings covered; digests looked at.")
    level = models.CharField(max_length=2, choices=choices_of(Level))
    steps = models.JSONField(default=list, help_text="How the level was computed, in words.")
    digest = models.CharField(max_length=71)
    proposed_by = models.CharField(max_length=200)
    person = models.CharField(max_length=200)
    at = models.DateTimeField()

    objects = TenantQuerySet["ExceptionTerms"].as_manager()

    class Meta(TenantModel.Meta):
        ordering = ["exception", "-version"]
        verbose_name_plural = "exception terms"
        constraints = [
            models.UniqueConstraint(fields=["exception", "version"], name="terms_once_per_version"),
            models.CheckConstraint(condition=Q(expires_at__gt=F("starts_at")), name="terms_end_after_they_start"),
        ]

    def __str__(self) -> str:
        return f"terms {self.version}"

    def selector(self) -> Scope:
        """Return the scope as the matcher reads it."""
        return Scope.from_json(self.scope)

    def seen_facts(self) -> tuple[SeenFacts, ...]:
        """Return what the approvers saw."""
        return tuple(SeenFacts.from_json(row) for row in self.seen)

    def recheck_policy(self) -> tuple[Condition, ...]:
        """Return what makes it void."""
        return tuple(Condition.from_json(row) for row in self.conditions)
