"""The queue: where each job stands, how often it was tried, and the decision it led to."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from gates.models import GateJob
from stellapolicy.admin import cells
from stellapolicy.admin.base import PageAdmin, Section
from stellapolicy.admin.filters import PeriodFilter
from stellapolicy.admin.shim import ChoicesFilter
from stellapolicy.tenancy.scope import current_tenant


@admin.register(GateJob)
class GateJobAdmin(PageAdmin[GateJob]):
    """Questions that wait, run, or were answered."""

    section = Section.RELEASES
    icon = "queue"
    place = 50
    menu_title = _("Queue")
    row_title = _("Question in the queue")
    empty_advice = _("Questions asked with --queue, or by POST to /api/v1/gates/jobs, wait here for a worker.")
    page_template = "admin/gates/job.html"

    list_display = ("called", "status_badge", "question", "tries", "outcome", "asked", "ended")
    list_filter: ClassVar = [("status", ChoicesFilter), ("created_at", PeriodFilter)]
    list_select_related = ("request__decision",)
    sortable_by = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[GateJob]:
        """Return the jobs of the tenant: the table stands outside row-level security."""
        rows = super().get_queryset(request).filter(tenant_id=current_tenant())
        return rows.defer("request__decision__body", "request__decision__inputs")

    def page_rows(self, request: HttpRequest) -> QuerySet[GateJob]:
        """Return the jobs a page may be asked for."""
        return self.get_queryset(request).select_related("request__decision")

    @admin.display(description=_("Job"))
    def called(self, job: GateJob) -> str:
        """The end of its id, which differs between neighbours."""
        return f"…{str(job.pk)[-12:]}"

    @admin.display(description=_("State"))
    def status_badge(self, job: GateJob) -> SafeString:
        """Where it stands."""
        return cells.badge(job.status)

    @admin.display(description=_("Question"))
    def question(self, job: GateJob) -> str:
        """What is asked."""
        asked = job.request.question
        name = asked["artifact"]["name"] or cells.short(asked["artifact"]["digest"])
        return f"{name} → {asked['environment']}"

    @admin.display(description=_("Tried"))
    def tries(self, job: GateJob) -> str:
        """How often a worker tried."""
        return f"{job.attempts}"

    @admin.display(description=_("Outcome"))
    def outcome(self, job: GateJob) -> SafeString:
        """The decision, or the code of the failure."""
        decision = job.request.decision
        if decision is not None:
            address = reverse("admin:gates_gatedecision_change", args=[decision.pk])
            return format_html('<a href="{}">{}</a>', address, cells.badge(decision.decision))
        code = job.request.failure.get("code")
        return format_html('<code class="st-code">{}</code>', code) if code else cells.NOTHING

    @admin.display(description=_("Asked"))
    def asked(self, job: GateJob) -> SafeString:
        """When it was asked."""
        return cells.instant(job.created_at)

    @admin.display(description=_("Ended"))
    def ended(self, job: GateJob) -> SafeString:
        """When it ended."""
        return cells.instant(job.finished_at)

    def page(self, request: HttpRequest, row: GateJob) -> dict[str, Any]:  # noqa: ARG002 - the floor's signature
        """Return what the page of one job shows."""
        return {"title": self.question(row), "content": row.request, "outcome": self.outcome(row)}
