"""Teams, services and environments over HTTP."""

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.response import Response

from stellapolicy.access.errors import SlugTaken, SlugUnknown
from stellapolicy.access.services import organisation
from stellapolicy.access.services.organisation import EnvironmentTerms, ServiceTerms, TeamTerms
from stellapolicy.api.views import ActorRequest, ScopedView
from stellapolicy.kernel.clock import now
from stellapolicy.tenancy.models import Environment, Service, Team, Tier

_SCOPES: dict[str, str] = {"GET": "governance:read", "POST": "governance:write", "PUT": "governance:write"}
_EXPOSURES = [(word, word) for word in ("internet", "internal", "isolated")]
_GLOBS, _LABELS = 100, 50


class LabelsField(serializers.DictField):
    """An object of short texts."""

    def to_internal_value(self, data: Any) -> dict[str, str]:  # noqa: ANN401 - DRF's signature
        """Return the texts, or refuse too many or too long names."""
        labels: dict[str, str] = super().to_internal_value(data)
        if len(labels) > _LABELS or any(len(name) > 100 for name in labels):  # noqa: PLR2004 - said in the message
            raise serializers.ValidationError(f"at most {_LABELS} labels, names up to 100 characters")
        return labels


class TeamDescription(serializers.Serializer[Any]):  # Any: made by hand, never from a row
    """What a team is called."""

    name = serializers.CharField(max_length=200)


class TeamInput(TeamDescription):
    """A team to be made."""

    slug = serializers.SlugField(max_length=50)


class ServiceDescription(serializers.Serializer[Any]):  # Any: made by hand, never from a row
    """What a service is."""

    name = serializers.CharField(max_length=200)
    team = serializers.SlugField(max_length=50, help_text="Slug of the team that owns it.")
    tier = serializers.IntegerField(
        min_value=0, max_value=3, required=False, default=2, help_text="0 the most critical."
    )
    repositories = serializers.ListField(
        child=serializers.CharField(max_length=500),
        max_length=_GLOBS,
        required=False,
        default=list,
        help_text="Globs over the repositories of its artifacts.",
    )
    labels = LabelsField(
        child=serializers.CharField(max_length=255),
        required=False,
        default=dict,
        help_text="Labels of an image that make it its own where no glob claims it.",
    )


class ServiceChangeInput(ServiceDescription):
    """What a service shall be, and why."""

    reason = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")


class ServiceHeldOutput(serializers.Serializer[Any]):  # Any: a ServiceChange
    """The request that waits for a second person."""

    request_id = serializers.UUIDField(help_text="Of the approval that is needed.")


class ServiceInput(ServiceDescription):
    """A service to be made."""

    slug = serializers.SlugField(max_length=50)


class EnvironmentDescription(serializers.Serializer[Any]):  # Any: made by hand, never from a row
    """What an environment is; its tier is said once, when it is made."""

    name = serializers.CharField(max_length=200)
    exposure = serializers.ChoiceField(choices=_EXPOSURES, required=False, default="internal")
    runtime = serializers.CharField(max_length=64, required=False, allow_blank=True, default="")
    labels = LabelsField(child=serializers.CharField(max_length=255), required=False, default=dict)


class EnvironmentInput(EnvironmentDescription):
    """An environment to be made."""

    slug = serializers.SlugField(max_length=50)
    tier = serializers.ChoiceField(choices=Tier.choices)


class TeamOutput(serializers.ModelSerializer[Team]):
    """A team."""

    class Meta:
        model = Team
        fields = ("id", "slug", "name")
        read_only_fields = fields


class ServiceOutput(serializers.ModelSerializer[Service]):
    """A service."""

    team = serializers.SlugRelatedField[Any](slug_field="slug", read_only=True)

    class Meta:
        model = Service
        fields = ("id", "slug", "name", "team", "tier", "repositories", "labels")
        read_only_fields = fields


class EnvironmentOutput(serializers.ModelSerializer[Environment]):
    """An environment."""

    class Meta:
        model = Environment
        fields = ("id", "slug", "name", "tier", "exposure", "runtime", "labels")
        read_only_fields = fields


class Teams(ScopedView):
    """The teams of the tenant."""

    required_scopes: ClassVar = _SCOPES
    refusals: ClassVar = {"POST": (SlugTaken,)}
    page_order = ("slug",)
    serializer_class = TeamOutput

    @extend_schema(operation_id="teams_list")
    def get(self, _request: ActorRequest) -> Response:
        """List the teams."""
        return self.page(Team.objects.all())

    @extend_schema(operation_id="teams_make", request=TeamInput, responses={201: TeamOutput})
    def post(self, request: ActorRequest) -> Response:
        """Make a team."""
        terms = TeamTerms(**_said(TeamInput(data=request.data)))
        made = organisation.make_team(actor=request.actor, terms=terms, at=now())
        return Response(TeamOutput(made).data, status=status.HTTP_201_CREATED)


