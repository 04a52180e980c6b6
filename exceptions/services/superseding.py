"""Closing the requests that an approved exception has overtaken."""

from datetime import datetime

from exceptions.models import PolicyException
from exceptions.selectors import KIND
from exceptions.services.covering import Wish, covers
from exceptions.services.request import close, open_request
from exceptions.services.story import tell
from stellapolicy.governance.services.approvals import recall
from stellapolicy.kernel.actor import Actor


def supersede_covered(exception: PolicyException, *, actor: Actor, at: datetime) -> list[PolicyException]:
    """Close every undecided request that asks for no more than what is in force now; return them."""
    terms = exception.terms
    if terms is None:
        return []
    scope = terms.selector()
    rows = PolicyException.objects.undecided().filter(type=exception.type).exclude(pk=exception.pk)
    if scope.vulnerabilities:
        rows = rows.filter(vulnerabilities__contained_by=list(scope.vulnerabilities)).exclude(vulnerabilities=[])
    overtaken = []
    # INVARIANT: exceptions are held before the audit chain, which is held by now: never wait for one here.
    for other in rows.with_terms().unclaimed().order_by("number"):
        asked = other.asked
        if asked is None or not covers(terms, Wish.waiting(asked, at=at)):
            continue
        if (waiting := open_request(other)) is not None:
            recall(actor=actor, pk=waiting.pk, kind=KIND, reason=f"{exception.number} covers it", at=at)
        other.supersede()
        close(other, because=f"covered by {exception.number}", at=at)
        tell(other, actor, "exception.superseded", at=at, reason=f"covered by {exception.number}")
        overtaken.append(other)
    return overtaken
