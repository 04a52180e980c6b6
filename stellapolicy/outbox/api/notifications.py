"""Channels, rules and one's own inbox over HTTP."""

from http import HTTPStatus
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from stellapolicy.api.permissions import SIGNED_IN
from stellapolicy.api.views import ActorRequest, ScopedView
from stellapolicy.egress.errors import AddressRefused, NotAllowed, Sealed
from stellapolicy.kernel.clock import now
from stellapolicy.outbox import errors
from stellapolicy.outbox.api.filters import InboxFilter
from stellapolicy.outbox.api.serializers import (
    ChannelOutput,
    ChannelRequest,
    MarkedOutput,
    MarkReadRequest,
    MuteRequest,
    NotificationOutput,
    RuleOutput,
    RuleRequest,
)
from stellapolicy.outbox.api.webhooks import READ, WRITE
from stellapolicy.outbox.models import ChannelKind, Digest, NotificationChannel, NotificationRule
from stellapolicy.outbox.selectors import inbox_of
from stellapolicy.outbox.services import notifications


class Channels(ScopedView):
    """The ways to reach people."""

    required_scopes = {"GET": READ, "POST": WRITE}
    serializer_class = ChannelOutput
    refusals = {
        "POST": (
            *(Sealed, NotAllowed, AddressRefused),
            *(errors.TargetRefused, errors.EmailUnsupported, errors.ChannelNameTaken),
        )
    }

    @extend_schema(operation_id="notification_channels_list", responses=ChannelOutput(many=True))
    def get(self, request: ActorRequest) -> Response:
        """List the channels of the tenant, newest first."""
        request.actor.require(READ)
        return self.page(NotificationChannel.objects.live())

    @extend_schema(operation_id="notification_channels_create", request=ChannelRequest, responses={201: ChannelOutput})
    def post(self, request: ActorRequest) -> Response:
        """Make a channel; where it leads is kept encrypted and shown in part."""
        asked = ChannelRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        said = asked.validated_data
        channel = notifications.create_channel(
            actor=request.actor,
            name=said["name"],
            kind=ChannelKind(said["kind"]),
            recipients=tuple(said["recipients"]),
            url=said["url"],
            at=now(),
        )
        return Response(ChannelOutput(channel).data, status=HTTPStatus.CREATED)


class Channel(ScopedView):
    """One channel."""

    required_scopes = {"DELETE": WRITE}
    refusals = {"DELETE": (errors.ChannelUnknown,)}

    @extend_schema(operation_id="notification_channels_delete", responses={204: None})
    def delete(self, request: ActorRequest, pk: UUID) -> Response:
        """Remove a channel; its rules fall silent."""
        notifications.remove_channel(actor=request.actor, pk=pk, at=now())
        return Response(status=HTTPStatus.NO_CONTENT)


class Rules(ScopedView):
    """Which events are told over which channel."""

    required_scopes = {"GET": READ, "POST": WRITE}
    serializer_class = RuleOutput
    refusals = {"POST": (errors.ChannelUnknown, errors.EventNameUnknown)}

    @extend_schema(operation_id="notification_rules_list", responses=RuleOutput(many=True))
    def get(self, request: ActorRequest) -> Response:
        """List the rules of the tenant, newest first."""
        request.actor.require(READ)
        return self.page(NotificationRule.objects.live().select_related("channel"))

    @extend_schema(operation_id="notification_rules_create", request=RuleRequest, responses={201: RuleOutput})
    def post(self, request: ActorRequest) -> Response:
        """Let events be told over a channel from now on."""
        asked = RuleRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        said = asked.validated_data
        rule = notifications.create_rule(
            actor=request.actor,
            channel_id=said["channel_id"],
            events=said["events"],
            digest=Digest(said["digest"]),
            at=now(),
        )
        return Response(RuleOutput(rule).data, status=HTTPStatus.CREATED)


class Rule(ScopedView):
    """One rule."""

    required_scopes = {"DELETE": WRITE}
    refusals = {"DELETE": (errors.RuleUnknown,)}

    @extend_schema(operation_id="notification_rules_delete", responses={204: None})
    def delete(self, request: ActorRequest, pk: UUID) -> Response:
        """Remove a rule."""
        notifications.remove_rule(actor=request.actor, pk=pk, at=now())
        return Response(status=HTTPStatus.NO_CONTENT)


class RuleMute(ScopedView):
    """Silence for a rule."""

    required_scopes = {"POST": WRITE}
    refusals = {"POST": (errors.RuleUnknown, errors.MuteRefused)}

    @extend_schema(operation_id="notification_rules_mute", request=MuteRequest, responses=RuleOutput)
    def post(self, request: ActorRequest, pk: UUID) -> Response:
        """Let a rule be silent until an instant to come."""
        asked = MuteRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        rule = notifications.mute_rule(actor=request.actor, pk=pk, until=asked.validated_data["until"], at=now())
        return Response(RuleOutput(rule).data)


class RuleUnmute(ScopedView):
    """The end of the silence."""

    required_scopes = {"POST": WRITE}
    refusals = {"POST": (errors.RuleUnknown,)}

    @extend_schema(operation_id="notification_rules_unmute", request=None, responses=RuleOutput)
    def post(self, request: ActorRequest, pk: UUID) -> Response:
        """Let a rule speak again."""
        return Response(RuleOutput(notifications.unmute_rule(actor=request.actor, pk=pk, at=now())).data)


class Inbox(ScopedView):
    """One's own notifications."""

    required_scopes = {"GET": SIGNED_IN}
    serializer_class = NotificationOutput
    filterset_class = InboxFilter

    @extend_schema(operation_id="notifications_list", responses=NotificationOutput(many=True))
    def get(self, request: ActorRequest) -> Response:
        """List your notifications, newest first; a token reads those of its person."""
        return self.page(inbox_of(request.actor.person))


class InboxReading(ScopedView):
    """What one has read."""

    required_scopes = {"POST": SIGNED_IN}

    @extend_schema(operation_id="notifications_mark_read", request=MarkReadRequest, responses=MarkedOutput)
    def post(self, request: ActorRequest) -> Response:
        """Mark notifications of yours as read, all of them where none are named."""
        asked = MarkReadRequest(data=request.data or {})
        asked.is_valid(raise_exception=True)
        pks = asked.validated_data.get("notification_ids")
        marked = notifications.mark_read(actor=request.actor, pks=pks, at=now())
        return Response(MarkedOutput({"marked": marked}).data)
