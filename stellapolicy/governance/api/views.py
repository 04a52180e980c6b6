"""Approvals: what waits, and what somebody says to it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from stellapolicy.access.errors import ReauthenticationNeeded
from stellapolicy.access.roles import Scope
from stellapolicy.api.views import ActorRequest, ScopedView
from stellapolicy.governance import errors
from stellapolicy.governance.api.filters import ApprovalFilter
from stellapolicy.governance.api.serializers import (
    ApprovalDetailOutput,
    ApprovalOutput,
    VoteRequest,
    WithdrawalRequest,
)
from stellapolicy.governance.models import ApprovalRequest
from stellapolicy.governance.selectors import voter_of
from stellapolicy.governance.services.approvals import vote, withdraw
from stellapolicy.governance.voting import obstacle, possibilities
from stellapolicy.kernel.clock import now

_CLOSED = (errors.ApprovalNotFound, errors.ApprovalClosed, errors.ApprovalExpired)


class Approvals(ScopedView):
    """Requests for approval."""

    required_scopes = {"GET": Scope.GOVERNANCE_READ}
    page_order = ("-created_at", "-id")
    queryset = ApprovalRequest.objects.none()
    serializer_class = ApprovalOutput
    filterset_class = ApprovalFilter

    def get_serializer_context(self) -> dict[str, Any]:  # Any: DRF's context
        """Say at which instant the requests are judged."""
        return {**super().get_serializer_context(), "at": now()}

    @extend_schema(operation_id="approvals_list", responses=ApprovalOutput(many=True))
    def get(self, request: ActorRequest) -> Response:
        """List the requests you may read, the newest first; `mine_to_decide=true` for those that wait for you."""
        rows = ApprovalRequest.objects.visible_to(request.actor, Scope.GOVERNANCE_READ)
        return self.page(rows.with_votes())


class Approval(ScopedView):
    """One request for approval."""

    required_scopes = {"GET": Scope.GOVERNANCE_READ}
    refusals = {"GET": (errors.ApprovalNotFound,)}

    @extend_schema(operation_id="approvals_retrieve", responses=ApprovalDetailOutput)
    def get(self, request: ActorRequest, pk: UUID) -> Response:
        """Return a request with its seats and votes, and what you could do about it now."""
        return _shown(request, pk)


class ApprovalVoting(ScopedView):
    """A vote on a request."""

    required_scopes = {"POST": Scope.GOVERNANCE_READ}
    refusals = {
        "POST": (
            *_CLOSED,
            errors.PayloadChanged,
            errors.SecondPersonRequired,
            errors.VotedAlready,
            errors.SeatMissing,
            errors.SeatsFilled,
            errors.TokenMayNotVote,
            errors.DelegationMissing,
            errors.ReasonMissing,
            ReauthenticationNeeded,
        )
    }

    @extend_schema(operation_id="approvals_vote", request=VoteRequest, responses=ApprovalDetailOutput)
    def post(self, request: ActorRequest, pk: UUID) -> Response:
        """Agree or disagree with exactly the payload of `payload_hash`.

        What a vote takes is said by the seats of the request, not by a scope of this endpoint. The last vote that is
        needed lets the request take effect before this answers; where that is refused, the vote was not cast.
        """
        asked = VoteRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        vote(actor=request.actor, pk=pk, at=now(), **asked.validated_data)
        return _shown(request, pk)


class ApprovalWithdrawal(ScopedView):
    """The end of a request by whoever made it."""

    required_scopes = {"POST": Scope.GOVERNANCE_READ}
    refusals = {"POST": (*_CLOSED, errors.NotYours)}

    @extend_schema(operation_id="approvals_withdraw", request=WithdrawalRequest, responses=ApprovalDetailOutput)
    def post(self, request: ActorRequest, pk: UUID) -> Response:
        """Take back a request of your own."""
        asked = WithdrawalRequest(data=request.data or {})
        asked.is_valid(raise_exception=True)
        withdraw(actor=request.actor, pk=pk, at=now(), **asked.validated_data)
        return _shown(request, pk)


def _shown(request: ActorRequest, pk: UUID) -> Response:
    """Return a request as whoever asks sees it now."""
    rows = ApprovalRequest.objects.visible_to(request.actor, Scope.GOVERNANCE_READ).with_votes()
    found = rows.filter(pk=pk).first()
    if found is None:
        raise errors.ApprovalNotFound("there is no such request in this tenant")
    return Response(ApprovalDetailOutput(found, context=_context(request, found, at=now())).data)


def _context(request: ActorRequest, found: ApprovalRequest, *, at: datetime) -> dict[str, Any]:  # Any: DRF's context
    voter, ballots = voter_of(request.actor, at=at), found.ballots()
    return {
        "at": at,
        "person": request.actor.person,
        "possible": possibilities(voter, found, ballots, at=at),
        "obstacle": obstacle(voter, found, ballots, at=at),
    }