class TeamBySlug(ScopedView):
    """One team."""

    required_scopes: ClassVar = _SCOPES
    refusals: ClassVar = {"PUT": (SlugUnknown,)}
    serializer_class = TeamOutput

    @extend_schema(operation_id="teams_describe", request=TeamDescription, responses=TeamOutput)
    def put(self, request: ActorRequest, slug: str) -> Response:
        """Describe a team anew."""
        terms = TeamTerms(slug=slug, **_said(TeamDescription(data=request.data)))
        return Response(TeamOutput(organisation.describe_team(actor=request.actor, terms=terms, at=now())).data)


class Services(ScopedView):
    """The services of the tenant."""

    required_scopes: ClassVar = _SCOPES
    refusals: ClassVar = {"POST": (SlugTaken, SlugUnknown)}
    page_order = ("slug",)
    serializer_class = ServiceOutput

    @extend_schema(operation_id="services_list")
    def get(self, request: ActorRequest) -> Response:
        """List the services."""
        visible = Service.objects.visible_to(request.actor, self.required_scopes["GET"])
        return self.page(visible.select_related("team"))

    @extend_schema(operation_id="services_make", request=ServiceInput, responses={201: ServiceOutput})
    def post(self, request: ActorRequest) -> Response:
        """Make a service; artifacts join it from their next report on."""
        terms = ServiceTerms(**_said(ServiceInput(data=request.data)))
        made = organisation.make_service(actor=request.actor, terms=terms, at=now())
        return Response(ServiceOutput(made).data, status=status.HTTP_201_CREATED)


class ServiceBySlug(ScopedView):
    """One service."""

    required_scopes: ClassVar = _SCOPES
    refusals: ClassVar = {"PUT": (SlugUnknown,)}
    serializer_class = ServiceOutput

    @extend_schema(
        operation_id="services_describe",
        request=ServiceChangeInput,
        responses={200: ServiceOutput, 202: ServiceHeldOutput},
    )
    def put(self, request: ActorRequest, slug: str) -> Response:
        """Describe a service anew; the artifacts it has stay its own.

        202: it waits for a second person under `request_id`, as do other globs or labels, a less critical tier, and a
        team for which somebody decides.
        """
        said = _said(ServiceChangeInput(data=request.data))
        reason = said.pop("reason")
        terms = ServiceTerms(slug=slug, **said)
        change = organisation.describe_service(actor=request.actor, terms=terms, reason=reason, at=now())
        if change.service is None:
            return Response(ServiceHeldOutput(change).data, status=status.HTTP_202_ACCEPTED)
        return Response(ServiceOutput(change.service).data)


class Environments(ScopedView):
    """The environments of the tenant."""

    required_scopes: ClassVar = _SCOPES
    refusals: ClassVar = {"POST": (SlugTaken,)}
    page_order = ("slug",)
    serializer_class = EnvironmentOutput

    @extend_schema(operation_id="environments_list")
    def get(self, _request: ActorRequest) -> Response:
        """List the environments."""
        return self.page(Environment.objects.all())

    @extend_schema(operation_id="environments_make", request=EnvironmentInput, responses={201: EnvironmentOutput})
    def post(self, request: ActorRequest) -> Response:
        """Make an environment; it has no gate until one is established."""
        terms = EnvironmentTerms(**_said(EnvironmentInput(data=request.data)))
        made = organisation.make_environment(actor=request.actor, terms=terms, at=now())
        return Response(EnvironmentOutput(made).data, status=status.HTTP_201_CREATED)


class EnvironmentBySlug(ScopedView):
    """One environment."""

    required_scopes: ClassVar = _SCOPES
    refusals: ClassVar = {"PUT": (SlugUnknown,)}
    serializer_class = EnvironmentOutput

    @extend_schema(operation_id="environments_describe", request=EnvironmentDescription, responses=EnvironmentOutput)
    def put(self, request: ActorRequest, slug: str) -> Response:
        """Describe an environment anew; its tier stays."""
        terms = EnvironmentTerms(slug=slug, tier="", **_said(EnvironmentDescription(data=request.data)))
        described = organisation.describe_environment(actor=request.actor, terms=terms, at=now())
        return Response(EnvironmentOutput(described).data)


def _said(body: serializers.Serializer[Any]) -> dict[str, Any]:  # Any: validated JSON
    body.is_valid(raise_exception=True)
    return dict(body.validated_data)
