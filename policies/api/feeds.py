"""Feeds over HTTP."""

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.parsers import FileUploadParser, MultiPartParser
from rest_framework.response import Response

from policies import errors
from policies.api.uploads import MAX_BODY_BYTES
from policies.importers import refusals as reading
from policies.models import FeedName, FeedState
from policies.services.feeds import load_feed
from stellapolicy.api.throttling import Limit
from stellapolicy.api.views import ActorRequest, ScopedView
from stellapolicy.kernel.clock import now


class FeedFileInput(serializers.Serializer[Any]):  # Any: made by hand, never from a row
    """The feed as a file, plain or gzip."""

    file = serializers.FileField(allow_empty_file=True)


class LoadedFeedOutput(serializers.Serializer[Any]):  # Any: made by hand, never from a row
    """What a load did."""

    name = serializers.ChoiceField(choices=FeedName.choices)
    version = serializers.CharField()
    row_count = serializers.IntegerField()
    changed = serializers.IntegerField(help_text="0 when it was known already.")


class FeedStateOutput(serializers.ModelSerializer[FeedState]):
    """How a connected feed stands."""

    class Meta:
        model = FeedState
        fields = ["name", "checked_at", "model_date", "version", "digest", "row_count"]


class FeedsView(ScopedView):
    """The feeds this installation is connected to."""

    required_scopes: ClassVar = {"GET": "policy:read"}
    page_order = ("name",)
    serializer_class = FeedStateOutput

    def get(self, _request: ActorRequest) -> Response:
        """List the feeds; one that was never loaded is not among them."""
        return self.page(FeedState.objects.all())


class FeedView(ScopedView):
    """Loads one feed."""

    required_scopes: ClassVar = {"POST": "governance:write"}
    refusals: ClassVar = {
        "POST": (
            errors.FeedAhead,
            errors.FeedOlder,
            errors.FeedShrunk,
            errors.NotAFeed,
            reading.Bomb,
            reading.CompressionInvalid,
            reading.EmptyFile,
            reading.FeedHeaderInvalid,
            reading.FeedIncomplete,
            reading.FeedRowInvalid,
            reading.TooLarge,
        )
    }
    throttle = Limit.HEAVY
    parser_classes = [MultiPartParser, FileUploadParser]
    max_body_bytes = MAX_BODY_BYTES
    serializer_class = FeedFileInput

    @extend_schema(operation_id="feeds_load", request=FeedFileInput, responses={201: LoadedFeedOutput})
    def post(self, request: ActorRequest, name: str) -> Response:
        """Load an EPSS day or a KEV catalogue: whole or not at all."""
        body = FeedFileInput(data=request.data)
        body.is_valid(raise_exception=True)
        file = body.validated_data["file"]
        loaded = load_feed(actor=request.actor, content=file.read(), expected=FeedName(name), at=now())
        return Response(LoadedFeedOutput(loaded).data, status=status.HTTP_201_CREATED)
