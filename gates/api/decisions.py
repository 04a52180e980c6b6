"""Questions to gates and their answers over HTTP."""

from typing import Any, ClassVar
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.response import Response

from gates import selectors
from gates.api.filters import DecisionFilter
from gates.api.serializers import (
    QUESTION_REFUSALS,
    DecisionRowOutput,
    EvaluationInput,
    ExplanationOutput,
    GateOutput,
    ReplayOutput,
)
from gates.errors import DecisionUnknown, FindingUnknown, ReportFormatUnknown
from gates.models import Gate, GateDecision
from gates.reports import json_report, text_report
from gates.services.evaluation import evaluate_gate
from gates.services.replay import explain_finding, replay
from policies.api.uploads import MAX_BODY_BYTES, PARSERS, body_of
from policies.errors import SnapshotTampered
from policies.language import facts as catalogue
from stellapolicy.api.throttling import Limit
from stellapolicy.api.views import ActorRequest, ScopedView
from stellapolicy.kernel.clock import now

_FORMATS = {"json": "application/json", "text": "text/plain; charset=utf-8"}


class EvaluationsView(ScopedView):
    """Asks a gate."""

    required_scopes: ClassVar = {"POST": "gate:evaluate"}
    refusals: ClassVar = {"POST": QUESTION_REFUSALS}
    throttle = Limit.HEAVY
    parser_classes = PARSERS
    max_body_bytes = MAX_BODY_BYTES
    serializer_class = EvaluationInput

    @extend_schema(operation_id="gates_evaluate", request=EvaluationInput, responses={200: OpenApiTypes.OBJECT})
    def post(self, request: ActorRequest) -> Response:
        """Answer whether the artifact may go to the environment; 200 also for a block, see `exit_code`."""
        body = EvaluationInput(data=body_of(request))
        body.is_valid(raise_exception=True)
        decision = evaluate_gate(actor=request.actor, request=body.to_request(), at=now())
        return Response(selectors.decision_json(decision))


class GatesView(ScopedView):
    """The gates in force."""

    required_scopes: ClassVar = {"GET": "gate:read"}
    page_order = ("id",)
    serializer_class = GateOutput

    def get(self, _request: ActorRequest) -> Response:
        """List the gates in force."""
        return self.page(Gate.objects.in_force().select_related("environment"))


class DecisionsView(ScopedView):
    """The decisions of the tenant, newest first."""

    required_scopes: ClassVar = {"GET": selectors.READ_SCOPE}
    page_order = ("-created_at", "-id")
    serializer_class = DecisionRowOutput
    filterset_class = DecisionFilter

    @extend_schema(operation_id="gates_decisions_list")
    def get(self, request: ActorRequest) -> Response:
        """List decisions."""
        visible = GateDecision.objects.visible_to(request.actor, selectors.READ_SCOPE)
        return self.page(visible.select_related("artifact", "environment").defer("body", "inputs"))


class DecisionView(ScopedView):
    """One decision."""

    required_scopes: ClassVar = {"GET": selectors.READ_SCOPE}
    refusals: ClassVar = {"GET": (DecisionUnknown,)}
    tagged = frozenset({"GET"})
    serializer_class = DecisionRowOutput

    @extend_schema(operation_id="gates_decisions_retrieve", responses={200: OpenApiTypes.OBJECT})
    def get(self, request: ActorRequest, pk: UUID) -> Response:
        """Return the whole answer."""
        answer = selectors.decision_json(selectors.decision_by_id(pk, actor=request.actor))
        self.etag(answer)
        return Response(answer)


class ReplayView(ScopedView):
    """Repeats a decision."""

    required_scopes: ClassVar = {"POST": selectors.READ_SCOPE}
    refusals: ClassVar = {"POST": (DecisionUnknown, SnapshotTampered)}
    throttle = Limit.HEAVY
    serializer_class = ReplayOutput

    @extend_schema(operation_id="gates_decisions_replay", request=None, responses={200: ReplayOutput})
    def post(self, request: ActorRequest, pk: UUID) -> Response:
        """Decide again from what was frozen: `exact`, or `mismatch` with every difference."""
        result = replay(selectors.decision_by_id(pk, actor=request.actor))
        return Response(
            {
                "outcome": result.outcome.value,
                "body_digest": result.body_digest,
                "replayed_digest": result.replayed_digest,
                "differences": [list(difference) for difference in result.differences],
            }
        )


class ReportView(ScopedView):
    """A decision in another form."""

    required_scopes: ClassVar = {"GET": selectors.READ_SCOPE}
    refusals: ClassVar = {"GET": (DecisionUnknown, ReportFormatUnknown)}
    tagged = frozenset({"GET"})
    serializer_class = DecisionRowOutput

    @extend_schema(
        operation_id="gates_decisions_report",
        parameters=[OpenApiParameter("format", str, enum=sorted(_FORMATS), default="json")],
        responses={(200, "application/json"): OpenApiTypes.OBJECT, (200, "text/plain"): OpenApiTypes.STR},
    )
    def get(self, request: ActorRequest, pk: UUID) -> HttpResponse:
        """Return the decision as JSON or as text for people."""
        wanted = selectors.report_format(request.query_params.get("format", "json"), known=_FORMATS)
        view = selectors.decision_view(selectors.decision_by_id(pk, actor=request.actor))
        content = json_report(view) if wanted == "json" else text_report(view)
        self.etag(wanted, content)
        return HttpResponse(content, content_type=_FORMATS[wanted])


class ExplainView(ScopedView):
    """Why a finding has its verdict."""

    required_scopes: ClassVar = {"GET": selectors.READ_SCOPE}
    refusals: ClassVar = {"GET": (DecisionUnknown, FindingUnknown, SnapshotTampered)}
    serializer_class = ExplanationOutput

    @extend_schema(
        operation_id="gates_decisions_explain",
        parameters=[OpenApiParameter("finding", str, required=True, description="The key of the finding.")],
        responses={200: ExplanationOutput},
    )
    def get(self, request: ActorRequest, pk: UUID) -> Response:
        """Return every rule's part in the verdict of one finding."""
        decision = selectors.decision_by_id(pk, actor=request.actor)
        explained = explain_finding(decision, request.query_params.get("finding", ""))
        answer: dict[str, Any] = {  # Any: JSON
            "key": explained.stored.key,
            "verdict": explained.verdict.to_json(),
            "facts": catalogue.to_json(explained.facts),
            "trace": explained.trace.to_json(),
            "text": explained.trace.to_text(),
            "exception": explained.exception,
            "status": explained.status or explained.verdict.status.value,
        }
        return Response(answer)
