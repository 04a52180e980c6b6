"""An exception: a departure from policy that somebody asked for, and where it stands."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Self
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django_fsm import FSMField, FSMModelMixin, transition

from exceptions.models.choices import choices_of
from exceptions.rules.vocabulary import (
    IN_FORCE,
    UNDECIDED,
    Effect,
    ExceptionType,
    Kind,
    Level,
    Reason,
    State,
)
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.severity import Severity
from stellapolicy.tenancy.models import Team, TenantModel, TenantQuerySet

SOON = timedelta(days=14)
"""How long before its end an exception is said to end soon."""
SEVERE = (Severity.CRITICAL, Severity.HIGH, Severity.UNKNOWN)
"""What counts as debt of high severity or worse; unknown counts as critical."""
UNUSED_AFTER = timedelta(days=30)
MOST_ARTIFACTS = 25
MOST_SERVICES = 3


def _values(states: Iterable[State]) -> list[str]:
    return [state.value for state in states]


def _within(services: Iterable[UUID]) -> Q:
    """Return the condition that nothing agreed to, and nothing that waits, ever left the services."""
    return Q(reach__contained_by=list(services)) & ~Q(reach=[])


class PolicyExceptionQuerySet(TenantQuerySet["PolicyException"]):
    """Exceptions of the tenant."""

    def locked(self) -> Self:
        """These rows, held against other writers; who merely refers to one (an application) does not wait."""
        return self.select_for_update(of=("self",), no_key=True)

    def unclaimed(self) -> Self:
        """These rows, held, leaving out what somebody else holds at this moment."""
        return self.select_for_update(skip_locked=True, of=("self",), no_key=True)

    def visible_to(self, actor: Actor, scope: str) -> Self:
        """Those the actor may read: all of the tenant, or those that never left their services; and a person's own."""
        services = actor.services_with(scope)
        if services is None:
            return self
        # A token that is bound to services is not its person: what they asked for elsewhere is none of its business.
        own = Q(person=actor.person) if actor.services is None else Q(person=actor.person) & _within(actor.services)
        return self.filter(_within(services) | own)

    def in_force(self, *, at: datetime) -> Self:
        """Those that apply at the instant, whatever workers did."""
        held = ~Q(state=State.REVALIDATION_REQUIRED) | Q(grace_until__gt=at)
        return self.filter(held, state__in=IN_FORCE, starts_at__lte=at, expires_at__gt=at)

    def standing(self) -> Self:
        """Those that were approved and have not ended, whether or not they apply."""
        return self.filter(state__in=IN_FORCE)

    def undecided(self) -> Self:
        """Those nobody has agreed to yet."""
        return self.filter(state__in=UNDECIDED)

    def to_activate(self, *, at: datetime) -> Self:
        """Approved ones whose window has begun."""
        return self.filter(state=State.APPROVED, starts_at__lte=at, expires_at__gt=at).order_by("starts_at", "id")

    def to_expire(self, *, at: datetime) -> Self:
        """Those whose window is over and that no worker has ended yet."""
        return self.filter(state__in=IN_FORCE, expires_at__lte=at).order_by("expires_at", "id")

    def out_of_grace(self, *, at: datetime) -> Self:
        """Those that stopped applying because nobody approved them anew, and that no worker has told of yet."""
        rows = self.filter(state=State.REVALIDATION_REQUIRED, grace_until__lte=at, expires_at__gt=at, grace_told=False)
        return rows.order_by("grace_until", "id")

    def unanswered(self, *, at: datetime, within: timedelta) -> Self:
        """Active ones whose owner was asked so long ago and that nothing has needed since."""
        return self.filter(state=State.ACTIVE, owner_asked_at__lte=at - within, expires_at__gt=at).order_by("id")

    def overdue(self, *, at: datetime, by: timedelta) -> Self:
        """Those that a running worker would have ended or begun by now."""
        return self.filter(
            Q(state__in=IN_FORCE, expires_at__lte=at - by) | Q(state=State.APPROVED, starts_at__lte=at - by)
        )

    def expiring(self, *, within: timedelta, at: datetime) -> Self:
        """Those in force that end soon."""
        return self.in_force(at=at).filter(expires_at__lte=at + within)

    def unused(self, *, at: datetime) -> Self:
        """Those that have held for a month and that nothing has needed in that time."""
        since = at - UNUSED_AFTER
        never = Q(last_applied_at=None) | Q(last_applied_at__lt=since)
        return self.in_force(at=at).filter(never, approved_at__lt=since, starts_at__lt=since)

    def stale(self, *, at: datetime, after: timedelta) -> Self:
        """Those that have changed no verdict for so long, counted from when they began to hold where none ever."""
        since = at - after
        idle = Q(last_applied_at__lte=since) | Q(last_applied_at=None)
        unsaid = Q(owner_answered_at__lte=since) | Q(owner_answered_at=None)
        held = self.filter(state=State.ACTIVE, approved_at__lte=since, starts_at__lte=since)
        rows = held.filter(idle, unsaid, owner_asked_at=None)
        return rows.order_by("approved_at", "id")

    def timed_decisions(self) -> Self:
        """Those that got a first yes or the no, with the time it `took`; what needs nobody (A0) is left out."""
        decided = self.filter(Q(first_approved_at__isnull=False) | Q(state=State.REJECTED)).exclude(level=Level.A0)
        took = Coalesce("first_approved_at", "closed_at") - F("created_at")
        return decided.order_by().annotate(took=models.ExpressionWrapper(took, models.DurationField()))

    def over_broad(self) -> Self:
        """Those that covered more than 25 artifacts or more than 3 services when they were approved."""
        return self.filter(Q(artifact_count__gt=MOST_ARTIFACTS) | Q(service_count__gt=MOST_SERVICES))

    def with_terms(self) -> Self:
        """These with their terms, in the same read."""
        return self.select_related("terms", "asked", "owner_team")


