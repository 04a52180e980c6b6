"""Delegations over HTTP."""

from http import HTTPStatus
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from stellapolicy.access.roles import Scope
from stellapolicy.api.views import ActorRequest, ScopedView
from stellapolicy.governance import errors
from stellapolicy.governance.api.filters import DelegationFilter
from stellapolicy.governance.api.serializers import DelegationOutput, DelegationRequest, WithdrawalRequest
from stellapolicy.governance.models import Delegation
from stellapolicy.governance.services.delegations import delegate, end_delegation
from stellapolicy.kernel.clock import now


class Delegations(ScopedView):
    """Who may vote in whose stead."""

    required_scopes = {"GET": Scope.GOVERNANCE_READ, "POST": Scope.GOVERNANCE_READ}
    refusals = {
        "POST": (
            errors.DelegationRefused,
            errors.DelegationLoop,
            errors.TokenMayNotVote,
            errors.ReasonMissing,
        )
    }
    page_order = ("-created_at", "-id")
    queryset = Delegation.objects.none()
    serializer_class = DelegationOutput
    filterset_class = DelegationFilter

    @extend_schema(operation_id="delegations_list", responses=DelegationOutput(many=True))
    def get(self, request: ActorRequest) -> Response:
        """List the delegations you may read, the newest first; your own always."""
        return self.page(Delegation.objects.visible_to(request.actor, Scope.GOVERNANCE_READ))

    @extend_schema(operation_id="delegations_create", request=DelegationRequest, responses={201: DelegationOutput})
    def post(self, request: ActorRequest) -> Response:
        """Let somebody vote in your stead for a while, with what you hold or a part of it.

        Only a person who signed in may; it is not handed on further, and ends by itself.
        """
        asked = DelegationRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        wanted, at = dict(asked.validated_data), now()
        given = delegate(
            actor=request.actor,
            to=wanted.pop("delegate"),
            starts_at=wanted.pop("starts_at") or at,
            at=at,
            **wanted,
        )
        return Response(DelegationOutput(given).data, status=HTTPStatus.CREATED)


class DelegationEnd(ScopedView):
    """The early end of a delegation."""

    required_scopes = {"POST": Scope.GOVERNANCE_READ}
    refusals = {"POST": (errors.DelegationNotFound, errors.DelegationEnded, errors.NotYours)}

    @extend_schema(operation_id="delegations_end", request=WithdrawalRequest, responses=DelegationOutput)
    def post(self, request: ActorRequest, pk: UUID) -> Response:
        """End a delegation that you gave or hold; whoever governs the tenant may end any."""
        asked = WithdrawalRequest(data=request.data or {})
        asked.is_valid(raise_exception=True)
        return Response(
            DelegationOutput(end_delegation(actor=request.actor, pk=pk, at=now(), **asked.validated_data)).data
        )
