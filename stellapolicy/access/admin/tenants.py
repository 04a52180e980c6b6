"""Which of their tenants somebody works in, chosen for the session; and what stands in their own menu."""

from typing import TypedDict

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from stellapolicy.access.models import User
from stellapolicy.access.selectors import Membership, tenants_of
from stellapolicy.access.sign_in import choose_tenant
from stellapolicy.admin.base import PageAdmin
from stellapolicy.tenancy.scope import current_tenant


class Link(TypedDict):
    """One line of the menu, as the theme wants it."""

    title: StrOrPromise
    link: str


def account_links(request: HttpRequest) -> list[Link]:
    """Return the menu of the person who is signed in."""
    links: list[Link] = [{"title": _("Change tenant"), "link": reverse("admin:access_tenants")}]
    if isinstance(request.user, User) and request.user.has_usable_password():
        links.append({"title": _("Change password"), "link": reverse("admin:password_change")})
    return links


def answer_tenants(page: PageAdmin[User], request: HttpRequest, person: User) -> HttpResponse:
    """Show the tenants of a person, or remember for this session the one they chose.

    Raises TenantRefused where they chose one that is not theirs.
    """
    memberships: tuple[Membership, ...] = tenants_of(person)
    if request.method == "POST":
        chosen = choose_tenant(request.session, person, request.POST.get("tenant", ""))
        messages.success(request, _("You work in %(tenant)s now.") % {"tenant": chosen.name})
        return HttpResponseRedirect(reverse("admin:index"))
    context = {"title": _("Change tenant"), "memberships": memberships, "current": current_tenant()}
    return page.answer(request, "admin/access/tenants.html", context)
