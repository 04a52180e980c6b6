"""People of the tenant and the roles they hold, over HTTP."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.response import Response

from stellapolicy.access import errors
from stellapolicy.access.api.places import service_of, team_of
from stellapolicy.access.models import RoleAssignment, User
from stellapolicy.access.roles import Role, Scope
from stellapolicy.access.selectors import tenants_of
from stellapolicy.access.services.people import RoleGrant, assign_role, withdraw_role
from stellapolicy.api.views import ActorRequest, ScopedView
from stellapolicy.kernel.clock import now

_ROLES = [(role.value, role.value) for role in Role]


class PersonOutput(serializers.ModelSerializer[User]):
    """Somebody who holds a role in the tenant."""

    name = serializers.CharField(source="get_full_name")
    subject = serializers.CharField(help_text="`user:` and the username: what the audit trail shows.")
    roles = serializers.ListField(child=serializers.CharField(), source="held", help_text="For whatever part of it.")

    class Meta:
        model = User
        fields = ("id", "username", "subject", "name", "email", "is_active", "roles")
        read_only_fields = fields


class RoleOutput(serializers.ModelSerializer[RoleAssignment]):
    """A role that somebody holds: in the whole tenant, for a team's services, or for one service."""

    username = serializers.CharField(source="user.username")
    team_id = serializers.UUIDField(allow_null=True)
    service_id = serializers.UUIDField(allow_null=True)

    class Meta:
        model = RoleAssignment
        fields = ("id", "username", "role", "team_id", "service_id", "granted_by", "granted_at")
        read_only_fields = fields


class RoleGrantOutput(serializers.Serializer[Any]):  # Any: a RoleGrant
    """A role that is held now, or the request that waits for a second person."""

    role = serializers.SerializerMethodField(help_text="Null while it waits.")
    request_id = serializers.UUIDField(allow_null=True, help_text="Of the approval that is needed; null where none is.")

    @extend_schema_field(RoleOutput(allow_null=True))
    def get_role(self, grant: RoleGrant) -> Any:  # noqa: ANN401 - a rendered row
        """Return the role where it is held."""
        return RoleOutput(grant.assignment).data if grant.assignment else None


class RoleRequest(serializers.Serializer[Any]):  # Any: made by hand, never from a row
    """Which role for whom."""

    username = serializers.CharField(max_length=150)
    role = serializers.ChoiceField(choices=_ROLES)
    team_id = serializers.UUIDField(required=False, allow_null=True, default=None, help_text="Only its services.")
    service_id = serializers.UUIDField(required=False, allow_null=True, default=None, help_text="Only this service.")
    reason = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse a role for a team and a service at once."""
        if attrs["team_id"] and attrs["service_id"]:
            raise serializers.ValidationError({"service_id": "a role is held for a team or a service, not both"})
        return attrs


class RoleWithdrawalRequest(serializers.Serializer[Any]):  # Any: made by hand, never from a row
    """Why a role ends."""

    reason = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")


class People(ScopedView):
    """Everybody who holds a role in the tenant."""

    required_scopes = {"GET": Scope.GOVERNANCE_READ}
    page_order = ("username",)
    queryset = User.objects.none()
    serializer_class = PersonOutput

    @extend_schema(operation_id="people_list", responses=PersonOutput(many=True))
    def get(self, request: ActorRequest) -> Response:
        """List the people of the tenant by name; what they hold elsewhere is not told."""
        request.actor.require(Scope.GOVERNANCE_READ)
        return self.page(_people())


class Roles(ScopedView):
    """The roles held in the tenant."""

    required_scopes = {"GET": Scope.GOVERNANCE_READ, "POST": Scope.GOVERNANCE_WRITE}
    refusals = {
        "POST": (
            errors.PersonNotFound,
            errors.RoleHeldAlready,
            errors.OwnRoles,
            errors.ServiceNotFound,
            errors.TeamNotFound,
        ),
    }
    page_order = ("-granted_at", "-id")
    queryset = RoleAssignment.objects.none()
    serializer_class = RoleOutput
    filterset_fields = ("role",)

    @extend_schema(operation_id="roles_list", responses=RoleOutput(many=True))
    def get(self, request: ActorRequest) -> Response:
        """List who holds which role, the newest first."""
        request.actor.require(Scope.GOVERNANCE_READ)
        return self.page(RoleAssignment.objects.select_related("user"))

    @extend_schema(
        operation_id="roles_assign", request=RoleRequest, responses={201: RoleGrantOutput, 202: RoleGrantOutput}
    )
    def post(self, request: ActorRequest) -> Response:
        """Let somebody else hold a role.

        201: it is held. 202: the role opens something, and waits for a second person under `request_id`.
        """
        asked = RoleRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        wanted = asked.validated_data
        grant = assign_role(
            actor=request.actor,
            user=_person(wanted["username"]),
            role=Role(wanted["role"]),
            team=team_of(wanted["team_id"]),
            service=service_of(wanted["service_id"]),
            reason=wanted["reason"],
            at=now(),
        )
        status = HTTPStatus.CREATED if grant.assignment else HTTPStatus.ACCEPTED
        return Response(RoleGrantOutput(grant).data, status=status)


class RoleWithdrawal(ScopedView):
    """The end of a role somebody holds."""

    required_scopes = {"POST": Scope.GOVERNANCE_WRITE}
    refusals = {"POST": (errors.RoleNotFound,)}

    @extend_schema(operation_id="roles_withdraw", request=RoleWithdrawalRequest, responses={204: None})
    def post(self, request: ActorRequest, pk: UUID) -> Response:
        """Withdraw a role; it ends with their next request, and nobody need confirm it."""
        asked = RoleWithdrawalRequest(data=request.data or {})
        asked.is_valid(raise_exception=True)
        withdraw_role(actor=request.actor, pk=pk, reason=asked.validated_data["reason"], at=now())
        return Response(status=HTTPStatus.NO_CONTENT)


def _people() -> QuerySet[User]:
    held = RoleAssignment.objects.filter(user=OuterRef("pk")).order_by("role").values("role").distinct()
    members = User.objects.filter(pk__in=RoleAssignment.objects.values("user"))
    return members.annotate(held=ArraySubquery(held))


def _person(username: str) -> User:
    """Return somebody of this tenant, or of none yet; those of other tenants are not told apart from nobody."""
    person = User.objects.filter(username=username).first()
    if person is not None and RoleAssignment.objects.of(person).exists():
        return person
    if person is None or person.is_superuser or tenants_of(person):
        raise errors.PersonNotFound(f"{username} is nobody of this tenant")
    return person
