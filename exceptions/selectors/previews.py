"""What would flip with an exception in force, or without it: by deciding again; nothing is written."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from exceptions import ports
from exceptions.errors import NothingPending
from exceptions.matching.standing import StandingException
from exceptions.models import ExceptionTerms, PolicyException
from exceptions.ports import Previewed
from exceptions.rules.vocabulary import IN_FORCE, UNDECIDED
from exceptions.selectors import standing_form
from stellapolicy.kernel.actor import Actor


class When(StrEnum):
    """What is supposed to have happened."""

    APPROVED = "approved"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Preview:
    """What was supposed, the exception as it would hold (None: not any more), and what becomes of releases."""

    when: When
    candidate: StandingException | None
    previewed: Previewed


def preview_of(exception: PolicyException, *, actor: Actor, when: When | None, at: datetime) -> Preview:
    """Return what flips if the newest terms were approved now, or if the exception ended now.

    when: None asks the question that is open: about terms that wait, else about the end of what is in force.
    """
    supposed = when or (When.APPROVED if waiting_terms(exception) is not None else When.EXPIRED)
    if supposed is When.APPROVED:
        candidate = as_if_begun(standing_form(exception, _waiting(exception)), at=at)
        scope = candidate.scope
    else:
        candidate, scope = None, _held(exception, at=at).selector()
    gone = frozenset({exception.number}) if exception.state in IN_FORCE else frozenset[str]()
    found = ports.preview().preview(actor=actor, scope=scope, added=candidate, removed=gone, at=at)
    return Preview(supposed, candidate, found)


def waiting_terms(exception: PolicyException) -> ExceptionTerms | None:
    """Return the terms that nobody agreed to yet and that may still be agreed to."""
    if exception.state in UNDECIDED or (exception.state in IN_FORCE and exception.has_pending_terms()):
        return exception.asked
    return None


def as_if_begun(candidate: StandingException, *, at: datetime) -> StandingException:
    """Return an exception as it will hold once it begins."""
    return replace(candidate, starts_at=min(candidate.starts_at, at))


def _waiting(exception: PolicyException) -> ExceptionTerms:
    terms = waiting_terms(exception)
    if terms is None:
        raise NothingPending(f"{exception.number} is {exception.state}; no terms of it wait for a decision")
    return terms


def _held(exception: PolicyException, *, at: datetime) -> ExceptionTerms:
    if exception.terms is None or exception.standing(at=at) not in IN_FORCE:
        raise NothingPending(f"{exception.number} is {exception.standing(at=at)}; nothing of it can end")
    return exception.terms
