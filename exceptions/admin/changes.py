"""The pages that propose other terms: a later end, or anything else; those in force hold until others agree."""

from functools import partial
from typing import Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _

from exceptions.admin.acts import Said, look, page_of
from exceptions.admin.forms import ExtensionForm, on_day
from exceptions.admin.terms_form import ChangeForm
from exceptions.asking import TermsChange
from exceptions.models import PolicyException
from exceptions.rules.vocabulary import UNDECIDED, Effect
from exceptions.selectors.offers import Act, Situation, obstacle_to
from exceptions.services.request import change_terms, extend_exception
from stellapolicy.admin import cells
from stellapolicy.admin.base import PageAdmin
from stellapolicy.admin.deeds import Deed, answer_form, posted
from stellapolicy.kernel.clock import now

_TEMPLATE: Final = "admin/exceptions/terms_form.html"


def extend_view(page: PageAdmin[PolicyException], request: HttpRequest, pk: UUID) -> HttpResponse:
    """Ask for a later end."""
    row = page.find(request, str(pk))
    seen = look(request, row, at=now())
    if request.method != "POST" and (why_not := obstacle_to(Act.EXTEND, seen)):
        return _sent_back(request, row, why_not)
    deed = Deed(
        title=_("%(number)s: extend") % {"number": row.number},
        consequence=_(
            "New terms with a later end wait for approval; until then it ends as it does now. Where nothing got worse "
            "since it was approved, one approver of its level is enough. The longest term counts from its first start."
        ),
        button=_("Ask for the later end"),
    )
    form = ExtensionForm(posted(request), seen)
    return answer_form(page, request, form, deed, partial(_extend, request, seen), back=page_of(row))


def change_view(page: PageAdmin[PolicyException], request: HttpRequest, pk: UUID) -> HttpResponse:
    """Propose other terms."""
    row = page.find(request, str(pk))
    seen = look(request, row, at=now())
    if request.method != "POST" and (why_not := obstacle_to(Act.CHANGE, seen)):
        return _sent_back(request, row, why_not)
    deed = Deed(
        title=_("%(number)s: change the terms") % {"number": row.number},
        consequence=_consequence(seen),
        button=_("Propose these terms"),
    )
    form, act = ChangeForm(posted(request), seen), partial(_change, request, seen)
    return answer_form(page, request, form, deed, act, back=page_of(row), template=_TEMPLATE)


def _sent_back(request: HttpRequest, row: PolicyException, why_not: str) -> HttpResponse:
    messages.warning(request, cells.plain(why_not))
    return HttpResponseRedirect(page_of(row))


def _consequence(seen: Situation) -> str:
    if seen.state in UNDECIDED:
        return _("The request is made anew with these terms and the facts of today; votes so far do not carry over.")
    return _("The terms in force stay in force until others agree to these; nobody can agree to them alone.")


def _extend(request: HttpRequest, seen: Situation, said: Said) -> HttpResponse:
    ends = on_day(said["expires_at"], like=seen.row.expires_at)
    extend_exception(actor=seen.who.actor, pk=seen.row.pk, expires_at=ends, rationale=said["rationale"], at=seen.who.at)
    messages.success(request, _("The later end waits for approval."))
    return HttpResponseRedirect(page_of(seen.row))


def _change(request: HttpRequest, seen: Situation, said: Said) -> HttpResponse:
    like = seen.row.asked.expires_at if seen.row.asked is not None else seen.row.expires_at
    change = TermsChange(
        scope=said["scope"],
        effect=Effect(said["effect"]) if said["effect"] else None,
        expires_at=on_day(said["expires_at"], like=like),
        rationale=said["rationale"],
        controls=said["controls"],
        conditions=said["conditions"],
        ticket=said["ticket"],
    )
    change_terms(actor=seen.who.actor, pk=seen.row.pk, change=change, at=seen.who.at)
    messages.success(request, _("The terms wait for approval."))
    return HttpResponseRedirect(page_of(seen.row))
