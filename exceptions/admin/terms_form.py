"""The fields of terms: what an exception is about, until when, why, what holds meanwhile and what makes it void."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Self, cast

from django import forms
from django.forms import BoundField
from django.http import QueryDict
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from exceptions.admin.forms import day_field, lines, rationale_field
from exceptions.admin.scope_form import ScopeForm, lines_field, written
from exceptions.admin.wording import ACTIONS, condition_kind
from exceptions.rules.conditions import THRESHOLDS, Condition, ConditionKind, read_conditions
from exceptions.rules.vocabulary import KIND_OF, Effect, ExceptionType, Kind, Reason
from exceptions.selectors.offers import Situation
from stellapolicy.admin import cells
from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.kernel.refusals import Fault
from stellapolicy.tenancy.models import Team

OWN: Final = "own"
FURTHER: Final = ("rules", "digests", "artifacts", "labels", "effect", "tags", "recheck")
# A look does without them, asking does not.
LEFT_OPEN: Final = ("expires_at", "rationale")
_AS_IS: Final = "as_is"
_ACTION, _LIMIT = "action_", "limit_"


@dataclass(frozen=True, slots=True)
class ConditionRow:
    """One line of the recheck policy: what is watched, what then happens, and from which number on."""

    words: str
    action: BoundField
    limit: BoundField | None


class TermsForm(ScopeForm):
    """Terms as somebody writes them."""

    expires_at = day_field(_("Until (UTC)"), _("It ends at this time of day."))
    rationale = rationale_field()
    controls = lines_field(_("Controls"), _("What protects meanwhile, one a line; some reasons need one."))
    ticket = forms.CharField(label=_("Ticket"), max_length=200, required=False)
    recheck = forms.ChoiceField(label=_("What makes it void"), widget=forms.RadioSelect)

    def __init__(self, data: QueryDict | None, *, initial: Mapping[str, object], usual: object) -> None:
        super().__init__(data, initial={"recheck": _AS_IS, **initial})
        recheck = self.fields["recheck"]
        if isinstance(recheck, forms.ChoiceField):
            recheck.choices = [(_AS_IS, usual), (OWN, _("What I choose below"))]
        for kind in ConditionKind:
            self.fields[f"{_ACTION}{kind}"] = forms.ChoiceField(
                label=condition_kind(kind), required=False, choices=[("", _("is not watched")), *ACTIONS.items()]
            )
            if kind in THRESHOLDS:
                threshold = THRESHOLDS[kind]
                self.fields[f"{_LIMIT}{kind}"] = forms.CharField(
                    label=threshold.words, required=False, max_length=12, initial=threshold.usual
                )

    def condition_rows(self) -> Iterator[ConditionRow]:
        """Give the lines of the recheck policy."""
        for kind in ConditionKind:
            limit = self[f"{_LIMIT}{kind}"] if kind in THRESHOLDS else None
            yield ConditionRow(condition_kind(kind), self[f"{_ACTION}{kind}"], limit)

    def first_fields(self) -> list[BoundField]:
        """Return what everybody fills in."""
        return [field for field in self._others() if field.name not in FURTHER]

    def further_fields(self) -> list[BoundField]:
        """Return what only some need."""
        return [field for field in self._others() if field.name in FURTHER]

    @property
    def has_further(self) -> bool:
        """Whether something further is filled in, or wrong."""
        return any(field.errors or (field.name != "recheck" and field.value()) for field in self.further_fields())

    def _others(self) -> Iterator[BoundField]:
        return (field for field in self.visible_fields() if not field.name.startswith((_ACTION, _LIMIT)))

    def clean(self) -> dict[str, Any]:
        """Take the controls apart, a line each."""
        said = super().clean()
        said["controls"] = lines(said.get("controls") or "")
        return said

    def read_policy(self, said: Mapping[str, Any], *, kind: Kind) -> tuple[Condition, ...] | None:
        """Return the conditions chosen for an exception of a kind; None takes the usual ones, or those there are."""
        if said.get("recheck") != OWN:
            return None
        document: list[JsonValue] = [
            {"kind": kind.value, "action": action, "threshold": (said.get(f"{_LIMIT}{kind}") or "").strip()}
            for kind in ConditionKind
            if (action := said.get(f"{_ACTION}{kind}"))
        ]
        faults: list[Fault] = []
        read = read_conditions(document, kind=kind, faults=faults)
        self.show(faults)
        return read


class RequestForm(TermsForm):
    """A new exception as it is asked for."""

    type = forms.ChoiceField(
        label=_("It is about"), choices=[(one.value, cells.spoken(one.value)) for one in ExceptionType]
    )
    reason = forms.ChoiceField(
        label=_("Because of"),
        choices=[(one.value, f"{cells.spoken(one.value)} ({cells.spoken(KIND_OF[one].value)})") for one in Reason],
    )
    effect = forms.ChoiceField(
        label=_("Effect"),
        required=False,
        choices=[("", _("the usual one of the reason")), *((one.value, cells.spoken(one.value)) for one in Effect)],
    )
    owner_team = forms.ModelChoiceField(
        label=_("Owner"),
        queryset=Team.objects.none(),
        required=False,
        to_field_name="slug",
        empty_label=_("nobody in particular"),
        help_text=_("The team that is asked when it ends or is not needed."),
    )
    tags = forms.CharField(label=_("Tags"), required=False, max_length=600, help_text=_("Parted by commas."))
    field_order = ["type", "reason", "vulnerabilities", "packages", "services", "environments"]

    def __init__(
        self, data: QueryDict | None, *, initial: Mapping[str, object], is_only_looked_at: bool = False
    ) -> None:
        super().__init__(data, initial=initial, usual=_("What its reason usually calls for (a look shows it)"))
        self.fields["expires_at"].help_text = _("It ends at this time of day. Left open, a look takes the latest day.")
        self.fields["reason"].help_text = format_html(
            '{} <a class="st-link" href="{}" target="_blank" rel="noopener">{}</a>',
            _("It decides what the exception does:"),
            reverse("admin:exceptions_policyexception_effects"),
            _("all effects"),
        )
        self._is_only_looked_at = is_only_looked_at
        team = self.fields["owner_team"]
        if isinstance(team, forms.ModelChoiceField):
            team.queryset = Team.objects.order_by("slug")

    def full_clean(self) -> None:
        """Miss nothing that a look does without; the page says all the same what asking takes."""
        for name in LEFT_OPEN:
            self.fields[name].required = not self._is_only_looked_at
        super().full_clean()
        for name in LEFT_OPEN:
            self.fields[name].required = True

    def ending(self, until: datetime) -> Self:
        """Return the form as it is with a day filled in, where none was."""
        data = cast("QueryDict", self.data).copy()
        if not data.get("expires_at"):
            data["expires_at"] = until.date().isoformat()
        return type(self)(data, initial=self.initial, is_only_looked_at=True)

    def clean(self) -> dict[str, Any]:
        """Read the recheck policy beside the terms, as the reason asks for one."""
        said = super().clean()
        reason = said.get("reason")
        said["conditions"] = self.read_policy(said, kind=KIND_OF[Reason(reason)] if reason else Kind.ACCEPTANCE)
        return said


class ChangeForm(TermsForm):
    """Other terms of an exception there is."""

    effect = forms.ChoiceField(
        label=_("Effect"),
        required=False,
        choices=[("", _("as it is")), *((one.value, cells.spoken(one.value)) for one in Effect)],
    )

    def __init__(self, data: QueryDict | None, seen: Situation) -> None:
        terms = seen.row.asked
        self._kind = Kind(seen.row.kind)
        initial: dict[str, object] = {"ticket": seen.row.ticket}
        if terms is not None:
            initial |= {
                **written(terms.selector()),
                **_chosen(terms.recheck_policy()),
                "expires_at": terms.expires_at.date(),
                "rationale": terms.rationale,
                "controls": "\n".join(terms.controls),
            }
        super().__init__(data, initial=initial, usual=_("The policy as it is"))

    def clean(self) -> dict[str, Any]:
        """Read the recheck policy beside the terms, for what the exception rests on."""
        said = super().clean()
        said["conditions"] = self.read_policy(said, kind=self._kind)
        return said


def _chosen(conditions: tuple[Condition, ...]) -> dict[str, object]:
    """Return conditions the way the form writes them."""
    chosen: dict[str, object] = {}
    for one in conditions:
        chosen |= {f"{_ACTION}{one.kind}": one.action.value, f"{_LIMIT}{one.kind}": one.threshold}
    return chosen
