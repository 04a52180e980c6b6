"""Webhooks: listed with how they fare; made and shown their secret once, paused, tested, deleted."""

from functools import partial
from typing import Any, ClassVar
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from stellapolicy.admin import cells
from stellapolicy.admin.base import PageAdmin, Section
from stellapolicy.admin.deeds import Deed, ReasonForm, answer_form, posted
from stellapolicy.admin.shim import ChoicesFilter
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.clock import now
from stellapolicy.outbox.admin.acting import may, require_actor
from stellapolicy.outbox.admin.forms import WebhookForm
from stellapolicy.outbox.models import WebhookDelivery, WebhookState, WebhookSubscription
from stellapolicy.outbox.services import webhooks
from stellapolicy.outbox.services.webhooks import CreatedWebhook

_LATEST = 20
_DEEDS = {
    "rotate": Deed(
        title=_("A new secret"),
        consequence=_("For a day messages carry signatures of both secrets, then of the new one alone."),
        button=_("Make the new secret"),
    ),
    "pause": Deed(
        title=_("Pause this webhook"),
        consequence=_("It is told of nothing more; what waits for it is called off."),
        button=_("Pause it"),
    ),
    "resume": Deed(
        title=_("Resume this webhook"),
        consequence=_("It is told of what happens from now on."),
        button=_("Resume it"),
    ),
    "ping": Deed(
        title=_("Test this webhook"),
        consequence=_("A test event is sent to it alone; how that went stands below in a moment."),
        button=_("Send the test"),
    ),
    "delete": Deed(
        title=_("Delete this webhook"),
        consequence=_("Its secret is forgotten and cannot be brought back. Its log stays."),
        button=_("Delete it"),
        is_final=True,
    ),
}


@admin.register(WebhookSubscription)
class WebhookAdmin(PageAdmin[WebhookSubscription]):
    """Who outside is told of what happens here."""

    section = Section.NOTICES
    icon = "webhook"
    place = 10
    menu_title = _("Webhooks")
    row_title = _("Webhook")
    empty_advice = _("A webhook tells another system of decisions and changes. Make the first with the button above.")
    page_template = "admin/outbox/webhook.html"
    list_before_template = "admin/outbox/webhooks.html"

    list_display = ("called", "state_badge", "told", "fares", "last_success", "since")
    list_filter: ClassVar = [("state", ChoicesFilter)]
    search_fields = ("description__istartswith", "url__istartswith")
    search_help_text = _("Beginning of what it is or of its address")
    sortable_by = ()

    @admin.display(description=_("Webhook"))
    def called(self, row: WebhookSubscription) -> str:
        """What it is."""
        return str(row)

    @admin.display(description=_("State"))
    def state_badge(self, row: WebhookSubscription) -> SafeString:
        """Where it stands."""
        return cells.badge(row.state)

    @admin.display(description=_("Told of"))
    def told(self, row: WebhookSubscription) -> str:
        """Its events."""
        return ", ".join(row.events)

    @admin.display(description=_("Failures in a row"))
    def fares(self, row: WebhookSubscription) -> str:
        """How it fares."""
        return str(row.consecutive_failures)

    @admin.display(description=_("Last success"))
    def last_success(self, row: WebhookSubscription) -> SafeString:
        """When it was last told of something."""
        return cells.instant(row.last_success_at)

    @admin.display(description=_("Made"))
    def since(self, row: WebhookSubscription) -> SafeString:
        """When it was made."""
        return cells.instant(row.created_at)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Answer with the list, and the button to make one where somebody may."""
        return super().changelist_view(request, {"may_write": may(request), **(extra_context or {})})

    def page(self, request: HttpRequest, row: WebhookSubscription) -> dict[str, Any]:
        """Return what the page of one webhook shows."""
        attempts: QuerySet[WebhookDelivery] = WebhookDelivery.objects.filter(webhook=row).select_related("event")
        is_alive = row.state != WebhookState.DELETED
        return {"attempts": attempts[:_LATEST], "may_write": is_alive and may(request)}

    def get_urls(self) -> list[URLPattern]:
        """Add the forms."""
        view = self.admin_site.admin_view
        deeds = [
            path(
                f"<uuid:pk>/{verb}/",
                view(partial(self.deed_view, verb=verb)),
                name=f"outbox_webhooksubscription_{verb}",
            )
            for verb in _DEEDS
        ]
        new = path("new/", view(self.new_view), name="outbox_webhooksubscription_new")
        return [new, *deeds, *super().get_urls()]

    def new_view(self, request: HttpRequest) -> HttpResponse:
        """Make a webhook and show its secret once."""
        actor = require_actor(request)
        deed = Deed(
            title=_("New webhook"),
            consequence=_("The address is told of each event from now on, signed with a secret that is shown once."),
            button=_("Make the webhook"),
        )
        form = WebhookForm(posted(request))
        return answer_form(self, request, form, deed, partial(self._create, request, actor), back=self.address)

    def deed_view(self, request: HttpRequest, pk: UUID, *, verb: str) -> HttpResponse:
        """Do one of the things that can be done to a webhook."""
        actor, webhook = require_actor(request), self.find(request, str(pk))
        form = ReasonForm(posted(request)) if verb in {"pause", "delete"} else forms.Form(posted(request))
        act = partial(self._act, request, actor, pk, verb)
        return answer_form(self, request, form, _DEEDS[verb], act, back=page_of(webhook))

    def _create(self, request: HttpRequest, actor: Actor, asked: dict[str, Any]) -> HttpResponse:
        return self._shown_once(request, webhooks.create_webhook(actor=actor, at=now(), **asked))

    def _act(self, request: HttpRequest, actor: Actor, pk: UUID, verb: str, asked: dict[str, Any]) -> HttpResponse:
        match verb:
            case "rotate":
                return self._shown_once(request, webhooks.rotate_secret(actor=actor, pk=pk, at=now()))
            case "pause":
                webhooks.pause_webhook(actor=actor, pk=pk, reason=asked["reason"], at=now())
            case "resume":
                webhooks.resume_webhook(actor=actor, pk=pk, at=now())
            case "ping":
                webhooks.ping_webhook(actor=actor, pk=pk, at=now())
            case _:
                webhooks.delete_webhook(actor=actor, pk=pk, reason=asked["reason"], at=now())
        messages.success(request, _("Done."))
        return HttpResponseRedirect(reverse("admin:outbox_webhooksubscription_change", args=[pk]))

    def _shown_once(self, request: HttpRequest, created: CreatedWebhook) -> HttpResponse:
        context = {"title": str(created.webhook), "secret": created.secret}
        response = self.answer(request, "admin/outbox/webhook_secret.html", context, row=created.webhook)
        response["Cache-Control"] = "no-store"
        return response


def page_of(webhook: WebhookSubscription) -> str:
    """Return the address of a webhook's page."""
    return reverse("admin:outbox_webhooksubscription_change", args=[webhook.pk])
