"""Feeds over HTTP: how each stands, what its loads changed, uploads, and the files that are kept aside."""

from datetime import datetime
from http import HTTPStatus
from typing import Any, ClassVar
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.parsers import FileUploadParser, MultiPartParser
from rest_framework.response import Response

from policies.api.uploads import MAX_BODY_BYTES
from policies.errors import (
    FeedAhead,
    FeedNotYours,
    FeedOlder,
    FeedShrunk,
    FeedUnknown,
    HeldFeedAltered,
    HeldFeedDecided,
    HeldFeedUnknown,
    HeldFeedUnreadable,
    NotAFeed,
)
from policies.feeds.freshness import Freshness
from policies.importers import refusals as reading
from policies.intelligence import standing
from policies.models import FeedChange, FeedName, FeedState, HeldFeed
from policies.models.feeds import HeldState
from policies.services.feed_uploads import discard_held, load_held, require_installation, upload_feed
from stellapolicy.api.problems import problem_of, response_for
from stellapolicy.api.throttling import Limit
from stellapolicy.api.views import ActorRequest, ScopedView
from stellapolicy.kernel.clock import now

_REASON_LENGTH = 2000


class FeedFileInput(serializers.Serializer[Any]):  # Any: made by hand, never from a row
    """The feed as a file, plain or gzip."""

    file = serializers.FileField(allow_empty_file=True)


class ReasonInput(serializers.Serializer[Any]):  # Any: made by hand, never from a row
    """Why."""

    reason = serializers.CharField(max_length=_REASON_LENGTH, help_text="Stays in the audit trail.")


class LoadedFeedOutput(serializers.Serializer[Any]):  # Any: made by hand, never from a row
    """What a load did."""

    name = serializers.ChoiceField(choices=FeedName.choices)
    version = serializers.CharField()
    model_date = serializers.DateField(help_text="The day the file is of.")
    row_count = serializers.IntegerField()
    changed = serializers.IntegerField(help_text="0 when it was known already.")
    news = serializers.IntegerField(help_text="CVEs that crossed a threshold, or are news.")
    wholesale = serializers.CharField(help_text="Why no single CVE is news: `first`, `model` or `flood`; else empty.")
    is_past = serializers.BooleanField(help_text="Whether it is an older day, which went into the history alone.")
    change = serializers.IntegerField(allow_null=True, help_text="The number of the change; null when known already.")


class FeedStateOutput(serializers.ModelSerializer[FeedState]):
    """How a connected feed stands."""

    freshness = serializers.SerializerMethodField(help_text="By the model's day for EPSS, else by the last good check.")
    age_seconds = serializers.SerializerMethodField(help_text="Since the instant freshness counts from; null: never.")

    class Meta:
        model = FeedState
        fields = [
            "name",
            "freshness",
            "age_seconds",
            "checked_at",
            "model_date",
            "version",
            "digest",
            "row_count",
            "failures",
            "failed_at",
            "error_code",
            "error",
        ]

    @property
    def _at(self) -> datetime:
        at: datetime = self.context["at"]
        return at

    def get_freshness(self, state: FeedState) -> Freshness:
        """Return how far the feed can be relied upon."""
        return standing(state, at=self._at).freshness

    def get_age_seconds(self, state: FeedState) -> int | None:
        """Return how old it is."""
        return standing(state, at=self._at).age_seconds


class FeedChangeOutput(serializers.ModelSerializer[FeedChange]):
    """What one load changed."""

    class Meta:
        model = FeedChange
        fields = [
            "id",
            "name",
            "version",
            "model_date",
            "digest",
            "origin",
            "row_count",
            "added",
            "changed",
            "removed",
            "event_count",
            "wholesale",
            "is_past",
            "loaded_at",
        ]


class HeldFeedOutput(serializers.ModelSerializer[HeldFeed]):
    """A file that is kept aside."""

    class Meta:
        model = HeldFeed
        fields = [
            "id",
            "name",
            "state",
            "origin",
            "digest",
            "size_bytes",
            "code",
            "reason",
            "is_readable",
            "version",
            "model_date",
            "row_count",
            "kept_by",
            "kept_at",
            "approval",
            "decided_by",
            "decided_at",
        ]


class _StatesView(ScopedView):
    """Shows states with the freshness of this moment."""

    serializer_class = FeedStateOutput

    def get_serializer_context(self) -> dict[str, Any]:  # Any: DRF's context
        """Return the context with the instant that ages count to."""
        return {**super().get_serializer_context(), "at": now()}


class FeedsView(_StatesView):
    """The feeds this installation is connected to."""

    required_scopes: ClassVar = {"GET": "policy:read"}
    page_order = ("name",)

    def get(self, _request: ActorRequest) -> Response:
        """List the feeds; one that was never connected is not among them."""
        return self.page(FeedState.objects.all())


