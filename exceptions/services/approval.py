"""Deciding about an exception: every door calls these, and each vote is cast in the one mechanism of approval."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from exceptions.asking import Asked, Narrowing
from exceptions.errors import CommentMissing, NothingPending, NotNarrower, NotYoursToQuestion
from exceptions.matching.scope import narrower
from exceptions.models import Change, ExceptionTerms, PolicyException
from exceptions.rules.vocabulary import IN_FORCE, UNDECIDED, Effect, ExceptionType, Reason, State
from exceptions.rules.wording import counted, size
from exceptions.selectors import KIND, held_exception
from exceptions.services.drafting import draft
from exceptions.services.request import changed, close, first_start_of, forget_pending, illegal, open_request
from exceptions.services.story import tell
from exceptions.services.superseding import supersede_covered
from exceptions.services.terms import (
    ask,
    keep_terms,
    mirror,
    put_in_force,
    refuse_missing_evidence,
    refuse_what_moved,
)
from stellapolicy.governance.errors import SecondPersonRequired, TokenMayNotVote
from stellapolicy.governance.models import ApprovalRequest, ApprovalState
from stellapolicy.governance.selectors import voter_of
from stellapolicy.governance.services.approvals import recall, refuse_other_payload, vote
from stellapolicy.governance.voting import possibilities, refuse_closed
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.kernel.clock import rfc3339


@transaction.atomic
def approve_exception(
    *,
    actor: Actor,
    pk: UUID,
    payload_hash: str,
    comment: str,
    at: datetime,
    on_behalf_of: str = "",
    narrowing: Narrowing | None = None,
) -> PolicyException:
    """Agree to exactly the terms of this hash, or to less of them; the last vote that is needed puts them in force.

    With `narrowing`, terms that are provably less take the place of what was asked for, and the vote is for these;
    earlier votes do not carry over. Raises the refusals of a vote, IllegalTransition, NothingPending, NotNarrower,
    CommentMissing, FactsChanged, EvidenceMissing, WindowOver.
    """
    _refuse_silence(comment)
    exception = held_exception(actor, pk)
    request = _waiting(exception, wanted=State.APPROVED, at=at)
    _refuse_who_never_votes(actor, request)
    if narrowing is not None:
        request = _narrow(exception, request, narrowing, actor=actor, payload_hash=payload_hash, comment=comment, at=at)
        payload_hash = request.payload_hash
        if request.state != ApprovalState.OPEN:  # so little is left that it takes nobody
            exception.refresh_from_db()
            return exception
    vote(
        actor=actor,
        pk=request.pk,
        approve=True,
        payload_hash=payload_hash,
        reason=comment,
        at=at,
        on_behalf_of=on_behalf_of,
    )
    exception.refresh_from_db()
    return exception


@transaction.atomic
def reject_exception(
    *, actor: Actor, pk: UUID, payload_hash: str, comment: str, at: datetime, on_behalf_of: str = ""
) -> PolicyException:
    """Say no to a request, or to new terms of an exception that goes on as it was."""
    _refuse_silence(comment)
    exception = held_exception(actor, pk)
    request = _waiting(exception, wanted=State.REJECTED, at=at)
    _refuse_who_never_votes(actor, request)
    vote(
        actor=actor,
        pk=request.pk,
        approve=False,
        payload_hash=payload_hash,
        reason=comment,
        at=at,
        on_behalf_of=on_behalf_of,
    )
    exception.refresh_from_db()
    return exception


@transaction.atomic
def request_changes(*, actor: Actor, pk: UUID, comment: str, at: datetime) -> PolicyException:
    """Send a request back to whoever asked; the clock of the decision stops until they answer."""
    _refuse_silence(comment)
    exception = held_exception(actor, pk)
    if exception.state != State.PROPOSED:
        raise illegal(exception, State.CHANGES_REQUESTED, at=at)
    request = _waiting(exception, wanted=State.CHANGES_REQUESTED, at=at)
    refuse_closed(request, at=at)
    _refuse_bystander(actor, request, at=at)
    recall(actor=actor, pk=request.pk, kind=KIND, reason=comment, at=at)
    exception.request_changes()
    exception.patience = max(request.expires_at - at, timedelta(minutes=1))
    changed(exception)
    tell(exception, actor, "exception.changes_requested", at=at, reason=comment)
    return exception


def complete_terms(*, actor: Actor, request: ApprovalRequest, at: datetime) -> PolicyException:
    """Put the terms of an approved request in force: the completion of the kind `exception`.

    Facts, evidence and window are judged as they are now; a refusal leaves everything as it was, the vote included.
    """
    terms = _terms_of(request)
    exception = PolicyException.objects.with_terms().locked().get(pk=terms.exception_id)
    if exception.asked_id != terms.pk or exception.state not in (State.PROPOSED, *IN_FORCE):
        raise NothingPending(f"{exception.number} has other terms by now, or has ended")
    if exception.standing(at=at) is State.EXPIRED:
        raise illegal(exception, State.ACTIVE, at=at)
    refuse_what_moved(exception, terms, at=at)
    refuse_missing_evidence(exception, terms, at=at)
    put_in_force(exception, at=at)
    _advance(exception, at=at)
    changed(exception)
    details: dict[str, JsonValue] = {"terms": terms.version, "level": terms.level, "request": str(request.pk)}
    tell(exception, actor, "exception.approved", at=at, reason=request.decision_reason, details=details)
    supersede_covered(exception, actor=actor, at=at)
    return exception


def follow_closing(*, actor: Actor, request: ApprovalRequest, reason: str, at: datetime) -> None:
    """Let an exception follow a request that was rejected, withdrawn or ran out of time."""
    terms = _terms_of(request)
    exception = PolicyException.objects.with_terms().locked().get(pk=terms.exception_id)
    if exception.asked_id != terms.pk:
        return
    if exception.state == State.PROPOSED:
        if request.state == "rejected":
            exception.reject()
            name = "exception.rejected"
        else:
            exception.withdraw()
            name = "exception.withdrawn"
        close(exception, because=reason, at=at)
        tell(exception, actor, name, at=at, reason=reason)
    elif exception.state in IN_FORCE:
        forget_pending(exception)
        name = "exception.terms_rejected" if request.state == "rejected" else "exception.terms_withdrawn"
        tell(exception, actor, name, at=at, reason=reason)


def describe_terms(request: ApprovalRequest) -> tuple[str, ...]:
    """Return in words what approving does."""
    terms = _terms_of(request)
    exception = PolicyException.objects.get(pk=terms.exception_id)
    effect, kind = Effect(terms.effect).value.replace("_", " "), exception.reason.replace("_", " ")
    window = (
        f"From {terms.starts_at:%Y-%m-%d %H:%M} to {terms.expires_at:%Y-%m-%d %H:%M} UTC: {effect}, because of {kind}."
    )
    findings, artifacts, services = (int(terms.counts.get(name, 0)) for name in ("findings", "artifacts", "services"))
    covered = f"Covered when asked for: {counted(findings, 'finding')} in {size(artifacts, services)}."
    return (f"{exception.number}: {terms.rationale}", *terms.selector().in_words(), window, covered)


def _advance(exception: PolicyException, *, at: datetime) -> None:
    """Move to the state that approval leads to; what begins now begins."""
    if exception.state == State.PROPOSED:
        exception.approve()
        # The approval must stand before it begins: the database follows each step.
        changed(exception)
    elif exception.state == State.REVALIDATION_REQUIRED:
        exception.revalidate()
    if exception.state == State.APPROVED and exception.starts_at <= at:
        exception.activate()


def _narrow(
    exception: PolicyException,
    request: ApprovalRequest,
    narrowing: Narrowing,
    *,
    actor: Actor,
    payload_hash: str,
    comment: str,
    at: datetime,
) -> ApprovalRequest:
    """Put less in the place of what was asked for, still as the request of whoever asked.

    INVARIANT: what got worse since it was asked for is told first: less of it would be judged by the facts of today.
    """
    refuse_closed(request, at=at)
    refuse_other_payload(request, payload_hash)
    _refuse_bystander(actor, request, at=at)
    terms = _terms_of(request)
    refuse_what_moved(exception, terms, at=at)
    scope = narrowing.scope or terms.selector()
    expires_at = narrowing.expires_at or terms.expires_at
    if expires_at > terms.expires_at or not narrower(scope, terms.selector()):
        raise NotNarrower(f"it may end by {rfc3339(terms.expires_at)} and cover no more than what was asked for")
    if (scope, expires_at) == (terms.selector(), terms.expires_at):
        raise NotNarrower("this is what was asked for; approve it as it is")
    asked = Asked(
        type=ExceptionType(exception.type),
        reason=Reason(exception.reason),
        scope=scope,
        effect=Effect(terms.effect),
        starts_at=terms.starts_at,
        expires_at=expires_at,
        rationale=terms.rationale,
        controls=tuple(terms.controls),
        conditions=terms.recheck_policy(),
        ticket=str(terms.counts.get("ticket", exception.ticket)),
    )
    drafted = draft(asked, actor=actor, at=at, first_start=first_start_of(exception), is_new=False, needs_scope=False)
    recall(actor=actor, pk=request.pk, kind=KIND, reason=f"narrowed by {actor.person}: {comment}", at=at)
    narrowed = keep_terms(exception, drafted, change=Change.NARROWED, actor=actor, at=at)
    if exception.terms_id is None:
        mirror(exception, narrowed)
    changed(exception)
    details: dict[str, JsonValue] = {
        "terms": narrowed.version,
        "instead_of": terms.version,
        "expires_at": rfc3339(expires_at),
    }
    tell(exception, actor, "exception.narrowed", at=at, reason=comment, details=details)
    return ask(exception, drafted, actor=actor, at=at, patience=request.expires_at - at, instead_of=request)


def _waiting(exception: PolicyException, *, wanted: State, at: datetime) -> ApprovalRequest:
    request = open_request(exception)
    if request is not None:
        return request
    if exception.state in UNDECIDED or exception.state in IN_FORCE:
        if exception.state == State.CHANGES_REQUESTED:
            raise illegal(exception, wanted, at=at)
        raise NothingPending(f"{exception.number} is {exception.state}; no terms of it wait for a decision")
    raise illegal(exception, wanted, at=at)


def _terms_of(request: ApprovalRequest) -> ExceptionTerms:
    return ExceptionTerms.objects.get(pk=UUID(request.target_id))


def _refuse_who_never_votes(actor: Actor, request: ApprovalRequest) -> None:
    """Refuse with the reason, whatever else the actor may read: whoever asked, and tokens."""
    if request.person in actor.people:
        raise SecondPersonRequired("nobody decides what they asked for themselves")
    if actor.subject != actor.person and not request.quorum_rule().tokens_vote:
        raise TokenMayNotVote("sign in yourself; a token cannot show that it is you who votes")


def _refuse_bystander(actor: Actor, request: ApprovalRequest, *, at: datetime) -> None:
    """Refuse whoever could not decide about it."""
    if request.person in actor.people:
        raise SecondPersonRequired("nobody decides what they asked for themselves")
    votes = possibilities(voter_of(actor, at=at), request, request.ballots(), at=at)
    if not any(one.may_approve for one in votes):
        raise NotYoursToQuestion(f"{actor.person} could not approve it, and so may not change what it asks for")


def _refuse_silence(comment: str) -> None:
    if not comment.strip():
        raise CommentMissing("a comment is needed")
