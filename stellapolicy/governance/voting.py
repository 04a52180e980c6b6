"""Whether somebody may vote on a request now: one judgement for the service that counts and the page that offers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from stellapolicy.governance.errors import (
    ApprovalClosed,
    ApprovalExpired,
    DelegationMissing,
    SeatMissing,
    SeatsFilled,
    SecondPersonRequired,
    TokenMayNotVote,
    VotedAlready,
)
from stellapolicy.governance.models import ApprovalRequest, ApprovalState
from stellapolicy.governance.quorum import Ballot, QuorumRule, Standing, adds
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.refusals import Refusal

_PEOPLE = "user:"


@dataclass(frozen=True, slots=True)
class Voter:
    """Who votes, with their own standing and what others lent them by delegation, by whom."""

    actor: Actor
    own: Standing
    lent: Mapping[str, tuple[Standing, ...]]

    @property
    def person(self) -> str:
        """The human who votes."""
        return self.actor.person

    @property
    def is_token(self) -> bool:
        """Whether a token speaks for the person."""
        return self.actor.subject != self.actor.person

    def standings_as(self, holder: str) -> Sequence[Standing]:
        """Return the standings a vote in this person's stead rests on."""
        if holder == self.person:
            return (self.own,)
        if holder not in self.lent:
            raise DelegationMissing(f"{holder} has not let {self.person} stand in for them now")
        return self.lent[holder]


@dataclass(frozen=True, slots=True)
class Possibility:
    """A vote somebody could cast now, in their own stead or another's."""

    holder: str
    may_approve: bool


def ballot_of(
    voter: Voter, request: ApprovalRequest, ballots: Sequence[Ballot], *, holder: str, approves: bool, at: datetime
) -> Ballot:
    """Return the ballot a voter may cast, or refuse with the reason."""
    refuse_closed(request, at=at)
    rule = request.quorum_rule()
    _refuse_involved(voter, request, rule, holder)
    if spoken := (voter.actor.people | {holder}) & {party for each in ballots for party in each.parties}:
        raise VotedAlready(f"{', '.join(sorted(spoken))} has spoken on this request")
    _refuse_token(voter, rule)
    ballot = Ballot(voter.person, holder, approves, _seats(voter, rule, holder), at)
    if approves and not adds(rule, ballots, ballot):
        raise SeatsFilled("others fill the seats that you could fill")
    return ballot


def possibilities(
    voter: Voter, request: ApprovalRequest, ballots: Sequence[Ballot], *, at: datetime
) -> tuple[Possibility, ...]:
    """Return every vote the voter could cast now, their own first."""
    found = []
    for holder in (voter.person, *sorted(voter.lent)):
        if _refusal(voter, request, ballots, holder=holder, approves=False, at=at) is None:
            approving = _refusal(voter, request, ballots, holder=holder, approves=True, at=at)
            found.append(Possibility(holder, may_approve=approving is None))
    return tuple(found)


def obstacle(voter: Voter, request: ApprovalRequest, ballots: Sequence[Ballot], *, at: datetime) -> str:
    """Return why the voter cannot approve in their own name now, as a sentence; empty where they can."""
    refusal = _refusal(voter, request, ballots, holder=voter.person, approves=True, at=at)
    return "" if refusal is None else f"{refusal.title}: {refusal.detail}."


def refuse_closed(request: ApprovalRequest, *, at: datetime) -> None:
    """Refuse a request that is decided, withdrawn or out of time, whether or not a worker has noticed."""
    state = request.standing(at=at)
    if state == ApprovalState.EXPIRED:
        raise ApprovalExpired(f"its time ran out at {request.expires_at:%Y-%m-%d %H:%M} UTC")
    if state != ApprovalState.OPEN:
        raise ApprovalClosed(f"it is {state.value} already")


def _refuse_involved(voter: Voter, request: ApprovalRequest, rule: QuorumRule, holder: str) -> None:
    if not voter.person.startswith(_PEOPLE):
        raise SecondPersonRequired(f"{voter.person} is no person")
    voting = voter.actor.people | {holder}
    if request.person in voting:
        raise SecondPersonRequired("nobody decides what they asked for themselves")
    if rule.excluded & voting:
        raise SecondPersonRequired("whoever wrote it, gains by it, or could act as who asked, does not decide it")
    if request.person in voter.lent:
        raise SecondPersonRequired(f"you stand in for {request.person}, who asked for it")


def _refuse_token(voter: Voter, rule: QuorumRule) -> None:
    if voter.is_token and not rule.tokens_vote:
        raise TokenMayNotVote("sign in yourself; a token cannot show that it is you who votes")


def _seats(voter: Voter, rule: QuorumRule, holder: str) -> frozenset[int]:
    standings = voter.standings_as(holder)
    seats = frozenset[int]().union(*(rule.fitting(standing) for standing in standings))
    if not seats:
        asked = "; ".join(seat.asks() for seat in rule.seats)
        raise SeatMissing(f"it takes {asked}")
    return seats


def _refusal(
    voter: Voter, request: ApprovalRequest, ballots: Sequence[Ballot], *, holder: str, approves: bool, at: datetime
) -> Refusal | None:
    try:
        ballot_of(voter, request, ballots, holder=holder, approves=approves, at=at)
    except Refusal as refusal:
        return refusal
    return None
