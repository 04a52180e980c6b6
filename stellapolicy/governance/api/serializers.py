"""What is told and asked about approvals, delegations and settings."""

from datetime import datetime
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from stellapolicy.access.roles import Role, Scope
from stellapolicy.governance.approvals import kinds
from stellapolicy.governance.models import ApprovalRequest, ApprovalState, ApprovalVote, Delegation, GovernanceSetting

_LONGEST_REASON = 2000
_WHY = "Stays in the audit trail."


class SeatOutput(serializers.Serializer[Any]):  # Any: made by hand, never from a row
    """One seat of a request."""

    name = serializers.CharField()
    asks = serializers.CharField(help_text="Who may sit here, in words.")
    filled_by = serializers.CharField(allow_null=True, help_text="Who agreed from this seat; null while it is open.")


class VoteOutput(serializers.ModelSerializer[ApprovalVote]):
    """One vote."""

    class Meta:
        model = ApprovalVote
        fields = ("person", "subject", "holder", "approves", "reason", "at")
        read_only_fields = fields


class PossibleVoteOutput(serializers.Serializer[Any]):  # Any: a Possibility
    """A vote that you could cast now."""

    on_behalf_of = serializers.CharField(source="holder", help_text="You yourself, or who lets you stand in for them.")
    may_approve = serializers.BooleanField(help_text="False where others fill your seats: you may still reject.")


class StandingOutput(serializers.ModelSerializer[ApprovalRequest]):
    """How a request for approval stands at the instant of the answer, whether or not a worker has recorded it."""

    state = serializers.SerializerMethodField(help_text="As it is now, whether or not a worker has recorded it.")
    lacking = serializers.SerializerMethodField(help_text="How many people still have to agree.")
    stands = serializers.SerializerMethodField(help_text="How it stands, in words.")
    votes = VoteOutput(many=True, read_only=True)

    class Meta:
        model = ApprovalRequest
        fields: tuple[str, ...] = (
            "id",
            "payload_hash",
            "state",
            "lacking",
            "stands",
            "votes",
            "created_at",
            "expires_at",
            "decided_at",
            "decision_reason",
        )
        read_only_fields = fields

    @extend_schema_field(serializers.ChoiceField(choices=ApprovalState.choices))
    def get_state(self, request: ApprovalRequest) -> str:
        """Return the state as it is now."""
        return request.standing(at=self._at).value

    def get_lacking(self, request: ApprovalRequest) -> int:
        """Return how many people still have to agree; nobody, where it is open no more."""
        is_open = request.standing(at=self._at) == ApprovalState.OPEN
        return request.judged(at=self._at).lacking if is_open else 0

    def get_stands(self, request: ApprovalRequest) -> str:
        """Return how it stands; a request closed without a decision says so."""
        state = request.standing(at=self._at)
        if state in {ApprovalState.WITHDRAWN, ApprovalState.EXPIRED}:
            return state.value
        return request.judged(at=self._at).in_words()

    @property
    def _at(self) -> datetime:
        at: datetime = self.context["at"]
        return at


class ApprovalOutput(StandingOutput):
    """A request for approval, and how it stands now."""

    title = serializers.SerializerMethodField(help_text="What the kind is called.")
    description = serializers.SerializerMethodField(help_text="What approving does, in sentences.")
    payload = serializers.JSONField(help_text="What will be done, complete; votes are over `payload_hash`.")
    services = serializers.ListField(child=serializers.UUIDField())
    seats = serializers.SerializerMethodField(help_text="Who must agree.")

    class Meta(StandingOutput.Meta):
        fields: tuple[str, ...] = (
            "id",
            "kind",
            "title",
            "description",
            "target_type",
            "target_id",
            "payload",
            "payload_hash",
            "services",
            "requester",
            "person",
            "reason",
            "state",
            "seats",
            "lacking",
            "stands",
            "votes",
            "created_at",
            "expires_at",
            "decided_at",
            "decision_reason",
        )
        read_only_fields = fields

    def get_title(self, request: ApprovalRequest) -> str:
        """Return what the kind is called; one of a room that is gone keeps its name."""
        kind = kinds().get(request.kind)
        return str(kind.title) if kind else request.kind

    def get_description(self, request: ApprovalRequest) -> list[str]:
        """Return what approving does."""
        kind = kinds().get(request.kind)
        return [str(sentence) for sentence in kind.describe(request)] if kind else []

    @extend_schema_field(SeatOutput(many=True))
    def get_seats(self, request: ApprovalRequest) -> list[dict[str, str | None]]:
        """Return the seats in their order."""
        judged = request.judged(at=self._at)
        return [
            {"name": seat.name, "asks": seat.asks(), "filled_by": judged.filled.get(place)}
            for place, seat in enumerate(judged.rule.seats)
        ]


