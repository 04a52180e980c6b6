"""Teams, services and environments of the tenant, to read; their tables stand below the admin floor."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from stellapolicy.access.admin.acting import may
from stellapolicy.access.models import RoleAssignment
from stellapolicy.access.roles import Scope
from stellapolicy.admin import cells
from stellapolicy.admin.base import PageAdmin, Section
from stellapolicy.admin.shim import ChoicesFilter, RelatedFilter
from stellapolicy.tenancy.models import Environment, Service, Team


@admin.register(Team)
class TeamAdmin(PageAdmin[Team]):
    """Who owns services."""

    section = Section.GOVERNANCE
    icon = "diversity_3"
    place = 40
    is_catalogue = True
    empty_advice = _("A team owns services; roles can be given for a team.")
    page_template = "admin/access/team.html"

    list_display = ("name", "slug", "service_count")
    search_fields = ("slug__istartswith", "name__istartswith")
    sortable_by = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Team]:
        """Return the teams with how many services each owns."""
        return super().get_queryset(request).annotate(owned=Count("services"))

    @admin.display(description=_("Services"))
    def service_count(self, team: Team) -> int:
        """How many services the team owns."""
        owned: int = getattr(team, "owned", 0)
        return owned

    def page(self, request: HttpRequest, row: Team) -> dict[str, Any]:
        """Return the services of a team and, to who reads the whole tenant, who holds a role for it."""
        held = RoleAssignment.objects.filter(team=row).select_related("user")
        shown = held if may(request, Scope.GOVERNANCE_READ) else held.none()
        return {"services": row.services.order_by("slug"), "assignments": shown}


@admin.register(Service)
class ServiceAdmin(PageAdmin[Service]):
    """What ships."""

    section = Section.GOVERNANCE
    icon = "deployed_code"
    place = 50
    empty_advice = _("A service claims artifacts by the globs of their repositories.")
    page_template = "admin/access/service.html"

    list_display = ("name", "slug", "team", "criticality", "globs")
    list_filter: ClassVar = [("team", RelatedFilter)]
    search_fields = ("slug__istartswith", "name__istartswith")
    list_select_related = ("team",)
    sortable_by = ()

    def page_rows(self, request: HttpRequest) -> QuerySet[Service]:
        """Return the services a page may be asked for."""
        return self.get_queryset(request).select_related("team")

    @admin.display(description=_("Tier"))
    def criticality(self, service: Service) -> SafeString:
        """How much it matters: 0 the most."""
        return cells.badge("tier", f"{service.tier}")

    @admin.display(description=_("Repositories"))
    def globs(self, service: Service) -> SafeString:
        """Which artifacts it claims."""
        return format_html_join(", ", '<code class="st-code">{}</code>', ((glob,) for glob in service.repositories))

    def page(self, request: HttpRequest, row: Service) -> dict[str, Any]:  # noqa: ARG002 - the floor's signature
        """Return who holds a role for a service."""
        return {"assignments": RoleAssignment.objects.filter(service=row).select_related("user")}


@admin.register(Environment)
class EnvironmentAdmin(PageAdmin[Environment]):
    """Where artifacts go."""

    section = Section.GOVERNANCE
    icon = "dns"
    place = 60
    is_catalogue = True
    empty_advice = _("Bootstrap seeds production, staging and development.")
    page_template = "admin/access/environment.html"

    list_display = ("name", "slug", "tier_badge", "exposure", "runtime")
    list_filter: ClassVar = [("tier", ChoicesFilter)]
    search_fields = ("slug__istartswith", "name__istartswith")
    sortable_by = ()

    @admin.display(description=_("Tier"))
    def tier_badge(self, environment: Environment) -> SafeString:
        """What kind of place it is."""
        return cells.badge(environment.tier)
