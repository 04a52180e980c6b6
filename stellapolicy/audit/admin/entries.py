"""Every write of the tenant, newest first, and whether the chain that holds them is whole."""

from typing import Any, ClassVar

from django.apps import apps
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import NoReverseMatch, URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from stellapolicy.admin import cells
from stellapolicy.admin.base import PageAdmin, Section
from stellapolicy.admin.filters import PeriodFilter
from stellapolicy.admin.shim import WordFilter
from stellapolicy.audit import actions
from stellapolicy.audit.models import Entry
from stellapolicy.audit.selectors import verify
from stellapolicy.kernel.clock import now
from stellapolicy.tenancy.scope import current_tenant


class ActionFilter(WordFilter):
    """Narrows the trail to one kind of deed."""

    title = _("what was done")
    parameter_name = "did"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]) -> list[tuple[str, str]]:  # noqa: ARG002
        """Return every action the product records, in words."""
        return sorted(actions.known().items(), key=lambda known: known[1])

    def queryset(self, request: HttpRequest, queryset: QuerySet[Entry]) -> QuerySet[Entry]:  # noqa: ARG002 - Django's
        """Return the entries of the chosen action."""
        wanted = self.value()
        return queryset.filter(action=wanted) if wanted else queryset


@admin.register(Entry)
class EntryAdmin(PageAdmin[Entry]):
    """Entries are read and verified, never touched."""

    section = Section.GOVERNANCE
    icon = "history_edu"
    place = 90
    menu_title = _("Audit trail")
    row_title = _("Entry")
    empty_advice = _("Every write of the product appears here, with who did it, when and why.")
    page_template = "admin/audit/entry.html"

    list_display = ("number", "when", "actor", "deed", "about", "reason_given")
    list_filter: ClassVar = [ActionFilter, ("at", PeriodFilter)]
    search_fields = ("target_id__startswith", "actor", "request_id__exact")
    search_help_text = _("Actor, beginning of a target's id, or request id")
    sortable_by = ()
    list_before_template = "admin/audit/chain.html"

    @admin.display(description=_("No."))
    def number(self, entry: Entry) -> str:
        """The place in the chain."""
        return f"#{entry.seq}"

    @admin.display(description=_("When"))
    def when(self, entry: Entry) -> SafeString:
        """When it was done."""
        return cells.instant(entry.at)

    @admin.display(description=_("What"))
    def deed(self, entry: Entry) -> str:
        """What was done, in words."""
        return in_words(entry)

    @admin.display(description=_("About"))
    def about(self, entry: Entry) -> SafeString:
        """What it was done to, linked where it has a page."""
        return target(entry)

    @admin.display(description=_("Reason"))
    def reason_given(self, entry: Entry) -> str:
        """Why, where somebody said so."""
        return entry.reason or self.empty_value_display

    def get_urls(self) -> list[URLPattern]:
        """Add the verification of the chain."""
        verification = path(
            "verify/", self.admin_site.admin_view(self.verification_view), name="audit_entry_verification"
        )
        return [verification, *super().get_urls()]

    def verification_view(self, request: HttpRequest) -> HttpResponse:
        """Walk the whole chain and say what was found; it reads only, and is posted because it may take a while."""
        if request.method != "POST" or not self.has_view_permission(request):
            raise PermissionDenied
        found = verify(current_tenant())
        context = {"title": _("Verification of the chain"), "found": found, "at": now()}
        return self.answer(request, "admin/audit/verification.html", context)

    def page(self, request: HttpRequest, row: Entry) -> dict[str, Any]:  # noqa: ARG002 - the floor's signature
        """Return what the page of one entry shows."""
        return {"title": f"#{row.seq}", "deed": in_words(row), "about": target(row)}


def in_words(entry: Entry) -> str:
    """Return the words for what was done; an action no app knows any more is shown as it was recorded."""
    return actions.known().get(entry.action, entry.action)


def target(entry: Entry) -> SafeString:
    """Return what an entry is about, as a link where the admin has a page for it."""
    shown = cells.digest(entry.target_id) if ":" in entry.target_id else format_html("{}", entry.target_id)
    kind = _kind(entry.target_type)
    address = _address(entry)
    if address is None:
        return format_html('{} <span class="st-subtle">{}</span>', kind, shown)
    return format_html('<a class="st-link" href="{}">{}</a>', address, kind)


def _kind(target_type: str) -> str:
    """Return what a target is called: by its page, else as it was recorded."""
    try:
        page = admin.site._registry.get(apps.get_model(target_type))  # noqa: SLF001 - the site has no other list
    except (LookupError, ValueError):
        page = None
    return page.row_name if isinstance(page, PageAdmin) else capfirst(cells.spoken(target_type))


def _address(entry: Entry) -> str | None:
    try:
        return reverse(f"admin:{entry.target_type.replace('.', '_')}_change", args=[entry.target_id])
    except NoReverseMatch:
        return None