class PolicyException(FSMModelMixin, TenantModel):
    """One exception. Terms are rows of their own; what is shown of them here mirrors those that count.

    `asked` are the newest terms somebody proposed, `terms` those in force; INVARIANT: `terms` moves only to terms whose
    request for approval was approved (a trigger holds it).
    """

    number = models.CharField(max_length=24, help_text="EXC-year-number.")
    type = models.CharField(max_length=16, choices=choices_of(ExceptionType))
    reason = models.CharField(max_length=32, choices=choices_of(Reason))
    kind = models.CharField(max_length=16, choices=choices_of(Kind))
    state = FSMField(default=State.PROPOSED.value, choices=choices_of(State), protected=True, max_length=24)
    requester = models.CharField(max_length=200, help_text="Who asked, as they acted.")
    person = models.CharField(max_length=200, help_text="The human behind the requester.")
    owner_team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    ticket = models.CharField(max_length=200, blank=True)
    tags = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    version = models.PositiveIntegerField(default=1, help_text="Grows with every change.")

    asked = models.ForeignKey("ExceptionTerms", null=True, on_delete=models.PROTECT, related_name="+")
    terms = models.ForeignKey("ExceptionTerms", null=True, on_delete=models.PROTECT, related_name="+")
    approved_at = models.DateTimeField(null=True, help_text="When the terms in force were agreed to.")
    first_approved_at = models.DateTimeField(null=True)
    patience = models.DurationField(null=True, help_text="What was left of the time to decide when the clock stopped.")

    effect = models.CharField(max_length=24, choices=choices_of(Effect))
    level = models.CharField(max_length=2, choices=choices_of(Level))
    severity = models.CharField(max_length=8, choices=choices_of(Severity))
    vulnerabilities = ArrayField(models.CharField(max_length=500), default=list)
    packages = ArrayField(models.CharField(max_length=500), default=list)
    rules = ArrayField(models.CharField(max_length=500), default=list)
    services = ArrayField(models.CharField(max_length=500), default=list, help_text="Slugs of the scope.")
    environments = ArrayField(models.CharField(max_length=500), default=list, help_text="Slugs of the scope.")
    service_ids = ArrayField(models.UUIDField(), default=list, help_text="The services it stays within; none: any.")
    reach = ArrayField(
        models.UUIDField(), default=list, help_text="The services it stayed within at all times; none: any."
    )
    artifact_count = models.PositiveIntegerField(default=0, help_text="Artifacts covered when it was looked at.")
    service_count = models.PositiveIntegerField(default=0)
    starts_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    grace_until = models.DateTimeField(null=True, help_text="Until when it applies though it must be approved anew.")
    grace_told = models.BooleanField(default=False, help_text="Whether the end of that grace was recorded.")
    blocks = models.BooleanField(default=False, help_text="Whether what it covers is held back until decided.")
    held_because = models.JSONField(default=list, blank=True, help_text="What got worse, in words.")
    warned_of = models.JSONField(default=list, blank=True, help_text="What the owner was warned of already.")
    owner_asked_at = models.DateTimeField(null=True, help_text="When the owner of an idle one was asked.")
    owner_answered_at = models.DateTimeField(null=True, help_text="When the owner said that it is still needed.")
    last_applied_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    closed_because = models.TextField(blank=True)

    objects = PolicyExceptionQuerySet.as_manager()

    class Meta(TenantModel.Meta):
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "number"], name="exception_number_once_per_tenant"),
            models.CheckConstraint(condition=Q(state__in=_values(State)), name="exception_state_is_known"),
            models.CheckConstraint(condition=Q(expires_at__gt=F("starts_at")), name="exception_ends_after_it_starts"),
            models.CheckConstraint(
                condition=~Q(state__in=_values(IN_FORCE)) | Q(terms__isnull=False, approved_at__isnull=False),
                name="exception_in_force_has_terms",
            ),
            models.CheckConstraint(
                condition=Q(state=State.REVALIDATION_REQUIRED.value, grace_until__isnull=False)
                | (~Q(state=State.REVALIDATION_REQUIRED.value) & Q(grace_until__isnull=True, blocks=False)),
                name="exception_grace_while_revalidated",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at", "-id"], name="exceptions_newest"),
            models.Index(
                fields=["tenant", "expires_at", "id"],
                condition=Q(state__in=_values(IN_FORCE)),
                name="exceptions_standing",
            ),
            models.Index(fields=["tenant", "state", "-created_at", "-id"], name="exceptions_by_state"),
            models.Index(fields=["tenant", "person", "-created_at", "-id"], name="exceptions_by_person"),
            GinIndex(fields=["vulnerabilities"], name="exceptions_by_vulnerability"),
            GinIndex(fields=["packages"], name="exceptions_by_package"),
        ]

    def __str__(self) -> str:
        return self.number

    @transition(field=state, source=State.PROPOSED.value, target=State.CHANGES_REQUESTED.value)
    def request_changes(self) -> None:
        """Legal while it is proposed."""

    @transition(field=state, source=State.CHANGES_REQUESTED.value, target=State.PROPOSED.value)
    def propose_again(self) -> None:
        """Legal while changes are asked for."""

    @transition(field=state, source=State.PROPOSED.value, target=State.APPROVED.value)
    def approve(self) -> None:
        """Legal while it is proposed; a trigger asks for the approval of its terms."""

    @transition(field=state, source=State.PROPOSED.value, target=State.REJECTED.value)
    def reject(self) -> None:
        """Legal while it is proposed."""

    @transition(field=state, source=_values(UNDECIDED), target=State.WITHDRAWN.value)
    def withdraw(self) -> None:
        """Legal until somebody decided."""

    @transition(field=state, source=_values(UNDECIDED), target=State.SUPERSEDED.value)
    def supersede(self) -> None:
        """Legal until somebody decided."""

    @transition(field=state, source=State.APPROVED.value, target=State.ACTIVE.value)
    def activate(self) -> None:
        """Legal once approved."""

    @transition(field=state, source=State.ACTIVE.value, target=State.REVALIDATION_REQUIRED.value)
    def require_revalidation(self) -> None:
        """Legal while it is active."""

    @transition(field=state, source=State.REVALIDATION_REQUIRED.value, target=State.ACTIVE.value)
    def revalidate(self) -> None:
        """Legal once it must be approved anew."""

    @transition(field=state, source=_values(IN_FORCE), target=State.REVOKED.value)
    def revoke(self) -> None:
        """Legal while it is in force."""

    @transition(field=state, source=_values(IN_FORCE), target=State.EXPIRED.value)
    def expire(self) -> None:
        """Legal while it is in force."""

    def standing(self, *, at: datetime) -> State:
        """Return the state as it is at an instant, whether or not a worker has recorded it."""
        state = State(self.state)
        if state in IN_FORCE and self.expires_at <= at:
            return State.EXPIRED
        if state is State.APPROVED and self.starts_at <= at:
            return State.ACTIVE
        return state

    def applies(self, *, at: datetime) -> bool:
        """Whether it changes verdicts at the instant; the same judgement as `StandingException.applies`."""
        if self.state not in IN_FORCE or not self.starts_at <= at < self.expires_at:
            return False
        return self.grace_until is None or at < self.grace_until

    def has_pending_terms(self) -> bool:
        """Whether newer terms than those in force were proposed."""
        return self.terms_id is not None and self.asked_id != self.terms_id


class ExceptionNumber(TenantModel):
    """The last number given out in a year."""

    year = models.PositiveSmallIntegerField()
    last = models.PositiveIntegerField()

    objects = TenantQuerySet["ExceptionNumber"].as_manager()

    class Meta(TenantModel.Meta):
        constraints = [models.UniqueConstraint(fields=["tenant", "year"], name="exception_numbers_by_year")]

    def __str__(self) -> str:
        return f"{self.year}: {self.last}"
