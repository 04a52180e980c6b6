"""Builds, deployments and whose an artifact is, over HTTP."""

from typing import Any, ClassVar
from uuid import UUID

from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.response import Response

from policies import selectors
from policies.api.evidence import ArtifactOutput
from policies.errors import (
    ArtifactUnknown,
    DeployedInFuture,
    EnvironmentMissing,
    ServiceMissing,
)
from policies.models import Build, BuildSource, Deployment
from policies.selectors import READ_SCOPE
from policies.services.artifacts import assign_artifact
from policies.services.releases import BuildContext, record_build, record_deployment
from stellapolicy.api.filters import InstantFilter
from stellapolicy.api.views import ActorRequest, ScopedView
from stellapolicy.kernel.clock import now

_DIGEST = "`sha256:` and 64 hexadecimal digits."


class BuildInput(serializers.Serializer[Any]):  # Any: made by hand, never from a row
    """A build of a known artifact."""

    artifact = serializers.CharField(max_length=140, help_text=_DIGEST)
    commit = serializers.CharField(max_length=100, help_text="The commit it was made of.")
    branch = serializers.CharField(max_length=255, required=False, allow_blank=True, default="")
    base_commit = serializers.CharField(
        max_length=100, required=False, allow_blank=True, default="", help_text="What a pull request is compared with."
    )
    repository = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")
    pipeline_url = serializers.RegexField(
        r"^(https?://[!-~]+)?$",
        max_length=1000,
        required=False,
        allow_blank=True,
        default="",
        help_text="A web address.",
    )
    built_at = serializers.DateTimeField(required=False, allow_null=True, default=None)
    said_by = serializers.ChoiceField(
        choices=BuildSource.choices,
        required=False,
        default=BuildSource.CLIENT.value,
        help_text="Whose word it is: the client's context, or provenance it read.",
    )


class BuildOutput(serializers.ModelSerializer[Build]):
    """A build."""

    artifact = serializers.SlugRelatedField[Any](slug_field="digest", read_only=True)

    class Meta:
        model = Build
        fields = [
            "id",
            "artifact",
            "commit",
            "branch",
            "base_commit",
            "repository",
            "pipeline_url",
            "ci",
            "built_at",
            "source",
            "said_by",
            "recorded_at",
        ]


class BuildFilter(filters.FilterSet):  # type: ignore[misc]  # django-filter is untyped
    """Builds by artifact and commit."""

    artifact = filters.CharFilter(field_name="artifact__digest", label="Digest of the artifact.")
    commit = filters.CharFilter(label="The whole commit.")

    class Meta:
        model = Build
        fields: list[str] = []


class DeploymentInput(serializers.Serializer[Any]):  # Any: made by hand, never from a row
    """A known artifact that went to an environment."""

    artifact = serializers.CharField(max_length=140, help_text=_DIGEST)
    environment = serializers.CharField(max_length=100, help_text="Slug of the environment.")
    deployed_at = serializers.DateTimeField(
        required=False, allow_null=True, default=None, help_text="Now, if not said."
    )
    url = serializers.RegexField(
        r"^(https?://[!-~]+)?$",
        max_length=1000,
        required=False,
        allow_blank=True,
        default="",
        help_text="A web address.",
    )


class DeploymentOutput(serializers.ModelSerializer[Deployment]):
    """A deployment."""

    artifact = serializers.SlugRelatedField[Any](slug_field="digest", read_only=True)
    artifact_name = serializers.CharField(source="artifact.name", read_only=True)
    environment = serializers.SlugRelatedField[Any](slug_field="slug", read_only=True)
    service = serializers.SlugRelatedField[Any](slug_field="slug", read_only=True, allow_null=True)

    class Meta:
        model = Deployment
        fields = [
            "id",
            "artifact",
            "artifact_name",
            "environment",
            "service",
            "deployed_at",
            "url",
            "said_by",
            "recorded_at",
        ]


class DeploymentFilter(filters.FilterSet):  # type: ignore[misc]  # django-filter is untyped
    """Deployments by artifact, service, environment and time; `current` leaves what runs now."""

    artifact = filters.CharFilter(field_name="artifact__digest", label="Digest of the artifact.")
    service = filters.CharFilter(field_name="service__slug", label="Slug of the service.")
    environment = filters.CharFilter(field_name="environment__slug", label="Slug of the environment.")
    since = InstantFilter(field_name="deployed_at", lookup_expr="gte", label="At or after.")
    until = InstantFilter(field_name="deployed_at", lookup_expr="lt", label="Before.")
    current = filters.BooleanFilter(method="narrow_to_current", label="Only what runs now.")

    class Meta:
        model = Deployment
        fields: list[str] = []

    def narrow_to_current(self, rows: Any, _name: str, value: bool) -> Any:  # noqa: ANN401, FBT001 - django-filter's
        """Return the last deployment of every service in every environment."""
        return rows.filter(pk__in=selectors.current_deployments().values("pk")) if value else rows


