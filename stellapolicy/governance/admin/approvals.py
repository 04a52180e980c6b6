"""Requests for approval: what will happen, who asked, which seats are open, and what this reader may do now."""

import json
from functools import partial
from typing import Any, ClassVar
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from stellapolicy.admin import cells
from stellapolicy.admin.base import PageAdmin, Section
from stellapolicy.admin.deeds import REASON_LENGTH, Deed, ReasonForm, answer_form, posted
from stellapolicy.governance.admin.filters import KindFilter, QueueFilter
from stellapolicy.governance.admin.reading import readable, reader
from stellapolicy.governance.approvals import kinds
from stellapolicy.governance.models import ApprovalRequest, ApprovalState
from stellapolicy.governance.models.approval import ApprovalRequestQuerySet
from stellapolicy.governance.selectors import voter_of
from stellapolicy.governance.services.approvals import vote, withdraw
from stellapolicy.governance.voting import Possibility, obstacle, possibilities
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.clock import now


class VoteForm(forms.Form):
    """In whose name, and why."""

    holder = forms.ChoiceField(label=_("In the name of"))
    reason = forms.CharField(
        label=_("Reason"), max_length=REASON_LENGTH, widget=forms.Textarea(attrs={"rows": 3, "class": "st-input"})
    )

    def __init__(self, data: Any, *, names: list[str], must_explain: bool) -> None:  # noqa: ANN401 - Django's
        super().__init__(data)
        holder = self.fields["holder"]
        if isinstance(holder, forms.ChoiceField):
            holder.choices = [(name, name) for name in names]
        self.fields["reason"].required = must_explain


