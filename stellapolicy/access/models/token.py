"""API tokens: only a digest of the secret is kept, and a token that ended stays to say so."""

from datetime import datetime, timedelta
from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from knox.models import AbstractAuthToken

from stellapolicy.access.models.user import User
from stellapolicy.kernel.ids import new_id
from stellapolicy.tenancy.models import Service, Tenant

LAST_USE_RESOLUTION = timedelta(minutes=1)


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    """Tokens; the table is outside row-level security, so every reading but sign-in begins with `of_tenant`."""

    def of_tenant(self, tenant_id: object) -> Self:
        """Those of one tenant."""
        return self.filter(tenant_id=tenant_id)

    def live(self, *, at: datetime) -> Self:
        """Neither revoked nor expired at the instant."""
        return self.filter(revoked_at__isnull=True, expiry__gt=at)

    def not_used_since(self, instant: datetime) -> Self:
        """Never used, or last before the instant."""
        return self.filter(Q(last_used_at__isnull=True) | Q(last_used_at__lt=instant))


class ApiToken(AbstractAuthToken):  # type: ignore[misc]  # knox is untyped
    """A secret that speaks for a person in one tenant, with some of their scopes."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    digest = models.CharField(max_length=128, unique=True, editable=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=100)
    scopes = ArrayField(models.CharField(max_length=40))
    service = models.ForeignKey(Service, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    replaces = models.OneToOneField("self", null=True, blank=True, on_delete=models.PROTECT, related_name="replaced_by")
    created = models.DateTimeField()
    created_by = models.CharField(max_length=200)
    expiry = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.CharField(max_length=200, blank=True)

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        ordering = ["-created", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "name"], condition=Q(revoked_at__isnull=True), name="token_name_once_per_tenant"
            ),
            models.CheckConstraint(condition=Q(expiry__gt=F("created")), name="token_ends_after_it_begins"),
            models.CheckConstraint(
                condition=Q(revoked_at__isnull=True, revoked_by="") | (Q(revoked_at__isnull=False) & ~Q(revoked_by="")),
                name="token_revocation_names_its_author",
            ),
        ]
        indexes = [models.Index(fields=["tenant", "-created"])]

    def __str__(self) -> str:
        return self.name

    @property
    def subject(self) -> str:
        """The name under which this token acts."""
        return f"token:{self.name}"
