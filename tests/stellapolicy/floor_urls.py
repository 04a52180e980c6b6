"""The addresses of the floor, and a few endpoints that exist to be refused."""

from http import HTTPStatus
from typing import Any, cast

from django.contrib import admin
from django.urls import include, path
from rest_framework import serializers
from rest_framework.response import Response

from stellapolicy.access.api import urls as access
from stellapolicy.api import urls as api
from stellapolicy.api.permissions import SIGNED_IN
from stellapolicy.api.throttling import Limit
from stellapolicy.api.views import ActorRequest, ScopedView
from stellapolicy.audit.api import urls as audit
from stellapolicy.kernel.refusals import Refusal
from stellapolicy.tenancy.models import Team


class NoteRequest(serializers.Serializer[Any]):
    """A name and, within, a list of numbers."""

    name = serializers.CharField(max_length=5)
    numbers = serializers.ListField(child=serializers.IntegerField(), required=False)


class Undeclared(ScopedView):
    """Forgot to say who may enter."""

    def get(self, _: ActorRequest) -> Response:
        """Never reached."""
        return Response({})


class TeamGone(Refusal):
    """The team was dissolved."""

    code = "team.gone"
    status = HTTPStatus.NOT_FOUND


class OneTeam(ScopedView):
    """A team that can be read and renamed by version."""

    required_scopes = {"GET": SIGNED_IN, "PUT": SIGNED_IN}
    tagged = frozenset({"GET", "PUT"})
    throttle = Limit.HEAVY
    refusals = {"PUT": (TeamGone,)}
    serializer_class = NoteRequest

    def get(self, _: ActorRequest, slug: str) -> Response:
        """Return the team."""
        team = Team.objects.get(slug=slug)
        self.etag(team.pk, team.name)
        return Response({"name": team.name})

    def put(self, request: ActorRequest, slug: str) -> Response:
        """Rename the team."""
        team = Team.objects.locked().get(slug=slug)
        self.etag(team.pk, team.name)
        team.name = cast("dict[str, str]", request.data)["name"]
        team.save()
        return Response({"name": team.name})


class Exchange(ScopedView):
    """A door for strangers."""

    permission_classes = []
    throttle = Limit.TOKEN_EXCHANGE

    def post(self, _: ActorRequest) -> Response:
        """Answer anybody."""
        return Response({})


class Teams(ScopedView):
    """Writes a team, then does what the body says."""

    required_scopes = {"GET": SIGNED_IN, "POST": SIGNED_IN}
    page_order = ("slug", "id")
    max_body_bytes = 1000

    def get(self, _: ActorRequest) -> Response:
        """List the slugs of the teams."""
        return Response([team.slug for team in Team.objects.all()])

    def post(self, request: ActorRequest) -> Response:
        """Make a team; `then` is an exception to raise."""
        said = cast("dict[str, str]", request.data)
        Team.objects.create(slug=said["slug"], name="a team")
        if said.get("then") == "surprise":
            raise RuntimeError("a secret of the inside")
        if "then" in said:
            NoteRequest(data={"name": said["then"], "numbers": [1, "x"]}).is_valid(raise_exception=True)
        return Response({"teams": Team.objects.count()}, status=201)


handler400 = "stellapolicy.api.problems.bad_request"
handler404 = "stellapolicy.api.problems.not_found"
handler500 = "stellapolicy.api.problems.server_error"

urlpatterns = [
    *api.root_urlpatterns,
    path("api/v1/", include([*api.urlpatterns, *access.urlpatterns, *audit.urlpatterns])),
    path("api/v1/undeclared", Undeclared.as_view()),
    path("api/v1/crews/<slug:slug>", OneTeam.as_view()),
    path("api/v1/exchange", Exchange.as_view()),
    path("api/v1/crews", Teams.as_view()),
    path("admin/", admin.site.urls),
]