class FeedView(_StatesView):
    """One feed: how it stands, and a file for it."""

    required_scopes: ClassVar = {"GET": "policy:read", "POST": "governance:write"}
    parser_classes = [MultiPartParser, FileUploadParser]
    max_body_bytes = MAX_BODY_BYTES
    refusals: ClassVar = {
        "GET": (FeedUnknown,),
        "POST": (
            FeedAhead,
            FeedNotYours,
            FeedOlder,
            FeedShrunk,
            NotAFeed,
            reading.Bomb,
            reading.CompressionInvalid,
            reading.EmptyFile,
            reading.FeedHeaderInvalid,
            reading.FeedIncomplete,
            reading.FeedRowInvalid,
            reading.TooLarge,
        ),
    }
    throttle = Limit.HEAVY

    @extend_schema(operation_id="feeds_retrieve", responses={200: FeedStateOutput})
    def get(self, _request: ActorRequest, name: str) -> Response:
        """Return how a feed stands."""
        state = FeedState.objects.filter(name=name).first()
        if state is None:
            raise FeedUnknown(f"the {name} feed was never connected")
        return Response(self.get_serializer(state).data)

    @extend_schema(
        operation_id="feeds_load", request=FeedFileInput, responses={201: LoadedFeedOutput, 202: HeldFeedOutput}
    )
    def post(self, request: ActorRequest, name: str) -> HttpResponse:
        """Load an EPSS day or a KEV catalogue for every tenant: whole or not at all.

        202 while a second person has to agree first, as is usual; one person is enough only where the installation
        says so, nothing leaves KEV, and no more than a tenth of the rows is gone (`feed.shrunk`, kept aside).
        """
        body = FeedFileInput(data=request.data)
        body.is_valid(raise_exception=True)
        content = body.validated_data["file"].read()
        received = upload_feed(actor=request.actor, content=content, expected=FeedName(name), at=now())
        if not isinstance(received, HeldFeed):
            return Response(LoadedFeedOutput(received).data, status=status.HTTP_201_CREATED)
        if received.state == HeldState.WAITING:
            return Response(HeldFeedOutput(received).data, status=status.HTTP_202_ACCEPTED)
        return _refused(FeedShrunk(f"{received.reason}; the file is kept aside as {received.pk}"))


class FeedChangesView(ScopedView):
    """What the loads of a feed changed, the newest first."""

    required_scopes: ClassVar = {"GET": "policy:read"}
    page_order = ("-id",)
    serializer_class = FeedChangeOutput

    @extend_schema(operation_id="feeds_changes_list")
    def get(self, _request: ActorRequest, name: str) -> Response:
        """List the loads that brought something new."""
        return self.page(FeedChange.objects.filter(name=name))


class HeldFeedsView(ScopedView):
    """The files of a feed that are kept aside; the installation's own tenant sees them."""

    required_scopes: ClassVar = {"GET": "governance:write"}
    page_order = ("-kept_at", "-id")
    serializer_class = HeldFeedOutput
    filterset_fields: ClassVar = ["state", "origin", "code"]
    refusals: ClassVar = {"GET": (FeedNotYours,)}

    @extend_schema(operation_id="feeds_held_list")
    def get(self, request: ActorRequest, name: str) -> Response:
        """List the files that were not loaded, and those decided since."""
        require_installation(request.actor)
        return self.page(HeldFeed.objects.filter(name=name))


class HeldFeedLoadView(ScopedView):
    """Loads a file that is kept aside."""

    required_scopes: ClassVar = {"POST": "governance:write"}
    serializer_class = ReasonInput
    refusals: ClassVar = {
        "POST": (FeedNotYours, HeldFeedUnknown, HeldFeedDecided, HeldFeedUnreadable, HeldFeedAltered, FeedOlder),
    }

    @extend_schema(
        operation_id="feeds_held_load", request=ReasonInput, responses={200: HeldFeedOutput, 202: HeldFeedOutput}
    )
    def post(self, request: ActorRequest, name: str, pk: UUID) -> Response:  # noqa: ARG002 - part of the address
        """Load it, or ask a second person where it shrank or the installation says so (202)."""
        body = ReasonInput(data=request.data)
        body.is_valid(raise_exception=True)
        held = load_held(actor=request.actor, pk=pk, reason=body.validated_data["reason"], at=now())
        waits = held.state == HeldState.WAITING
        return Response(HeldFeedOutput(held).data, status=HTTPStatus.ACCEPTED if waits else HTTPStatus.OK)


class HeldFeedDiscardView(ScopedView):
    """Gives up a file that is kept aside."""

    required_scopes: ClassVar = {"POST": "governance:write"}
    serializer_class = ReasonInput
    refusals: ClassVar = {"POST": (FeedNotYours, HeldFeedUnknown, HeldFeedDecided)}

    @extend_schema(operation_id="feeds_held_discard", request=ReasonInput, responses={200: HeldFeedOutput})
    def post(self, request: ActorRequest, name: str, pk: UUID) -> Response:  # noqa: ARG002 - part of the address
        """Decide that the file is not wanted; a request that waits for it is taken back."""
        body = ReasonInput(data=request.data)
        body.is_valid(raise_exception=True)
        held = discard_held(actor=request.actor, pk=pk, reason=body.validated_data["reason"], at=now())
        return Response(HeldFeedOutput(held).data)


def _refused(refusal: FeedShrunk) -> HttpResponse:
    """Return the problem of a refusal that keeps what was done: the file stays aside."""
    problem = problem_of(refusal, reading=False)
    if problem is None:
        raise refusal
    return response_for(problem)
