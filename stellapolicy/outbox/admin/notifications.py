"""Channels and rules: who is told, over which way, how often."""

from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from stellapolicy.admin import cells
from stellapolicy.admin.base import PageAdmin, Section
from stellapolicy.admin.deeds import Deed, answer_form, posted
from stellapolicy.admin.shim import ChoicesFilter
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.clock import now
from stellapolicy.outbox.admin.acting import may, require_actor
from stellapolicy.outbox.admin.forms import ChannelForm, MuteForm, RuleForm
from stellapolicy.outbox.models import ChannelKind, Digest, NotificationChannel, NotificationRule
from stellapolicy.outbox.services import notifications

_REMOVE_CHANNEL = Deed(
    title=_("Remove this channel"),
    consequence=_("Every rule that leads to it falls silent. This cannot be undone."),
    button=_("Remove it"),
    is_final=True,
)
_RULE_DEEDS = {
    "mute": Deed(title=_("Mute this rule"), consequence=_("It is silent until then."), button=_("Mute it")),
    "unmute": Deed(
        title=_("Let this rule speak again"),
        consequence=_("It tells of what happens from now on."),
        button=_("Let it speak"),
    ),
    "remove": Deed(
        title=_("Remove this rule"), consequence=_("It tells of nothing more."), button=_("Remove it"), is_final=True
    ),
}


@admin.register(NotificationChannel)
class NotificationChannelAdmin(PageAdmin[NotificationChannel]):
    """The ways to reach people."""

    section = Section.NOTICES
    icon = "campaign"
    place = 50
    menu_title = _("Channels")
    row_title = _("Channel")
    empty_advice = _("A channel is a way to reach people: mail, a chat, a service, or inboxes here.")
    page_template = "admin/outbox/channel.html"
    list_before_template = "admin/outbox/channels.html"

    list_display = ("name", "kind_badge", "target", "state", "since")
    list_filter: ClassVar = [("kind", ChoicesFilter)]
    search_fields = ("name__istartswith",)
    sortable_by = ()

    @admin.display(description=_("Kind"))
    def kind_badge(self, row: NotificationChannel) -> SafeString:
        """How a message is brought."""
        return cells.badge(row.kind)

    @admin.display(description=_("Leads to"))
    def target(self, row: NotificationChannel) -> str:
        """What may be shown of where it leads."""
        return row.shown_target

    @admin.display(description=_("State"))
    def state(self, row: NotificationChannel) -> SafeString:
        """Whether it was removed."""
        return cells.badge("cancelled", str(_("removed"))) if row.removed_at else cells.badge("active")

    @admin.display(description=_("Made"))
    def since(self, row: NotificationChannel) -> SafeString:
        """When it was made."""
        return cells.instant(row.created_at)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Answer with the list, and the button to make one where somebody may."""
        return super().changelist_view(request, {"may_write": may(request), **(extra_context or {})})

    def page(self, request: HttpRequest, row: NotificationChannel) -> dict[str, Any]:
        """Return what the page of one channel shows."""
        rules = row.rules.filter(removed_at__isnull=True).order_by("id")
        return {"rules": rules, "may_write": row.removed_at is None and may(request)}

    def get_urls(self) -> list[URLPattern]:
        """Add the forms."""
        view = self.admin_site.admin_view
        return [
            path("new/", view(self.new_view), name="outbox_notificationchannel_new"),
            path("<uuid:pk>/remove/", view(self.remove_view), name="outbox_notificationchannel_remove"),
            *super().get_urls(),
        ]

    def new_view(self, request: HttpRequest) -> HttpResponse:
        """Make a channel."""
        actor = require_actor(request)
        deed = Deed(
            title=_("New channel"),
            consequence=_("Rules may tell of events over it. Where it leads is kept encrypted."),
            button=_("Make the channel"),
        )
        form = ChannelForm(posted(request))
        return answer_form(self, request, form, deed, partial(self._create, request, actor), back=self.address)

    def remove_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Remove a channel."""
        actor = require_actor(request)
        self.find(request, str(pk))
        back = reverse("admin:outbox_notificationchannel_change", args=[pk])
        act = partial(_done, request, back, partial(notifications.remove_channel, actor=actor, pk=pk))
        return answer_form(self, request, forms.Form(posted(request)), _REMOVE_CHANNEL, act, back=back)

    def _create(self, request: HttpRequest, actor: Actor, asked: dict[str, Any]) -> HttpResponse:
        kind = ChannelKind(asked.pop("kind"))
        channel = notifications.create_channel(actor=actor, kind=kind, at=now(), **asked)
        messages.success(request, _("The channel is made."))
        return HttpResponseRedirect(reverse("admin:outbox_notificationchannel_change", args=[channel.pk]))


