"""Evidence, artifacts and snapshots over HTTP."""

from collections.abc import Mapping
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.response import Response

from policies import selectors
from policies.api.filters import ArtifactFilter, FindingFilter, SnapshotFilter
from policies.api.runs import RunOutput, run_response
from policies.api.uploads import (
    EVIDENCE_REFUSALS,
    MAX_BODY_BYTES,
    PARSERS,
    EvidenceInput,
    artifact_from,
    body_of,
    uploads_from,
)
from policies.errors import SnapshotTampered, SnapshotUnknown
from policies.importers.records import SourceType
from policies.models import Artifact, Snapshot, SnapshotFinding
from policies.selectors import READ_SCOPE
from policies.services.evidence import receive_evidence
from policies.services.evidence_runs import is_large, queue_import
from stellapolicy.api.throttling import Limit
from stellapolicy.api.views import ActorRequest, ScopedView
from stellapolicy.kernel.clock import now


class ArtifactOutput(serializers.ModelSerializer[Artifact]):
    """An artifact."""

    service = serializers.SlugRelatedField[Any](slug_field="slug", read_only=True, allow_null=True)

    class Meta:
        model = Artifact
        fields = ["id", "digest", "name", "labels", "service", "basis", "joined_because", "first_seen_at"]


class SnapshotOutput(serializers.ModelSerializer[Snapshot]):
    """A snapshot: its content name, what its reports say of themselves, and counts."""

    artifact = serializers.SlugRelatedField[Any](slug_field="digest", read_only=True)

    class Meta:
        model = Snapshot
        fields = [
            "name",
            "artifact",
            "manifest",
            "evidence",
            "counts",
            "content_digest",
            "digest_version",
            "components_digest",
            "created_at",
        ]


class ReceivedOutput(serializers.Serializer[Any]):  # Any: made by hand, never from a row
    """What became of posted evidence."""

    snapshot = SnapshotOutput()
    is_new = serializers.BooleanField(help_text="False when nothing was said that was not known already.")
    outdone = serializers.ListField(
        child=serializers.CharField(),
        help_text="Digests of posted reports that are no part of the snapshot: the same tool looked again later.",
    )


class SnapshotFindingOutput(serializers.ModelSerializer[SnapshotFinding]):
    """A finding as the evidence gives it."""

    class Meta:
        model = SnapshotFinding
        fields = ["position", "key", "kind", "identifier", "purl", "severity", "facts", "origin"]


class VerificationOutput(serializers.Serializer[Any]):  # Any: made by hand, never from a row
    """Whether a snapshot still is what was stored."""

    name = serializers.CharField()
    intact = serializers.BooleanField()
    detail = serializers.CharField()


class EvidenceView(ScopedView):
    """Posts one or several reports about an artifact; all are kept, or none."""

    required_scopes: ClassVar = {"POST": "evidence:write"}
    refusals: ClassVar = {"POST": EVIDENCE_REFUSALS}
    throttle = Limit.HEAVY
    parser_classes = PARSERS
    max_body_bytes = MAX_BODY_BYTES
    serializer_class = EvidenceInput

    @extend_schema(
        operation_id="evidence_post",
        request=EvidenceInput,
        responses={200: ReceivedOutput, 201: ReceivedOutput, 202: RunOutput},
    )
    def post(self, request: ActorRequest) -> Response:
        """Import reports; the snapshot is made of the latest report of every tool, these and earlier ones."""
        body = EvidenceInput(data=body_of(request))
        body.is_valid(raise_exception=True)
        return received_response(request, body.validated_data)


def received_response(
    request: ActorRequest, asked: Mapping[str, Any], *, expected: SourceType | None = None
) -> Response:
    """Import now (200, 201), or let a worker (202) where the caller does not wait or the reports are long."""
    artifact, uploads = artifact_from(asked), uploads_from(asked["reports"])
    waits = not is_large(uploads) if asked["wait"] is None else asked["wait"]
    if not waits:
        run = queue_import(actor=request.actor, artifact=artifact, uploads=uploads, expected=expected, at=now())
        return run_response(selectors.run_by_id(request.actor, run.pk))
    received = receive_evidence(actor=request.actor, artifact=artifact, uploads=uploads, expected=expected, at=now())
    answer = {"snapshot": received.snapshot, "is_new": received.is_new, "outdone": received.outdone}
    return Response(
        ReceivedOutput(answer).data, status=status.HTTP_201_CREATED if received.is_new else status.HTTP_200_OK
    )


class ArtifactsView(ScopedView):
    """The artifacts of the tenant, newest first."""

    required_scopes: ClassVar = {"GET": READ_SCOPE}
    page_order = ("-first_seen_at", "-id")
    serializer_class = ArtifactOutput
    filterset_class = ArtifactFilter

    def get(self, request: ActorRequest) -> Response:
        """List artifacts."""
        return self.page(Artifact.objects.visible_to(request.actor, READ_SCOPE).select_related("service"))


class SnapshotsView(ScopedView):
    """The snapshots of the tenant, newest first."""

    required_scopes: ClassVar = {"GET": READ_SCOPE}
    page_order = ("-created_at", "-id")
    serializer_class = SnapshotOutput
    filterset_class = SnapshotFilter

    def get(self, request: ActorRequest) -> Response:
        """List snapshots."""
        return self.page(Snapshot.objects.visible_to(request.actor, READ_SCOPE).select_related("artifact"))


class SnapshotView(ScopedView):
    """One snapshot."""

    required_scopes: ClassVar = {"GET": READ_SCOPE}
    refusals: ClassVar = {"GET": (SnapshotUnknown,)}
    tagged = frozenset({"GET"})
    serializer_class = SnapshotOutput

    @extend_schema(operation_id="snapshots_retrieve_one")
    def get(self, request: ActorRequest, name: str) -> Response:
        """Return a snapshot by its content name."""
        answer = SnapshotOutput(selectors.snapshot_named(name, actor=request.actor)).data
        self.etag(answer)
        return Response(answer)


class SnapshotFindingsView(ScopedView):
    """The findings of a snapshot in their order."""

    required_scopes: ClassVar = {"GET": READ_SCOPE}
    refusals: ClassVar = {"GET": (SnapshotUnknown,)}
    page_order = ("position",)
    serializer_class = SnapshotFindingOutput
    filterset_class = FindingFilter

    @extend_schema(operation_id="snapshots_findings_list")
    def get(self, request: ActorRequest, name: str) -> Response:
        """List the findings of a snapshot."""
        snapshot = selectors.snapshot_named(name, actor=request.actor)
        return self.page(SnapshotFinding.objects.filter(snapshot=snapshot))


class SnapshotVerifyView(ScopedView):
    """Whether a snapshot still is what was stored."""

    required_scopes: ClassVar = {"GET": READ_SCOPE}
    refusals: ClassVar = {"GET": (SnapshotUnknown,)}
    serializer_class = VerificationOutput

    @extend_schema(operation_id="snapshots_verify")
    def get(self, request: ActorRequest, name: str) -> Response:
        """Compare what the snapshot holds with its digest."""
        snapshot = selectors.snapshot_named(name, actor=request.actor)
        try:
            selectors.checked_whole(snapshot)
        except SnapshotTampered as refusal:
            return Response({"name": name, "intact": False, "detail": refusal.detail})
        return Response({"name": name, "intact": True, "detail": snapshot.content_digest})
