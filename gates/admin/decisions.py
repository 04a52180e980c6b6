"""Decisions: the list, the page that says why, the trace of one finding, and the proof by replay."""

from typing import Any, ClassVar
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from gates.admin import decision_page, explanation
from gates.admin.filters import TargetFilter
from gates.errors import FindingUnknown
from gates.models import GateDecision
from gates.selectors import links_of
from gates.services.replay import explain_finding, replay
from policies.errors import SnapshotTampered
from stellapolicy.access.roles import Scope
from stellapolicy.admin import cells
from stellapolicy.admin.base import PageAdmin, Section
from stellapolicy.admin.filters import PeriodFilter
from stellapolicy.admin.searching import digest_begins
from stellapolicy.admin.shim import ChoicesFilter, RelatedFilter
from stellapolicy.api.permissions import actor_of


@admin.register(GateDecision)
class GateDecisionAdmin(PageAdmin[GateDecision]):
    """Every answer a gate ever gave; none can change."""

    section = Section.RELEASES
    icon = "gavel"
    place = 10
    menu_title = _("Decisions")
    row_title = _("Decision")
    empty_advice = _("Ask a gate: a pipeline does it with the client, a person with `manage.py gate`.")
    page_template = "admin/gates/decision.html"

    list_display = ("verdict", "about", "where", "first_cause", "mode_badge", "made")
    list_display_links = ("verdict", "about")
    list_filter: ClassVar = [
        ("decision", ChoicesFilter),
        TargetFilter,
        ("environment", RelatedFilter),
        ("created_at", PeriodFilter),
    ]
    search_fields = ("artifact__digest",)
    search_help_text = _("Artifact: beginning of its digest or name")
    list_select_related = ("artifact", "environment")
    sortable_by = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[GateDecision]:
        """Return the decisions without their bodies, which only a page shows."""
        return super().get_queryset(request).defer("body", "inputs")

    def page_rows(self, request: HttpRequest) -> QuerySet[GateDecision]:
        """Return the decisions a page may be asked for."""
        rows = super().get_queryset(request)
        return rows.select_related("artifact", "environment", "gate", "snapshot")

    def get_search_results(
        self,
        request: HttpRequest,  # noqa: ARG002 - Django's signature
        queryset: QuerySet[GateDecision],
        search_term: str,
    ) -> tuple[QuerySet[GateDecision], bool]:
        """Return the decisions about artifacts whose digest or name begins so."""
        if not search_term:
            return queryset, False
        named = Q(artifact__name__startswith=search_term)
        digest = digest_begins("artifact__digest", search_term)
        return queryset.filter(named | digest if digest else named), False

    @admin.display(description=_("Decision"))
    def verdict(self, decision: GateDecision) -> SafeString:
        """The answer."""
        return cells.badge(decision.decision)

    @admin.display(description=_("Artifact"))
    def about(self, decision: GateDecision) -> str:
        """What wanted to ship."""
        return decision.artifact.name or cells.short(decision.artifact.digest)

    @admin.display(description=_("To"))
    def where(self, decision: GateDecision) -> str:
        """Where to."""
        return decision.environment.name

    @admin.display(description=_("Blocked by"))
    def first_cause(self, decision: GateDecision) -> str:
        """The first check that blocked."""
        return cells.spoken(decision.blocked_by) or str(self.empty_value_display)

    @admin.display(description=_("Gate"))
    def mode_badge(self, decision: GateDecision) -> SafeString:
        """Whether the gate enforces."""
        return cells.badge(decision.mode)

    @admin.display(description=_("When"))
    def made(self, decision: GateDecision) -> SafeString:
        """When it was made."""
        return cells.instant(decision.created_at)

    def page(self, request: HttpRequest, row: GateDecision) -> dict[str, Any]:
        """Return what the page of one decision shows."""
        page = decision_page.page_of(row)
        return {
            "title": f"{page.headline}: {self.about(row)}",
            "page": page,
            "view": page.view,
            "links": links_of(row),
            "may_request": _may_request(request),
            "permalink": request.build_absolute_uri(reverse("admin:gates_gatedecision_change", args=[row.pk])),
        }

    def get_urls(self) -> list[URLPattern]:
        """Add the trace of a finding and the replay."""
        view = self.admin_site.admin_view
        return [
            path("<uuid:pk>/explain/", view(self.explain_view), name="gates_gatedecision_explain"),
            path("<uuid:pk>/replay/", view(self.replay_view), name="gates_gatedecision_replay"),
            *super().get_urls(),
        ]

    def explain_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Answer with every rule's part in the verdict of one finding."""
        decision = self.find(request, str(pk))
        try:
            explained = explain_finding(decision, request.GET.get("finding", ""))
        except FindingUnknown as unknown:
            raise Http404(unknown.detail) from None
        except SnapshotTampered as tampered:
            return self._tampered(request, decision, tampered)
        shown = explanation.page_of(explained)
        context = {"title": _("Why %(name)s") % {"name": shown.name}, "shown": shown, "about": self.about(decision)}
        return self.answer(request, "admin/gates/explanation.html", context, row=decision)

    def replay_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Decide again from what was frozen and say whether it is the same, byte for byte; reads only."""
        if request.method != "POST":
            raise PermissionDenied
        decision = self.find(request, str(pk))
        try:
            repeated = replay(decision)
        except SnapshotTampered as tampered:
            return self._tampered(request, decision, tampered)
        differences = [
            (pointer, cells.written(kept), cells.written(now))
            for pointer, kept, now in repeated.differences[: decision_page.ROWS]
        ]
        context = {
            "title": _("Replay"),
            "repeated": repeated,
            "differences": differences,
            "about": self.about(decision),
        }
        return self.answer(request, "admin/gates/replay.html", context, row=decision)

    def _tampered(self, request: HttpRequest, decision: GateDecision, tampered: SnapshotTampered) -> HttpResponse:
        context = {"title": _("The evidence was changed"), "tampered": tampered.detail, "about": self.about(decision)}
        return self.answer(request, "admin/gates/replay.html", context, row=decision)


def _may_request(request: HttpRequest) -> bool:
    """Whether somebody may ask for an exception anywhere: nobody is offered what they may not."""
    actor = actor_of(request)
    return actor is not None and actor.holds_anywhere(Scope.EXCEPTION_WRITE)
