"""One's own notifications, and every message that was sent."""

from functools import partial
from typing import Any, ClassVar
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _

from stellapolicy.admin import cells
from stellapolicy.admin.base import PageAdmin, Section
from stellapolicy.admin.deeds import Deed, answer_form, posted
from stellapolicy.admin.filters import PeriodFilter
from stellapolicy.admin.shim import ChoicesFilter
from stellapolicy.api.permissions import actor_of
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.clock import now
from stellapolicy.outbox.models import Notification, NotificationMessage
from stellapolicy.outbox.services.notifications import mark_read


@admin.register(Notification)
class InboxAdmin(PageAdmin[Notification]):
    """What one was told; a superuser sees what everybody was."""

    section = Section.NOTICES
    is_catalogue = True
    icon = "inbox"
    place = 1
    menu_title = _("Inbox")
    row_title = _("Notification")
    empty_advice = _("What a notification rule leads to you is put here.")
    page_template = "admin/outbox/notification.html"
    list_before_template = "admin/outbox/inbox.html"

    list_display = ("title", "state", "events", "came")
    list_filter: ClassVar = [("created_at", PeriodFilter)]
    list_select_related = ("message",)
    sortable_by = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Notification]:
        """Return the notifications of whoever reads."""
        rows, actor = super().get_queryset(request), actor_of(request)
        if actor is None:
            return rows.none()
        return rows if getattr(request.user, "is_superuser", False) else rows.filter(person=actor.person)

    def page_rows(self, request: HttpRequest) -> QuerySet[Notification]:
        """Return the notifications a page may be asked for."""
        return self.get_queryset(request).select_related("message__channel")

    @admin.display(description=_("Notification"))
    def title(self, row: Notification) -> str:
        """What it says."""
        return row.message.title

    @admin.display(description=_("State"))
    def state(self, row: Notification) -> SafeString:
        """Whether it was read."""
        return cells.badge("cancelled", str(_("read"))) if row.read_at else cells.badge("matched", str(_("new")))

    @admin.display(description=_("Events"))
    def events(self, row: Notification) -> str:
        """How many events it tells of."""
        return str(row.message.event_count)

    @admin.display(description=_("Came"))
    def came(self, row: Notification) -> SafeString:
        """When it came."""
        return cells.instant(row.created_at)

    def page(self, request: HttpRequest, row: Notification) -> dict[str, Any]:
        """Return what the page of one notification shows."""
        actor = actor_of(request)
        is_mine = actor is not None and actor.person == row.person
        return {"title": Truncator(row.message.title).chars(40), "may_mark": is_mine and row.read_at is None}

    def get_urls(self) -> list[URLPattern]:
        """Add the forms that mark as read."""
        view = self.admin_site.admin_view
        return [
            path("read/", view(self.read_view), name="outbox_notification_read_all"),
            path("<uuid:pk>/read/", view(self.read_view), name="outbox_notification_read"),
            *super().get_urls(),
        ]

    def read_view(self, request: HttpRequest, pk: UUID | None = None) -> HttpResponse:
        """Mark one of one's own notifications as read, or all of them."""
        actor = actor_of(request)
        if actor is None or not self.has_view_permission(request):
            raise PermissionDenied
        if pk is not None:
            self.find(request, str(pk))
        deed = Deed(
            title=_("Mark as read"),
            consequence=_("It is no longer counted as new.") if pk else _("None of yours is counted as new any more."),
            button=_("Mark as read"),
        )
        act = partial(self._mark, request, actor, pk)
        return answer_form(self, request, forms.Form(posted(request)), deed, act, back=self.address)

    def _mark(self, request: HttpRequest, actor: Actor, pk: UUID | None, _asked: dict[str, Any]) -> HttpResponse:
        mark_read(actor=actor, pks=None if pk is None else [pk], at=now())
        messages.success(request, _("Marked as read."))
        return HttpResponseRedirect(self.address)


@admin.register(NotificationMessage)
class NotificationMessageAdmin(PageAdmin[NotificationMessage]):
    """Every message over every channel."""

    section = Section.NOTICES
    icon = "mark_email_read"
    place = 70
    menu_title = _("Messages sent")
    row_title = _("Message")
    empty_advice = _("Each message over a channel is listed here, with the reason where it could not be sent.")
    page_template = "admin/outbox/message.html"

    list_display = ("title", "over", "status_badge", "why", "made", "sent")
    list_filter: ClassVar = [("status", ChoicesFilter), ("created_at", PeriodFilter)]
    list_select_related = ("channel",)
    sortable_by = ()

    def page_rows(self, request: HttpRequest) -> QuerySet[NotificationMessage]:
        """Return the messages a page may be asked for."""
        return self.get_queryset(request).select_related("channel")

    @admin.display(description=_("Channel"))
    def over(self, row: NotificationMessage) -> str:
        """Over which way."""
        return row.channel.name

    @admin.display(description=_("State"))
    def status_badge(self, row: NotificationMessage) -> SafeString:
        """Where it stands."""
        return cells.badge(row.status)

    @admin.display(description=_("Why"))
    def why(self, row: NotificationMessage) -> SafeString:
        """The code of the last failure."""
        return format_html('<code class="st-code">{}</code>', row.failure) if row.failure else cells.NOTHING

    @admin.display(description=_("Made"))
    def made(self, row: NotificationMessage) -> SafeString:
        """When it was composed."""
        return cells.instant(row.created_at)

    @admin.display(description=_("Sent"))
    def sent(self, row: NotificationMessage) -> SafeString:
        """When it was sent."""
        return cells.instant(row.sent_at)
