"""Asking for an exception, changing what was asked for, and taking it back."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from django.db import transaction

from exceptions.asking import Asked, TermsChange
from exceptions.errors import AlreadyCovered, CommentMissing, IllegalTransition, NotYourRequest, NotYoursToRevoke
from exceptions.models import Change, ExceptionTerms, PolicyException
from exceptions.rules.vocabulary import IN_FORCE, LEGAL_STEPS, UNDECIDED, Effect, ExceptionType, Level, Reason, State
from exceptions.selectors import KIND, agreed_versions, covering_rows, first_start, held_exception, request_for
from exceptions.services.covering import Wish, covers
from exceptions.services.drafting import Drafted, draft
from exceptions.services.numbering import next_number
from exceptions.services.story import tell
from exceptions.services.terms import ask, keep_terms, mirror, reach_of
from stellapolicy.access.roles import Scope as Held
from stellapolicy.governance.models import ApprovalRequest, ApprovalState
from stellapolicy.governance.services.approvals import recall
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.clock import rfc3339


@transaction.atomic
def request_exception(*, actor: Actor, asked: Asked, at: datetime) -> PolicyException:
    """Ask for an exception; it applies once others agreed, at level A0 at once.

    Raises ExceptionInvalid, TooBroad, TooLong, TicketMissing, ConditionAlreadyTrue, AlreadyCovered, ScopeMissing.
    """
    return keep_request(actor=actor, drafted=draft(asked, actor=actor, at=at), at=at)


@transaction.atomic
def keep_request(*, actor: Actor, drafted: Drafted, at: datetime) -> PolicyException:
    """Ask for what was drafted for the actor, at the very instant.

    What it writes first holds the numbers and the audit chain of the tenant; whatever takes long was looked at before.
    Raises AlreadyCovered.
    """
    asked = drafted.asked
    refuse_covered(drafted, actor=actor, at=at)
    exception = PolicyException(
        number=next_number(at=at),
        type=asked.type.value,
        reason=asked.reason.value,
        kind=drafted.kind.value,
        requester=actor.subject,
        person=actor.person,
        owner_team=drafted.owner_team,
        ticket=asked.ticket.strip(),
        tags=sorted(set(asked.tags)),
        effect=drafted.effect.value,
        level=drafted.judged.level.value,
        severity="unknown",
        starts_at=drafted.starts_at,
        expires_at=asked.expires_at,
        created_at=at,
    )
    exception.save(force_insert=True)
    _ask_for(exception, drafted, change=Change.FIRST, actor=actor, at=at, told="exception.requested")
    return exception


@transaction.atomic
def change_terms(
    *, actor: Actor, pk: UUID, change: TermsChange, at: datetime, as_extension: bool = False
) -> PolicyException:
    """Propose other terms, with the facts of today; those in force stay so until the new ones are approved.

    What is undecided is asked for anew, and votes do not carry over; said again word for word while the facts are the
    same, nothing happens. Raises the refusals of `request_exception`, IllegalTransition, NotYourRequest,
    NotYoursToRevoke.
    """
    exception = held_exception(actor, pk)
    _refuse_ended(exception, at=at)
    is_undecided = exception.state in UNDECIDED
    for service in exception.service_ids or (None,):
        actor.require(Held.EXCEPTION_WRITE, service=service)
    if is_undecided and exception.person != actor.person:
        raise NotYourRequest(f"{exception.person} asked for it")
    _refuse_foreign_terms(exception, actor)
    # INVARIANT: an extension is one of what is in force, whatever else has been proposed meanwhile.
    asked = _with(exception, exception.terms if as_extension else exception.asked, change, at=at)
    drafted = draft(asked, actor=actor, at=at, first_start=first_start_of(exception), is_new=False)
    if _is_said_already(exception, drafted, at=at):
        return exception
    _refuse_to_end_by_replacing(exception, drafted, actor)
    if is_undecided:
        refuse_covered(drafted, actor=actor, at=at)
    _take_back(exception, actor=actor, reason="other terms are proposed", at=at)
    if change.ticket is not None and is_undecided:
        exception.ticket = change.ticket.strip()
    if exception.state == State.CHANGES_REQUESTED:
        exception.propose_again()
    kind = Change.EXTENSION if as_extension else Change.FIRST if is_undecided else Change.CHANGE
    _ask_for(exception, drafted, change=kind, actor=actor, at=at, told="exception.changed")
    return exception


@transaction.atomic
def extend_exception(*, actor: Actor, pk: UUID, expires_at: datetime, rationale: str, at: datetime) -> PolicyException:
    """Ask for a later end; new terms, through approval, within the longest term from the first start."""
    exception = held_exception(actor, pk)
    if exception.state not in IN_FORCE:
        raise illegal(exception, "extended", at=at)
    change = TermsChange(expires_at=expires_at, rationale=rationale)
    return change_terms(actor=actor, pk=exception.pk, change=change, at=at, as_extension=True)


@transaction.atomic
def resubmit_exception(*, actor: Actor, pk: UUID, comment: str, at: datetime) -> PolicyException:
    """Ask again for the same after changes were asked for; the clock goes on where it stopped."""
    exception = held_exception(actor, pk)
    if exception.state != State.CHANGES_REQUESTED:
        raise illegal(exception, State.PROPOSED, at=at)
    if exception.person != actor.person:
        raise NotYourRequest(f"{exception.person} asked for it")
    if not comment.strip():
        raise CommentMissing("say what has changed, or why nothing has to")
    asked = _with(exception, exception.asked, TermsChange(), at=at)
    drafted = draft(asked, actor=actor, at=at, first_start=first_start_of(exception), is_new=False)
    refuse_covered(drafted, actor=actor, at=at)
    exception.propose_again()
    _ask_for(exception, drafted, change=Change.FIRST, actor=actor, at=at, told="exception.resubmitted", reason=comment)
    return exception


@transaction.atomic
def withdraw_exception(*, actor: Actor, pk: UUID, reason: str, at: datetime) -> PolicyException:
    """Take back one's own request, or one's own new terms of an exception that goes on as it was."""
    exception = held_exception(actor, pk)
    waiting = open_request(exception)
    if exception.state in UNDECIDED:
        if exception.person != actor.person:
            raise NotYourRequest(f"{exception.person} asked for it; reject it instead")
        _take_back(exception, actor=actor, reason=reason or "withdrawn", at=at)
        exception.withdraw()
        close(exception, because=reason or "withdrawn", at=at)
        tell(exception, actor, "exception.withdrawn", at=at, reason=reason)
        return exception
    if waiting is None:
        raise illegal(exception, State.WITHDRAWN, at=at)
    if waiting.person != actor.person:
        raise NotYourRequest(f"{waiting.person} proposed the new terms; reject them instead")
    _take_back(exception, actor=actor, reason=reason or "withdrawn", at=at)
    forget_pending(exception)
    tell(exception, actor, "exception.terms_withdrawn", at=at, reason=reason)
    return exception


def forget_pending(exception: PolicyException) -> None:
    """Let the terms in force be the newest that count: those after them came to nothing, and reached nothing."""
    exception.asked = exception.terms
    exception.reach = reach_of(agreed_versions(exception).values_list("counts__within", flat=True))
    changed(exception)


def close(exception: PolicyException, *, because: str, at: datetime) -> None:
    """Save an exception that has just moved to its end."""
    exception.closed_at, exception.closed_because = at, because
    exception.patience = exception.grace_until = None
    exception.blocks = False
    changed(exception)


def changed(exception: PolicyException) -> None:
    """Save an exception as a new version."""
    exception.version += 1
    exception.save()


def open_request(exception: PolicyException) -> ApprovalRequest | None:
    """Return the request on the newest terms where it is open."""
    if exception.asked is None:
        return None
    found = request_for(exception.asked)
    return found if found is not None and found.state == ApprovalState.OPEN else None


def _ask_for(
    exception: PolicyException,
    drafted: Drafted,
    *,
    change: Change,
    actor: Actor,
    at: datetime,
    told: str,
    reason: str = "",
) -> None:
    patience, exception.patience = exception.patience, None
    terms = keep_terms(exception, drafted, change=change, actor=actor, at=at)
    if exception.terms_id is None:
        mirror(exception, terms)
    changed(exception)
    tell(exception, actor, told, at=at, reason=reason or terms.rationale, details={"terms": terms.version})
    ask(exception, drafted, actor=actor, at=at, patience=patience)
    exception.refresh_from_db()


def _refuse_foreign_terms(exception: PolicyException, actor: Actor) -> None:
    """Refuse to put one's own terms in the place of those that somebody else has proposed and that wait."""
    waiting = open_request(exception)
    if waiting is not None and waiting.person != actor.person:
        raise NotYourRequest(
            f"terms of {waiting.person} wait for a decision; they withdraw them, or others reject them"
        )


