"""Roles held: who holds what, for which part of the tenant, given by whom; withdrawn with a reason."""

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
from stellapolicy.access.models import RoleAssignment
from stellapolicy.access.roles import POWERS, Role, Scope
from stellapolicy.access.services.people import withdraw_role
from stellapolicy.admin import cells
from stellapolicy.admin.base import PageAdmin, Section
from stellapolicy.admin.deeds import Deed, ReasonForm, answer_form, posted
from stellapolicy.admin.shim import ChoicesFilter, RelatedFilter
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.clock import now

_SCOPE = Scope.GOVERNANCE_WRITE


@admin.register(RoleAssignment)
class RoleAssignmentAdmin(PageAdmin[RoleAssignment]):
    """Who may do what here."""

    section = Section.GOVERNANCE
    icon = "badge"
    place = 20
    menu_title = _("Roles held")
    row_title = _("Role held")
    page_template = "admin/access/assignment.html"

    list_display = ("person", "role_held", "reach", "granted_by", "since")
    list_filter: ClassVar = [("role", ChoicesFilter), ("team", RelatedFilter), ("service", RelatedFilter)]
    search_fields = ("user__username__istartswith",)
    search_help_text = _("Beginning of the person's name")
    list_select_related = ("user", "team", "service")
    sortable_by = ()

    def page_rows(self, request: HttpRequest) -> QuerySet[RoleAssignment]:
        """Return the roles a page may be asked for."""
        return self.get_queryset(request).select_related("user", "team", "service")

    @admin.display(description=_("Person"))
    def person(self, held: RoleAssignment) -> str:
        """Who holds it."""
        return held.user.username

    @admin.display(description=_("Role"))
    def role_held(self, held: RoleAssignment) -> SafeString:
        """Which role."""
        return cells.badge(held.role)

    @admin.display(description=_("For"))
    def reach(self, held: RoleAssignment) -> str:
        """What it is held for."""
        return reach_of(held)

    @admin.display(description=_("Since"))
    def since(self, held: RoleAssignment) -> SafeString:
        """Since when."""
        return cells.instant(held.granted_at)

    def page(self, request: HttpRequest, row: RoleAssignment) -> dict[str, Any]:
        """Return what the role brings."""
        role = Role(row.role)
        return {
            "title": f"{row.user.username}: {cells.spoken(role)}",
            "role": cells.spoken(role),
            "reach": reach_of(row),
            "scopes": sorted(POWERS[role].scopes),
            "may_withdraw": may(request, _SCOPE),
        }

    def get_urls(self) -> list[URLPattern]:
        """Add the form that withdraws."""
        withdrawal = self.admin_site.admin_view(self.withdraw_view)
        return [path("<uuid:pk>/withdraw/", withdrawal, name="access_roleassignment_withdraw"), *super().get_urls()]

    def withdraw_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Withdraw a role, with the reason."""
        actor, held = require_actor(request, _SCOPE), self.find(request, str(pk))
        named = {"name": held.user.username, "role": cells.spoken(held.role)}
        deed = Deed(
            title=_("%(name)s: no longer %(role)s") % named,
            consequence=_("From their next request on, they and their tokens lack what this role alone brought."),
            button=_("Withdraw the role"),
            is_final=True,
        )
        form = ReasonForm(posted(request))
        back = reverse("admin:access_roleassignment_change", args=[held.pk])
        return answer_form(self, request, form, deed, partial(self._withdraw, request, actor, held), back=back)

    def _withdraw(
        self, request: HttpRequest, actor: Actor, held: RoleAssignment, asked: dict[str, Any]
    ) -> HttpResponse:
        withdraw_role(actor=actor, pk=held.pk, reason=asked["reason"], at=now())
        messages.success(request, _("The role is withdrawn."))
        return HttpResponseRedirect(self.address)


def reach_of(held: RoleAssignment) -> str:
    """Return what a role is held for, in words."""
    if held.service is not None:
        return held.service.name
    if held.team is not None:
        return str(_("services of %(team)s") % {"team": held.team.name})
    return str(_("the whole tenant"))
