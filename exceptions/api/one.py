"""One exception over HTTP: reading it, and proposing other terms."""

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema, extend_schema_serializer
from rest_framework.response import Response

from exceptions import errors
from exceptions.api.detail import ExceptionOutput, told
from exceptions.api.inputs import TermsInput
from exceptions.api.listing import ASKING_REFUSALS
from exceptions.api.today import DetailQuery, OverlapsOutput, TodayOutput, facts_of_today, overlaps_with
from exceptions.selectors import exception_of, held_exception
from exceptions.services.request import change_terms
from stellapolicy.access.roles import Scope
from stellapolicy.api.views import ActorRequest, ScopedView
from stellapolicy.kernel.clock import now


@extend_schema_serializer(component_name="ExceptionDetail")
class ExceptionDetailOutput(ExceptionOutput):
    """An exception, whole; with a look at the estate where that is asked for."""

    today = TodayOutput(required=False, help_text="With `facts=today`.")
    overlaps = OverlapsOutput(required=False, help_text="With `overlaps=true`.")

    class Meta(ExceptionOutput.Meta):
        fields = (*ExceptionOutput.Meta.fields, "today", "overlaps")
        read_only_fields = fields


class ExceptionView(ScopedView):
    """One exception, by its number or its id."""

    required_scopes: ClassVar = {"GET": Scope.EXCEPTION_READ, "PATCH": Scope.EXCEPTION_WRITE}
    refusals: ClassVar = {
        "GET": (errors.ExceptionNotFound,),
        "PATCH": (
            errors.ExceptionNotFound,
            errors.IllegalTransition,
            errors.NotYourRequest,
            errors.NotYoursToRevoke,
            *ASKING_REFUSALS,
        ),
    }
    tagged = frozenset({"GET", "PATCH"})

    @extend_schema(operation_id="exceptions_retrieve", parameters=[DetailQuery], responses=ExceptionDetailOutput)
    def get(self, request: ActorRequest, reference: str) -> Response:
        """Return an exception with its terms, the decision, its evidence, and what you may do now and why not.

        The tag of the plain answer is what PATCH and the verbs take as `If-Match`. With `facts` or `overlaps` the
        answer says how things are at this moment, and has none.
        """
        query = DetailQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        exception, at = exception_of(request.actor, reference), now()
        answer = told(exception, request.actor, at=at)
        beside: dict[str, Any] = {}  # Any: JSON
        if query.validated_data.get("facts"):
            beside["today"] = facts_of_today(exception, at=at)
        if query.validated_data["overlaps"]:
            beside["overlaps"] = overlaps_with(exception, request.actor, at=at)
        if not beside:
            self.etag(answer)
        return Response({**answer, **beside})

    @extend_schema(operation_id="exceptions_change", request=TermsInput, responses=ExceptionOutput)
    def patch(self, request: ActorRequest, reference: str) -> Response:
        """Propose other terms, with the facts of today; those in force stay in force until others agreed to these.

        A request that is undecided is made anew: votes for what it said before do not carry over.
        """
        asked = TermsInput(data=request.data)
        asked.is_valid(raise_exception=True)
        actor, at = request.actor, now()
        exception = held_exception(actor, reference)
        self.etag(told(exception, actor, at=at))
        change_terms(actor=actor, pk=exception.pk, change=asked.to_change(exception), at=at)
        return Response(told(exception, actor, at=at))
