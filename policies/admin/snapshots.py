"""Snapshots: the immutable evidence about one artifact, with every finding, and proof that it is what was stored."""

from typing import Any, ClassVar
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from policies.errors import SnapshotTampered
from policies.importers.inventory import SOURCE as LISTED
from policies.models import Snapshot, SnapshotFinding, VexDocument
from policies.selectors import checked_whole
from stellapolicy.admin import cells
from stellapolicy.admin.base import PageAdmin, Section
from stellapolicy.admin.filters import PeriodFilter
from stellapolicy.admin.searching import digest_begins
from stellapolicy.kernel.severity import WORST_FIRST, Severity

_FINDINGS_PER_PAGE = 100
_PREFIX = "ksm:sha256:"
_CLAIMS_SHOWN = 100


@admin.register(Snapshot)
class SnapshotAdmin(PageAdmin[Snapshot]):
    """What was known of an artifact when a gate was asked."""

    section = Section.RELEASES
    icon = "photo_camera"
    place = 30
    empty_advice = _("The first report about an artifact makes the first snapshot.")
    page_template = "admin/policies/snapshot.html"

    list_display = ("short_name", "about", "scan", "found", "worst", "made")
    list_filter: ClassVar = [("created_at", PeriodFilter)]
    search_fields = ("name",)
    search_help_text = _("Beginning of the snapshot's name or of the artifact's digest")
    list_select_related = ("artifact",)
    sortable_by = ()

    def page_rows(self, request: HttpRequest) -> QuerySet[Snapshot]:
        """Return the snapshots a page may be asked for."""
        return self.get_queryset(request).select_related("artifact")

    def get_search_results(
        self,
        request: HttpRequest,  # noqa: ARG002 - Django's signature
        queryset: QuerySet[Snapshot],
        search_term: str,
    ) -> tuple[QuerySet[Snapshot], bool]:
        """Return the snapshots whose own name, or whose artifact's digest, begins so."""
        if not search_term:
            return queryset, False
        digits = search_term.removeprefix("ksm:").removeprefix("sha256:")
        own, artifact = digest_begins("name", digits, algorithm=_PREFIX), digest_begins("artifact__digest", digits)
        return (queryset.filter(own | artifact) if own and artifact else queryset.none()), False

    @admin.display(description=_("Snapshot"))
    def short_name(self, snapshot: Snapshot) -> str:
        """The beginning of its content name."""
        return cells.short(snapshot.name)

    @admin.display(description=_("About"))
    def about(self, snapshot: Snapshot) -> str:
        """The artifact it is evidence about."""
        return snapshot.artifact.name or cells.short(snapshot.artifact.digest)

    @admin.display(description=_("Scan"))
    def scan(self, snapshot: Snapshot) -> SafeString:
        """Whether the scan is there and whole."""
        return cells.badge(str(snapshot.evidence.get("scan", "unscanned")))

    @admin.display(description=_("Findings"))
    def found(self, snapshot: Snapshot) -> str:
        """How many findings it holds."""
        return f"{snapshot.counts.get('findings', 0):,}"

    @admin.display(description=_("Worst"))
    def worst(self, snapshot: Snapshot) -> SafeString:
        """How many of the worst severities."""
        counted = [
            (severity, number) for severity, number in by_severity(snapshot) if severity.rank >= Severity.HIGH.rank
        ]
        return format_html_join(" ", "{} {}", ((number, cells.severity(severity)) for severity, number in counted))

    @admin.display(description=_("Made"))
    def made(self, snapshot: Snapshot) -> SafeString:
        """When it was made."""
        return cells.instant(snapshot.created_at)

    def page(self, request: HttpRequest, row: Snapshot) -> dict[str, Any]:
        """Return what the page of one snapshot shows."""
        wanted = request.GET.get("severity", "")
        severity = wanted if wanted in set(Severity) else ""
        listed = request.GET.get("listed") == "1"
        return {
            "title": cells.short(row.name),
            "by_severity": by_severity(row),
            "severity_wanted": severity,
            "listed_wanted": listed,
            "by_kind": sorted(row.counts.get("by_kind", {}).items()),
            "documents": VexDocument.objects.filter(digest__in=[one["digest"] for one in row.manifest["sources"]]),
            "findings": _findings(row, severity=severity, listed=listed, number=request.GET.get("page")),
            "reports": row.reports.order_by("source_type", "digest"),
            "claims": row.statements.order_by("position")[:_CLAIMS_SHOWN],
            "claim_count": row.statements.count(),
        }

    def get_urls(self) -> list[URLPattern]:
        """Add the verification of the content."""
        verification = self.admin_site.admin_view(self.verification_view)
        return [path("<uuid:pk>/verify/", verification, name="policies_snapshot_verify"), *super().get_urls()]

    def verification_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Compute the digest over all findings and claims anew and say whether it is the stored one; reads only."""
        if request.method != "POST":
            raise PermissionDenied
        snapshot = self.find(request, str(pk))
        try:
            whole = checked_whole(snapshot)
        except SnapshotTampered as tampered:
            messages.error(request, _("The content was changed: %(detail)s.") % {"detail": tampered.detail})
        else:
            said = _(
                "Verified: %(findings)d findings, %(claims)d claims and %(components)d components are, byte for byte, "
                "what was stored."
            )
            numbers = {name: len(getattr(whole, name)) for name in ("findings", "claims", "components")}
            messages.success(request, said % numbers)
        return HttpResponseRedirect(reverse("admin:policies_snapshot_change", args=[snapshot.pk]))


def by_severity(snapshot: Snapshot) -> list[tuple[Severity, int]]:
    """Return how many findings of each severity there are, worst first."""
    counted = snapshot.counts.get("by_severity", {})
    return [(severity, counted[severity]) for severity in WORST_FIRST if counted.get(severity)]


def _findings(snapshot: Snapshot, *, severity: str, listed: bool, number: str | None) -> Page[SnapshotFinding]:
    """Return what was found, or what inventories merely list."""
    rows = snapshot.findings.order_by("position")
    if listed:
        rows, total = rows.filter(origin__sources=[LISTED]), snapshot.counts.get("listed", 0)
        return _CountedPaginator(rows, _FINDINGS_PER_PAGE, total=total).get_page(number)
    total = snapshot.counts.get("findings", 0)
    if snapshot.counts.get("listed"):
        rows = rows.exclude(origin__sources=[LISTED])
    if severity:
        rows, total = rows.filter(severity=severity), snapshot.counts.get("by_severity", {}).get(severity, 0)
    return _CountedPaginator(rows, _FINDINGS_PER_PAGE, total=total).get_page(number)


class _CountedPaginator(Paginator[SnapshotFinding]):
    """The snapshot knows its numbers; nothing is counted again."""

    def __init__(self, rows: QuerySet[SnapshotFinding], per_page: int, *, total: int) -> None:
        super().__init__(rows, per_page)
        self._total = total

    @property
    def count(self) -> int:
        """How many findings there are."""
        return self._total