def _take_back(exception: PolicyException, *, actor: Actor, reason: str, at: datetime) -> None:
    """Call back the open request on the newest terms, where there is one."""
    waiting = open_request(exception)
    if waiting is not None:
        recall(actor=actor, pk=waiting.pk, kind=KIND, reason=reason, at=at)


def may_end(exception: PolicyException, actor: Actor) -> bool:
    """Whether somebody may end an exception alone: who asked for it, and who may approve wherever it holds."""
    services = exception.service_ids or (None,)
    return exception.person == actor.person or all(actor.holds_for(Held.EXCEPTION_APPROVE, one) for one in services)


def _refuse_to_end_by_replacing(exception: PolicyException, drafted: Drafted, actor: Actor) -> None:
    """Refuse terms that need nobody in the place of terms that somebody agreed to, but to whoever may end these."""
    held = exception.terms
    needs_nobody = drafted.judged.level is Level.A0
    if held is not None and needs_nobody and held.level != Level.A0 and not may_end(exception, actor):
        raise NotYoursToRevoke("it would hold at once and end what others agreed to; ask for one beside it")


def _is_said_already(exception: PolicyException, drafted: Drafted, *, at: datetime) -> bool:
    """Whether the very same waits for votes or holds undisturbed, with the facts as they are: then nothing is asked."""
    terms, waiting = exception.asked, open_request(exception)
    if terms is None or (exception.state == State.REVALIDATION_REQUIRED and waiting is None):
        return False
    if waiting is None and exception.asked_id != exception.terms_id:
        return False
    if waiting is not None and waiting.standing(at=at) != ApprovalState.OPEN:
        return False
    newest = _with(exception, terms, TermsChange(), at=at)
    return newest == drafted.asked and [one.to_json() for one in drafted.seen] == terms.seen


