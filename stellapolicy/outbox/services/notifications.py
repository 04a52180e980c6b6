"""Channels and rules: who is told of what, over which way, how often; and what somebody has read."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import transaction

from stellapolicy.audit import services as audit
from stellapolicy.egress.factory import require_callable
from stellapolicy.kernel import canonical_json
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.ids import new_id
from stellapolicy.outbox.errors import ChannelNameTaken, ChannelUnknown, EmailUnsupported, MuteRefused, RuleUnknown
from stellapolicy.outbox.models import ChannelKind, Digest, Notification, NotificationChannel, NotificationRule
from stellapolicy.outbox.secrets_at_rest import seal
from stellapolicy.outbox.services.dispatching import WRITE_SCOPE
from stellapolicy.outbox.services.webhooks import refuse_unknown_events
from stellapolicy.outbox.targets import target_for

PURPOSE: Final = "notification"
LONGEST_MUTE: Final = timedelta(days=366)


@transaction.atomic
def create_channel(
    *,
    actor: Actor,
    name: str,
    kind: ChannelKind,
    recipients: tuple[str, ...] = (),
    url: str = "",
    at: datetime,
) -> NotificationChannel:
    """Make a way to reach people; the address of a chat or service is guarded like that of a webhook."""
    actor.require(WRITE_SCOPE)
    target = target_for(kind, recipients=recipients, url=url)
    if target.url:
        require_callable(target.url, purpose=PURPOSE)
    if kind is ChannelKind.EMAIL and settings.EMAIL_BACKEND.endswith("UnsupportedBackend"):
        raise EmailUnsupported("set EMAIL_HOST and DEFAULT_FROM_EMAIL first")
    if NotificationChannel.objects.live().filter(name=name).exists():
        raise ChannelNameTaken(f"there is a channel called {name} already")
    pk = new_id()
    channel = NotificationChannel(
        pk=pk,
        name=name,
        kind=kind,
        sealed_target=seal(canonical_json.dumps(target.to_json()).decode(), owner=pk),
        shown_target=target.shown(),
        created_at=at,
        created_by=actor.subject,
    )
    channel.save(force_insert=True)
    audit.record(actor, "channel.created", channel, at=at)
    return channel


@transaction.atomic
def remove_channel(*, actor: Actor, pk: UUID, at: datetime) -> NotificationChannel:
    """End a channel, and with it every rule that leads to it."""
    channel = _locked_channel(actor, pk)
    channel.removed_at = at
    channel.save(update_fields=["removed_at"])
    audit.record(actor, "channel.removed", channel, at=at)
    return channel


@transaction.atomic
def create_rule(
    *, actor: Actor, channel_id: UUID, events: Collection[str], digest: Digest, at: datetime
) -> NotificationRule:
    """Let events be told over a channel from now on."""
    channel = _locked_channel(actor, channel_id)
    refuse_unknown_events(events)
    rule = NotificationRule(
        channel=channel, events=sorted(set(events)), digest=digest, created_at=at, created_by=actor.subject
    )
    rule.save(force_insert=True)
    audit.record(actor, "rule.created", rule, at=at)
    return rule


@transaction.atomic
def mute_rule(*, actor: Actor, pk: UUID, until: datetime, at: datetime) -> NotificationRule:
    """Let a rule be silent until an instant to come; what happens meanwhile is not told later."""
    if not at < until <= at + LONGEST_MUTE:
        raise MuteRefused(f"until an instant to come, at most {LONGEST_MUTE.days} days hence")
    return _set_mute(actor, pk, until, "rule.muted", at=at)


@transaction.atomic
def unmute_rule(*, actor: Actor, pk: UUID, at: datetime) -> NotificationRule:
    """Let a rule speak again."""
    return _set_mute(actor, pk, None, "rule.unmuted", at=at)


@transaction.atomic
def remove_rule(*, actor: Actor, pk: UUID, at: datetime) -> NotificationRule:
    """End a rule."""
    rule = _locked_rule(actor, pk)
    rule.removed_at = at
    rule.save(update_fields=["removed_at"])
    audit.record(actor, "rule.removed", rule, at=at)
    return rule


@transaction.atomic
def mark_read(*, actor: Actor, pks: Collection[UUID] | None, at: datetime) -> int:
    """Mark notifications of whoever asks as read, all of theirs for None; return how many were not before."""
    mine = Notification.objects.of_person(actor.person).unread()
    return (mine if pks is None else mine.filter(pk__in=list(pks))).update(read_at=at)


def _set_mute(actor: Actor, pk: UUID, until: datetime | None, action: str, *, at: datetime) -> NotificationRule:
    rule = _locked_rule(actor, pk)
    rule.muted_until = until
    rule.save(update_fields=["muted_until"])
    audit.record(actor, action, rule, at=at)
    return rule


def _locked_channel(actor: Actor, pk: UUID) -> NotificationChannel:
    actor.require(WRITE_SCOPE)
    channel = NotificationChannel.objects.live().locked().filter(pk=pk).first()
    if channel is None:
        raise ChannelUnknown("there is no such channel in this tenant")
    return channel


def _locked_rule(actor: Actor, pk: UUID) -> NotificationRule:
    actor.require(WRITE_SCOPE)
    rule = NotificationRule.objects.live().locked().select_related("channel").filter(pk=pk).first()
    if rule is None:
        raise RuleUnknown("there is no such rule in this tenant")
    return rule
