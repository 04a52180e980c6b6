"""Where each pack applies."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from policies.models import PackBinding
from stellapolicy.admin import cells
from stellapolicy.admin.base import PageAdmin, Section


@admin.register(PackBinding)
class PackBindingAdmin(PageAdmin[PackBinding]):
    """Which pack decides where; an environment without one of its own is decided by the tenant's."""

    section = Section.POLICIES
    is_catalogue = True
    icon = "conversion_path"
    place = 30
    menu_title = _("Where packs apply")
    row_title = _("Place of a pack")
    empty_advice = _("Without a binding no gate can decide; bootstrap binds the baseline to the whole tenant.")
    page_template = "admin/policies/binding.html"

    list_display = ("pack", "where", "since")
    list_select_related = ("pack", "environment")
    sortable_by = ()

    def page_rows(self, request: HttpRequest) -> QuerySet[PackBinding]:
        """Return the bindings a page may be asked for."""
        return self.get_queryset(request).select_related("pack", "environment")

    @admin.display(description=_("Applies in"))
    def where(self, binding: PackBinding) -> str:
        """The environment, or all of them."""
        return binding.environment.name if binding.environment else str(_("every environment without its own"))

    @admin.display(description=_("Since"))
    def since(self, binding: PackBinding) -> SafeString:
        """Since when."""
        return cells.instant(binding.created_at)

    def page(self, request: HttpRequest, row: PackBinding) -> dict[str, Any]:  # noqa: ARG002 - the floor's signature
        """Return the revision in force there."""
        return {"where": self.where(row), "active": row.pack.revisions.filter(state="active").first()}
