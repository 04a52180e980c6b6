"""Forms that do something: each says first what will happen, then makes one call of a service."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction
from django.forms import Form
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from stellapolicy.admin.base import PageAdmin
from stellapolicy.kernel.refusals import Refusal

REASON_LENGTH = 2000


@dataclass(frozen=True, slots=True)
class Deed:
    """What a form is called, what it will do, and the words on its button."""

    title: StrOrPromise
    consequence: StrOrPromise
    button: StrOrPromise
    is_final: bool = False


class ReasonForm(Form):
    """Asks why, for the audit trail."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=REASON_LENGTH,
        widget=forms.Textarea(attrs={"rows": 3, "class": "st-input"}),
        help_text=_("Stays in the audit trail beside your name."),
    )


def posted(request: HttpRequest) -> QueryDict | None:
    """Return what was posted, an empty form included; None where a form is only shown."""
    return request.POST if request.method == "POST" else None


def dress(form: Form) -> Form:
    """Give the single-line fields of a form our look; the theme dresses model forms only."""
    for field in form.fields.values():
        if not isinstance(field.widget, forms.RadioSelect | forms.CheckboxInput):
            field.widget.attrs.setdefault("class", "st-input")
    return form


def answer_form(
    page: PageAdmin[Any],  # Any: a form stands on the page of any model
    request: HttpRequest,
    form: Form,
    deed: Deed,
    act: Callable[[dict[str, Any]], HttpResponse],
    *,
    back: str,
    template: str = "stella/form.html",
) -> HttpResponse:
    """Show the form, or do what it says; a refusal of the service is shown in the form and leaves nothing behind."""
    refusal_code = ""
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                return act(form.cleaned_data)
        except Refusal as refusal:
            refusal_code = refusal.code
            show_refusal(form, refusal)
        except ValidationError as refused:
            form.add_error(None, ValidationError(refused.messages))
    context = {"title": deed.title, "form": dress(form), "deed": deed, "back": back, "refusal_code": refusal_code}
    return page.answer(request, template, context)


def show_refusal(form: Form, refusal: Refusal) -> None:
    """Show why a service refused, above the form, and each mistake it names at its field."""
    form.add_error(None, f"{refusal.title}: {refusal.detail}.")
    for fault in refusal.faults:
        steps = (step for step in fault.pointer.split("/") if step in form.fields)
        name = next(steps, None)
        is_seen = name is not None and not form.fields[name].widget.is_hidden
        form.add_error(name if is_seen else None, fault.message)
