"""Groups of the identity provider and the roles they bring: asked for here, confirmed by a second person."""

from functools import partial
from typing import Any, ClassVar
from uuid import UUID

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from stellapolicy.access.admin.acting import may, require_actor
from stellapolicy.access.admin.trust_forms import MappingForm
from stellapolicy.access.models import GroupMapping, RoleAssignment
from stellapolicy.access.roles import POWERS, Role, Scope
from stellapolicy.access.services.group_mappings import map_group, unmap_group
from stellapolicy.access.services.provisioning import GIVEN_BY
from stellapolicy.admin import cells
from stellapolicy.admin.base import PageAdmin, Section
from stellapolicy.admin.deeds import Deed, ReasonForm, answer_form, posted
from stellapolicy.admin.shim import ChoicesFilter
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.clock import now

_SCOPE = Scope.GOVERNANCE_WRITE


@admin.register(GroupMapping)
class GroupMappingAdmin(PageAdmin[GroupMapping]):
    """Which groups hold which roles here."""

    section = Section.GOVERNANCE
    icon = "groups_3"
    place = 25
    menu_title = _("Groups' roles")
    row_title = _("Role of a group")
    empty_advice = _(
        "With an identity provider, a group can bring a role: whoever joins or leaves it needs nobody here."
    )
    page_template = "admin/access/mapping.html"
    list_before_template = "admin/access/mappings.html"

    list_display = ("group", "role_held", "reach", "created_by", "since")
    list_filter: ClassVar = [("role", ChoicesFilter)]
    search_fields = ("group__istartswith",)
    search_help_text = _("Beginning of the group's name")
    list_select_related = ("team", "service")
    sortable_by = ()

    def page_rows(self, request: HttpRequest) -> QuerySet[GroupMapping]:
        """Return the mappings a page may be asked for."""
        return self.get_queryset(request).select_related("team", "service")

    @admin.display(description=_("Role"))
    def role_held(self, mapping: GroupMapping) -> SafeString:
        """Which role."""
        return cells.badge(mapping.role)

    @admin.display(description=_("For"))
    def reach(self, mapping: GroupMapping) -> str:
        """What it is held for."""
        return reach_of(mapping)

    @admin.display(description=_("Since"))
    def since(self, mapping: GroupMapping) -> SafeString:
        """Since when."""
        return cells.instant(mapping.created_at)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Answer with the list, and the button to map a group where somebody may."""
        return super().changelist_view(request, {"may_map": may(request, _SCOPE), **(extra_context or {})})

    def page(self, request: HttpRequest, row: GroupMapping) -> dict[str, Any]:
        """Return what the role brings, and who holds it by this group."""
        held = RoleAssignment.objects.filter(
            granted_by=f"{GIVEN_BY}{row.group}", role=row.role, team=row.team, service=row.service
        )
        return {
            "title": f"{row.group}: {cells.spoken(row.role)}",
            "role": cells.spoken(row.role),
            "reach": reach_of(row),
            "scopes": sorted(POWERS[Role(row.role)].scopes),
            "assignments": held.select_related("user"),
            "may_remove": may(request, _SCOPE),
        }

    def get_urls(self) -> list[URLPattern]:
        """Add the two forms."""
        view = self.admin_site.admin_view
        return [
            path("map/", view(self.map_view), name="access_groupmapping_map"),
            path("<uuid:pk>/remove/", view(self.remove_view), name="access_groupmapping_remove"),
            *super().get_urls(),
        ]

    def map_view(self, request: HttpRequest) -> HttpResponse:
        """Ask for a role for a group."""
        actor = require_actor(request, _SCOPE)
        deed = Deed(
            title=_("A role for a group"),
            consequence=_(
                "Whoever is in the group holds the role from their next sign-in on. A second person confirms."
            ),
            button=_("Ask for it"),
        )
        form = MappingForm(posted(request))
        return answer_form(self, request, form, deed, partial(self._map, request, actor), back=self.address)

    def remove_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Take a role from a group, with the reason."""
        actor, mapping = require_actor(request, _SCOPE), self.find(request, str(pk))
        named = {"group": mapping.group, "role": cells.spoken(mapping.role)}
        deed = Deed(
            title=_("%(group)s: no longer %(role)s") % named,
            consequence=_("Whoever holds the role by this group loses it at once."),
            button=_("Remove"),
            is_final=True,
        )
        back = reverse("admin:access_groupmapping_change", args=[mapping.pk])
        act = partial(self._remove, request, actor, mapping)
        return answer_form(self, request, ReasonForm(posted(request)), deed, act, back=back)

    def _map(self, request: HttpRequest, actor: Actor, asked: dict[str, Any]) -> HttpResponse:
        grant = map_group(
            actor=actor,
            group=asked["group"],
            role=Role(asked["role"]),
            team=asked["team"],
            service=asked["service"],
            reason=asked["reason"],
            at=now(),
        )
        said = _("The group brings the role now.") if grant.mapping else _("It waits for a second person.")
        messages.success(request, said)
        return HttpResponseRedirect(self.address)

    def _remove(self, request: HttpRequest, actor: Actor, mapping: GroupMapping, asked: dict[str, Any]) -> HttpResponse:
        unmap_group(actor=actor, pk=mapping.pk, reason=asked["reason"], at=now())
        messages.success(request, _("The group brings the role no longer."))
        return HttpResponseRedirect(self.address)


def reach_of(mapping: GroupMapping) -> str:
    """Return what the role is held for, in words."""
    if mapping.service is not None:
        return mapping.service.name
    if mapping.team is not None:
        return str(_("services of %(team)s") % {"team": mapping.team.name})
    return str(_("the whole tenant"))
