"""What happened to an exception, what was said about it, and who was told that it ends."""

from django.db import models

from exceptions.models.exception import PolicyException
from exceptions.models.terms import ExceptionTerms
from stellapolicy.tenancy.models import TenantModel, TenantQuerySet


class ExceptionEvent(TenantModel):
    """One thing that happened; append-only, numbered, and an entry of the audit chain under the same name."""

    exception = models.ForeignKey(PolicyException, on_delete=models.PROTECT, related_name="events")
    sequence = models.PositiveIntegerField()
    name = models.CharField(max_length=64)
    state = models.CharField(max_length=24, help_text="Where it stood afterwards.")
    actor = models.CharField(max_length=200)
    person = models.CharField(max_length=200)
    reason = models.TextField(blank=True)
    details = models.JSONField(default=dict, blank=True)
    terms_version = models.PositiveIntegerField(null=True)
    audit_seq = models.BigIntegerField(help_text="The entry of the audit chain.")
    at = models.DateTimeField()

    objects = TenantQuerySet["ExceptionEvent"].as_manager()

    class Meta(TenantModel.Meta):
        ordering = ["exception", "sequence"]
        constraints = [models.UniqueConstraint(fields=["exception", "sequence"], name="exception_event_once")]

    def __str__(self) -> str:
        return self.name


class CommentKind(models.TextChoices):
    """What somebody said."""

    COMMENT = "comment"
    QUESTION = "question"
    ANSWER = "answer"


class ExceptionComment(TenantModel):
    """A line of the thread of an exception; append-only."""

    exception = models.ForeignKey(PolicyException, on_delete=models.PROTECT, related_name="thread")
    kind = models.CharField(max_length=16, choices=CommentKind.choices)
    author = models.CharField(max_length=200)
    person = models.CharField(max_length=200)
    text = models.TextField()
    at = models.DateTimeField()

    objects = TenantQuerySet["ExceptionComment"].as_manager()

    class Meta(TenantModel.Meta):
        ordering = ["exception", "at", "id"]

    def __str__(self) -> str:
        return f"{self.person}: {self.text[:40]}"


class ExceptionNotice(TenantModel):
    """That the end of terms was announced so many days before; once each."""

    terms = models.ForeignKey(ExceptionTerms, on_delete=models.PROTECT, related_name="notices")
    days = models.PositiveSmallIntegerField()
    at = models.DateTimeField()

    objects = TenantQuerySet["ExceptionNotice"].as_manager()

    class Meta(TenantModel.Meta):
        constraints = [models.UniqueConstraint(fields=["terms", "days"], name="exception_notice_once")]

    def __str__(self) -> str:
        return f"{self.days} days"
