"""Events over HTTP, to read: what webhooks are told, for whoever would rather ask."""

from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from stellapolicy.api.permissions import SIGNED_IN
from stellapolicy.api.views import ActorRequest, ScopedView
from stellapolicy.outbox import names
from stellapolicy.outbox.api.filters import EventFilter
from stellapolicy.outbox.api.serializers import EventOutput, EventTypesOutput
from stellapolicy.outbox.api.webhooks import READ
from stellapolicy.outbox.models import OutboxEvent


class Events(ScopedView):
    """What happened in the tenant."""

    required_scopes = {"GET": READ}
    serializer_class = EventOutput
    filterset_class = EventFilter

    @extend_schema(operation_id="events_list", responses=EventOutput(many=True))
    def get(self, request: ActorRequest) -> Response:
        """List the events of the tenant, newest first, as long as they are kept."""
        request.actor.require(READ)
        return self.page(OutboxEvent.objects.all())


class EventTypes(ScopedView):
    """Which events there are."""

    required_scopes = {"GET": SIGNED_IN}

    @extend_schema(operation_id="event_types_list", responses=EventTypesOutput)
    def get(self, request: ActorRequest) -> Response:  # noqa: ARG002 - the same for everybody
        """List every event there is, by name."""
        items = [{"name": name, "title": title} for name, title in sorted(names.known().items())]
        return Response(EventTypesOutput({"items": items}).data)
