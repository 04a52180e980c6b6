"""Groups of the identity provider and the roles they bring, over HTTP."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from stellapolicy.access import errors
from stellapolicy.access.api.places import service_of, team_of
from stellapolicy.access.api.serializers import RevocationRequest
from stellapolicy.access.identity_errors import GroupMappedAlready, GroupMappingNotFound
from stellapolicy.access.models import GroupMapping
from stellapolicy.access.models.identity import LONGEST_GROUP
from stellapolicy.access.roles import Role, Scope
from stellapolicy.access.services.group_mappings import map_group, unmap_group
from stellapolicy.api.views import ActorRequest, ScopedView
from stellapolicy.kernel.clock import now

_ROLES = [(role.value, role.value) for role in Role]


class GroupMappingOutput(serializers.ModelSerializer[GroupMapping]):
    """A group and a role it brings."""

    team_id = serializers.UUIDField(allow_null=True)
    service_id = serializers.UUIDField(allow_null=True)

    class Meta:
        model = GroupMapping
        fields = ("id", "group", "role", "team_id", "service_id", "created_by", "created_at")
        read_only_fields = fields


class MappingGrantOutput(serializers.Serializer[Any]):  # Any: a MappingGrant
    """The mapping, or the request that waits for a second person."""

    mapping = GroupMappingOutput(allow_null=True)
    request_id = serializers.UUIDField(allow_null=True, help_text="The approval request that waits.")


class GroupMappingRequest(serializers.Serializer[Any]):  # Any: made by hand, never from a row
    """Which role for which group."""

    group = serializers.RegexField(
        r"^[^\x00-\x1f\x7f]+$", max_length=LONGEST_GROUP, help_text="As the provider's claim spells it."
    )
    role = serializers.ChoiceField(choices=_ROLES)
    team_id = serializers.UUIDField(required=False, allow_null=True, default=None, help_text="Only its services.")
    service_id = serializers.UUIDField(required=False, allow_null=True, default=None, help_text="Only this service.")
    reason = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse a role for a team and a service at once."""
        if attrs["team_id"] and attrs["service_id"]:
            raise serializers.ValidationError({"service_id": "a role is held for a team or a service, not both"})
        return attrs


class GroupMappings(ScopedView):
    """The groups that bring roles here."""

    required_scopes = {"GET": Scope.GOVERNANCE_READ, "POST": Scope.GOVERNANCE_WRITE}
    refusals = {"POST": (GroupMappedAlready, errors.TeamNotFound, errors.ServiceNotFound)}
    page_order = ("group", "id")
    queryset = GroupMapping.objects.none()
    serializer_class = GroupMappingOutput

    @extend_schema(operation_id="group_mappings_list", responses=GroupMappingOutput(many=True))
    def get(self, request: ActorRequest) -> Response:
        """List the mappings by group."""
        request.actor.require(Scope.GOVERNANCE_READ)
        return self.page(GroupMapping.objects.all())

    @extend_schema(
        operation_id="group_mappings_add",
        request=GroupMappingRequest,
        responses={201: MappingGrantOutput, 202: MappingGrantOutput},
    )
    def post(self, request: ActorRequest) -> Response:
        """Let everybody in a group hold a role.

        201: it holds. 202: it waits for a second person under `request_id`.
        """
        asked = GroupMappingRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        wanted = asked.validated_data
        grant = map_group(
            actor=request.actor,
            group=wanted["group"],
            role=Role(wanted["role"]),
            team=team_of(wanted["team_id"]),
            service=service_of(wanted["service_id"]),
            reason=wanted["reason"],
            at=now(),
        )
        status = HTTPStatus.CREATED if grant.mapping else HTTPStatus.ACCEPTED
        return Response(MappingGrantOutput(grant).data, status=status)


class GroupMappingRemoval(ScopedView):
    """The end of a mapping."""

    required_scopes = {"POST": Scope.GOVERNANCE_WRITE}
    refusals = {"POST": (GroupMappingNotFound,)}

    @extend_schema(operation_id="group_mappings_remove", request=RevocationRequest, responses={204: None})
    def post(self, request: ActorRequest, pk: UUID) -> Response:
        """Remove a mapping; the roles that it alone brought end at once."""
        asked = RevocationRequest(data=request.data or {})
        asked.is_valid(raise_exception=True)
        unmap_group(actor=request.actor, pk=pk, reason=asked.validated_data["reason"], at=now())
        return Response(status=HTTPStatus.NO_CONTENT)
