"""How exceptions are told over HTTP: a row of a list, terms, and how a decision stands."""

from datetime import datetime
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from exceptions.models import ExceptionTerms, PolicyException
from exceptions.models.choices import choices_of
from exceptions.rules.conditions import Action, ConditionKind
from exceptions.rules.vocabulary import State
from stellapolicy.governance.api.serializers import PossibleVoteOutput, StandingOutput
from stellapolicy.governance.models import ApprovalRequest, ApprovalState
from stellapolicy.governance.voting import possibilities
from stellapolicy.kernel.severity import Severity

STATES = choices_of(State)


class PackageScopeOutput(serializers.Serializer[Any]):  # Any: JSON that is kept
    """A package pattern and its version range; empty for every version."""

    pattern = serializers.CharField()
    versions = serializers.CharField()


class ScopeOutput(serializers.Serializer[Any]):  # Any: JSON that is kept
    """A scope in its one spelling, every dimension stated."""

    vulnerabilities = serializers.ListField(child=serializers.CharField())
    packages = PackageScopeOutput(many=True)
    digests = serializers.ListField(child=serializers.CharField())
    artifacts = serializers.ListField(child=serializers.CharField())
    labels = serializers.DictField(child=serializers.CharField())
    services = serializers.ListField(child=serializers.CharField())
    environments = serializers.ListField(child=serializers.CharField())
    rules = serializers.ListField(child=serializers.CharField())


class ConditionOutput(serializers.Serializer[Any]):  # Any: JSON that is kept
    """What makes it void, and what happens then."""

    kind = serializers.ChoiceField(choices=choices_of(ConditionKind))
    action = serializers.ChoiceField(choices=choices_of(Action))
    threshold = serializers.CharField()
    environments = serializers.ListField(child=serializers.CharField())


class SeenOutput(serializers.Serializer[Any]):  # Any: JSON that is kept
    """What was known of one vulnerability in one package; CVSS in tenths, EPSS in 1/100,000, trust in 1/10,000."""

    vulnerability = serializers.CharField()
    package = serializers.CharField(help_text="Without its version; empty for the vulnerability as such.")
    severity = serializers.ChoiceField(choices=choices_of(Severity))
    cvss = serializers.IntegerField(allow_null=True)
    cvss_vector = serializers.CharField()
    epss = serializers.IntegerField(allow_null=True)
    epss_date = serializers.CharField(allow_null=True)
    kev = serializers.BooleanField(allow_null=True)
    fix = serializers.BooleanField(allow_null=True)
    reachability = serializers.CharField()
    vex = serializers.CharField()
    vex_trust = serializers.IntegerField()
    versions = serializers.ListField(child=serializers.CharField())
    artifacts = serializers.IntegerField()


class StepOutput(serializers.Serializer[Any]):  # Any: JSON that is kept
    """One step of the computation of a level; the values add up."""

    value = serializers.IntegerField()
    why = serializers.CharField()


class TermsOutput(serializers.ModelSerializer[ExceptionTerms]):
    """One version of the terms, complete; `digest` names it."""

    scope = ScopeOutput()
    scope_in_words = serializers.SerializerMethodField()
    controls = serializers.ListField(child=serializers.CharField())
    recheck = ConditionOutput(many=True, source="conditions")
    seen = SeenOutput(many=True, help_text="The fact snapshot: what was known when it was asked for.")
    counts = serializers.JSONField(help_text="Artifacts, services and findings covered; digests of what was looked at.")
    level_steps = StepOutput(many=True, source="steps", help_text="How the level came about.")

    class Meta:
        model = ExceptionTerms
        fields: tuple[str, ...] = (
            "id",
            "version",
            "change",
            "digest",
            "scope",
            "scope_in_words",
            "effect",
            "starts_at",
            "expires_at",
            "rationale",
            "controls",
            "recheck",
            "level",
            "level_steps",
            "counts",
            "seen",
            "proposed_by",
            "person",
            "at",
        )
        read_only_fields = fields

    def get_scope_in_words(self, terms: ExceptionTerms) -> list[str]:
        """Return the scope as sentences."""
        return list(terms.selector().in_words())


class WaitingOutput(serializers.Serializer[Any]):  # Any: made by hand
    """The decision that terms wait for."""

    request_id = serializers.UUIDField()
    payload_hash = serializers.CharField(help_text="What a vote names, so that it is over what was looked at.")
    stands = serializers.CharField()
    lacking = serializers.IntegerField(help_text="How many people still have to agree.")
    expires_at = serializers.DateTimeField(help_text="Then the request ends without a decision.")
    may_approve = serializers.BooleanField(help_text="Whether you could approve it now.")


