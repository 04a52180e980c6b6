"""Evidence that somebody attached to an exception."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from exceptions.models.choices import choices_of
from exceptions.models.exception import PolicyException
from exceptions.rules.hooks import HookKind, Signature
from stellapolicy.tenancy.models import TenantModel, TenantQuerySet


class ExceptionEvidence(TenantModel):
    """A statement for a hook, or a mere attachment; append-only, its bytes kept by digest."""

    exception = models.ForeignKey(PolicyException, on_delete=models.PROTECT, related_name="evidence")
    hook = models.CharField(max_length=32, choices=choices_of(HookKind), blank=True)
    claims = models.JSONField(default=dict, blank=True, help_text="What it states, by the schema of its hook.")
    issued_at = models.DateTimeField()
    trust = models.PositiveIntegerField(default=0, help_text="How far it is believed, in 1/10,000.")
    signature = models.CharField(max_length=16, choices=choices_of(Signature))
    subjects = ArrayField(
        models.CharField(max_length=71), default=list, blank=True, help_text="The digests that were signed about."
    )
    signer = models.CharField(max_length=80, blank=True, help_text="The id of the key that signed.")
    filename = models.CharField(max_length=255, blank=True)
    content_type = models.CharField(max_length=100, blank=True)
    size_bytes = models.PositiveIntegerField(default=0)
    digest = models.CharField(max_length=71, blank=True)
    stored_as = models.CharField(max_length=255, blank=True)
    note = models.TextField(blank=True)
    attached_by = models.CharField(max_length=200)
    person = models.CharField(max_length=200)
    at = models.DateTimeField()

    objects = TenantQuerySet["ExceptionEvidence"].as_manager()

    class Meta(TenantModel.Meta):
        ordering = ["exception", "at", "id"]
        verbose_name_plural = "exception evidence"

    def __str__(self) -> str:
        return self.hook or self.filename or "evidence"
