"""The people of the tenant: who holds which role; made known, given roles and locked out through the services."""

from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.postgres.expressions import ArraySubquery
from django.core.exceptions import PermissionDenied
from django.db.models import OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from stellapolicy.access.admin.acting import may, require_actor
from stellapolicy.access.admin.forms import PersonForm, RoleForm
from stellapolicy.access.admin.membership import people_of_tenant
from stellapolicy.access.admin.tenants import answer_tenants
from stellapolicy.access.errors import TenantRefused
from stellapolicy.access.locks import locked_addresses
from stellapolicy.access.models import ApiToken, RoleAssignment, User
from stellapolicy.access.roles import Role, Scope
from stellapolicy.access.services.lockout import unlock_sign_in
from stellapolicy.access.services.people import assign_role, create_person, disable_person
from stellapolicy.admin import cells
from stellapolicy.admin.base import PageAdmin, Section
from stellapolicy.admin.deeds import Deed, ReasonForm, answer_form, posted
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.clock import now
from stellapolicy.tenancy.scope import current_tenant

_SCOPE = Scope.GOVERNANCE_WRITE


@admin.register(User)
class PersonAdmin(PageAdmin[User]):
    """Everybody who holds a role here; what they hold in other tenants is nobody's business."""

    section = Section.GOVERNANCE
    icon = "group"
    place = 10
    menu_title = _("People")
    row_title = _("Person")
    page_template = "admin/access/person.html"
    list_before_template = "admin/access/people.html"

    list_display = ("username", "full_name", "email", "roles_held", "state", "seen")
    search_fields = ("username__istartswith", "email__istartswith")
    search_help_text = _("Beginning of the name or the e-mail address")
    sortable_by = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:  # noqa: ARG002 - Django's signature
        """Return the people of the tenant with the names of their roles."""
        held = RoleAssignment.objects.filter(user=OuterRef("pk")).order_by("role").values("role").distinct()
        return people_of_tenant().annotate(held=ArraySubquery(held))

    @admin.display(description=_("Name"))
    def full_name(self, person: User) -> str:
        """The name people know."""
        return person.get_full_name() or str(self.empty_value_display)

    @admin.display(description=_("Roles"))
    def roles_held(self, person: User) -> SafeString:
        """The roles held in this tenant, for whatever part of it."""
        held: list[str] = getattr(person, "held", [])
        return format_html_join(" ", "{}", ((cells.badge(role),) for role in held))

    @admin.display(description=_("State"))
    def state(self, person: User) -> SafeString:
        """Whether the person may sign in."""
        return (
            cells.badge("live", str(_("active"))) if person.is_active else cells.badge("revoked", str(_("locked out")))
        )

    @admin.display(description=_("Last sign-in"))
    def seen(self, person: User) -> SafeString:
        """When the person last signed in with a password."""
        return cells.instant(person.last_login)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Answer with the list, and the button to make somebody known where one may."""
        return super().changelist_view(request, {"may_add": may(request, _SCOPE), **(extra_context or {})})

    def page(self, request: HttpRequest, row: User) -> dict[str, Any]:
        """Return roles and tokens of one person in this tenant."""
        return {
            "assignments": RoleAssignment.objects.of(row).select_related("team", "service"),
            "tokens": ApiToken.objects.of_tenant(current_tenant()).filter(user=row).live(at=now()),
            "may_change": may(request, _SCOPE),
            "locked_from": locked_addresses(row.username),
        }

    def get_urls(self) -> list[URLPattern]:
        """Add the forms."""
        view = self.admin_site.admin_view
        return [
            path("tenants/", view(self.tenants_view), name="access_tenants"),
            path("new/", view(self.create_view), name="access_user_new"),
            path("<uuid:pk>/role/", view(self.role_view), name="access_user_role"),
            path("<uuid:pk>/unlock/", view(self.unlock_view), name="access_user_unlock"),
            path("<uuid:pk>/lock/", view(self.lock_view), name="access_user_lock"),
            *super().get_urls(),
        ]

    def tenants_view(self, request: HttpRequest) -> HttpResponse:
        """Let somebody choose among their own tenants; a tenant that is not theirs is refused."""
        if not isinstance(request.user, User):
            raise PermissionDenied
        try:
            return answer_tenants(self, request, request.user)
        except TenantRefused as refused:
            raise PermissionDenied(refused.detail) from None

    def create_view(self, request: HttpRequest) -> HttpResponse:
        """Make somebody known, with a first role: without one a person belongs to no tenant."""
        actor = require_actor(request, _SCOPE)
        deed = Deed(
            title=_("New person"),
            consequence=_(
                "They can sign in at once and may do what the role brings. A role that can approve, activate, "
                "bypass, sign or govern waits until somebody else confirms it."
            ),
            button=_("Make known"),
        )
        form = PersonForm(posted(request))
        return answer_form(self, request, form, deed, partial(self._create, request, actor), back=self.address)

    def role_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Give somebody a further role."""
        actor, person = require_actor(request, _SCOPE), self.find(request, str(pk))
        deed = Deed(
            title=_("A role for %(name)s") % {"name": person.username},
            consequence=_(
                "It holds from their next request on, and stays until it is withdrawn. A role that can approve, "
                "activate, bypass, sign or govern waits until somebody else confirms it."
            ),
            button=_("Give the role"),
        )
        form = RoleForm(posted(request))
        return answer_form(
            self, request, form, deed, partial(self._assign, request, actor, person), back=page_of(person)
        )

    def lock_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Lock somebody out, with the reason."""
        actor, person = require_actor(request, _SCOPE), self.find(request, str(pk))
        deed = Deed(
            title=_("Lock out %(name)s") % {"name": person.username},
            consequence=_("Their sessions and every token that speaks for them are refused from the next request on."),
            button=_("Lock out"),
            is_final=True,
        )
        form = ReasonForm(posted(request))
        return answer_form(self, request, form, deed, partial(self._lock, request, actor, person), back=page_of(person))

    def unlock_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Let somebody try their password again, with the reason."""
        actor, person = require_actor(request, _SCOPE), self.find(request, str(pk))
        deed = Deed(
            title=_("Unlock the sign-in of %(name)s") % {"name": person.username},
            consequence=_("After too many wrong passwords they wait a quarter of an hour; this ends the wait."),
            button=_("Unlock"),
        )
        act = partial(self._unlock, request, actor, person)
        return answer_form(self, request, ReasonForm(posted(request)), deed, act, back=page_of(person))

    def _unlock(self, request: HttpRequest, actor: Actor, person: User, asked: dict[str, Any]) -> HttpResponse:
        unlock_sign_in(actor=actor, user=person, reason=asked["reason"], at=now())
        messages.success(request, _("%(name)s can sign in again.") % {"name": person.username})
        return HttpResponseRedirect(page_of(person))

    def _create(self, request: HttpRequest, actor: Actor, asked: dict[str, Any]) -> HttpResponse:
        person = create_person(
            actor=actor,
            username=asked["username"],
            email=asked["email"],
            full_name=asked["full_name"],
            password=asked["password"] or None,
            at=now(),
        )
        return self._assign(request, actor, person, asked)

    def _assign(self, request: HttpRequest, actor: Actor, person: User, asked: dict[str, Any]) -> HttpResponse:
        role = Role(asked["role"])
        grant = assign_role(actor=actor, user=person, role=role, team=asked["team"], service=asked["service"], at=now())
        named = {"name": person.username, "role": cells.spoken(role)}
        if grant.assignment is None:
            messages.warning(request, _("%(name)s will be %(role)s once somebody else confirms it.") % named)
        else:
            messages.success(request, _("%(name)s is now %(role)s.") % named)
        return HttpResponseRedirect(page_of(person) if self.get_queryset(request).contains(person) else self.address)

    def _lock(self, request: HttpRequest, actor: Actor, person: User, asked: dict[str, Any]) -> HttpResponse:
        disable_person(actor=actor, user=person, reason=asked["reason"], at=now())
        messages.success(request, _("%(name)s is locked out.") % {"name": person.username})
        return HttpResponseRedirect(page_of(person))


def page_of(person: User) -> str:
    """Return the address of a person's page."""
    return reverse("admin:access_user_change", args=[person.pk])
