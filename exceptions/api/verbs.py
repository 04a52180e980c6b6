"""What is done about one exception over HTTP: deciding, taking back, ending, extending, rechecking."""

from typing import Any, ClassVar, Final
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from exceptions import errors
from exceptions.api.detail import ExceptionOutput, told
from exceptions.api.inputs import ApprovalInput, CommentInput, ExtensionInput, VoteInput
from exceptions.api.listing import ASKING_REFUSALS
from exceptions.api.today import FiredOutput
from exceptions.selectors import exception_of, held_exception
from exceptions.services.approval import approve_exception, reject_exception, request_changes
from exceptions.services.lifecycle import revoke_exception
from exceptions.services.recheck import recheck_exception
from exceptions.services.request import extend_exception, resubmit_exception, withdraw_exception
from stellapolicy.access.errors import ReauthenticationNeeded
from stellapolicy.access.roles import Scope
from stellapolicy.api.preconditions import IF_MATCH
from stellapolicy.api.throttling import Limit
from stellapolicy.api.views import ActorRequest, ScopedView
from stellapolicy.governance import errors as governance
from stellapolicy.kernel.clock import now
from stellapolicy.kernel.refusals import Refusal

# What a vote takes is said by the seats of the request: a release captain or a delegate may hold none of our scopes
# beside that of reading. To revoke it takes one of these, or to have asked.
VOTING: Final = Scope.EXCEPTION_READ
REVOKING: Final = f"{Scope.EXCEPTION_APPROVE}|{Scope.EXCEPTION_WRITE}"
_MOVING: tuple[type[Refusal], ...] = (errors.ExceptionNotFound, errors.IllegalTransition)
VOTE_REFUSALS: tuple[type[Refusal], ...] = (
    *_MOVING,
    errors.NothingPending,
    errors.CommentMissing,
    governance.ApprovalClosed,
    governance.ApprovalExpired,
    governance.PayloadChanged,
    governance.SecondPersonRequired,
    governance.VotedAlready,
    governance.SeatMissing,
    governance.SeatsFilled,
    governance.TokenMayNotVote,
    governance.DelegationMissing,
    ReauthenticationNeeded,
)
COMPLETION_REFUSALS: tuple[type[Refusal], ...] = (errors.FactsChanged, errors.EvidenceMissing, errors.WindowOver)


class VerbView(ScopedView):
    """Something that is done about one exception; the answer is the exception as it then is."""

    serializer_class = ExceptionOutput
    tagged = frozenset({"POST"})

    def held(self, request: ActorRequest, reference: str) -> UUID:
        """Return the key of an exception, held; refuses with 412 where `If-Match` names another version of it."""
        exception = held_exception(request.actor, reference)
        if IF_MATCH in request.headers:
            self.etag(told(exception, request.actor, at=now()))
        return exception.pk


class ApproveView(VerbView):
    """A yes."""

    required_scopes: ClassVar = {"POST": VOTING}
    refusals: ClassVar = {
        "POST": (*VOTE_REFUSALS, *COMPLETION_REFUSALS, *ASKING_REFUSALS, errors.NotNarrower, errors.NotYoursToQuestion)
    }

    @extend_schema(operation_id="exceptions_approve", request=ApprovalInput, responses=ExceptionOutput)
    def post(self, request: ActorRequest, reference: str) -> Response:
        """Agree to exactly the terms of `payload_hash`, or with `narrow` to less of them; whoever asked is told.

        What it takes is said by the seats of the request, not by a scope of this endpoint; a token may not vote. The
        last vote that is needed puts the terms in force before this answers; where that is refused, the vote was not
        cast.
        """
        asked = ApprovalInput(data=request.data)
        asked.is_valid(raise_exception=True)
        said, at = asked.validated_data, now()
        exception = approve_exception(
            actor=request.actor,
            pk=self.held(request, reference),
            payload_hash=said["payload_hash"],
            comment=said["comment"],
            on_behalf_of=said["on_behalf_of"],
            narrowing=asked.to_narrowing(),
            at=at,
        )
        return Response(told(exception, request.actor, at=at))


class RejectView(VerbView):
    """A no."""

    required_scopes: ClassVar = {"POST": VOTING}
    refusals: ClassVar = {"POST": VOTE_REFUSALS}

    @extend_schema(operation_id="exceptions_reject", request=VoteInput, responses=ExceptionOutput)
    def post(self, request: ActorRequest, reference: str) -> Response:
        """Say no; one no ends the request. New terms of an exception in force come to nothing, and it goes on."""
        asked = VoteInput(data=request.data)
        asked.is_valid(raise_exception=True)
        at = now()
        pk = self.held(request, reference)
        exception = reject_exception(actor=request.actor, pk=pk, at=at, **asked.validated_data)
        return Response(told(exception, request.actor, at=at))


