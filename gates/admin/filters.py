"""What lists of the gates room can be narrowed to."""

from typing import Any

from django.contrib.admin import ModelAdmin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from gates.dashboard import standing_blocks
from gates.models import GateDecision
from stellapolicy.admin.shim import WordFilter


class TargetFilter(WordFilter):
    """Narrows decisions to the last one of each artifact and environment that blocks still."""

    title = _("what stands")
    parameter_name = "standing"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> list[tuple[str, str]]:  # noqa: ARG002
        """Return the one narrower view there is."""
        return [("blocked_now", str(_("Blocked now: no later decision about the same target")))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[GateDecision]) -> QuerySet[GateDecision]:  # noqa: ARG002
        """Return the decisions that stand and block."""
        if self.value() != "blocked_now":
            return queryset
        return queryset.filter(pk__in=standing_blocks().values("pk"))
