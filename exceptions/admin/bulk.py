"""Many exceptions at once: every row with what it covers and whether this person may, one comment, an answer each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django_stubs_ext import StrOrPromise

from exceptions.admin import wording
from exceptions.admin.forms import comment_field
from exceptions.models import PolicyException
from exceptions.selectors import requests_for
from exceptions.selectors.offers import Act, Situation, obstacle_to, onlooker
from exceptions.services.bulk import MOST_ROWS, BulkResult, BulkRow, Verb, act_on_many
from exceptions.services.hooks import lacking_evidence
from stellapolicy.access.errors import ReauthenticationNeeded
from stellapolicy.access.reauthentication import require_recent
from stellapolicy.access.roles import Scope
from stellapolicy.admin.base import PageAdmin
from stellapolicy.admin.deeds import Deed, dress, show_refusal
from stellapolicy.governance.admin.reading import reader
from stellapolicy.governance.models import ApprovalRequest
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.clock import now

_PAGE: Final = "admin/exceptions/bulk.html"
_RESULTS: Final = "admin/exceptions/bulk_results.html"
_VOTES: Final = (Verb.APPROVE, Verb.REJECT)
# The previews are loaded by the page's script one after the other; each decides its artifacts again.
MOST_PREVIEWED: Final = 20

TITLES: Final[Mapping[Verb, StrOrPromise]] = {
    Verb.APPROVE: gettext_lazy("Approve"),
    Verb.REJECT: gettext_lazy("Reject"),
    Verb.REQUEST_CHANGES: gettext_lazy("Ask for changes"),
    Verb.WITHDRAW: gettext_lazy("Withdraw"),
    Verb.REVOKE: gettext_lazy("Revoke"),
}
_CONSEQUENCES: Final[Mapping[Verb, StrOrPromise]] = {
    Verb.APPROVE: gettext_lazy(
        "You agree to each of these exactly as it stands above. What needs nobody else takes effect at once."
    ),
    Verb.REJECT: gettext_lazy(
        "Each request ends for everybody; new terms come to nothing. They can be asked for anew."
    ),
    Verb.REQUEST_CHANGES: gettext_lazy("Each goes back to whoever asked, and its clock stands still."),
    Verb.WITHDRAW: gettext_lazy("Each is taken back without an answer."),
    Verb.REVOKE: gettext_lazy("Each ends at once and for good, and gates decide anew."),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One exception of many, as it is looked at before the deed."""

    row: PolicyException
    about: str
    counts: Mapping[str, Any]
    ends: Any
    payload_hash: str
    obstacle: str
    lacks: str
    change: str
    is_previewed: bool
    holder: str

    @property
    def key(self) -> str:
        """What its box in the form stands for: the exception, what was shown of it, and in whose stead one votes."""
        return f"{self.row.pk}|{self.payload_hash}" + (f"|{self.holder}" if self.holder else "")


class BulkForm(forms.Form):
    """One comment for all; `refusal_code` says what stands in the way of them all."""

    comment = comment_field()
    refusal_code = ""


def may_act(actor: Actor | None) -> bool:
    """Whether somebody may look at many at once: whoever may read, for a delegate votes with no scope beside that.

    Whether they may do it to a row is judged by the single verb, and said beside each.
    """
    return actor is not None and actor.holds_anywhere(Scope.EXCEPTION_READ)


def choose(
    page: PageAdmin[PolicyException], request: HttpRequest, verb: Verb, rows: Sequence[PolicyException]
) -> HttpResponse:
    """Answer with the page that lists what was chosen and asks for one comment; nothing is done yet."""
    return _listed(page, request, verb, rows, BulkForm())


def bulk_view(page: PageAdmin[PolicyException], request: HttpRequest) -> HttpResponse:
    """Do to every row that is still chosen what was confirmed, and show what became of each."""
    actor, at = reader(request), now()
    verb = request.POST.get("verb", "")
    if request.method != "POST" or not may_act(actor) or verb not in list(Verb):
        raise PermissionDenied
    chosen, form = _chosen(request.POST), BulkForm(request.POST)
    known = {row.pk: row for row in page.page_rows(request).filter(pk__in=[one.pk for one in chosen])}
    shown = [one for one in chosen if one.pk in known][:MOST_ROWS]
    exceptions = [known[one.pk] for one in shown]
    if not shown:
        form.add_error(None, _("Choose at least one."))
    if shown and form.is_valid() and _is_recent(actor, Verb(verb), form):
        rows = [BulkRow(str(one.pk), one.payload_hash, on_behalf_of=one.holder) for one in shown]
        comment = form.cleaned_data["comment"]
        results = act_on_many(actor=actor, verb=Verb(verb), rows=rows, comment=comment, all_or_nothing=False, at=at)
        return _answered(page, request, Verb(verb), exceptions, results)
    hashes = {one.pk: one.payload_hash for one in shown}
    return _listed(page, request, Verb(verb), exceptions, form, hashes=hashes)


