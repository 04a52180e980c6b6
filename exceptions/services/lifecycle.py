"""The life of exceptions: beginning, ending, being revoked; whether one applies never waits for a worker."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction

from exceptions.errors import CommentMissing, NotYoursToRevoke
from exceptions.models import ExceptionNotice, PolicyException
from exceptions.models.exception import PolicyExceptionQuerySet
from exceptions.rules.vocabulary import IN_FORCE, State
from exceptions.selectors import KIND, held_exception
from exceptions.services.request import changed, close, illegal, may_end, open_request
from exceptions.services.story import tell
from stellapolicy.access.roles import Scope as Held
from stellapolicy.governance.services.approvals import recall
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.clock import rfc3339
from stellapolicy.kernel.each import each
from stellapolicy.tenancy.models import Tenant
from stellapolicy.tenancy.scope import tenant_scope

BATCH: Final = 200
NOTICE_DAYS: Final = (30, 14, 7, 3, 1)
STALE_AFTER: Final = timedelta(days=90)
ANSWER_WITHIN: Final = timedelta(days=14)
WORKER: Final = "system:exceptions"


@transaction.atomic
def revoke_exception(*, actor: Actor, pk: UUID, comment: str, at: datetime) -> PolicyException:
    """End an exception at once; whoever asked for it may, and whoever may approve in every service it stays within.

    Closing a gate takes one person. Raises IllegalTransition, NotYoursToRevoke, CommentMissing.
    """
    exception = held_exception(actor, pk)
    if not comment.strip():
        raise CommentMissing("a comment is needed")
    if exception.state not in IN_FORCE or exception.standing(at=at) is State.EXPIRED:
        raise illegal(exception, State.REVOKED, at=at)
    if not may_end(exception, actor):
        raise NotYoursToRevoke(f"it takes {Held.EXCEPTION_APPROVE}, or to be {exception.person}")
    end(exception, State.REVOKED, actor=actor, because=comment, at=at)
    return exception


def end(exception: PolicyException, state: State, *, actor: Actor, because: str, at: datetime) -> None:
    """Revoke or expire an exception that is held, with whatever still waits about it."""
    waiting = open_request(exception)
    if waiting is not None:
        recall(actor=actor, pk=waiting.pk, kind=KIND, reason=f"{exception.number} ended", at=at)
    exception.asked = exception.terms
    if state is State.REVOKED:
        exception.revoke()
    else:
        exception.expire()
    close(exception, because=because, at=at)
    name = "exception.revoked" if state is State.REVOKED else "exception.expired"
    tell(exception, actor, name, at=at, reason=because)


def advance_lifecycles(*, at: datetime) -> int:
    """Begin what begins, say where a grace is over, ask the owners of idle ones; return how many moved.

    Safe twice and side by side: each row is claimed, and judged again once it is held.
    """
    return in_every_tenant(lambda tenant: _advance_in(tenant, at=at))


def expire_due(*, at: datetime) -> int:
    """Record the end of every exception whose window is over and announce the ends to come; return how many ended."""

    def end_in(tenant: UUID) -> int:
        ended = in_batches(tenant, lambda rows: rows.to_expire(at=at), _expire, at=at)
        _announce(tenant, at=at)
        return ended

    return in_every_tenant(end_in)


def in_every_tenant(act: Callable[[UUID], int]) -> int:
    """Do something in tenant after tenant and add up; a surprise in one is raised once all others had their turn."""
    tenants = Tenant.objects.order_by("pk").values_list("pk", flat=True)
    return each(tenants, act, otherwise="in some tenants the work on exceptions was cut short")


def in_batches(
    tenant_id: UUID,
    due: Callable[[PolicyExceptionQuerySet], PolicyExceptionQuerySet],
    act: Callable[[PolicyException, Actor, datetime], bool],
    *,
    at: datetime,
) -> int:
    """Act on every due exception of a tenant, a transaction a batch; what another worker holds it does itself.

    `act` moves a row out of what is due and returns True, or leaves it and returns False.
    """
    actor = Actor(tenant_id=tenant_id, subject=WORKER)
    moved = 0
    while True:
        with tenant_scope(tenant_id):
            held = due(PolicyException.objects.all()).unclaimed()[:BATCH]
            keys = list(held.values_list("pk", flat=True))
            batch = list(PolicyException.objects.with_terms().filter(pk__in=keys).order_by("pk"))
            acted = sum(act(row, actor, at) for row in batch)
        moved += acted
        if len(batch) < BATCH or not acted:
            return moved


def _advance_in(tenant_id: UUID, *, at: datetime) -> int:
    steps: Iterable[tuple[Callable[[PolicyExceptionQuerySet], PolicyExceptionQuerySet], Callable[..., bool]]] = (
        (lambda rows: rows.to_activate(at=at), _activate),
        (lambda rows: rows.out_of_grace(at=at), _end_grace),
        (lambda rows: rows.stale(at=at, after=STALE_AFTER), _ask_owner),
        (lambda rows: rows.unanswered(at=at, within=ANSWER_WITHIN), _give_up),
    )
    return sum(in_batches(tenant_id, due, act, at=at) for due, act in steps)


def _activate(exception: PolicyException, actor: Actor, at: datetime) -> bool:
    exception.activate()
    changed(exception)
    tell(exception, actor, "exception.activated", at=at)
    return True


def _expire(exception: PolicyException, actor: Actor, at: datetime) -> bool:
    end(exception, State.EXPIRED, actor=actor, because=f"its time ended at {rfc3339(exception.expires_at)}", at=at)
    return True


def _end_grace(exception: PolicyException, actor: Actor, at: datetime) -> bool:
    """Say once that it stopped applying; it stays until somebody decides or its time ends."""
    exception.grace_told = True
    changed(exception)
    tell(exception, actor, "exception.grace_ended", at=at)
    return True


def _ask_owner(exception: PolicyException, actor: Actor, at: datetime) -> bool:
    exception.owner_asked_at = at
    changed(exception)
    details = {"idle_days": STALE_AFTER.days, "answer_within_days": ANSWER_WITHIN.days}
    tell(exception, actor, "exception.idle", at=at, details=details)
    return True


def _give_up(exception: PolicyException, actor: Actor, at: datetime) -> bool:
    """Require approval anew of what nobody needed and nobody answered for."""
    said = f"it has changed nothing for {STALE_AFTER.days} days, and nobody said that it is needed"
    exception.require_revalidation()
    exception.grace_until, exception.held_because = at + timedelta(hours=72), [said]
    changed(exception)
    tell(exception, actor, "exception.revalidation_required", at=at, reason=said)
    return True


def _announce(tenant_id: UUID, *, at: datetime) -> None:
    """Announce the end 30, 14, 7, 3 and 1 days before, of terms that last longer; once each, the nearest alone."""
    with tenant_scope(tenant_id):
        soon = PolicyException.objects.expiring(within=timedelta(days=NOTICE_DAYS[0]), at=at).order_by(
            "expires_at", "id"
        )
        told = set(ExceptionNotice.objects.filter(terms__in=soon.values("terms")).values_list("terms", "days"))
        ends = soon.order_by("expires_at", "id").values_list("pk", "terms", "terms__starts_at", "terms__expires_at")
        due = [
            (pk, days)
            for pk, terms, starts_at, expires_at in ends
            if (days := _notice(starts_at, expires_at, at=at)) and (terms, days) not in told
        ]
    for start in range(0, len(due), BATCH):
        with tenant_scope(tenant_id):
            _tell_some(dict(due[start : start + BATCH]), actor=Actor(tenant_id=tenant_id, subject=WORKER), at=at)


def _notice(starts_at: datetime, expires_at: datetime, *, at: datetime) -> int:
    """Return the announcement that is due, in days before the end; 0 for none."""
    due = [days for days in NOTICE_DAYS if expires_at - at <= timedelta(days=days) < expires_at - starts_at]
    return min(due, default=0)


def _tell_some(due: Mapping[UUID, int], *, actor: Actor, at: datetime) -> None:
    """Write the notices and tell; what somebody else holds waits, and of two workers the row lets one through."""
    held = PolicyException.objects.unclaimed().in_force(at=at).filter(pk__in=due).order_by("pk")
    rows = PolicyException.objects.with_terms().filter(pk__in=list(held.values_list("pk", flat=True)))
    for row in rows.order_by("pk"):
        if row.terms is None or _notice(row.terms.starts_at, row.terms.expires_at, at=at) != due[row.pk]:
            continue
        _, is_ours = ExceptionNotice.objects.get_or_create(terms=row.terms, days=due[row.pk], defaults={"at": at})
        if is_ours:
            tell(row, actor, "exception.expiring", at=at, details={"days": due[row.pk]})
