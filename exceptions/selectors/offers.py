"""What somebody may do about an exception now, and why not: one judgement for every door."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from django.utils.translation import gettext as _

from exceptions.models import PolicyException
from exceptions.rules.vocabulary import IN_FORCE, UNDECIDED, State
from stellapolicy.access.roles import Scope
from stellapolicy.governance.models import ApprovalRequest, ApprovalState
from stellapolicy.governance.selectors import voter_of
from stellapolicy.governance.voting import Possibility, Voter, obstacle, possibilities
from stellapolicy.kernel.actor import Actor


class Act(StrEnum):
    """What can be done about an exception."""

    APPROVE = "approve"
    NARROW = "narrow"
    REJECT = "reject"
    REQUEST_CHANGES = "request_changes"
    RESUBMIT = "resubmit"
    WITHDRAW = "withdraw"
    REVOKE = "revoke"
    EXTEND = "extend"
    CHANGE = "change_terms"
    RECHECK = "recheck"
    ATTACH = "attach"
    SAY = "say"


@dataclass(frozen=True, slots=True)
class Onlooker:
    """Who looks, at which instant, and what they may bring to a vote."""

    actor: Actor
    voter: Voter
    at: datetime


@dataclass(frozen=True, slots=True)
class Situation:
    """An exception with the request on its newest terms, if any, as somebody sees it."""

    row: PolicyException
    request: ApprovalRequest | None
    who: Onlooker

    @property
    def is_waiting(self) -> bool:
        """Whether its newest terms wait for votes."""
        return self.request is not None and self.request.standing(at=self.who.at) == ApprovalState.OPEN

    @property
    def state(self) -> State:
        """Where it stands now."""
        return self.row.standing(at=self.who.at)

    @property
    def is_mine(self) -> bool:
        """Whether the onlooker asked for it."""
        return self.row.person == self.who.actor.person

    def votes(self) -> tuple[Possibility, ...]:
        """Return the votes the onlooker could cast now, in their own stead or another's."""
        if self.request is None:
            return ()
        return possibilities(self.who.voter, self.request, self.request.ballots(), at=self.who.at)

    def holds(self, scope: Scope) -> bool:
        """Whether the onlooker holds a scope in every service the exception stays within."""
        return all(self.who.actor.holds_for(scope, service) for service in self.row.service_ids or (None,))


def onlooker(actor: Actor, *, at: datetime) -> Onlooker:
    """Return who looks; two reads."""
    return Onlooker(actor, voter_of(actor, at=at), at)


def obstacle_to(act: Act, seen: Situation) -> str:
    """Return why the onlooker cannot do it now, as a sentence; empty where they can."""
    return _OBSTACLES[act](seen)


def possible(seen: Situation) -> frozenset[Act]:
    """Return everything the onlooker may do now."""
    return frozenset(act for act in Act if not obstacle_to(act, seen))


def _approve(seen: Situation) -> str:
    if not seen.is_waiting or seen.request is None:
        return _nothing_waits(seen)
    if any(vote.may_approve for vote in seen.votes()):
        return ""
    return obstacle(seen.who.voter, seen.request, seen.request.ballots(), at=seen.who.at)


def _reject(seen: Situation) -> str:
    return "" if seen.is_waiting and seen.votes() else _approve(seen)


def _request_changes(seen: Situation) -> str:
    if seen.state is not State.PROPOSED:
        return _not_from_here(seen)
    return _approve(seen)


def _resubmit(seen: Situation) -> str:
    if seen.state is not State.CHANGES_REQUESTED:
        return _not_from_here(seen)
    return _only_who_asked(seen)


def _withdraw(seen: Situation) -> str:
    if seen.state in UNDECIDED:
        return _only_who_asked(seen)
    if not seen.is_waiting or seen.request is None:
        return _not_from_here(seen)
    if seen.request.person == seen.who.actor.person:
        return ""
    return _("%(person)s proposed the new terms; reject them instead.") % {"person": seen.request.person}


def _revoke(seen: Situation) -> str:
    if seen.state not in IN_FORCE:
        return _not_from_here(seen)
    if seen.is_mine or seen.holds(Scope.EXCEPTION_APPROVE):
        return ""
    return _("It takes %(scope)s in every service it reaches, or to have asked for it.") % {
        "scope": Scope.EXCEPTION_APPROVE
    }


def _extend(seen: Situation) -> str:
    return _not_from_here(seen) if seen.state not in IN_FORCE else _write(seen)


def _change(seen: Situation) -> str:
    if seen.state in UNDECIDED and not seen.is_mine:
        return _only_who_asked(seen)
    return _write(seen) if seen.state in (*IN_FORCE, *UNDECIDED) else _not_from_here(seen)


def _recheck(seen: Situation) -> str:
    if seen.state not in IN_FORCE:
        return _not_from_here(seen)
    return "" if seen.is_mine else _write(seen)


def _attach(seen: Situation) -> str:
    if seen.state not in (*IN_FORCE, *UNDECIDED):
        return _not_from_here(seen)
    return "" if seen.is_mine else _write(seen)


def _say(seen: Situation) -> str:
    if seen.is_mine or seen.who.actor.holds_anywhere(Scope.EXCEPTION_READ):
        return ""
    return _("It takes a role in this tenant.")


def _write(seen: Situation) -> str:
    if seen.holds(Scope.EXCEPTION_WRITE):
        return ""
    return _("It takes %(scope)s in every service it reaches.") % {"scope": Scope.EXCEPTION_WRITE}


def _only_who_asked(seen: Situation) -> str:
    return "" if seen.is_mine else _("%(person)s asked for it.") % {"person": seen.row.person}


def _nothing_waits(seen: Situation) -> str:
    if seen.state is State.CHANGES_REQUESTED:
        return _("Changes were asked for; it waits for %(person)s.") % {"person": seen.row.person}
    return _("It is %(state)s; nothing of it waits for a decision.") % {"state": seen.state.value.replace("_", " ")}


def _not_from_here(seen: Situation) -> str:
    return _("It is %(state)s.") % {"state": seen.state.value.replace("_", " ")}


_OBSTACLES: Final[Mapping[Act, Callable[[Situation], str]]] = {
    Act.APPROVE: _approve,
    Act.NARROW: _approve,
    Act.REJECT: _reject,
    Act.REQUEST_CHANGES: _request_changes,
    Act.RESUBMIT: _resubmit,
    Act.WITHDRAW: _withdraw,
    Act.REVOKE: _revoke,
    Act.EXTEND: _extend,
    Act.CHANGE: _change,
    Act.RECHECK: _recheck,
    Act.ATTACH: _attach,
    Act.SAY: _say,
}
