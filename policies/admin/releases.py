"""Deployments: what went where, when, and by whose word."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from policies.models import Deployment
from policies.selectors import current_deployments
from stellapolicy.admin import cells
from stellapolicy.admin.base import PageAdmin, Section
from stellapolicy.admin.filters import PeriodFilter
from stellapolicy.admin.searching import digest_begins
from stellapolicy.admin.shim import RelatedFilter

_SHOWN = 20


@admin.register(Deployment)
class DeploymentAdmin(PageAdmin[Deployment]):
    """What went where."""

    section = Section.RELEASES
    icon = "rocket_launch"
    place = 25
    empty_advice = _("Pipelines tell of a deployment by POST to /api/v1/deployments.")
    page_template = "admin/policies/deployment.html"

    list_display = ("called", "place_name", "owner", "happened", "told_by")
    list_filter: ClassVar = [
        ("environment", RelatedFilter),
        ("service", RelatedFilter),
        ("deployed_at", PeriodFilter),
    ]
    search_fields = ("artifact__digest",)
    search_help_text = _("Beginning of the artifact's digest")
    list_select_related = ("artifact", "environment", "service")
    sortable_by = ()

    def page_rows(self, request: HttpRequest) -> QuerySet[Deployment]:
        """Return the deployments a page may be asked for."""
        return self.get_queryset(request).select_related("artifact", "environment", "service__team")

    def get_search_results(
        self,
        request: HttpRequest,  # noqa: ARG002 - Django's signature
        queryset: QuerySet[Deployment],
        search_term: str,
    ) -> tuple[QuerySet[Deployment], bool]:
        """Return the deployments of artifacts whose digest begins so."""
        if not search_term:
            return queryset, False
        wanted = digest_begins("artifact__digest", search_term)
        return (queryset.filter(wanted) if wanted else queryset.none()), False

    @admin.display(description=_("Artifact"))
    def called(self, deployment: Deployment) -> str:
        """What went."""
        return deployment.artifact.name or cells.short(deployment.artifact.digest)

    @admin.display(description=_("To"))
    def place_name(self, deployment: Deployment) -> str:
        """Where it went."""
        return deployment.environment.name

    @admin.display(description=_("Service"))
    def owner(self, deployment: Deployment) -> str:
        """Whose it was at that time."""
        return deployment.service.name if deployment.service else ""

    @admin.display(description=_("When"))
    def happened(self, deployment: Deployment) -> SafeString:
        """When it went."""
        return cells.instant(deployment.deployed_at)

    @admin.display(description=_("Told by"))
    def told_by(self, deployment: Deployment) -> str:
        """Whose word it is."""
        return deployment.said_by

    def page(self, request: HttpRequest, row: Deployment) -> dict[str, Any]:  # noqa: ARG002 - the floor's signature
        """Return what the page of one deployment shows: whether it is the current one, and what else went there."""
        beside = Deployment.objects.of(service=row.service_id, environment=row.environment_id)
        return {
            "title": f"{self.called(row)} → {row.environment.name}",
            "is_current": current_deployments(environment=row.environment_id).filter(pk=row.pk).exists(),
            "others": beside.exclude(pk=row.pk).latest_first().select_related("artifact")[:_SHOWN],
        }