@admin.register(NotificationRule)
class NotificationRuleAdmin(PageAdmin[NotificationRule]):
    """Which events are told over which channel."""

    section = Section.NOTICES
    icon = "rule_settings"
    place = 60
    menu_title = _("Notification rules")
    row_title = _("Notification rule")
    empty_advice = _("A rule leads events to a channel, at once or gathered by the hour or the day.")
    page_template = "admin/outbox/rule.html"
    list_before_template = "admin/outbox/rules.html"

    list_display = ("told", "over", "often", "state", "since")
    list_filter: ClassVar = [("digest", ChoicesFilter)]
    list_select_related = ("channel",)
    sortable_by = ()

    @admin.display(description=_("Events"))
    def told(self, row: NotificationRule) -> str:
        """What it tells of."""
        return ", ".join(row.events)

    @admin.display(description=_("Channel"))
    def over(self, row: NotificationRule) -> str:
        """Over which way."""
        return row.channel.name

    @admin.display(description=_("How often"))
    def often(self, row: NotificationRule) -> str:
        """How long events gather."""
        return cells.spoken(row.digest)

    @admin.display(description=_("State"))
    def state(self, row: NotificationRule) -> SafeString:
        """Whether it speaks."""
        return cells.badge(*state_of(row))

    @admin.display(description=_("Made"))
    def since(self, row: NotificationRule) -> SafeString:
        """When it was made."""
        return cells.instant(row.created_at)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Answer with the list, and the button to make one where somebody may."""
        return super().changelist_view(request, {"may_write": may(request), **(extra_context or {})})

    def page(self, request: HttpRequest, row: NotificationRule) -> dict[str, Any]:
        """Return what the page of one rule shows."""
        return {"state": self.state(row), "may_write": row.removed_at is None and may(request)}

    def get_urls(self) -> list[URLPattern]:
        """Add the forms."""
        view = self.admin_site.admin_view
        deeds = [
            path(f"<uuid:pk>/{verb}/", view(partial(self.deed_view, verb=verb)), name=f"outbox_notificationrule_{verb}")
            for verb in _RULE_DEEDS
        ]
        return [path("new/", view(self.new_view), name="outbox_notificationrule_new"), *deeds, *super().get_urls()]

    def new_view(self, request: HttpRequest) -> HttpResponse:
        """Make a rule."""
        actor = require_actor(request)
        deed = Deed(
            title=_("New rule"),
            consequence=_("Each event is told once over the channel, however many rules lead it there."),
            button=_("Make the rule"),
        )
        form = RuleForm(posted(request))
        return answer_form(self, request, form, deed, partial(self._create, request, actor), back=self.address)

    def deed_view(self, request: HttpRequest, pk: UUID, *, verb: str) -> HttpResponse:
        """Do one of the things that can be done to a rule."""
        actor = require_actor(request)
        self.find(request, str(pk))
        services: dict[str, Callable[..., object]] = {
            "mute": notifications.mute_rule,
            "unmute": notifications.unmute_rule,
            "remove": notifications.remove_rule,
        }
        form = MuteForm(posted(request)) if verb == "mute" else forms.Form(posted(request))
        back = reverse("admin:outbox_notificationrule_change", args=[pk])
        act = partial(_done, request, back, partial(services[verb], actor=actor, pk=pk))
        return answer_form(self, request, form, _RULE_DEEDS[verb], act, back=back)

    def _create(self, request: HttpRequest, actor: Actor, asked: dict[str, Any]) -> HttpResponse:
        rule = notifications.create_rule(
            actor=actor,
            channel_id=asked["channel"].pk,
            events=asked["events"],
            digest=Digest(asked["digest"]),
            at=now(),
        )
        messages.success(request, _("The rule is made."))
        return HttpResponseRedirect(reverse("admin:outbox_notificationrule_change", args=[rule.pk]))


def state_of(row: NotificationRule) -> tuple[str, str]:
    """Return how a rule stands now: the word of its badge, and what is read."""
    if row.removed_at is not None or row.channel.removed_at is not None:
        return "cancelled", str(_("removed"))
    if row.muted_until is not None and row.muted_until > now():
        return "deferred", str(_("muted"))
    return "active", ""


def _done(request: HttpRequest, back: str, act: Callable[..., object], asked: dict[str, Any]) -> HttpResponse:
    act(at=now(), **asked)
    messages.success(request, _("Done."))
    return HttpResponseRedirect(back)
