"""The table of approval levels: what holds, every table that held, and the form that proposes another."""

import json
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, Final

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import URLPattern, path
from django.utils.safestring import SafeString
from django.utils.translation import gettext as translated
from django.utils.translation import gettext_lazy as _

from exceptions.errors import TableRefused
from exceptions.models import ApprovalTable
from exceptions.rules.level_table import PRESETS, LevelRule, read_levels, write_levels
from exceptions.selectors import levels
from exceptions.services.approval_levels import KIND, preset_of, propose_levels
from stellapolicy.access.admin.acting import may, require_actor
from stellapolicy.access.roles import Scope
from stellapolicy.admin import cells
from stellapolicy.admin.base import PageAdmin, Section
from stellapolicy.admin.deeds import REASON_LENGTH, Deed, answer_form, posted
from stellapolicy.governance.admin.approvals import page_of
from stellapolicy.governance.models import ApprovalRequest
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.kernel.clock import now
from stellapolicy.trust import strict_json

_SCOPE: Final = Scope.GOVERNANCE_WRITE
_OWN: Final = "own"
_LONGEST: Final = 50_000


class TableForm(forms.Form):
    """One of the shipped tables, or one of one's own as JSON."""

    preset = forms.ChoiceField(label=_("Table"), widget=forms.RadioSelect)
    levels = forms.CharField(
        label=_("My own, as JSON"),
        required=False,
        max_length=_LONGEST,
        widget=forms.Textarea(attrs={"rows": 16, "class": "st-input st-code", "spellcheck": "false"}),
        help_text=_("Begins with the table in force. It counts only where “as written below” is chosen."),
    )
    reason = forms.CharField(
        label=_("Reason"),
        max_length=REASON_LENGTH,
        widget=forms.Textarea(attrs={"rows": 3, "class": "st-input"}),
        help_text=_("Whoever confirms reads it."),
    )

    def __init__(self, data: QueryDict | None, *, current: Sequence[LevelRule]) -> None:
        text = json.dumps(write_levels(current), indent=2, ensure_ascii=False)
        super().__init__(data, initial={"levels": text, "preset": preset_of(current) or _OWN})
        preset = self.fields["preset"]
        if isinstance(preset, forms.ChoiceField):
            preset.choices = [*((name, cells.spoken(name)) for name in PRESETS), (_OWN, _("as written below"))]


@admin.register(ApprovalTable)
class ApprovalTableAdmin(PageAdmin[ApprovalTable]):
    """Who must agree to which exception, and how that came to be."""

    section = Section.EXCEPTIONS
    icon = "stairs"
    place = 20
    menu_title = _("Approval levels")
    row_title = _("Table of approval levels")
    empty_advice = _("Nobody has changed the table yet; the shipped one holds.")
    page_template = "admin/exceptions/level_table.html"
    list_before_template = "admin/exceptions/levels.html"

    list_display = ("called", "which", "proposed", "confirmed", "since")
    ordering = ("-version",)
    sortable_by = ()

    @admin.display(description=_("Version"))
    def called(self, row: ApprovalTable) -> str:
        """Which table."""
        return f"{row.version}"

    @admin.display(description=_("Table"))
    def which(self, row: ApprovalTable) -> str:
        """Whether it is a shipped one."""
        return preset_words(row.preset)

    @admin.display(description=_("Proposed by"))
    def proposed(self, row: ApprovalTable) -> str:
        """Who proposed it."""
        return row.proposed_by.removeprefix("user:")

    @admin.display(description=_("Confirmed by"))
    def confirmed(self, row: ApprovalTable) -> str:
        """Who confirmed it."""
        return row.confirmed_by.removeprefix("user:")

    @admin.display(description=_("Since"))
    def since(self, row: ApprovalTable) -> SafeString:
        """Since when."""
        return cells.instant(row.at)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Answer with the table in force, what waits, and below them the tables that held."""
        current = levels()
        shown = {
            "levels": lines_of(current),
            "called_now": preset_words(preset_of(current)),
            "waiting": list(ApprovalRequest.objects.undecided(at=now()).filter(kind=KIND).defer("payload")[:5]),
            "may_propose": may(request, _SCOPE),
        }
        return super().changelist_view(request, {**shown, **(extra_context or {})})

    def page(self, request: HttpRequest, row: ApprovalTable) -> dict[str, Any]:  # noqa: ARG002 - the floor's signature
        """Return what the page of one table shows."""
        newest = ApprovalTable.objects.order_by("-version").first()
        return {
            "title": f"{self.row_name} {row.version}",
            "levels": lines_of(read_levels(row.levels)),
            "is_current": newest is not None and newest.pk == row.pk,
            "called_now": preset_words(row.preset),
        }

    def get_urls(self) -> list[URLPattern]:
        """Add the form that proposes."""
        view = self.admin_site.admin_view(self.propose_view)
        return [path("propose/", view, name="exceptions_approvaltable_propose"), *super().get_urls()]

    def propose_view(self, request: HttpRequest) -> HttpResponse:
        """Propose another table."""
        actor = require_actor(request, _SCOPE)
        deed = Deed(
            title=_("Another table of approval levels"),
            consequence=_(
                "It decides who lets exceptions through. It holds once somebody else confirms it; requests that wait "
                "already keep the seats they were made with."
            ),
            button=_("Propose"),
            is_final=True,
        )
        form = TableForm(posted(request), current=levels())
        return answer_form(self, request, form, deed, partial(self._propose, request, actor), back=self.address)

    @staticmethod
    def _propose(request: HttpRequest, actor: Actor, asked: dict[str, Any]) -> HttpResponse:
        stated = _own(asked["levels"]) if asked["preset"] == _OWN else write_levels(PRESETS[asked["preset"]])
        waiting = propose_levels(actor=actor, levels=stated, reason=asked["reason"], at=now())
        messages.success(request, _("The change waits for somebody else."))
        return HttpResponseRedirect(page_of(waiting))


def preset_words(preset: str) -> str:
    """Return what a table is called."""
    return cells.spoken(preset) if preset else translated("its own")


def lines_of(table: Iterable[LevelRule]) -> list[dict[str, Any]]:
    """Return a table the way a page shows it."""
    return [
        {
            "level": rule.level.value.upper(),
            "people": rule.people,
            "seats": [
                (cells.spoken(seat.name), translated(" or ").join(map(cells.spoken, seat.roles)), seat.elsewhere)
                for seat in rule.seats
            ],
            "days": [(kind.value, length.days) for kind, length in rule.longest.items()],
            "needs": [name for name, is_needed in _needs(rule) if is_needed],
        }
        for rule in table
    ]


def _needs(rule: LevelRule) -> Iterable[tuple[str, bool]]:
    return (
        (translated("evidence for plans"), rule.needs_hook_for_plans),
        (translated("a ticket"), rule.needs_ticket),
        (translated("signed evidence"), rule.needs_signed_evidence),
    )


def _own(text: str) -> Sequence[JsonValue]:
    try:
        read = strict_json.loads(text.encode())
    except strict_json.NotJson as failure:
        raise TableRefused(f"this is no JSON: {failure}") from None
    if not isinstance(read, list):
        raise TableRefused("a list of levels is expected")
    return read
