"""Artifacts: what may ship, where, and the evidence about each; the statuses come from the gates of this room."""

from functools import partial
from typing import Any, ClassVar
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, OuterRef, Q, QuerySet
from django.db.models.functions import JSONObject
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from gates.models import Decision, GateDecision, GateMode
from policies.models import Artifact
from policies.services.artifacts import assign_artifact
from stellapolicy.access.admin.acting import may, require_actor
from stellapolicy.access.roles import Scope
from stellapolicy.admin import cells
from stellapolicy.admin.base import PageAdmin, Section
from stellapolicy.admin.deeds import Deed, ReasonForm, answer_form, posted
from stellapolicy.admin.filters import PeriodFilter
from stellapolicy.admin.searching import digest_begins
from stellapolicy.admin.shim import RelatedFilter
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.clock import now
from stellapolicy.tenancy.models import Service

_SHOWN = 20
_ASSIGN = Scope.GOVERNANCE_WRITE


class AssignForm(ReasonForm):
    """Which service, and why."""

    service = forms.ModelChoiceField(
        label=_("Service"), queryset=Service.objects.order_by("slug"), required=False, empty_label=_("nobody's")
    )
    field_order = ["service", "reason"]


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

    def get_urls(self) -> list[URLPattern]:
        """Add the form that assigns."""
        view = self.admin_site.admin_view(self.assign_view)
        return [path("<uuid:pk>/assign/", view, name="policies_artifact_assign"), *super().get_urls()]

    def assign_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Say whose an artifact is."""
        artifact = self.find(request, str(pk))
        actor = require_actor(request, _ASSIGN)
        deed = Deed(
            title=_("Assign an artifact"),
            consequence=_(
                "It belongs to this service from now on, whatever its reports say; open conflicts are settled."
            ),
            button=_("Assign it"),
        )
        back = reverse("admin:policies_artifact_change", args=[artifact.pk])
        form = AssignForm(posted(request))
        return answer_form(self, request, form, deed, partial(self._assign, request, actor, artifact, back), back=back)

    @staticmethod
    def _assign(
        request: HttpRequest, actor: Actor, artifact: Artifact, back: str, said: dict[str, Any]
    ) -> HttpResponse:
        service = said["service"].slug if said["service"] else None
        assign_artifact(actor=actor, pk=artifact.pk, service=service, reason=said["reason"], at=now())
        messages.success(request, _("The artifact was assigned."))
        return HttpResponseRedirect(back)

    def page(self, request: HttpRequest, row: Artifact) -> dict[str, Any]:
        """Return decisions, evidence, builds and deployments of one artifact, the newest of each."""
        decisions = GateDecision.objects.filter(artifact=row).select_related("environment").defer("body", "inputs")
        return {
            "title": self.called(row),
            "statuses": self.statuses(row),
            "decisions": decisions[:_SHOWN],
            "snapshots": row.snapshots.defer("manifest")[:_SHOWN],
            "reports": row.reports.order_by("tool", "source_type", "-uploaded_at")[:_SHOWN],
            "builds": row.builds.order_by("-recorded_at")[:_SHOWN],
            "deployments": row.deployments.latest_first().select_related("environment")[:_SHOWN],
            "conflicts": row.conflicts.select_related("stated_service", "kept_service")[:_SHOWN],
            "may_assign": may(request, _ASSIGN),
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
