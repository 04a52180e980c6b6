"""The pages that decide: approve, approve less, reject, send back, submit again, withdraw, revoke, recheck."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django_stubs_ext import StrOrPromise

from exceptions.admin.deliberation import lacking, sent_back
from exceptions.admin.forms import (
    ApprovalForm,
    CommentForm,
    NarrowForm,
    OptionalCommentForm,
    SilentForm,
    VoteForm,
    on_day,
)
from exceptions.asking import Narrowing
from exceptions.models import PolicyException
from exceptions.rules.vocabulary import UNDECIDED
from exceptions.selectors import request_for
from exceptions.selectors.offers import Act, Situation, obstacle_to, onlooker
from exceptions.services.approval import approve_exception, describe_terms, reject_exception, request_changes
from exceptions.services.lifecycle import revoke_exception
from exceptions.services.recheck import recheck_exception
from exceptions.services.request import resubmit_exception, withdraw_exception
from stellapolicy.admin import cells
from stellapolicy.admin.base import PageAdmin
from stellapolicy.admin.deeds import Deed, answer_form, posted
from stellapolicy.governance.admin.reading import reader
from stellapolicy.kernel.clock import now

_YES: Final = "admin/exceptions/what_a_yes_does.html"
_AGAIN: Final = "admin/exceptions/what_submitting_does.html"

Said = dict[str, Any]  # Any: the cleaned values of a form, each of its own kind


@dataclass(frozen=True, slots=True)
class Move:
    """One thing to do: how its page reads, what it asks, and the one call it makes, which returns what to tell."""

    title: StrOrPromise
    button: StrOrPromise
    consequence: Callable[[Situation], str]
    form: Callable[[QueryDict | None, Situation], forms.Form]
    do: Callable[[Situation, Said], str]
    is_final: bool = False


def act_view(page: PageAdmin[PolicyException], request: HttpRequest, pk: UUID, *, act: Act) -> HttpResponse:
    """Answer with the form of an act, or do it."""
    row = page.find(request, str(pk))
    seen, move = look(request, row, at=now()), MOVES[act]
    if request.method != "POST" and (why_not := obstacle_to(act, seen)):
        messages.warning(request, cells.plain(why_not))
        return HttpResponseRedirect(page_of(row))
    deed = Deed(
        title=f"{row.number}: {move.title}",
        consequence=move.consequence(seen),
        button=move.button,
        is_final=move.is_final,
    )
    form = move.form(posted(request), seen)
    return answer_form(page, request, form, deed, partial(_do, request, seen, move), back=page_of(row))


def look(request: HttpRequest, row: PolicyException, *, at: datetime) -> Situation:
    """Return an exception as the reader sees it; four reads."""
    waiting = request_for(row.asked) if row.asked is not None else None
    return Situation(row, waiting, onlooker(reader(request), at=at))


def page_of(row: PolicyException) -> str:
    """Return the address of an exception's page."""
    return reverse("admin:exceptions_policyexception_change", args=[row.pk])


def _do(request: HttpRequest, seen: Situation, move: Move, said: Said) -> HttpResponse:
    messages.success(request, move.do(seen, said))
    return HttpResponseRedirect(page_of(seen.row))


def _voting(seen: Situation, said: Said) -> dict[str, Any]:
    return {
        "actor": seen.who.actor,
        "pk": seen.row.pk,
        "payload_hash": said["payload_hash"],
        "comment": said["comment"],
        "on_behalf_of": said["holder"],
        "at": seen.who.at,
    }


def _approve(seen: Situation, said: Said) -> str:
    return _decided(approve_exception(**_voting(seen, said)), seen)


def _narrow(seen: Situation, said: Said) -> str:
    terms = seen.row.asked
    like = terms.expires_at if terms is not None else seen.who.at
    less = Narrowing(scope=said["scope"], expires_at=on_day(said["expires_at"], like=like))
    return _decided(approve_exception(**_voting(seen, said), narrowing=less), seen)


def _decided(row: PolicyException, seen: Situation) -> str:
    """Return what came of a yes."""
    if row.terms_id is not None and row.terms_id == row.asked_id:
        return _("Approved: %(number)s holds from now on.") % {"number": row.number}
    return _("Your vote for %(number)s counts; others are needed still.") % {"number": seen.row.number}


def _reject(seen: Situation, said: Said) -> str:
    reject_exception(**_voting(seen, said))
    return _("Rejected.")


def _request_changes(seen: Situation, said: Said) -> str:
    request_changes(actor=seen.who.actor, pk=seen.row.pk, comment=said["comment"], at=seen.who.at)
    return _("%(person)s was asked for changes.") % {"person": cells.plain(seen.row.person)}


def _resubmit(seen: Situation, said: Said) -> str:
    resubmit_exception(actor=seen.who.actor, pk=seen.row.pk, comment=said["comment"], at=seen.who.at)
    return _("It waits for a decision again.")


def _withdraw(seen: Situation, said: Said) -> str:
    withdraw_exception(actor=seen.who.actor, pk=seen.row.pk, reason=said["comment"], at=seen.who.at)
    return _("It is taken back.")


