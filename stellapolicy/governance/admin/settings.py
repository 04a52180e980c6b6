"""Settings: what holds, what waits, every value that held, and the form that proposes another."""

from functools import partial
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import URLPattern, path
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from stellapolicy.access.admin.acting import may, require_actor
from stellapolicy.access.roles import Scope
from stellapolicy.admin import cells
from stellapolicy.admin.base import PageAdmin, Section
from stellapolicy.admin.deeds import REASON_LENGTH, Deed, answer_form, posted
from stellapolicy.governance.admin.approvals import page_of
from stellapolicy.governance.errors import SettingUnknown
from stellapolicy.governance.models import GovernanceSetting
from stellapolicy.governance.services.settings import propose_setting, spoken_value
from stellapolicy.governance.settings_registry import Setting, SettingType, setting_named
from stellapolicy.governance.sheets import setting_sheets
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.clock import now

_SCOPE = Scope.GOVERNANCE_WRITE


class ProposalForm(forms.Form):
    """Another value, and why."""

    field_order = ["value", "reason"]
    reason = forms.CharField(
        label=_("Reason"),
        max_length=REASON_LENGTH,
        widget=forms.Textarea(attrs={"rows": 3, "class": "st-input"}),
        help_text=_("Whoever confirms reads it."),
    )

    def __init__(self, data: QueryDict | None, *, setting: Setting) -> None:
        super().__init__(data)
        self.fields["value"] = _field_of(setting)
        self.order_fields(self.field_order)


@admin.register(GovernanceSetting)
class GovernanceSettingAdmin(PageAdmin[GovernanceSetting]):
    """The rules of the house, and how they came to be."""

    section = Section.GOVERNANCE
    icon = "tune"
    place = 5
    menu_title = _("Settings")
    row_title = _("Value of a setting")
    empty_advice = _("Nobody has changed a setting yet; the defaults hold.")
    page_template = "admin/governance/setting.html"
    list_before_template = "admin/governance/settings.html"

    list_display = ("called", "number", "shown", "proposed_by", "confirmed_by", "since")
    list_filter: ClassVar = ["name"]
    search_fields = ("name__istartswith",)
    search_help_text = _("Beginning of the setting's name")
    ordering = ("-at", "-id")
    sortable_by = ()

    @admin.display(description=_("Setting"))
    def called(self, row: GovernanceSetting) -> str:
        """Which setting."""
        return title_of(row)

    @admin.display(description=_("Version"))
    def number(self, row: GovernanceSetting) -> str:
        """Which of its values."""
        return f"{row.version}"

    @admin.display(description=_("Value"))
    def shown(self, row: GovernanceSetting) -> str:
        """The value."""
        return spoken_value(row.value)

    @admin.display(description=_("Since"))
    def since(self, row: GovernanceSetting) -> SafeString:
        """Since when."""
        return cells.instant(row.at)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Answer with every setting, and below them the values that held."""
        sheets = [(sheet, spoken_value(sheet.value)) for sheet in setting_sheets(at=now())]
        shown = {"sheets": sheets, "may_propose": may(request, _SCOPE)}
        return super().changelist_view(request, {**shown, **(extra_context or {})})

    def page(self, request: HttpRequest, row: GovernanceSetting) -> dict[str, Any]:  # noqa: ARG002 - the floor's signature
        """Return what the page of one value shows."""
        history = GovernanceSetting.objects.history_of(row.name)[:20]
        return {
            "title": title_of(row),
            "value": spoken_value(row.value),
            "is_current": row.version == history[0].version,
            "history": [(each, spoken_value(each.value)) for each in history],
        }

    def get_urls(self) -> list[URLPattern]:
        """Add the form that proposes."""
        proposal = self.admin_site.admin_view(self.propose_view)
        return [path("propose/<slug:name>/", proposal, name="governance_setting_propose"), *super().get_urls()]

    def propose_view(self, request: HttpRequest, name: str) -> HttpResponse:
        """Propose another value of a setting."""
        actor = require_actor(request, _SCOPE)
        try:
            setting = setting_named(name)
        except SettingUnknown as unknown:
            raise Http404(unknown.detail) from None
        deed = Deed(
            title=setting.title,
            consequence=f"{setting.help} {_('The change holds once somebody else confirms it.')}",
            button=_("Propose"),
            is_final=setting.opens_gate,
        )
        form = ProposalForm(posted(request), setting=setting)
        return answer_form(self, request, form, deed, partial(self._propose, request, actor, name), back=self.address)

    def _propose(self, request: HttpRequest, actor: Actor, name: str, asked: dict[str, Any]) -> HttpResponse:
        waiting = propose_setting(actor=actor, name=name, value=asked["value"], reason=asked["reason"], at=now())
        messages.success(request, _("The change waits for somebody else."))
        return HttpResponseRedirect(page_of(waiting))


def title_of(row: GovernanceSetting) -> str:
    """Return what the setting of a value is called; one of a room that is gone keeps its name."""
    try:
        return str(setting_named(row.name).title)
    except SettingUnknown:
        return row.name


def _field_of(setting: Setting) -> forms.Field:
    """Return the field that asks for a value of the setting."""
    label = _("Value")
    match setting.type:
        case SettingType.BOOLEAN:
            switch = [("true", _("on")), ("false", _("off"))]
            return forms.TypedChoiceField(label=label, choices=switch, coerce=lambda text: text == "true")
        case SettingType.CHOICE:
            return forms.ChoiceField(label=label, choices=list(setting.choices.items()))
        case SettingType.INTEGER | SettingType.DURATION:
            return forms.IntegerField(
                label=label,
                min_value=setting.smallest,
                max_value=setting.largest,
                help_text=setting.values_in_words(),
            )
