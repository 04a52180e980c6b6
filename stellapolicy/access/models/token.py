"""API tokens: only a digest of the secret is kept, and a token that ended stays to say so."""

from datetime import datetime, timedelta
from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from knox.models import AbstractAuthToken

from stellapolicy.access.models.user import User
from stellapolicy.access.models.workload import WORKLOAD_SCOPES, TrustedWorkload
from stellapolicy.kernel.actor import Actor
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

    def standing(self, *, at: datetime) -> Self:
        """Live, and of a pipeline or of a person who was not disabled."""
        return self.live(at=at).filter(Q(user__isnull=True) | Q(user__is_active=True))

    def of_workloads(self) -> Self:
        """Those that pipelines were given."""
        return self.filter(workload__isnull=False)

    def ended_before(self, instant: datetime) -> Self:
        """Expired or revoked before the instant."""
        return self.filter(Q(expiry__lt=instant) | Q(revoked_at__lt=instant))

    def visible_to(self, actor: Actor, scope: str) -> Self:
        """Those of the actor's tenant, as far as the scope is held: everywhere, or of single services."""
        rows, services = self.of_tenant(actor.tenant_id), actor.services_with(scope)
        return rows if services is None else rows.filter(service__in=services)

    def not_used_since(self, instant: datetime) -> Self:
        """Never used, or last before the instant."""
        return self.filter(Q(last_used_at__isnull=True) | Q(last_used_at__lt=instant))


class ApiToken(AbstractAuthToken):  # type: ignore[misc]  # knox is untyped
    """A secret that speaks in one tenant: for a person with some of their scopes, or for a pipeline with two.

    INVARIANT: the token of a pipeline has no person behind it and, by a constraint, no scope to approve with; wherever
    two people are needed it is nobody.
    """

    service_path = "service"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    digest = models.CharField(max_length=128, unique=True, editable=False)
    user = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    workload = models.ForeignKey(TrustedWorkload, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    acts_as = models.CharField(max_length=200, blank=True, help_text="The subject of a pipeline's token.")
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=100)
    scopes = ArrayField(models.CharField(max_length=40))
    service = models.ForeignKey(Service, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    replaces = models.OneToOneField("self", null=True, blank=True, on_delete=models.PROTECT, related_name="replaced_by")
    created = models.DateTimeField()
    created_by = models.CharField(max_length=200)
    issued_by_people = ArrayField(
        models.CharField(max_length=200),
        default=list,
        blank=True,
        help_text="Who besides its person was shown the secret.",
    )
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
            models.CheckConstraint(
                condition=Q(user__isnull=False, workload__isnull=True, acts_as="")
                | (Q(user__isnull=True, workload__isnull=False, service__isnull=False) & ~Q(acts_as="")),
                name="token_speaks_for_a_person_or_a_workload",
            ),
            models.CheckConstraint(
                condition=Q(workload__isnull=True) | Q(scopes__contained_by=list(WORKLOAD_SCOPES)),
                name="workload_token_asks_and_submits_only",
            ),
        ]
        indexes = [models.Index(fields=["tenant", "-created"])]

    def __str__(self) -> str:
        return self.name

    @property
    def subject(self) -> str:
        """The name under which this token acts."""
        return self.acts_as or f"token:{self.name}"

    @property
    def speaks_for(self) -> str:
        """Whose token it is: the name of a person or of a repository."""
        return str(self.user.username if self.user else self.acts_as)