class ExceptionRowOutput(serializers.ModelSerializer[PolicyException]):
    """An exception in a list, as it stands now."""

    state = serializers.SerializerMethodField(help_text="As it is now, whether or not a worker has recorded it.")
    applies = serializers.SerializerMethodField(help_text="Whether it changes verdicts at this moment.")
    owner_team = serializers.SlugRelatedField[Any](slug_field="slug", read_only=True, allow_null=True)
    tags = serializers.ListField(child=serializers.CharField())
    scope = serializers.SerializerMethodField(help_text="Of the terms in force, else of those asked for.")
    held_because = serializers.ListField(child=serializers.CharField(), help_text="What got worse.")
    has_pending_terms = serializers.BooleanField(help_text="Whether newer terms than those in force were proposed.")
    waiting = serializers.SerializerMethodField(help_text="The open decision on its newest terms; null without one.")

    class Meta:
        model = PolicyException
        fields: tuple[str, ...] = (
            "id",
            "number",
            "type",
            "reason",
            "kind",
            "effect",
            "level",
            "severity",
            "state",
            "applies",
            "requester",
            "person",
            "owner_team",
            "ticket",
            "tags",
            "scope",
            "starts_at",
            "expires_at",
            "grace_until",
            "blocks",
            "held_because",
            "artifact_count",
            "service_count",
            "last_applied_at",
            "has_pending_terms",
            "waiting",
            "created_at",
            "closed_at",
            "version",
        )
        read_only_fields = fields

    @property
    def _at(self) -> datetime:
        at: datetime = self.context["at"]
        return at

    @extend_schema_field(serializers.ChoiceField(choices=STATES))
    def get_state(self, exception: PolicyException) -> str:
        """Return the state as it is now."""
        return exception.standing(at=self._at).value

    def get_applies(self, exception: PolicyException) -> bool:
        """Return whether it counts now."""
        return exception.applies(at=self._at)

    @extend_schema_field(ScopeOutput)
    def get_scope(self, exception: PolicyException) -> Any:  # noqa: ANN401 - JSON
        """Return the scope of the terms that count."""
        terms = exception.terms or exception.asked
        return None if terms is None else terms.scope

    @extend_schema_field(WaitingOutput(allow_null=True))
    def get_waiting(self, exception: PolicyException) -> Any:  # noqa: ANN401 - JSON
        """Return how the open decision stands, to whoever asks."""
        request: ApprovalRequest | None = self.context["requests"].get(exception.asked_id)
        if request is None or request.standing(at=self._at) != ApprovalState.OPEN:
            return None
        judged = request.judged(at=self._at)
        votes = possibilities(self.context["voter"], request, request.ballots(), at=self._at)
        return {
            "request_id": request.pk,
            "payload_hash": request.payload_hash,
            "stands": judged.in_words(),
            "lacking": judged.lacking,
            "expires_at": request.expires_at,
            "may_approve": any(vote.may_approve for vote in votes),
        }


class SeatStandingOutput(serializers.Serializer[Any]):  # Any: a SeatStanding
    """One seat: what it asks for, who sits there, and who could."""

    name = serializers.CharField()
    asks = serializers.CharField(help_text="Who may sit here, in words.")
    filled_by = serializers.CharField(allow_blank=True, help_text="Who agreed from this seat; empty while it is open.")
    candidates = serializers.ListField(child=serializers.CharField(), help_text="Some of those who could sit here.")


class DecisionOutput(StandingOutput):
    """The decision on terms: what exactly is voted on, and how it stands."""


class ApprovalHereOutput(DecisionOutput):
    """The decision on the newest terms, its seats, and what you could do about it."""

    seats = serializers.SerializerMethodField(help_text="Who must agree.")
    possible_votes = serializers.SerializerMethodField(help_text="The votes that you could cast now.")
    obstacle = serializers.SerializerMethodField(help_text="Why you cannot approve in your own name; empty if you can.")

    class Meta(DecisionOutput.Meta):
        fields = (*DecisionOutput.Meta.fields, "seats", "possible_votes", "obstacle")
        read_only_fields = fields

    @extend_schema_field(SeatStandingOutput(many=True))
    def get_seats(self, _request: ApprovalRequest) -> Any:  # noqa: ANN401 - rendered rows
        """Return the seats in their order."""
        return SeatStandingOutput(self.context["seats"], many=True).data

    @extend_schema_field(PossibleVoteOutput(many=True))
    def get_possible_votes(self, _request: ApprovalRequest) -> Any:  # noqa: ANN401 - rendered rows
        """Return what the reader could vote."""
        return PossibleVoteOutput(self.context["possible"], many=True).data

    def get_obstacle(self, _request: ApprovalRequest) -> str:
        """Return why the reader cannot approve."""
        return str(self.context["obstacle"])
