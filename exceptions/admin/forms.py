"""What is asked of whoever decides about an exception or changes it."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from exceptions.admin.scope_form import SCOPE_FIELDS, ScopeForm, written
from exceptions.asking import SHORTEST_RATIONALE
from exceptions.selectors.offers import Situation
from stellapolicy.admin import cells
from stellapolicy.admin.deeds import REASON_LENGTH

LONGEST_RATIONALE = 10_000


def comment_field(*, required: bool = True) -> forms.CharField:
    """Return the field that asks why."""
    return forms.CharField(
        label=_("Comment"),
        max_length=REASON_LENGTH,
        required=required,
        widget=forms.Textarea(attrs={"rows": 3, "class": "st-input"}),
        help_text=_("Stays in the history of the exception beside your name."),
    )


def rationale_field() -> forms.CharField:
    """Return the field that asks for the whole reasoning, and counts its characters."""
    attributes = {"rows": 5, "class": "st-input", "data-count": "", "data-least": SHORTEST_RATIONALE}
    return forms.CharField(
        label=_("Why it may be so"),
        max_length=LONGEST_RATIONALE,
        widget=forms.Textarea(attrs=attributes),
        help_text=_("At least %(least)d characters: what was looked at, and why the risk can be borne.")
        % {"least": SHORTEST_RATIONALE},
    )


def day_field(label: Any, help_text: Any, *, required: bool = True) -> forms.DateField:  # noqa: ANN401 - lazy texts
    """Return the field that asks for a day."""
    widget = forms.DateInput(attrs={"type": "date", "class": "st-input st-input--short"}, format="%Y-%m-%d")
    return forms.DateField(label=label, help_text=help_text, required=required, widget=widget)


def on_day(day: date, *, like: datetime) -> datetime:
    """Return the instant of a day at the same time of day as another, so that whole days stay whole days."""
    return datetime.combine(day, like.timetz())


class CommentForm(forms.Form):
    """Asks why."""

    comment = comment_field()

    def __init__(self, data: QueryDict | None, _seen: Situation) -> None:
        super().__init__(data)


class OptionalCommentForm(CommentForm):
    """Asks why, and lets it be."""

    comment = comment_field(required=False)


class SilentForm(forms.Form):
    """Asks for nothing but the press of the button."""

    def __init__(self, data: QueryDict | None, _seen: Situation) -> None:
        super().__init__(data)


class VoteForm(CommentForm):
    """Asks why and in whose name; it carries the hash of what was looked at, which the vote is over."""

    holder = forms.ChoiceField(label=_("In the name of"))
    payload_hash = forms.CharField(widget=forms.HiddenInput, required=False)
    field_order = ["holder", "comment"]
    approves = False

    def __init__(self, data: QueryDict | None, seen: Situation) -> None:
        super().__init__(data, seen)
        offer_seats(self, seen, approves=self.approves)


class ApprovalForm(VoteForm):
    """Asks for a yes."""

    approves = True


class NarrowForm(ScopeForm):
    """Less than was asked for: fewer places, fewer findings, an earlier end."""

    expires_at = day_field(_("Until (UTC)"), _("An earlier day than was asked for, or the same."))
    holder = forms.ChoiceField(label=_("In the name of"))
    payload_hash = forms.CharField(widget=forms.HiddenInput, required=False)
    comment = comment_field()
    field_order = ["expires_at", *SCOPE_FIELDS, "holder", "comment"]

    def __init__(self, data: QueryDict | None, seen: Situation) -> None:
        terms = seen.row.asked
        initial = {**written(terms.selector()), "expires_at": terms.expires_at.date()} if terms else {}
        super().__init__(data, initial=initial)
        offer_seats(self, seen, approves=True)


def offer_seats(form: forms.Form, seen: Situation, *, approves: bool) -> None:
    """Offer the names somebody may vote in now, and keep the hash of what they look at; one name is no choice."""
    names = [vote.holder for vote in seen.votes() if vote.may_approve or not approves] or [seen.who.actor.person]
    holder = form.fields["holder"]
    if isinstance(holder, forms.ChoiceField):
        holder.choices = [(name, cells.plain(name)) for name in names]
    if len(names) == 1:
        holder.widget, holder.initial, holder.required = forms.HiddenInput(), names[0], False
    form.fields["payload_hash"].initial = seen.request.payload_hash if seen.request else ""


class ExtensionForm(forms.Form):
    """A later end, and why."""

    expires_at = day_field(_("Until (UTC)"), "")
    rationale = rationale_field()

    def __init__(self, data: QueryDict | None, seen: Situation) -> None:
        terms = seen.row.terms
        super().__init__(
            data, initial={"expires_at": seen.row.expires_at.date(), "rationale": terms and terms.rationale}
        )


def lines(text: str) -> Sequence[str]:
    """Return the lines that say something."""
    return tuple(line.strip() for line in text.splitlines() if line.strip())