class AssignmentInput(serializers.Serializer[Any]):  # Any: made by hand, never from a row
    """Whose an artifact is."""

    service = serializers.CharField(
        max_length=100, allow_null=True, help_text="Slug of the service; null for nobody's."
    )
    reason = serializers.CharField(max_length=600)


class BuildsView(ScopedView):
    """Builds, newest first."""

    required_scopes: ClassVar = {"GET": READ_SCOPE, "POST": "evidence:write"}
    refusals: ClassVar = {"POST": (ArtifactUnknown,)}
    page_order = ("-recorded_at", "-id")
    serializer_class = BuildOutput
    filterset_class = BuildFilter

    @extend_schema(operation_id="builds_list")
    def get(self, request: ActorRequest) -> Response:
        """List builds."""
        return self.page(Build.objects.visible_to(request.actor, READ_SCOPE).select_related("artifact"))

    @extend_schema(operation_id="builds_record", request=BuildInput, responses={200: BuildOutput, 201: BuildOutput})
    def post(self, request: ActorRequest) -> Response:
        """Record a build; the same pipeline run is recorded once."""
        body = BuildInput(data=request.data)
        body.is_valid(raise_exception=True)
        said = dict(body.validated_data)
        digest, source = said.pop("artifact"), BuildSource(said.pop("said_by"))
        context = BuildContext(**said, source=source)
        recorded = record_build(actor=request.actor, artifact_digest=digest, context=context, at=now())
        return Response(BuildOutput(recorded.row).data, status=_status(is_new=recorded.is_new))


class DeploymentsView(ScopedView):
    """Deployments, newest first."""

    required_scopes: ClassVar = {"GET": READ_SCOPE, "POST": "evidence:write"}
    refusals: ClassVar = {"POST": (ArtifactUnknown, EnvironmentMissing, DeployedInFuture)}
    page_order = ("-deployed_at", "-id")
    serializer_class = DeploymentOutput
    filterset_class = DeploymentFilter

    @extend_schema(operation_id="deployments_list")
    def get(self, request: ActorRequest) -> Response:
        """List deployments."""
        rows = Deployment.objects.visible_to(request.actor, READ_SCOPE)
        return self.page(rows.select_related("artifact", "environment", "service"))

    @extend_schema(
        operation_id="deployments_record",
        request=DeploymentInput,
        responses={200: DeploymentOutput, 201: DeploymentOutput},
    )
    def post(self, request: ActorRequest) -> Response:
        """Record that an artifact went to an environment; said twice, it is recorded once."""
        body = DeploymentInput(data=request.data)
        body.is_valid(raise_exception=True)
        said = body.validated_data
        recorded = record_deployment(
            actor=request.actor,
            artifact_digest=said["artifact"],
            environment=said["environment"],
            deployed_at=said["deployed_at"],
            url=said["url"],
            at=now(),
        )
        return Response(DeploymentOutput(recorded.row).data, status=_status(is_new=recorded.is_new))


class ArtifactAssignmentView(ScopedView):
    """Whose an artifact is, said by a person."""

    required_scopes: ClassVar = {"POST": "governance:write"}
    refusals: ClassVar = {"POST": (ArtifactUnknown, ServiceMissing)}
    serializer_class = ArtifactOutput

    @extend_schema(operation_id="artifacts_assign", request=AssignmentInput, responses={200: ArtifactOutput})
    def post(self, request: ActorRequest, pk: UUID) -> Response:
        """Assign an artifact to a service, which settles what its reports disagree about."""
        body = AssignmentInput(data=request.data)
        body.is_valid(raise_exception=True)
        artifact = assign_artifact(
            actor=request.actor,
            pk=pk,
            service=body.validated_data["service"],
            reason=body.validated_data["reason"],
            at=now(),
        )
        return Response(ArtifactOutput(artifact).data)


def _status(*, is_new: bool) -> int:
    return status.HTTP_201_CREATED if is_new else status.HTTP_200_OK