def _with(exception: PolicyException, terms: ExceptionTerms | None, change: TermsChange, *, at: datetime) -> Asked:
    """Return what is asked for: these terms of the exception with the change."""
    if terms is None:
        raise ValueError(f"{exception.number} has no terms")
    whole = Asked(
        type=ExceptionType(exception.type),
        reason=Reason(exception.reason),
        scope=terms.selector(),
        effect=Effect(terms.effect),
        starts_at=terms.starts_at if exception.terms_id else max(terms.starts_at, at),
        expires_at=terms.expires_at,
        rationale=terms.rationale,
        controls=tuple(terms.controls),
        conditions=terms.recheck_policy(),
        owner_team=exception.owner_team.slug if exception.owner_team else "",
        ticket=str(terms.counts.get("ticket", exception.ticket)),
        tags=tuple(exception.tags),
    )
    said = {
        name: value
        for name in ("scope", "effect", "expires_at", "rationale", "controls", "conditions", "ticket")
        if (value := getattr(change, name)) is not None
    }
    return replace(whole, **said)


def first_start_of(exception: PolicyException) -> datetime | None:
    """Return from where the longest term counts; what nobody agreed to yet counts from its own start."""
    return first_start(exception) if exception.terms_id else None


def _refuse_ended(exception: PolicyException, *, at: datetime) -> None:
    if exception.state not in (*IN_FORCE, *UNDECIDED) or exception.standing(at=at) is State.EXPIRED:
        raise illegal(exception, "changed", at=at)


def illegal(exception: PolicyException, wanted: str, *, at: datetime) -> IllegalTransition:
    """Return the refusal of a step that is not legal from where it stands at the instant, with those that are."""
    state = exception.standing(at=at)
    steps = ", ".join(LEGAL_STEPS.get(state, ())) or "none, this is final"
    return IllegalTransition(f"{exception.number} is {state} and cannot be {wanted}; legal: {steps}")


def refuse_covered(drafted: Drafted, *, actor: Actor, at: datetime) -> None:
    """Refuse what an exception in force says already: no narrower, no shorter, no weaker; name it to its readers."""
    wish = Wish.drafted(drafted)
    for other in covering_rows(drafted.asked, at=at):
        terms = other.terms
        if terms is None or not covers(terms, wish):
            continue
        until = rfc3339(terms.expires_at)
        if PolicyException.objects.visible_to(actor, Held.EXCEPTION_READ).filter(pk=other.pk).exists():
            said = f"{other.number} covers all of it until {until}: /api/v1/exceptions/{other.number}"
            raise AlreadyCovered(said, number=other.number)
        raise AlreadyCovered(f"an exception that reaches beyond your services covers all of it until {until}")