class ApprovalDetailOutput(ApprovalOutput):
    """A request for approval, and what you could do about it now."""

    possible_votes = serializers.SerializerMethodField(help_text="What you could vote now; empty where nothing.")
    obstacle = serializers.SerializerMethodField(help_text="Why you cannot approve in your own name; empty if you can.")
    may_withdraw = serializers.SerializerMethodField(help_text="Whether it is yours to take back.")

    class Meta(ApprovalOutput.Meta):
        fields = (*ApprovalOutput.Meta.fields, "possible_votes", "obstacle", "may_withdraw")
        read_only_fields = fields

    @extend_schema_field(PossibleVoteOutput(many=True))
    def get_possible_votes(self, _request: ApprovalRequest) -> Any:  # noqa: ANN401 - rendered rows
        """Return what the reader could vote."""
        return PossibleVoteOutput(self.context["possible"], many=True).data

    def get_obstacle(self, _request: ApprovalRequest) -> str:
        """Return why the reader cannot approve."""
        return str(self.context["obstacle"])

    def get_may_withdraw(self, request: ApprovalRequest) -> bool:
        """Return whether the reader asked and it is open."""
        is_open = request.standing(at=self._at) == ApprovalState.OPEN
        return is_open and request.person == self.context["person"]


class VoteRequest(serializers.Serializer[Any]):  # Any: made by hand, never from a row
    """A vote."""

    approve = serializers.BooleanField(help_text="Yes, or no: one no ends the request.")
    payload_hash = serializers.CharField(max_length=71, help_text="Of the payload that you looked at.")
    reason = serializers.CharField(
        required=False, allow_blank=True, default="", max_length=_LONGEST_REASON, help_text=_WHY
    )
    on_behalf_of = serializers.CharField(
        max_length=200, required=False, default="", allow_blank=True, help_text="`user:` and who lets you stand in."
    )


class WithdrawalRequest(serializers.Serializer[Any]):  # Any: made by hand, never from a row
    """Why a request is taken back."""

    reason = serializers.CharField(
        required=False, allow_blank=True, default="", max_length=_LONGEST_REASON, help_text=_WHY
    )


class DelegationOutput(serializers.ModelSerializer[Delegation]):
    """A delegation."""

    scopes = serializers.ListField(child=serializers.CharField(), help_text="With `roles` empty: everything held.")
    roles = serializers.ListField(child=serializers.CharField())
    service_id = serializers.UUIDField(allow_null=True, help_text="Only in this service; null is everywhere.")

    class Meta:
        model = Delegation
        fields = (
            "id",
            "delegator",
            "delegate",
            "scopes",
            "roles",
            "service_id",
            "starts_at",
            "ends_at",
            "reason",
            "created_at",
            "ended_at",
            "ended_by",
        )
        read_only_fields = fields


class DelegationRequest(serializers.Serializer[Any]):  # Any: made by hand, never from a row
    """Whom you let vote in your stead, with what, and when."""

    delegate = serializers.CharField(max_length=200, help_text="`user:` and a name.")
    scopes = serializers.ListField(
        child=serializers.ChoiceField(choices=[(each.value, each.value) for each in Scope]),
        required=False,
        default=list,
        max_length=50,
        help_text="Without scopes and roles: everything you hold.",
    )
    roles = serializers.ListField(
        child=serializers.ChoiceField(choices=[(each.value, each.value) for each in Role]),
        required=False,
        default=list,
        max_length=20,
    )
    service_id = serializers.UUIDField(required=False, allow_null=True, default=None)
    starts_at = serializers.DateTimeField(required=False, allow_null=True, default=None, help_text="Without it: now.")
    ends_at = serializers.DateTimeField()
    reason = serializers.CharField(max_length=_LONGEST_REASON, help_text=_WHY)


class SettingOutput(serializers.Serializer[Any]):  # Any: a SettingSheet
    """A setting and its value."""

    name = serializers.CharField()
    type = serializers.CharField(help_text="boolean, integer, choice or duration (whole seconds).")
    title = serializers.CharField()
    help = serializers.CharField()
    value = serializers.JSONField(help_text="The value in force.")
    default_value = serializers.JSONField(help_text="What holds where nobody changed it.")
    values = serializers.CharField(help_text="Which values it takes, in words.")
    opens_gate = serializers.BooleanField(help_text="Whether a wrong value lets something through.")
    version = serializers.IntegerField(help_text="0 where nobody ever changed it.")
    waiting = serializers.ListField(child=serializers.UUIDField(), help_text="Changes that wait for a second person.")


class SettingVersionOutput(serializers.ModelSerializer[GovernanceSetting]):
    """One value that held, who proposed and who confirmed it."""

    value = serializers.JSONField()
    request_id = serializers.UUIDField()

    class Meta:
        model = GovernanceSetting
        fields = ("version", "value", "proposed_by", "confirmed_by", "reason", "request_id", "at")
        read_only_fields = fields


class SettingDetailOutput(SettingOutput):
    """A setting with every value it ever had."""

    history = SettingVersionOutput(many=True)


class ProposalRequest(serializers.Serializer[Any]):  # Any: made by hand, never from a row
    """Another value for a setting."""

    value = serializers.JSONField(help_text="true or false, a whole number, or one of the choices.")
    reason = serializers.CharField(max_length=_LONGEST_REASON, help_text=_WHY)
