"""Long work over HTTP: how far it is, what came of it, and its end before its time."""

from typing import ClassVar
from uuid import UUID

from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.response import Response

from policies import runs as kinds
from policies import selectors
from policies.errors import RunEnded, RunUnknown
from policies.models import Run, RunStatus
from policies.services import runs
from stellapolicy.api.permissions import SIGNED_IN
from stellapolicy.api.views import ActorRequest, ScopedView
from stellapolicy.kernel.clock import now


class RunOutput(serializers.ModelSerializer[Run]):
    """A run: `result` once it succeeded, `failure` with its places once it failed."""

    title = serializers.CharField(source="content.title", read_only=True)
    kind_title = serializers.SerializerMethodField(help_text="The kind as people call it.")
    asked_by = serializers.CharField(source="content.subject", read_only=True)
    result = serializers.DictField(source="content.result", read_only=True)
    failure = serializers.DictField(source="content.failure", read_only=True)
    status_url = serializers.SerializerMethodField()

    class Meta:
        model = Run
        fields = [
            "id",
            "kind",
            "kind_title",
            "title",
            "status",
            "done",
            "total",
            "attempts",
            "asked_by",
            "created_at",
            "started_at",
            "finished_at",
            "result",
            "failure",
            "status_url",
        ]

    def get_kind_title(self, run: Run) -> str:
        """Return what people call this kind of work."""
        return kinds.title_of(run.kind)

    def get_status_url(self, run: Run) -> str:
        """Return where to ask how the run stands."""
        return f"/api/v1/runs/{run.pk}"


class RunFilter(filters.FilterSet):  # type: ignore[misc]  # django-filter is untyped
    """Runs by kind and by how they stand."""

    kind = filters.CharFilter(label="Kind of work.")
    status = filters.MultipleChoiceFilter(choices=RunStatus.choices, label="One or several.")

    class Meta:
        model = Run
        fields: list[str] = []


def run_response(run: Run) -> Response:
    """Return 202 with where to ask."""
    answer = RunOutput(run).data
    return Response(answer, status=status.HTTP_202_ACCEPTED, headers={"Location": answer["status_url"]})


class RunsView(ScopedView):
    """Long work, newest first: the whole tenant's for its readers, else one's own."""

    required_scopes: ClassVar = {"GET": SIGNED_IN}
    page_order = ("-created_at", "-id")
    serializer_class = RunOutput
    filterset_class = RunFilter

    @extend_schema(operation_id="runs_list")
    def get(self, request: ActorRequest) -> Response:
        """List the runs."""
        return self.page(selectors.runs_of(request.actor))


class RunView(ScopedView):
    """One run."""

    required_scopes: ClassVar = {"GET": SIGNED_IN}
    refusals: ClassVar = {"GET": (RunUnknown,)}
    serializer_class = RunOutput

    @extend_schema(operation_id="runs_retrieve")
    def get(self, request: ActorRequest, pk: UUID) -> Response:
        """Return how far a run is and what came of it."""
        return Response(RunOutput(selectors.run_by_id(request.actor, pk)).data)


class RunCancelView(ScopedView):
    """The end of a run before its time."""

    required_scopes: ClassVar = {"POST": "evidence:write"}
    refusals: ClassVar = {"POST": (RunUnknown, RunEnded)}
    serializer_class = RunOutput

    @extend_schema(operation_id="runs_cancel", request=None, responses={200: RunOutput})
    def post(self, request: ActorRequest, pk: UUID) -> Response:
        """Cancel a run that has not ended; it leaves nothing behind."""
        run = selectors.run_by_id(request.actor, pk)
        runs.cancel(actor=request.actor, run=run, at=now())
        return Response(RunOutput(selectors.run_by_id(request.actor, pk)).data)