class RequestChangesView(VerbView):
    """A question back."""

    required_scopes: ClassVar = {"POST": VOTING}
    refusals: ClassVar = {
        "POST": (
            *_MOVING,
            errors.NothingPending,
            errors.CommentMissing,
            errors.NotYoursToQuestion,
            governance.ApprovalExpired,
            governance.SecondPersonRequired,
        )
    }

    @extend_schema(operation_id="exceptions_request_changes", request=CommentInput, responses=ExceptionOutput)
    def post(self, request: ActorRequest, reference: str) -> Response:
        """Send it back to whoever asked, as somebody who could approve it; the clock of the decision stops."""
        said, at = _comment(request), now()
        pk = self.held(request, reference)
        exception = request_changes(actor=request.actor, pk=pk, comment=said, at=at)
        return Response(told(exception, request.actor, at=at))


class ResubmitView(VerbView):
    """The same, asked again."""

    required_scopes: ClassVar = {"POST": Scope.EXCEPTION_WRITE}
    refusals: ClassVar = {"POST": (*_MOVING, errors.NotYourRequest, errors.CommentMissing, *ASKING_REFUSALS)}

    @extend_schema(operation_id="exceptions_resubmit", request=CommentInput, responses=ExceptionOutput)
    def post(self, request: ActorRequest, reference: str) -> Response:
        """Ask again for what you asked for, after changes were asked for; other terms are proposed with PATCH."""
        said, at = _comment(request), now()
        pk = self.held(request, reference)
        exception = resubmit_exception(actor=request.actor, pk=pk, comment=said, at=at)
        return Response(told(exception, request.actor, at=at))


class WithdrawView(VerbView):
    """The end of a request by whoever made it."""

    required_scopes: ClassVar = {"POST": Scope.EXCEPTION_WRITE}
    refusals: ClassVar = {"POST": (*_MOVING, errors.NotYourRequest)}

    @extend_schema(operation_id="exceptions_withdraw", request=CommentInput, responses=ExceptionOutput)
    def post(self, request: ActorRequest, reference: str) -> Response:
        """Take back a request of your own, or your own new terms of an exception that goes on as it was."""
        said, at = _comment(request), now()
        pk = self.held(request, reference)
        exception = withdraw_exception(actor=request.actor, pk=pk, reason=said, at=at)
        return Response(told(exception, request.actor, at=at))


class RevokeView(VerbView):
    """The end of an exception before its time."""

    required_scopes: ClassVar = {"POST": REVOKING}
    refusals: ClassVar = {"POST": (*_MOVING, errors.NotYoursToRevoke, errors.CommentMissing)}

    @extend_schema(operation_id="exceptions_revoke", request=CommentInput, responses=ExceptionOutput)
    def post(self, request: ActorRequest, reference: str) -> Response:
        """End an exception at once. Closing a gate takes one person: whoever asked, or whoever may approve there."""
        said, at = _comment(request), now()
        pk = self.held(request, reference)
        exception = revoke_exception(actor=request.actor, pk=pk, comment=said, at=at)
        return Response(told(exception, request.actor, at=at))


class ExtendView(VerbView):
    """A later end."""

    required_scopes: ClassVar = {"POST": Scope.EXCEPTION_WRITE}
    refusals: ClassVar = {"POST": (*_MOVING, errors.NotYourRequest, errors.NotYoursToRevoke, *ASKING_REFUSALS)}

    @extend_schema(operation_id="exceptions_extend", request=ExtensionInput, responses=ExceptionOutput)
    def post(self, request: ActorRequest, reference: str) -> Response:
        """Ask for a later end: new terms, through approval, within the longest term from the first start.

        Where nothing got worse since it was approved, one approver of its level is enough.
        """
        asked = ExtensionInput(data=request.data)
        asked.is_valid(raise_exception=True)
        at = now()
        pk = self.held(request, reference)
        exception = extend_exception(actor=request.actor, pk=pk, at=at, **asked.validated_data)
        return Response(told(exception, request.actor, at=at))


class RecheckedOutput(serializers.Serializer[Any]):  # Any: made by hand
    """What a recheck found, and the exception as it then is."""

    fired = FiredOutput(many=True)
    exception = ExceptionOutput()


class RecheckView(ScopedView):
    """A comparison with the facts of today."""

    required_scopes: ClassVar = {"POST": Scope.EXCEPTION_WRITE}
    refusals: ClassVar = {"POST": _MOVING}
    throttle = Limit.HEAVY

    @extend_schema(operation_id="exceptions_recheck", request=None, responses=RecheckedOutput)
    def post(self, request: ActorRequest, reference: str) -> Response:
        """Compare what its approvers saw with today; what fires takes effect before this answers."""
        at = now()
        pk = exception_of(request.actor, reference).pk
        exception, found = recheck_exception(actor=request.actor, pk=pk, at=at)
        fired = FiredOutput(found, many=True).data
        return Response({"fired": fired, "exception": told(exception, request.actor, at=at)})


def _comment(request: ActorRequest) -> str:
    asked = CommentInput(data=request.data or {})
    asked.is_valid(raise_exception=True)
    return str(asked.validated_data["comment"])
