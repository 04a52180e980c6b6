"""The sidebar: the sections of the product, each with the pages that exist and that this person may open."""

from typing import TypedDict

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from stellapolicy.admin.base import PageAdmin, Section


class Item(TypedDict):
    """One link, as the theme wants it."""

    title: StrOrPromise
    icon: str
    link: str
    active: bool


class Group(TypedDict):
    """One heading with its links, as the theme wants it."""

    title: StrOrPromise
    separator: bool
    items: list[Item]


def sections(request: HttpRequest) -> list[Group]:
    """Return the sidebar of this request; a section without a page is left out."""
    home = reverse("admin:index")
    overview: Item = {"title": _("Overview"), "icon": "monitoring", "link": home, "active": request.path == home}
    groups: list[Group] = [{"title": "", "separator": False, "items": [overview]}]
    for section in Section:
        items = [item for page in _pages(request, section) for item in _items(request, page)]
        if items:
            groups.append({"title": section.value, "separator": True, "items": items})
    return groups


def _pages(request: HttpRequest, section: Section) -> list[PageAdmin[Model]]:
    site = admin.site._registry.values()  # noqa: SLF001 - the site has no other list of its pages
    pages = [page for page in site if isinstance(page, PageAdmin) and page.section is section]
    return sorted(
        (page for page in pages if page.has_module_permission(request)),
        key=lambda page: (page.place, str(page.opts.label_lower)),
    )


def _items(request: HttpRequest, page: PageAdmin[Model]) -> list[Item]:
    """Return the link to a list and those to its side pages; the longest address that fits is where one is."""
    known = [(page.heading, page.icon, page.address), *((one.title, one.icon, one.address) for one in page.side_pages)]
    here = max((link for *_, link in known if request.path.startswith(link)), key=len, default="")
    return [{"title": title, "icon": icon, "link": link, "active": link == here} for title, icon, link in known]