def lines_of(request: HttpRequest, verb: Verb, rows: Sequence[PolicyException]) -> list[Line]:
    """Return the rows with what this person may; nine reads at most, however many there are."""
    who = onlooker(reader(request), at=now())
    waiting = requests_for(row.asked_id for row in rows if row.asked_id is not None)
    lacking = lacking_evidence(rows, at=who.at) if verb is Verb.APPROVE else frozenset[UUID]()
    lines = []
    for place, row in enumerate(rows):
        found = waiting.get(row.asked_id) if row.asked_id is not None else None
        terms, seen = row.asked or row.terms, Situation(row, found, who)
        lines.append(
            Line(
                row=row,
                about=wording.about(row),
                counts=terms.counts if terms is not None else {},
                ends=terms.expires_at if terms is not None else row.expires_at,
                payload_hash=found.payload_hash if found is not None else "",
                obstacle=obstacle_to(Act(verb.value), seen),
                lacks=_lacks(found, at=who.at) if row.pk in lacking else "",
                change=terms.change if terms is not None and row.has_pending_terms() else "",
                is_previewed=place < MOST_PREVIEWED,
                holder=_holder(verb, seen),
            )
        )
    return lines


def _holder(verb: Verb, seen: Situation) -> str:
    """Return in whose stead one can only vote; empty where one votes for oneself, or not at all."""
    if verb not in _VOTES:
        return ""
    names = [vote.holder for vote in seen.votes() if vote.may_approve or verb is Verb.REJECT]
    return names[0] if names and seen.who.actor.person not in names else ""


def _lacks(found: ApprovalRequest | None, *, at: datetime) -> str:
    """Return why a yes would be refused now though the voter has a seat: the last one is, while evidence is missing."""
    if found is None or found.judged(at=at).lacking > 1:
        return ""
    return _("evidence is missing")


def _listed(
    page: PageAdmin[PolicyException],
    request: HttpRequest,
    verb: Verb,
    rows: Sequence[PolicyException],
    form: BulkForm,
    *,
    hashes: Mapping[UUID, str] | None = None,
) -> HttpResponse:
    lines = lines_of(request, verb, rows[:MOST_ROWS])
    moved = {line.row.pk for line in lines if hashes and hashes.get(line.row.pk) != line.payload_hash}
    deed = Deed(TITLES[verb], _CONSEQUENCES[verb], TITLES[verb], is_final=verb in {Verb.REJECT, Verb.REVOKE})
    context = {
        "title": _("%(verb)s: %(count)d chosen") % {"verb": TITLES[verb], "count": len(rows)},
        "verb": verb.value,
        "deed": deed,
        "lines": lines,
        "moved": moved,
        "left_out": max(len(rows) - MOST_ROWS, 0),
        "most": MOST_ROWS,
        "possible": sum(not line.obstacle and not line.lacks for line in lines),
        "form": dress(form),
        "refusal_code": form.refusal_code,
        "back": page.address,
    }
    return page.answer(request, _PAGE, context)


def _answered(
    page: PageAdmin[PolicyException],
    request: HttpRequest,
    verb: Verb,
    rows: Sequence[PolicyException],
    results: Sequence[BulkResult],
) -> HttpResponse:
    done = sum(result.is_done for result in results)
    words = _words_of(verb, results)
    context = {
        "title": _("%(verb)s: %(done)d of %(all)d done") % {"verb": TITLES[verb], "done": done, "all": len(results)},
        "results": [
            (row, wording.about(row), result, said) for row, result, said in zip(rows, results, words, strict=True)
        ],
        "done": done,
        "refused": len(results) - done,
        "back": page.address,
    }
    return page.answer(request, _RESULTS, context)


@dataclass(frozen=True, slots=True)
class _Ticked:
    """A box that is ticked: which exception, the hash of what was shown of it, in whose stead."""

    pk: UUID
    payload_hash: str
    holder: str


def _words_of(verb: Verb, results: Sequence[BulkResult]) -> list[str]:
    """Return what became of every row that was done: done, or a vote that counts while others are needed."""
    after = [result.exception for result in results]
    waiting = requests_for(row.asked_id for row in after if row is not None and row.asked_id is not None)
    said = []
    for row in after:
        found = waiting.get(row.asked_id) if row is not None and row.asked_id is not None else None
        more = found.judged(at=now()).lacking if verb is Verb.APPROVE and found is not None else 0
        words = ngettext("your vote counts; %(n)d more must agree", "your vote counts; %(n)d more must agree", more)
        said.append(words % {"n": more} if more else _("done"))
    return said


def _chosen(posted: QueryDict) -> list[_Ticked]:
    """Return the boxes that are ticked, each exception once."""
    found: dict[UUID, _Ticked] = {}
    for text in posted.getlist("row"):
        key, payload_hash, holder, *_rest = *text.split("|", 2), "", ""
        try:
            pk = UUID(key)
        except ValueError:
            continue
        found.setdefault(pk, _Ticked(pk, payload_hash, holder))
    return list(found.values())


def _is_recent(actor: Actor, verb: Verb, form: BulkForm) -> bool:
    """Whether somebody who votes proved lately who they are; once for all rows rather than a refusal for each."""
    if verb not in _VOTES:
        return True
    try:
        require_recent(actor, at=now())
    except ReauthenticationNeeded as refusal:
        show_refusal(form, refusal)
        form.refusal_code = refusal.code
        return False
    return True
