"""Closing the requests that an approved exception has overtaken."""

from datetime import datetime
from typing import Final
from uuid import UUID

from exceptions.models import PolicyException
from exceptions.rules.vocabulary import State
from exceptions.selectors import KIND
from exceptions.services.covering import Wish, covers
from exceptions.services.leaving import SUPERSEDING, leave
from exceptions.services.lifecycle import WORKER
from exceptions.services.request import close, open_request
from exceptions.services.story import tell
from stellapolicy.governance.services.approvals import recall
from stellapolicy.kernel.actor import Actor
from stellapolicy.outbox.subscriptions import PublishedEvent

AT_ONCE: Final = 20


def supersede_covered(exception: PolicyException, *, actor: Actor, at: datetime) -> list[PolicyException]:
    """Close undecided requests that ask for no more than what is in force now, and return them; a worker the rest.

    INVARIANT: one transaction closes a few: it holds the audit chain, for which every gate of the tenant waits.
    """
    covered = _covered_by(exception, at=at)
    # INVARIANT: exceptions are held before the audit chain, which is held by now: never wait for one here.
    held = PolicyException.objects.undecided().unclaimed().filter(pk__in=covered).order_by("number")[:AT_ONCE]
    rows = PolicyException.objects.with_terms().filter(pk__in=list(held.values_list("pk", flat=True)))
    overtaken = [row for row in rows.order_by("number") if _says_all(exception, row, at=at)]
    for row in overtaken:
        _overtake(row, by=exception, actor=actor, at=at)
    if overtaken and len(covered) > AT_ONCE:
        data = {"exception": str(exception.pk)}
        subject = f"superseding:{exception.number}"
        leave(SUPERSEDING, tenant_id=actor.tenant_id, subject=subject, data=data, at=at)
    return overtaken


def follow_left(event: PublishedEvent) -> None:
    """Close what an approval has left, while what was approved is in force."""
    key = UUID(str(event.data["exception"]))
    held = PolicyException.objects.locked().filter(pk=key, state__in=(State.APPROVED, State.ACTIVE))
    for pk in held.values_list("pk", flat=True):
        exception = PolicyException.objects.with_terms().get(pk=pk)
        if exception.standing(at=event.at) is not State.EXPIRED:
            supersede_covered(exception, actor=Actor(event.tenant_id, WORKER), at=event.at)


def _covered_by(exception: PolicyException, *, at: datetime) -> list[UUID]:
    """Return the undecided requests that ask for no more; one read."""
    terms = exception.terms
    if terms is None:
        return []
    rows = PolicyException.objects.undecided().filter(type=exception.type, asked__expires_at__lte=terms.expires_at)
    named = terms.selector().vulnerabilities
    if named:
        rows = rows.filter(vulnerabilities__contained_by=list(named)).exclude(vulnerabilities=[])
    rows = rows.exclude(pk=exception.pk).with_terms().order_by("number")
    return [row.pk for row in rows if _says_all(exception, row, at=at)]


def _says_all(exception: PolicyException, other: PolicyException, *, at: datetime) -> bool:
    terms, asked = exception.terms, other.asked
    return terms is not None and asked is not None and covers(terms, Wish.waiting(asked, at=at))


def _overtake(row: PolicyException, *, by: PolicyException, actor: Actor, at: datetime) -> None:
    if (waiting := open_request(row)) is not None:
        recall(actor=actor, pk=waiting.pk, kind=KIND, reason=f"{by.number} covers it", at=at)
    row.supersede()
    close(row, because=f"covered by {by.number}", at=at)
    tell(row, actor, "exception.superseded", at=at, reason=f"covered by {by.number}")
