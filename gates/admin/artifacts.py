"""Artifacts: what may ship, where, and the evidence about each; the statuses come from the gates of this room."""

from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, OuterRef, Q, QuerySet
from django.db.models.functions import JSONObject
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from gates.models import Decision, GateDecision, GateMode
from policies.models import Artifact
from stellapolicy.admin import cells
from stellapolicy.admin.base import PageAdmin, Section
from stellapolicy.admin.filters import PeriodFilter
from stellapolicy.admin.searching import digest_begins
from stellapolicy.admin.shim import RelatedFilter

_SHOWN = 20


@admin.register(Artifact)
class ArtifactAdmin(PageAdmin[Artifact]):
    """Everything that ever wanted to ship."""

    section = Section.RELEASES
    icon = "package_2"
    place = 20
    empty_advice = _("An artifact is known from the first report or question about it.")
    page_template = "admin/gates/artifact.html"

    list_display = ("called", "content", "statuses", "service", "seen")
    list_filter: ClassVar = [("service", RelatedFilter), ("first_seen_at", PeriodFilter)]
    search_fields = ("digest",)
    search_help_text = _("Beginning of the name or of the digest")
    list_select_related = ("service",)
    sortable_by = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Artifact]:
        """Return the artifacts, each with its last decision in every environment."""
        last = (
            GateDecision.objects.filter(artifact=OuterRef("pk"))
            .order_by("environment__slug", "-created_at", "-id")
            .distinct("environment__slug")
            .values(found=JSONObject(id="id", decision="decision", mode="mode", environment=F("environment__name")))
        )
        return super().get_queryset(request).annotate(decided=ArraySubquery(last))

    def page_rows(self, request: HttpRequest) -> QuerySet[Artifact]:
        """Return the artifacts a page may be asked for."""
        return self.get_queryset(request).select_related("service__team")

    def get_search_results(
        self,
        request: HttpRequest,  # noqa: ARG002 - Django's signature
        queryset: QuerySet[Artifact],
        search_term: str,
    ) -> tuple[QuerySet[Artifact], bool]:
        """Return the artifacts whose name or digest begins so."""
        if not search_term:
            return queryset, False
        named = Q(name__startswith=search_term)
        digest = digest_begins("digest", search_term)
        return queryset.filter(named | digest if digest else named), False

    @admin.display(description=_("Artifact"))
    def called(self, artifact: Artifact) -> str:
        """Its name, else its digest."""
        return artifact.name or cells.short(artifact.digest)

    @admin.display(description=_("Digest"))
    def content(self, artifact: Artifact) -> SafeString:
        """The digest of its content."""
        return cells.digest(artifact.digest)

    @admin.display(description=_("May it ship?"))
    def statuses(self, artifact: Artifact) -> SafeString:
        """The last decision in every environment that was asked."""
        found: list[dict[str, str]] = getattr(artifact, "decided", [])
        if not found:
            return format_html('<span class="st-subtle">{}</span>', _("never asked"))
        return format_html(
            '<span class="st-stack">{}</span>', format_html_join("", "{}", ((_status(one),) for one in found))
        )

    @admin.display(description=_("First seen"))
    def seen(self, artifact: Artifact) -> SafeString:
        """When it was first heard of."""
        return cells.instant(artifact.first_seen_at)

    def page(self, request: HttpRequest, row: Artifact) -> dict[str, Any]:  # noqa: ARG002 - the floor's signature
        """Return decisions, snapshots and reports of one artifact, the newest of each."""
        decisions = GateDecision.objects.filter(artifact=row).select_related("environment").defer("body", "inputs")
        return {
            "title": self.called(row),
            "statuses": self.statuses(row),
            "decisions": decisions[:_SHOWN],
            "snapshots": row.snapshots.defer("manifest")[:_SHOWN],
            "reports": row.reports.all()[:_SHOWN],
            "history": f"{reverse('admin:gates_gatedecision_changelist')}?q={row.digest}",
        }


def _status(found: dict[str, str]) -> SafeString:
    """Return one environment with its last decision, linked to it; a gate that does not enforce would only block."""
    address = reverse("admin:gates_gatedecision_change", args=[found["id"]])
    would = found["decision"] == Decision.BLOCK and found["mode"] != GateMode.ENFORCE
    word = "would_block" if would else found["decision"]
    return format_html(
        '<a href="{}">{}</a>', address, cells.badge(word, f"{found['environment']}: {cells.spoken(word)}")
    )
