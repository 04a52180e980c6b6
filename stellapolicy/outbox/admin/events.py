"""Events and the queue that hands them over: what happened, who has it, what was given up."""

from functools import partial
from typing import Any, ClassVar
from uuid import UUID

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from stellapolicy.admin import cells
from stellapolicy.admin.base import PageAdmin, Section
from stellapolicy.admin.deeds import Deed, ReasonForm, answer_form, posted
from stellapolicy.admin.filters import PeriodFilter
from stellapolicy.admin.shim import ChoicesFilter
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.clock import now
from stellapolicy.outbox import names
from stellapolicy.outbox.admin.acting import may, require_actor
from stellapolicy.outbox.models import Delivery, DeliveryStatus, OutboxEvent
from stellapolicy.outbox.services.dispatching import retry
from stellapolicy.tenancy.scope import current_tenant

_ENDED_BADLY = (DeliveryStatus.DEAD_LETTER, DeliveryStatus.CANCELLED)


@admin.register(OutboxEvent)
class OutboxEventAdmin(PageAdmin[OutboxEvent]):
    """What happened here, as others are told of it."""

    section = Section.NOTICES
    icon = "bolt"
    place = 30
    menu_title = _("Events")
    row_title = _("Event")
    empty_advice = _("Whatever happens is listed here for as long as events are kept.")
    page_template = "admin/outbox/event.html"

    list_display = ("title", "about", "doer", "occurred")
    list_filter: ClassVar = [("occurred_at", PeriodFilter)]
    search_fields = ("name__startswith", "subject__startswith")
    search_help_text = _("Beginning of the name or of the subject")
    sortable_by = ()

    @admin.display(description=_("Event"))
    def title(self, row: OutboxEvent) -> str:
        """The event in words."""
        return names.known().get(row.name, row.name)

    @admin.display(description=_("About"))
    def about(self, row: OutboxEvent) -> str:
        """What it happened to."""
        return cells.short(row.subject)

    @admin.display(description=_("By"))
    def doer(self, row: OutboxEvent) -> str:
        """Who did it."""
        return row.actor

    @admin.display(description=_("When"))
    def occurred(self, row: OutboxEvent) -> SafeString:
        """When it happened."""
        return cells.instant(row.occurred_at)

    def page(self, request: HttpRequest, row: OutboxEvent) -> dict[str, Any]:  # noqa: ARG002 - the floor's signature
        """Return what the page of one event shows."""
        told = sorted((name, cells.written(value)) for name, value in row.data.items())
        return {"title": self.title(row), "told": told, "deliveries": row.deliveries.order_by("id")}


@admin.register(Delivery)
class DeliveryAdmin(PageAdmin[Delivery]):
    """Events on their way, and those nobody tries any more."""

    section = Section.NOTICES
    icon = "local_shipping"
    place = 40
    menu_title = _("Deliveries")
    row_title = _("Delivery")
    empty_advice = _("Each event waits here for each of its subscribers, for a second or two.")
    page_template = "admin/outbox/delivery.html"

    list_display = ("event_name", "taker", "status_badge", "why", "tries", "due", "ended")
    list_filter: ClassVar = [("status", ChoicesFilter), ("lane", ChoicesFilter)]
    list_select_related = ("event",)
    sortable_by = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Delivery]:
        """Return the deliveries of the tenant: the table stands outside row-level security."""
        return super().get_queryset(request).filter(tenant_id=current_tenant())

    def page_rows(self, request: HttpRequest) -> QuerySet[Delivery]:
        """Return the deliveries a page may be asked for."""
        return self.get_queryset(request).select_related("event")

    @admin.display(description=_("Event"))
    def event_name(self, row: Delivery) -> str:
        """What is handed over."""
        return row.event.name

    @admin.display(description=_("To"))
    def taker(self, row: Delivery) -> str:
        """Who is to have it."""
        return row.subscriber

    @admin.display(description=_("State"))
    def status_badge(self, row: Delivery) -> SafeString:
        """Where it stands."""
        return cells.badge(row.status)

    @admin.display(description=_("Why"))
    def why(self, row: Delivery) -> SafeString:
        """The code of the last failure."""
        return format_html('<code class="st-code">{}</code>', row.failure) if row.failure else cells.NOTHING

    @admin.display(description=_("Tried"))
    def tries(self, row: Delivery) -> str:
        """How often it was tried."""
        return str(row.attempts)

    @admin.display(description=_("Due"))
    def due(self, row: Delivery) -> SafeString:
        """When it is tried next."""
        return cells.NOTHING if row.finished_at else cells.instant(row.available_at)

    @admin.display(description=_("Ended"))
    def ended(self, row: Delivery) -> SafeString:
        """When it ended."""
        return cells.instant(row.finished_at)

    def page(self, request: HttpRequest, row: Delivery) -> dict[str, Any]:
        """Return what the page of one delivery shows."""
        return {"title": row.event.name, "may_retry": row.status in _ENDED_BADLY and may(request)}

    def get_urls(self) -> list[URLPattern]:
        """Add the form that lets a delivery begin anew."""
        anew = self.admin_site.admin_view(self.retry_view)
        return [path("<uuid:pk>/retry/", anew, name="outbox_delivery_retry"), *super().get_urls()]

    def retry_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Let what was given up begin anew."""
        actor = require_actor(request)
        self.find(request, str(pk))
        deed = Deed(
            title=_("Try it anew"),
            consequence=_("The event is handed over as if it had never been tried; what was done is not done twice."),
            button=_("Try it anew"),
        )
        back = reverse("admin:outbox_delivery_change", args=[pk])
        act = partial(self._retry, request, actor, pk, back)
        return answer_form(self, request, ReasonForm(posted(request)), deed, act, back=back)

    def _retry(self, request: HttpRequest, actor: Actor, pk: UUID, back: str, asked: dict[str, Any]) -> HttpResponse:
        retry(actor=actor, pk=pk, reason=asked["reason"], at=now())
        messages.success(request, _("It begins anew."))
        return HttpResponseRedirect(back)
