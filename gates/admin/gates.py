"""Gates: the chain of checks before each environment, every version of it."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from gates.models import Gate
from stellapolicy.admin import cells
from stellapolicy.admin.base import PageAdmin, Section
from stellapolicy.admin.shim import BooleanFilter, ChoicesFilter, RelatedFilter

_MODES = {
    "observe": _("Shows what it would decide; no pipeline is ever stopped."),
    "warn": _("Turns every block into a warning."),
    "enforce": _("A block stops the pipeline."),
}


@admin.register(Gate)
class GateAdmin(PageAdmin[Gate]):
    """What stands before each environment."""

    section = Section.POLICIES
    is_catalogue = True
    icon = "traffic"
    place = 40
    empty_advice = _("Bootstrap puts a gate before every environment.")
    page_template = "admin/gates/gate.html"

    list_display = ("called", "mode_badge", "preset", "number", "currency", "checks", "made")
    list_filter: ClassVar = [("environment", RelatedFilter), ("mode", ChoicesFilter), ("is_current", BooleanFilter)]
    list_select_related = ("environment",)
    ordering = ("-is_current", "environment__slug", "name", "-version")
    sortable_by = ()

    def page_rows(self, request: HttpRequest) -> QuerySet[Gate]:
        """Return the gates a page may be asked for."""
        return self.get_queryset(request).select_related("environment")

    @admin.display(description=_("Gate"))
    def called(self, gate: Gate) -> str:
        """Its environment and name."""
        return str(gate)

    @admin.display(description=_("Mode"))
    def mode_badge(self, gate: Gate) -> SafeString:
        """What its verdict does."""
        return cells.badge(gate.mode)

    @admin.display(description=_("Version"))
    def number(self, gate: Gate) -> str:
        """Its version."""
        return f"{gate.version}"

    @admin.display(description=_("Current"))
    def currency(self, gate: Gate) -> SafeString:
        """Whether it decides, or is kept to explain older decisions."""
        return (
            cells.badge("active", str(_("in force")))
            if gate.is_current
            else cells.badge("archived", str(_("replaced")))
        )

    @admin.display(description=_("Checks"))
    def checks(self, gate: Gate) -> str:
        """How many checks it chains."""
        return f"{len(gate.chain)}"

    @admin.display(description=_("Since"))
    def made(self, gate: Gate) -> SafeString:
        """Since when."""
        return cells.instant(gate.created_at)

    def page(self, request: HttpRequest, row: Gate) -> dict[str, Any]:  # noqa: ARG002 - the floor's signature
        """Return the chain in words."""
        versions = Gate.objects.filter(environment=row.environment, name=row.name).order_by("-version")
        chain = [(cells.spoken(step["check"]), _options(step.get("options", {}))) for step in row.chain]
        return {"title": str(row), "chain": chain, "mode_words": _MODES[row.mode], "versions": versions[:20]}


def _options(stated: dict[str, Any]) -> list[tuple[str, Any]]:
    """Return the options of a check that say something, by name."""
    return sorted((name, value) for name, value in stated.items() if value is not None)
