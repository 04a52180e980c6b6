"""Who must agree to which level, over HTTP: read by everybody, changed by two."""

from http import HTTPStatus
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from exceptions import errors
from exceptions.api.inputs import LONGEST_REASON, ExactSerializer
from exceptions.models import ApprovalTable
from exceptions.models.choices import choices_of
from exceptions.rules.level_table import PRESETS, SEAT_ROLES, STANDARD, read_levels, write_levels
from exceptions.rules.vocabulary import Level
from exceptions.services.approval_levels import preset_of, propose_levels
from stellapolicy.access.roles import Scope
from stellapolicy.api.choices import ChoiceField
from stellapolicy.api.views import ActorRequest, ScopedView
from stellapolicy.governance import errors as governance
from stellapolicy.governance.api.serializers import ApprovalOutput
from stellapolicy.kernel import digest
from stellapolicy.kernel.clock import now


class SeatRuleOutput(serializers.Serializer[Any]):  # Any: JSON that is kept
    """One seat of a level."""

    name = serializers.CharField()
    roles = serializers.ListField(child=ChoiceField(choices=list(SEAT_ROLES)), help_text="Any of these.")
    elsewhere = serializers.BooleanField(help_text="Whether whoever answers for another service may sit here too.")


class LongestDaysOutput(serializers.Serializer[Any]):  # Any: JSON that is kept
    """How long an exception may last by what it rests on, in days."""

    fact = serializers.IntegerField()
    plan = serializers.IntegerField()
    acceptance = serializers.IntegerField()


class LevelRuleOutput(serializers.Serializer[Any]):  # Any: JSON that is kept
    """What one level asks for."""

    level = ChoiceField(choices=choices_of(Level))
    people = serializers.IntegerField(help_text="How many distinct people, each in a seat of their own.")
    seats = SeatRuleOutput(many=True)
    longest_days = LongestDaysOutput()
    needs_hook_for_plans = serializers.BooleanField()
    needs_ticket = serializers.BooleanField()
    needs_signed_evidence = serializers.BooleanField()


class ApprovalRulesOutput(serializers.Serializer[Any]):  # Any: made by hand
    """The table of approval levels in force."""

    version = serializers.IntegerField(help_text="0 where nobody ever changed it.")
    preset = serializers.CharField(allow_blank=True, help_text="The shipped table it equals; empty for one's own.")
    presets = serializers.ListField(child=serializers.CharField(), help_text="The shipped tables.")
    digest = serializers.CharField()
    levels = LevelRuleOutput(many=True)


class ApprovalRulesInput(ExactSerializer):
    """Another table: a shipped one by its name, or one's own, all five levels of it."""

    preset = ChoiceField(choices=sorted(PRESETS), required=False)
    levels = serializers.ListField(child=serializers.DictField(), required=False, max_length=10)
    reason = serializers.CharField(max_length=LONGEST_REASON, help_text="Stays in the audit trail.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse two tables at once, and none."""
        if ("preset" in attrs) == ("levels" in attrs):
            raise serializers.ValidationError({"levels": "name a preset or state the levels, one of the two"})
        return attrs


class ApprovalRulesView(ScopedView):
    """The table of approval levels."""

    required_scopes: ClassVar = {"GET": Scope.EXCEPTION_READ, "PUT": Scope.GOVERNANCE_WRITE}
    refusals: ClassVar = {"PUT": (errors.TableRefused, governance.AskedAlready, governance.ReasonMissing)}
    tagged = frozenset({"GET", "PUT"})
    pagination_class = None  # type: ignore[assignment]  # one answer

    @extend_schema(operation_id="exceptions_approval_rules", responses=ApprovalRulesOutput)
    def get(self, request: ActorRequest) -> Response:  # noqa: ARG002 - the framework's signature
        """Return who must agree to which level, for how long at most, and with what to show."""
        answer = _told()
        self.etag(answer)
        return Response(answer)

    @extend_schema(
        operation_id="exceptions_approval_rules_propose", request=ApprovalRulesInput, responses={202: ApprovalOutput}
    )
    def put(self, request: ActorRequest) -> Response:
        """Propose another table; it holds once somebody else confirms the request that is answered."""
        asked = ApprovalRulesInput(data=request.data)
        asked.is_valid(raise_exception=True)
        self.etag(_told())
        said, at = asked.validated_data, now()
        levels = write_levels(PRESETS[said["preset"]]) if "preset" in said else said["levels"]
        waiting = propose_levels(actor=request.actor, levels=levels, reason=said["reason"], at=at)
        return Response(ApprovalOutput(waiting, context={"at": at}).data, status=HTTPStatus.ACCEPTED)


def _told() -> dict[str, Any]:  # Any: JSON
    newest = ApprovalTable.objects.order_by("-version").first()
    table = STANDARD if newest is None else read_levels(newest.levels)
    levels = write_levels(table)
    return {
        "version": newest.version if newest else 0,
        "preset": preset_of(table),
        "presets": sorted(PRESETS),
        "digest": digest.of_json(levels),
        "levels": levels,
    }
