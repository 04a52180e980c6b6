"""Runs: how far long work is, what came of it, and its end before its time."""

from functools import partial
from typing import Any, ClassVar
from uuid import UUID

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms import Form
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from policies import runs as kinds
from policies.models import Run
from policies.models.run import OPEN_STATUSES
from policies.services import runs
from stellapolicy.access.admin.acting import may, require_actor
from stellapolicy.access.roles import Scope
from stellapolicy.admin import cells
from stellapolicy.admin.base import PageAdmin, Section
from stellapolicy.admin.deeds import Deed, answer_form, posted
from stellapolicy.admin.filters import PeriodFilter
from stellapolicy.admin.shim import ChoicesFilter
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.clock import now
from stellapolicy.tenancy.scope import current_tenant

_SCOPE = Scope.EVIDENCE_WRITE


@admin.register(Run)
class RunAdmin(PageAdmin[Run]):
    """Long work that waits, is done, or has ended."""

    section = Section.RELEASES
    icon = "hourglass_top"
    place = 60
    menu_title = _("Runs")
    row_title = _("Run")
    empty_advice = _("Large reports, and VEX about products at large, are worked on here by a worker.")
    page_template = "admin/policies/run.html"

    list_display = ("what", "kind_name", "status_badge", "progress", "asked_by", "asked", "ended")
    list_filter: ClassVar = [("status", ChoicesFilter), ("created_at", PeriodFilter)]
    list_select_related = ("content",)
    sortable_by = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Run]:
        """Return the runs of the tenant: the table stands outside row-level security."""
        return super().get_queryset(request).filter(tenant_id=current_tenant())

    def page_rows(self, request: HttpRequest) -> QuerySet[Run]:
        """Return the runs a page may be asked for."""
        return self.get_queryset(request).select_related("content")

    @admin.display(description=_("Run"))
    def what(self, run: Run) -> str:
        """What is done."""
        return run.content.title

    @admin.display(description=_("Kind"))
    def kind_name(self, run: Run) -> str:
        """What sort of work it is."""
        return kinds.title_of(run.kind)

    @admin.display(description=_("State"))
    def status_badge(self, run: Run) -> SafeString:
        """Where it stands."""
        return cells.badge(run.status)

    @admin.display(description=_("Progress"))
    def progress(self, run: Run) -> SafeString:
        """How many of its steps are done."""
        if not run.total:
            return cells.NOTHING
        done = run.total if run.status == "succeeded" else run.done
        return format_html(
            '<progress max="{}" value="{}">{}</progress> <small>{} / {}</small>', run.total, done, done, done, run.total
        )

    @admin.display(description=_("Asked by"))
    def asked_by(self, run: Run) -> str:
        """Who asked."""
        return run.content.subject

    @admin.display(description=_("Asked"))
    def asked(self, run: Run) -> SafeString:
        """When it was asked."""
        return cells.instant(run.created_at)

    @admin.display(description=_("Ended"))
    def ended(self, run: Run) -> SafeString:
        """When it ended."""
        return cells.instant(run.finished_at)

    def page(self, request: HttpRequest, row: Run) -> dict[str, Any]:
        """Return what the page of one run shows."""
        return {
            "title": row.content.title,
            "content": row.content,
            "kind_name": self.kind_name(row),
            "progress": self.progress(row),
            "may_cancel": row.status in OPEN_STATUSES and may(request, _SCOPE),
        }

    def get_urls(self) -> list[URLPattern]:
        """Add the form that cancels."""
        view = self.admin_site.admin_view(self.cancel_view)
        return [path("<uuid:pk>/cancel/", view, name="policies_run_cancel"), *super().get_urls()]

    def cancel_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """End a run before its time."""
        run = self.find(request, str(pk))
        actor = require_actor(request, _SCOPE)
        deed = Deed(
            title=_("Cancel a run"),
            consequence=_("The worker stops at its next step, and nothing of this run is kept."),
            button=_("Cancel the run"),
        )
        back = reverse("admin:policies_run_change", args=[run.pk])
        act = partial(self._cancel, request, actor, run, back)
        return answer_form(self, request, Form(posted(request)), deed, act, back=back)

    @staticmethod
    def _cancel(request: HttpRequest, actor: Actor, run: Run, back: str, _said: dict[str, Any]) -> HttpResponse:
        runs.cancel(actor=actor, run=run, at=now())
        messages.success(request, _("The run was cancelled."))
        return HttpResponseRedirect(back)
