"""What the gates room reads and writes over HTTP."""

from typing import Any

from rest_framework import serializers

from gates import errors
from gates.models import Gate, GateDecision, GateJob
from gates.requests import DEFAULT_GATE, GateRequest
from policies.api.uploads import (
    EVIDENCE_REFUSALS,
    MAX_REPORTS,
    ArtifactInput,
    ReportInput,
    WordsField,
    artifact_from,
    uploads_from,
)
from policies.errors import PackNotBound, SnapshotTampered, SnapshotUnknown
from stellapolicy.kernel.refusals import Refusal

# What a question to a gate can be refused for.
QUESTION_REFUSALS: tuple[type[Refusal], ...] = (
    *EVIDENCE_REFUSALS,
    errors.EnvironmentUnknown,
    errors.GateUnknown,
    errors.InstantTooFar,
    errors.SnapshotOfAnotherArtifact,
    PackNotBound,
    SnapshotTampered,
    SnapshotUnknown,
)


class EvaluationInput(serializers.Serializer[Any]):  # Any: made by hand, never from a row
    """A question to a gate; without snapshot and reports the newest snapshot of the artifact is judged."""

    artifact = ArtifactInput()
    environment = serializers.CharField(max_length=100)
    gate = serializers.CharField(max_length=100, required=False, default=DEFAULT_GATE)
    snapshot = serializers.CharField(max_length=75, required=False, allow_blank=True, default="")
    reports = serializers.ListField(child=ReportInput(), required=False, max_length=MAX_REPORTS, default=list)
    build = WordsField(child=serializers.CharField(max_length=2000, allow_blank=True), required=False, default=dict)
    at = serializers.DateTimeField(required=False, allow_null=True, default=None)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse two sources of evidence at once."""
        if attrs["snapshot"] and attrs["reports"]:
            raise serializers.ValidationError({"snapshot": "name a snapshot or post reports, not both"})
        return attrs

    def to_request(self) -> GateRequest:
        """Return the question of a validated body."""
        asked = self.validated_data
        return GateRequest(
            artifact=artifact_from(asked),
            environment=asked["environment"],
            gate=asked["gate"],
            snapshot=asked["snapshot"],
            uploads=uploads_from(asked["reports"]),
            build=dict(asked["build"]),
            at=asked["at"],
        )


class JobInput(EvaluationInput):
    """A question for the queue."""

    event = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")


class DecisionRowOutput(serializers.ModelSerializer[GateDecision]):
    """A decision in a list."""

    artifact = serializers.SlugRelatedField[Any](slug_field="digest", read_only=True)
    artifact_name = serializers.CharField(source="artifact.name", read_only=True)
    environment = serializers.SlugRelatedField[Any](slug_field="slug", read_only=True)

    class Meta:
        model = GateDecision
        fields = [
            "id",
            "decision",
            "exit_code",
            "mode",
            "blocked_by",
            "artifact",
            "artifact_name",
            "environment",
            "at",
            "actor",
            "determinism_hash",
            "body_digest",
            "created_at",
        ]


class GateOutput(serializers.ModelSerializer[Gate]):
    """A gate in force."""

    environment = serializers.SlugRelatedField[Any](slug_field="slug", read_only=True)

    class Meta:
        model = Gate
        fields = ["id", "environment", "name", "version", "mode", "preset", "chain", "digest", "created_at"]


class JobOutput(serializers.ModelSerializer[GateJob]):
    """A job: `decision` once it is decided, `failure` when it could not be."""

    decision = serializers.UUIDField(source="request.decision_id", allow_null=True, read_only=True)
    failure = serializers.DictField(source="request.failure", read_only=True)
    status_url = serializers.SerializerMethodField()

    class Meta:
        model = GateJob
        fields = ["id", "status", "attempts", "created_at", "finished_at", "decision", "failure", "status_url"]

    def get_status_url(self, job: GateJob) -> str:
        """Return where to ask how the job stands."""
        return f"/api/v1/gates/jobs/{job.pk}"


class ReplayOutput(serializers.Serializer[Any]):  # Any: made by hand, never from a row
    """A repeated decision."""

    outcome = serializers.ChoiceField(choices=["exact", "mismatch"])
    body_digest = serializers.CharField()
    replayed_digest = serializers.CharField()
    differences = serializers.ListField(child=serializers.ListField())


class ExplanationOutput(serializers.Serializer[Any]):  # Any: made by hand, never from a row
    """How a finding came to its verdict."""

    key = serializers.CharField()
    verdict = serializers.DictField()
    facts = serializers.DictField()
    trace = serializers.DictField()
    text = serializers.CharField()
    exception = serializers.CharField(allow_null=True, help_text="The exception that covered it; the rest is without.")
    status = serializers.CharField(help_text="What counted, after the exception.")
