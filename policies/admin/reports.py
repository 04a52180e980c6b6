"""Reports as they came: what was read, what was dropped, and how faithful the reading is."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from policies.admin.wording import size
from policies.models import Report
from stellapolicy.admin import cells
from stellapolicy.admin.base import PageAdmin, Section
from stellapolicy.admin.filters import PeriodFilter
from stellapolicy.admin.searching import digest_begins


@admin.register(Report)
class ReportAdmin(PageAdmin[Report]):
    """Every uploaded document that is part of the evidence."""

    section = Section.RELEASES
    icon = "description"
    place = 40
    empty_advice = _("Reports arrive with the question of a pipeline, or by POST to /api/v1/evidence.")
    page_template = "admin/policies/report.html"

    list_display = ("called", "made_by", "about", "records", "completeness", "scanned", "uploaded")
    list_filter: ClassVar = [("uploaded_at", PeriodFilter)]
    search_fields = ("digest",)
    search_help_text = _("Beginning of the report's digest, or the file's name")
    list_select_related = ("artifact",)
    sortable_by = ()

    def page_rows(self, request: HttpRequest) -> QuerySet[Report]:
        """Return the reports a page may be asked for."""
        return self.get_queryset(request).select_related("artifact")

    def get_search_results(
        self,
        request: HttpRequest,  # noqa: ARG002 - Django's signature
        queryset: QuerySet[Report],
        search_term: str,
    ) -> tuple[QuerySet[Report], bool]:
        """Return the reports whose digest begins so, or whose file is called so."""
        if not search_term:
            return queryset, False
        wanted = digest_begins("digest", search_term) or Q(filename=search_term)
        return queryset.filter(wanted | Q(filename=search_term)), False

    @admin.display(description=_("Report"))
    def called(self, report: Report) -> str:
        """Its file name, else its digest."""
        return report.filename or cells.short(report.digest)

    @admin.display(description=_("Made by"))
    def made_by(self, report: Report) -> str:
        """The tool that made it."""
        return f"{report.tool} {report.tool_version}".strip()

    @admin.display(description=_("About"))
    def about(self, report: Report) -> str:
        """The artifact it is evidence about."""
        return report.artifact.name or cells.short(report.artifact.digest)

    @admin.display(description=_("Records"))
    def records(self, report: Report) -> str:
        """How many components, findings and claims it yields."""
        return f"{report.record_count:,}"

    @admin.display(description=_("Whole"))
    def completeness(self, report: Report) -> SafeString:
        """Whether it admits to show only a part."""
        return cells.badge("partial") if report.fidelity.get("partial_reasons") else cells.badge("complete")

    @admin.display(description=_("Scanned"))
    def scanned(self, report: Report) -> SafeString:
        """When the scanner says it looked."""
        return cells.instant(report.scanned_at)

    @admin.display(description=_("Uploaded"))
    def uploaded(self, report: Report) -> SafeString:
        """When it came."""
        return cells.instant(report.uploaded_at)

    def page(self, request: HttpRequest, row: Report) -> dict[str, Any]:  # noqa: ARG002 - the floor's signature
        """Return what the page of one report shows."""
        return {
            "title": self.called(row),
            "made_by": self.made_by(row),
            "size": size(row.size_bytes),
            "subject": _stated(row.subject),
            "snapshots": row.snapshots.order_by("-created_at")[:20],
        }


def _stated(subject: dict[str, Any]) -> list[tuple[str, str]]:
    """Return what the report says it is about, without what it leaves out."""
    shown = [
        (name, ", ".join(map(_line, value)) if isinstance(value, list) else str(value))
        for name, value in subject.items()
    ]
    return [(cells.spoken(name), text) for name, text in shown if text]


def _line(value: Any) -> str:  # noqa: ANN401 - a part of a report's own words
    return "=".join(map(str, value)) if isinstance(value, list) else str(value)
