"""One request for the consent of others, and the votes on it."""

from datetime import datetime
from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django_fsm import FSMField, FSMModelMixin, transition

from stellapolicy.governance.quorum import Ballot, QuorumRule, QuorumState, judge
from stellapolicy.kernel.actor import Actor
from stellapolicy.tenancy.models import TenantModel, TenantQuerySet


class ApprovalState(models.TextChoices):
    """The life of a request; every state but the first is final."""

    OPEN = "open"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class ApprovalRequestQuerySet(TenantQuerySet["ApprovalRequest"]):
    """Requests of the tenant."""

    def undecided(self, *, at: datetime) -> Self:
        """Those that can still be voted on at the instant."""
        return self.filter(state=ApprovalState.OPEN, expires_at__gt=at)

    def overdue(self, *, at: datetime) -> Self:
        """Those whose time ran out and that nobody has closed yet, the longest first."""
        return self.filter(state=ApprovalState.OPEN, expires_at__lte=at).order_by("expires_at", "id")

    def standing(self, state: str, *, at: datetime) -> Self:
        """Those in a state as it is at the instant, whether or not a worker has recorded it."""
        match state:
            case ApprovalState.OPEN:
                return self.undecided(at=at)
            case ApprovalState.EXPIRED:
                return self.filter(Q(state=state) | Q(state=ApprovalState.OPEN, expires_at__lte=at))
            case _:
                return self.filter(state=state)

    def visible_to(self, actor: Actor, scope: str) -> Self:
        """Those the actor may read: all of the tenant, or those of their services alone; always one's own."""
        services = actor.services_with(scope)
        if services is None:
            return self
        within = Q(services__contained_by=list(services)) & ~Q(services=[])
        return self.filter(within | Q(person=actor.person))

    def with_votes(self) -> Self:
        """These with their votes, in one further query."""
        return self.prefetch_related(models.Prefetch("votes", ApprovalVote.objects.order_by("at", "id")))


class ApprovalRequest(FSMModelMixin, TenantModel):
    """Something that takes effect once others agree; what was asked never changes, only where it stands."""

    kind = models.CharField(max_length=64)
    target_type = models.CharField(max_length=64)
    target_id = models.TextField()
    payload = models.JSONField(help_text="What will be done, complete; votes are over its digest.")
    payload_hash = models.CharField(max_length=71)
    rule = models.JSONField(help_text="The quorum rule as it was when the request was made.")
    services = ArrayField(models.UUIDField(), default=list, help_text="The services it concerns; none: the tenant.")
    requester = models.CharField(max_length=200, help_text="Who asked, as they acted.")
    person = models.CharField(max_length=200, help_text="The human behind the requester.")
    reason = models.TextField()
    state = FSMField(default=ApprovalState.OPEN, choices=ApprovalState.choices, protected=True, max_length=16)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, blank=True)
    decision_reason = models.TextField(blank=True)

    objects = ApprovalRequestQuerySet.as_manager()

    class Meta(TenantModel.Meta):
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=ApprovalState.values), name="approval_state_is_known"),
            models.CheckConstraint(
                condition=Q(state="open", decided_at__isnull=True) | (~Q(state="open") & Q(decided_at__isnull=False)),
                name="approval_is_decided_once_closed",
            ),
            models.CheckConstraint(
                condition=Q(expires_at__gt=models.F("created_at")), name="approval_ends_after_it_begins"
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at", "-id"], name="approvals_newest"),
            models.Index(fields=["tenant", "expires_at"], condition=Q(state="open"), name="approvals_open"),
            models.Index(fields=["tenant", "target_type", "target_id"], name="approvals_by_target"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.target_id}"

    @transition(field=state, source=ApprovalState.OPEN, target=ApprovalState.APPROVED)
    def approve(self) -> None:
        """Legal while it is open."""

    @transition(field=state, source=ApprovalState.OPEN, target=ApprovalState.REJECTED)
    def reject(self) -> None:
        """Legal while it is open."""

    @transition(field=state, source=ApprovalState.OPEN, target=ApprovalState.WITHDRAWN)
    def withdraw(self) -> None:
        """Legal while it is open."""

    @transition(field=state, source=ApprovalState.OPEN, target=ApprovalState.EXPIRED)
    def expire(self) -> None:
        """Legal while it is open."""

    def quorum_rule(self) -> QuorumRule:
        """Return the rule by which it is judged."""
        return QuorumRule.from_json(self.rule)

    def ballots(self) -> list[Ballot]:
        """Return the votes as the rule reads them."""
        return [vote.ballot() for vote in self.votes.all()]

    def judged(self, *, at: datetime) -> QuorumState:
        """Return how the votes stand at an instant."""
        return judge(self.quorum_rule(), self.ballots(), at=at)

    def standing(self, *, at: datetime) -> ApprovalState:
        """Return the state at an instant: an open request whose time ran out has expired, whatever workers did."""
        if self.state == ApprovalState.OPEN and self.expires_at <= at:
            return ApprovalState.EXPIRED
        return ApprovalState(self.state)


class ApprovalVote(TenantModel):
    """What one person said, once."""

    request = models.ForeignKey(ApprovalRequest, on_delete=models.PROTECT, related_name="votes")
    person = models.CharField(max_length=200, help_text="The human who voted.")
    subject = models.CharField(max_length=200, help_text="How they acted: in person or by a token.")
    holder = models.CharField(max_length=200, help_text="Whose standing the vote rests on; another's by delegation.")
    approves = models.BooleanField()
    seats = ArrayField(models.PositiveSmallIntegerField(), help_text="Places in the rule that it may fill.")
    payload_hash = models.CharField(max_length=71)
    reason = models.TextField(blank=True)
    at = models.DateTimeField()

    objects = TenantQuerySet["ApprovalVote"].as_manager()

    class Meta(TenantModel.Meta):
        ordering = ["request", "at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["request", "person"], name="one_vote_per_person"),
            models.UniqueConstraint(fields=["request", "holder"], name="one_vote_per_standing"),
        ]

    def __str__(self) -> str:
        return f"{self.person}: {'yes' if self.approves else 'no'}"

    def ballot(self) -> Ballot:
        """Return the vote as the rule reads it."""
        return Ballot(self.person, self.holder, self.approves, frozenset(self.seats), self.at)