@admin.register(ApprovalRequest)
class ApprovalRequestAdmin(PageAdmin[ApprovalRequest]):
    """What waits for somebody's consent, and what became of it."""

    section = Section.GOVERNANCE
    is_catalogue = True
    icon = "how_to_vote"
    place = 1
    menu_title = _("Approvals")
    row_title = _("Request for approval")
    empty_advice = _("Whatever can open a gate waits here for a second person.")
    page_template = "admin/governance/approval.html"

    list_display = ("called", "state_now", "stands", "asked_by", "asked", "ends")
    list_filter: ClassVar = [QueueFilter, KindFilter]
    search_fields = ("target_id__istartswith", "person__istartswith")
    search_help_text = _("Beginning of what it is about, or of who asked")
    sortable_by = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApprovalRequest]:
        """Return the requests the reader may see, with their votes."""
        return readable(_rows().with_votes(), request)

    @admin.display(description=_("Request"))
    def called(self, row: ApprovalRequest) -> str:
        """What it would do, in its first sentence."""
        return sentences_of(row)[0]

    @admin.display(description=_("State"))
    def state_now(self, row: ApprovalRequest) -> SafeString:
        """Its state now, whether or not a worker has noticed."""
        return cells.badge(row.standing(at=now()).value)

    @admin.display(description=_("Stands"))
    def stands(self, row: ApprovalRequest) -> str:
        """Whom it waits for, or who decided."""
        state = row.standing(at=now())
        is_over = state in {ApprovalState.WITHDRAWN, ApprovalState.EXPIRED}
        return str(self.empty_value_display) if is_over else row.judged(at=now()).in_words()

    @admin.display(description=_("Asked by"))
    def asked_by(self, row: ApprovalRequest) -> str:
        """Who asked."""
        return row.requester

    @admin.display(description=_("Asked"))
    def asked(self, row: ApprovalRequest) -> SafeString:
        """When."""
        return cells.instant(row.created_at)

    @admin.display(description=_("Lapses"))
    def ends(self, row: ApprovalRequest) -> SafeString:
        """Until when it waits."""
        return cells.instant(row.expires_at)

    def page(self, request: HttpRequest, row: ApprovalRequest) -> dict[str, Any]:
        """Return what the page of one request shows."""
        at, actor = now(), reader(request)
        voter, ballots, judged = voter_of(actor, at=at), row.ballots(), row.judged(at=at)
        state = row.standing(at=at)
        possible = possibilities(voter, row, ballots, at=at)
        kind = kinds().get(row.kind)
        return {
            "title": sentences_of(row)[0],
            "kind": kind.title if kind else row.kind,
            "state": state.value,
            "is_open": state == ApprovalState.OPEN,
            "sentences": sentences_of(row)[1:],
            "stands": judged.in_words(),
            "seats": [(seat, judged.filled.get(place)) for place, seat in enumerate(judged.rule.seats)],
            "needed": judged.rule.count,
            "excluded": sorted(judged.rule.excluded - {row.person}),
            "votes": list(row.votes.all()),
            "payload": json.dumps(row.payload, indent=2, sort_keys=True, ensure_ascii=False),
            "may_approve": any(each.may_approve for each in possible),
            "may_reject": bool(possible),
            "obstacle": obstacle(voter, row, ballots, at=at) if state == ApprovalState.OPEN else "",
            "may_withdraw": state == ApprovalState.OPEN and row.person == actor.person,
        }

    def get_urls(self) -> list[URLPattern]:
        """Add the forms."""
        view = self.admin_site.admin_view
        return [
            path("<uuid:pk>/approve/", view(self.approve_view), name="governance_approvalrequest_approve"),
            path("<uuid:pk>/reject/", view(self.reject_view), name="governance_approvalrequest_reject"),
            path("<uuid:pk>/withdraw/", view(self.withdraw_view), name="governance_approvalrequest_withdraw"),
            *super().get_urls(),
        ]

    def approve_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Say yes."""
        row = self.find(request, str(pk))
        deed = Deed(
            title=_("Approve"),
            consequence=" ".join((*sentences_of(row), str(_("With the last vote it takes effect at once.")))),
            button=_("Approve"),
        )
        return self._vote_view(request, row, deed, approve=True)

    def reject_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Say no."""
        row = self.find(request, str(pk))
        deed = Deed(
            title=_("Reject"),
            consequence=_("One rejection ends the request for everybody. Whoever asked can ask anew."),
            button=_("Reject"),
            is_final=True,
        )
        return self._vote_view(request, row, deed, approve=False)

    def withdraw_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Take back what one asked."""
        row, actor = self.find(request, str(pk)), reader(request)
        deed = Deed(
            title=_("Withdraw the request"),
            consequence=_("It is closed without an answer; you can ask anew."),
            button=_("Withdraw"),
            is_final=True,
        )
        form = ReasonForm(posted(request))
        return answer_form(self, request, form, deed, partial(self._withdraw, request, actor, row), back=page_of(row))

    def _vote_view(self, request: HttpRequest, row: ApprovalRequest, deed: Deed, *, approve: bool) -> HttpResponse:
        actor, at = reader(request), now()
        names = [each.holder for each in self._possible(actor, row) if each.may_approve or not approve]
        form = VoteForm(posted(request), names=names or [actor.person], must_explain=not approve)
        if not names and request.method != "POST":
            messages.warning(request, obstacle(voter_of(actor, at=at), row, row.ballots(), at=at))
            return HttpResponseRedirect(page_of(row))
        act = partial(self._vote, request, actor, row, approve=approve)
        return answer_form(self, request, form, deed, act, back=page_of(row))

    def _possible(self, actor: Actor, row: ApprovalRequest) -> tuple[Possibility, ...]:
        at = now()
        return possibilities(voter_of(actor, at=at), row, row.ballots(), at=at)

    def _vote(
        self,
        request: HttpRequest,
        actor: Actor,
        row: ApprovalRequest,
        asked: dict[str, Any],
        *,
        approve: bool,
    ) -> HttpResponse:
        decided = vote(
            actor=actor,
            pk=row.pk,
            approve=approve,
            payload_hash=row.payload_hash,
            reason=asked["reason"],
            on_behalf_of=asked["holder"],
            at=now(),
        )
        said = {
            ApprovalState.APPROVED: _("Approved; it has taken effect."),
            ApprovalState.REJECTED: _("Rejected."),
        }.get(ApprovalState(decided.state), _("Your vote counts; others are needed still."))
        messages.success(request, said)
        return HttpResponseRedirect(page_of(row))

    def _withdraw(
        self, request: HttpRequest, actor: Actor, row: ApprovalRequest, asked: dict[str, Any]
    ) -> HttpResponse:
        withdraw(actor=actor, pk=row.pk, reason=asked["reason"], at=now())
        messages.success(request, _("The request is withdrawn."))
        return HttpResponseRedirect(page_of(row))


def sentences_of(row: ApprovalRequest) -> tuple[str, ...]:
    """Return what approving does, in words; a kind of a room that is gone is named."""
    kind = kinds().get(row.kind)
    said = tuple(str(sentence) for sentence in kind.describe(row)) if kind else ()
    return said or (f"{row.kind}: {row.target_id}",)


def page_of(row: ApprovalRequest) -> str:
    """Return the address of a request's page."""
    return reverse("admin:governance_approvalrequest_change", args=[row.pk])


def _rows() -> ApprovalRequestQuerySet:
    return ApprovalRequest.objects.all()
