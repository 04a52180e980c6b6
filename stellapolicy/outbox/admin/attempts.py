"""The log of webhooks: every attempt with its outcome, and an event sent once more."""

from functools import partial
from typing import Any, ClassVar
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from stellapolicy.admin import cells
from stellapolicy.admin.base import PageAdmin, Section
from stellapolicy.admin.deeds import Deed, answer_form, posted
from stellapolicy.admin.filters import PeriodFilter
from stellapolicy.admin.shim import ChoicesFilter
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.clock import now
from stellapolicy.outbox.admin.acting import may, require_actor
from stellapolicy.outbox.models import WebhookDelivery
from stellapolicy.outbox.services.webhooks import redeliver


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(PageAdmin[WebhookDelivery]):
    """Every attempt to tell a webhook of an event."""

    section = Section.NOTICES
    icon = "outgoing_mail"
    place = 20
    menu_title = _("Webhook log")
    row_title = _("Attempt")
    empty_advice = _("Each attempt to tell a webhook of an event is listed here, with the reason where it failed.")
    page_template = "admin/outbox/attempt.html"

    list_display = ("event_name", "webhook_name", "outcome_badge", "why", "nth", "attempted", "next_time")
    list_filter: ClassVar = [("outcome", ChoicesFilter), ("attempted_at", PeriodFilter)]
    list_select_related = ("webhook", "event")
    sortable_by = ()

    @admin.display(description=_("Event"))
    def event_name(self, row: WebhookDelivery) -> str:
        """What was told."""
        return row.event.name

    @admin.display(description=_("Webhook"))
    def webhook_name(self, row: WebhookDelivery) -> str:
        """Who was told."""
        return str(row.webhook)

    @admin.display(description=_("Outcome"))
    def outcome_badge(self, row: WebhookDelivery) -> SafeString:
        """How it went."""
        return cells.badge(row.outcome)

    @admin.display(description=_("Why"))
    def why(self, row: WebhookDelivery) -> SafeString:
        """The code of the failure."""
        return format_html('<code class="st-code">{}</code>', row.error_code) if row.error_code else cells.NOTHING

    @admin.display(description=_("Attempt"))
    def nth(self, row: WebhookDelivery) -> str:
        """Which attempt it was."""
        return str(row.attempt)

    @admin.display(description=_("Made"))
    def attempted(self, row: WebhookDelivery) -> SafeString:
        """When it was made."""
        return cells.instant(row.attempted_at)

    @admin.display(description=_("Next"))
    def next_time(self, row: WebhookDelivery) -> SafeString:
        """When the next follows."""
        return cells.instant(row.next_attempt_at)

    def page(self, request: HttpRequest, row: WebhookDelivery) -> dict[str, Any]:
        """Return what the page of one attempt shows."""
        return {"title": row.event.name, "may_write": may(request)}

    def get_urls(self) -> list[URLPattern]:
        """Add the form that sends the event again."""
        again = self.admin_site.admin_view(self.redeliver_view)
        return [path("<uuid:pk>/redeliver/", again, name="outbox_webhookdelivery_redeliver"), *super().get_urls()]

    def redeliver_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Send an event once more."""
        actor, attempt = require_actor(request), self.find(request, str(pk))
        deed = Deed(
            title=_("Send it again"),
            consequence=_("The same event is sent under the same id; a receiver that keeps ids will know it."),
            button=_("Send it again"),
        )
        back = reverse("admin:outbox_webhookdelivery_change", args=[pk])
        act = partial(self._redeliver, request, actor, attempt, back)
        return answer_form(self, request, forms.Form(posted(request)), deed, act, back=back)

    def _redeliver(
        self, request: HttpRequest, actor: Actor, attempt: WebhookDelivery, back: str, _asked: dict[str, Any]
    ) -> HttpResponse:
        redeliver(actor=actor, webhook_id=attempt.webhook_id, pk=attempt.pk, at=now())
        messages.success(request, _("It is on its way."))
        return HttpResponseRedirect(back)