def _revoke(seen: Situation, said: Said) -> str:
    revoke_exception(actor=seen.who.actor, pk=seen.row.pk, comment=said["comment"], at=seen.who.at)
    return _("Revoked: it applies to nothing from now on.")


def _recheck(seen: Situation, _said: Said) -> str:
    _row, found = recheck_exception(actor=seen.who.actor, pk=seen.row.pk, at=seen.who.at)
    if not found:
        return _("Nothing got worse.")
    return " · ".join(one.in_words() for one in found[:5])


def _what_a_yes_does(seen: Situation) -> str:
    if seen.request is None:
        return _("Nothing of it waits for a decision.")
    terms, after = seen.row.asked, seen.request.judged(at=seen.who.at).lacking - 1
    missing = list(lacking(seen.row, terms, at=seen.who.at)) if terms is not None else []
    shown = {
        "said": describe_terms(seen.request),
        "after": _what_follows(seen, after, is_ready=not missing),
        "missing": missing,
        "evidence": f"{page_of(seen.row)}#evidence",
        "is_last": after <= 0,
        "sent_back": sent_back(seen.row),
    }
    return render_to_string(_YES, shown)


def _what_follows(seen: Situation, after: int, *, is_ready: bool) -> str:
    """Return what comes of a yes, as far as it rests on people and time."""
    if after > 0:
        said = ngettext("%(n)d more person is needed after you.", "%(n)d more people are needed after you.", after)
        return said % {"n": after}
    if not is_ready:
        return ""
    starts_at = seen.row.asked.starts_at if seen.row.asked is not None else seen.who.at
    if starts_at > seen.who.at:
        return _("With your vote it is approved, and begins on %(day)s.") % {"day": f"{starts_at:%Y-%m-%d %H:%M} UTC"}
    return _("With your vote it takes effect at once.")


def _what_submitting_does(seen: Situation) -> str:
    return render_to_string(_AGAIN, {"sent_back": sent_back(seen.row)})


def _what_less_does(seen: Situation) -> str:
    return _(
        "What you leave here takes the place of what was asked for, still as the request of %(person)s, who is told. "
        "You vote for exactly this; earlier votes do not carry over. It can only be less: fewer values or narrower "
        "ones, more services, environments or artifacts named where none are, an earlier end."
    ) % {"person": cells.plain(seen.row.person)}


def _what_a_no_does(seen: Situation) -> str:
    if seen.state in UNDECIDED:
        return _("One rejection ends the request for everybody. Whoever asked can ask anew.")
    return _("The new terms come to nothing; those in force stay as they are.")


def _what_withdrawing_does(seen: Situation) -> str:
    if seen.state in UNDECIDED:
        return _("The request is closed without an answer. You can ask anew.")
    return _("The new terms are taken back; those in force stay as they are.")


def _what_revoking_does(seen: Situation) -> str:
    count = seen.row.artifact_count
    covered = ngettext("%(n)d artifact was", "%(n)d artifacts were", count) % {"n": count}
    return _(
        "It ends at once and for good: what it covers counts again, and gates decide anew. %(covered)s covered when it "
        "was approved. Nobody else has to agree; it cannot be undone, only asked for anew."
    ) % {"covered": covered}


MOVES: Final[Mapping[Act, Move]] = {
    Act.APPROVE: Move(gettext_lazy("approve"), gettext_lazy("Approve"), _what_a_yes_does, ApprovalForm, _approve),
    Act.NARROW: Move(
        gettext_lazy("approve less"), gettext_lazy("Approve exactly this"), _what_less_does, NarrowForm, _narrow
    ),
    Act.REJECT: Move(gettext_lazy("reject"), gettext_lazy("Reject"), _what_a_no_does, VoteForm, _reject, is_final=True),
    Act.REQUEST_CHANGES: Move(
        gettext_lazy("ask for changes"),
        gettext_lazy("Ask for changes"),
        lambda seen: (
            _("It goes back to %(person)s, and the clock of the decision stands still until they answer.")
            % {"person": cells.plain(seen.row.person)}
        ),
        CommentForm,
        _request_changes,
    ),
    Act.RESUBMIT: Move(
        gettext_lazy("submit again"),
        gettext_lazy("Submit it again"),
        _what_submitting_does,
        CommentForm,
        _resubmit,
    ),
    Act.WITHDRAW: Move(
        gettext_lazy("withdraw"),
        gettext_lazy("Withdraw"),
        _what_withdrawing_does,
        OptionalCommentForm,
        _withdraw,
        is_final=True,
    ),
    Act.REVOKE: Move(
        gettext_lazy("revoke"), gettext_lazy("Revoke"), _what_revoking_does, CommentForm, _revoke, is_final=True
    ),
    Act.RECHECK: Move(
        gettext_lazy("recheck"),
        gettext_lazy("Compare with today"),
        lambda _seen: _(
            "What its approvers saw is compared with the facts of today. Where something got worse, what its recheck "
            "policy says takes effect at once: its people are told, it must be approved anew, or it ends."
        ),
        SilentForm,
        _recheck,
    ),
}
