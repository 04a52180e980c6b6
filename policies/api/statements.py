"""VEX and reachability over HTTP."""

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.response import Response

from policies.api.evidence import ReceivedOutput, received_response
from policies.api.runs import RunOutput
from policies.api.uploads import (
    EVIDENCE_REFUSALS,
    MAX_BODY_BYTES,
    PARSERS,
    ArtifactInput,
    EvidenceInput,
    body_of,
    uploads_from,
)
from policies.importers.records import SourceType
from policies.models import VexDocument
from policies.services.vex import PublishedVex, publish_vex
from stellapolicy.api.throttling import Limit
from stellapolicy.api.views import ActorRequest, ScopedView
from stellapolicy.kernel.clock import now


class VexInput(EvidenceInput):
    """VEX documents about one artifact, or, without an artifact, about products at large."""

    artifact = ArtifactInput(required=False, allow_null=True, default=None)


class VexDocumentOutput(serializers.ModelSerializer[VexDocument]):
    """A document about products."""

    class Meta:
        model = VexDocument
        fields = [
            "id",
            "digest",
            "document_id",
            "filename",
            "format",
            "tool",
            "statement_count",
            "issued_at",
            "uploaded_by",
            "uploaded_at",
        ]


class PublishedOutput(serializers.Serializer[Any]):  # Any: made by hand, never from a row
    """A document that was published, and the run that joins it to the evidence it speaks of."""

    document = VexDocumentOutput()
    is_new = serializers.BooleanField(help_text="False when these very bytes were known already.")
    artifacts_touched = serializers.IntegerField(help_text="Artifacts that had a finding it speaks of.")
    run = serializers.CharField(allow_null=True, help_text="Where to ask how far the joining is.")


class PublishedListOutput(serializers.Serializer[Any]):  # Any: made by hand, never from a row
    """Everything that was published."""

    items = PublishedOutput(many=True)


class VexView(ScopedView):
    """VEX documents: OpenVEX, CSAF, CycloneDX and our own."""

    required_scopes: ClassVar = {"GET": "vex:read", "POST": "evidence:write"}
    refusals: ClassVar = {"POST": EVIDENCE_REFUSALS}
    throttle = Limit.HEAVY
    page_order = ("-uploaded_at", "-id")
    parser_classes = PARSERS
    max_body_bytes = MAX_BODY_BYTES
    serializer_class = VexDocumentOutput

    @extend_schema(operation_id="vex_list")
    def get(self, request: ActorRequest) -> Response:
        """List the documents about products at large, newest first."""
        return self.page(VexDocument.objects.visible_to(request.actor, "vex:read"))

    @extend_schema(
        operation_id="vex_post",
        request=VexInput,
        responses={200: ReceivedOutput, 201: ReceivedOutput, 202: PublishedListOutput},
    )
    def post(self, request: ActorRequest) -> Response:
        """Post documents about an artifact, which make a new snapshot; without one they join whatever they speak of."""
        body = VexInput(data=body_of(request))
        body.is_valid(raise_exception=True)
        asked = body.validated_data
        if asked["artifact"] is not None:
            return received_response(request, {**asked, "wait": asked["wait"] is not False}, expected=SourceType.VEX)
        published = [
            publish_vex(actor=request.actor, upload=upload, at=now(), pointer=f"/reports/{index}")
            for index, upload in enumerate(uploads_from(asked["reports"]))
        ]
        answer = PublishedListOutput({"items": [_told(one) for one in published]}).data
        return Response(answer, status=status.HTTP_202_ACCEPTED)


class ReachabilityView(ScopedView):
    """What analyses say of the reachability of vulnerable code."""

    required_scopes: ClassVar = {"POST": "evidence:write"}
    refusals: ClassVar = {"POST": EVIDENCE_REFUSALS}
    throttle = Limit.HEAVY
    parser_classes = PARSERS
    max_body_bytes = MAX_BODY_BYTES
    serializer_class = EvidenceInput

    @extend_schema(
        operation_id="reachability_post",
        request=EvidenceInput,
        responses={200: ReceivedOutput, 201: ReceivedOutput, 202: RunOutput},
    )
    def post(self, request: ActorRequest) -> Response:
        """Post facts of an analysis of an artifact; they become part of its present evidence."""
        body = EvidenceInput(data=body_of(request))
        body.is_valid(raise_exception=True)
        return received_response(request, body.validated_data, expected=SourceType.REACHABILITY)


def _told(published: PublishedVex) -> dict[str, Any]:  # Any: JSON and rows
    return {
        "document": published.document,
        "is_new": published.is_new,
        "artifacts_touched": published.touched,
        "run": f"/api/v1/runs/{published.run.pk}" if published.run else None,
    }
