"""Webhooks over HTTP."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from stellapolicy.api.views import ActorRequest, ScopedView
from stellapolicy.egress.errors import AddressRefused, NotAllowed, Sealed
from stellapolicy.kernel.clock import now
from stellapolicy.outbox import errors
from stellapolicy.outbox.api.filters import AttemptFilter, WebhookFilter
from stellapolicy.outbox.api.serializers import (
    AcceptedEventOutput,
    CreatedWebhookOutput,
    ReasonRequest,
    WebhookDeliveryOutput,
    WebhookOutput,
    WebhookRequest,
)
from stellapolicy.outbox.models import WebhookSubscription
from stellapolicy.outbox.selectors import attempts_of, webhook_by_id
from stellapolicy.outbox.services import webhooks
from stellapolicy.outbox.services.webhooks import CreatedWebhook

READ = "governance:read"
WRITE = "webhook:write"
_GUARDED = (Sealed, NotAllowed, AddressRefused)


class Webhooks(ScopedView):
    """The webhooks of the tenant."""

    required_scopes = {"GET": READ, "POST": WRITE}
    shown_once = frozenset({"secret"})
    serializer_class = WebhookOutput
    filterset_class = WebhookFilter
    refusals = {"POST": (*_GUARDED, errors.EventNameUnknown, errors.TooManyWebhooks)}

    @extend_schema(operation_id="webhooks_list", responses=WebhookOutput(many=True))
    def get(self, request: ActorRequest) -> Response:
        """List the webhooks of the tenant, newest first."""
        request.actor.require(READ)
        return self.page(WebhookSubscription.objects.kept())

    @extend_schema(operation_id="webhooks_create", request=WebhookRequest, responses={201: CreatedWebhookOutput})
    def post(self, request: ActorRequest) -> Response:
        """Let an address be told of events; its secret stands in this answer and is shown never again."""
        asked = WebhookRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        created = webhooks.create_webhook(actor=request.actor, at=now(), **asked.validated_data)
        return Response(_shown(created), status=HTTPStatus.CREATED)


class Webhook(ScopedView):
    """One webhook."""

    required_scopes = {"GET": READ, "DELETE": WRITE}
    serializer_class = WebhookOutput
    refusals = {"GET": (errors.WebhookUnknown,), "DELETE": (errors.WebhookUnknown,)}

    @extend_schema(operation_id="webhooks_retrieve", responses=WebhookOutput)
    def get(self, request: ActorRequest, pk: UUID) -> Response:
        """Return a webhook and how it fares."""
        request.actor.require(READ)
        return Response(WebhookOutput(webhook_by_id(pk)).data)

    @extend_schema(operation_id="webhooks_delete", responses={204: None})
    def delete(self, request: ActorRequest, pk: UUID) -> Response:
        """End a webhook: its secret is forgotten."""
        webhooks.delete_webhook(actor=request.actor, pk=pk, at=now())
        return Response(status=HTTPStatus.NO_CONTENT)


class WebhookRotation(ScopedView):
    """A new secret for a webhook."""

    required_scopes = {"POST": WRITE}
    shown_once = frozenset({"secret"})
    refusals = {"POST": (errors.WebhookUnknown,)}

    @extend_schema(operation_id="webhooks_rotate", request=None, responses={201: CreatedWebhookOutput})
    def post(self, request: ActorRequest, pk: UUID) -> Response:
        """Give a webhook a new secret; for 24 hours messages carry a signature of the old one as well."""
        created = webhooks.rotate_secret(actor=request.actor, pk=pk, at=now())
        return Response(_shown(created), status=HTTPStatus.CREATED)


class WebhookPause(ScopedView):
    """Silence for a webhook."""

    required_scopes = {"POST": WRITE}
    refusals = {"POST": (errors.WebhookUnknown, errors.WebhookPaused)}

    @extend_schema(operation_id="webhooks_pause", request=ReasonRequest, responses=WebhookOutput)
    def post(self, request: ActorRequest, pk: UUID) -> Response:
        """Tell a webhook of nothing more until it is resumed; what waits for it is called off."""
        asked = ReasonRequest(data=request.data or {})
        asked.is_valid(raise_exception=True)
        paused = webhooks.pause_webhook(actor=request.actor, pk=pk, at=now(), **asked.validated_data)
        return Response(WebhookOutput(paused).data)


class WebhookResumption(ScopedView):
    """The end of the silence."""

    required_scopes = {"POST": WRITE}
    refusals = {"POST": (*_GUARDED, errors.WebhookUnknown, errors.WebhookNotPaused)}

    @extend_schema(operation_id="webhooks_resume", request=None, responses=WebhookOutput)
    def post(self, request: ActorRequest, pk: UUID) -> Response:
        """Tell a paused webhook of events again, of those that happen from now on."""
        return Response(WebhookOutput(webhooks.resume_webhook(actor=request.actor, pk=pk, at=now())).data)


class WebhookPing(ScopedView):
    """A test of a webhook."""

    required_scopes = {"POST": WRITE}
    refusals = {"POST": (*_GUARDED, errors.WebhookUnknown, errors.WebhookPaused)}

    @extend_schema(operation_id="webhooks_ping", request=None, responses={202: AcceptedEventOutput})
    def post(self, request: ActorRequest, pk: UUID) -> Response:
        """Send a `webhook.ping` to this webhook alone; how it went stands among its deliveries in a moment."""
        event = webhooks.ping_webhook(actor=request.actor, pk=pk, at=now())
        return _accepted(event.pk)


class WebhookDeliveries(ScopedView):
    """The log of a webhook."""

    required_scopes = {"GET": READ}
    serializer_class = WebhookDeliveryOutput
    filterset_class = AttemptFilter
    refusals = {"GET": (errors.WebhookUnknown,)}

    @extend_schema(operation_id="webhooks_deliveries_list", responses=WebhookDeliveryOutput(many=True))
    def get(self, request: ActorRequest, pk: UUID) -> Response:
        """List the attempts to tell a webhook, newest first, each with its outcome and why."""
        request.actor.require(READ)
        return self.page(attempts_of(pk))


class WebhookRedelivery(ScopedView):
    """An event sent once more."""

    required_scopes = {"POST": WRITE}
    refusals = {
        "POST": (errors.WebhookUnknown, errors.DeliveryUnknown, errors.DeliveryUnderway, errors.WebhookPaused),
    }

    @extend_schema(operation_id="webhooks_deliveries_redeliver", request=None, responses={202: AcceptedEventOutput})
    def post(self, request: ActorRequest, pk: UUID, delivery_id: UUID) -> Response:
        """Send the event of an earlier attempt once more, under the same id."""
        event = webhooks.redeliver(actor=request.actor, webhook_id=pk, pk=delivery_id, at=now())
        return _accepted(event.pk)


def _accepted(event_id: UUID) -> Response:
    return Response(AcceptedEventOutput({"event_id": event_id}).data, status=HTTPStatus.ACCEPTED)


def _shown(created: CreatedWebhook) -> dict[str, Any]:  # Any: JSON
    return {**WebhookOutput(created.webhook).data, "secret": created.secret}
