"""Many exceptions at once over HTTP: the single verb for each, and its own answer for each."""

from collections.abc import Sequence
from typing import Any, ClassVar, Final

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from exceptions import errors
from exceptions.api.inputs import LONGEST_REASON, ExactSerializer
from exceptions.api.outputs import STATES
from exceptions.api.verbs import REVOKING, VOTING
from exceptions.models.choices import choices_of
from exceptions.services.bulk import MOST_ROWS, BulkResult, BulkRow, Verb, act_on_many
from stellapolicy.access.roles import Scope
from stellapolicy.api.choices import ChoiceField
from stellapolicy.api.throttling import Limit
from stellapolicy.api.views import ActorRequest, ScopedView
from stellapolicy.kernel.actor import Actor, ScopeMissing
from stellapolicy.kernel.clock import now
from stellapolicy.kernel.refusals import Fault

# The same scopes that the doors of the single verbs ask for.
_SCOPES: Final = {
    Verb.APPROVE: VOTING,
    Verb.REJECT: VOTING,
    Verb.REQUEST_CHANGES: VOTING,
    Verb.WITHDRAW: Scope.EXCEPTION_WRITE,
    Verb.REVOKE: REVOKING,
}


class BulkRowInput(ExactSerializer):
    """One exception of many."""

    reference = serializers.CharField(max_length=60, help_text="Its number or its id.")
    payload_hash = serializers.CharField(
        max_length=71, required=False, allow_blank=True, default="", help_text="Needed where a vote is cast."
    )
    on_behalf_of = serializers.CharField(
        max_length=200,
        required=False,
        allow_blank=True,
        default="",
        help_text="Whom you stand in for with a vote, as `user:…`; unsaid, it is your own.",
    )


class BulkInput(ExactSerializer):
    """The same for many."""

    verb = ChoiceField(choices=choices_of(Verb))
    rows = serializers.ListField(child=BulkRowInput(), min_length=1, max_length=MOST_ROWS)
    comment = serializers.CharField(max_length=LONGEST_REASON, required=False, allow_blank=True, default="")
    all_or_nothing = serializers.BooleanField(
        required=False, default=False, help_text="One refusal undoes the others, and is answered with 409."
    )


class BulkRefusalOutput(serializers.Serializer[Any]):  # Any: a Refusal
    """Why a row was refused."""

    code = serializers.CharField()
    status = serializers.IntegerField()
    title = serializers.CharField()
    detail = serializers.CharField()


class BulkResultOutput(serializers.Serializer[Any]):  # Any: a BulkResult
    """What became of a row."""

    reference = serializers.CharField()
    done = serializers.BooleanField(source="is_done")
    number = serializers.CharField(source="exception.number", default=None, allow_null=True)
    state = serializers.ChoiceField(choices=STATES, source="exception.state", default=None, allow_null=True)
    refusal = BulkRefusalOutput(allow_null=True)


class BulkOutput(serializers.Serializer[Any]):  # Any: made by hand
    """What became of every row, in their order."""

    done = serializers.IntegerField()
    refused = serializers.IntegerField()
    rows = BulkResultOutput(many=True)


class BulkView(ScopedView):
    """The same done to many exceptions."""

    required_scopes: ClassVar = {"POST": f"{VOTING}|{REVOKING}"}
    refusals: ClassVar = {"POST": (errors.BulkRefused, errors.ExceptionInvalid)}
    throttle = Limit.HEAVY
    serializer_class = BulkInput

    @extend_schema(operation_id="exceptions_bulk", request=BulkInput, responses=BulkOutput)
    def post(self, request: ActorRequest) -> Response:
        """Do the same to many, row by row, by the single verb and with its scope; each row has its own answer.

        200 also where rows were refused. With `all_or_nothing` one refused row leaves everything as it was: 409, with
        what each row was refused for.
        """
        asked = BulkInput(data=request.data)
        asked.is_valid(raise_exception=True)
        said = asked.validated_data
        verb = Verb(said["verb"])
        _require(request.actor, _SCOPES[verb])
        results = act_on_many(
            actor=request.actor,
            verb=verb,
            rows=[BulkRow(**row) for row in said["rows"]],
            comment=said["comment"],
            all_or_nothing=said["all_or_nothing"],
            at=now(),
        )
        if said["all_or_nothing"]:
            _refuse_unless_all(results)
        done = sum(1 for one in results if one.is_done)
        answer = {"done": done, "refused": len(results) - done, "rows": results}
        return Response(BulkOutput(answer).data)


def _require(actor: Actor, scopes: str) -> None:
    if not any(actor.holds_anywhere(each) for each in scopes.split("|")):
        raise ScopeMissing(f"this needs the scope {scopes.replace('|', ' or ')}")


def _refuse_unless_all(results: Sequence[BulkResult]) -> None:
    faults = tuple(
        Fault(f"/rows/{place}", one.refusal.code, f"{one.reference}: {one.refusal.detail}")
        for place, one in enumerate(results)
        if one.refusal is not None
    )
    if faults:
        raise errors.BulkRefused(f"{len(faults)} of {len(results)} rows are refused; nothing was done", faults=faults)
