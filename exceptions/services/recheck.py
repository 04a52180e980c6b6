"""Void-if: what an exception rests on is compared with today, and a change for the worse takes effect."""

from collections.abc import Container, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from exceptions import ports
from exceptions.models import PolicyException
from exceptions.rules.conditions import Action, ConditionKind
from exceptions.rules.recheck import Fired, strongest
from exceptions.rules.vocabulary import IN_FORCE, ExceptionType, State
from exceptions.selectors import held_exception
from exceptions.services.judging import fired_today, look_at
from exceptions.services.leaving import RECHECKING, leave
from exceptions.services.lifecycle import WORKER, end, in_every_tenant
from exceptions.services.request import changed, illegal
from exceptions.services.story import tell
from stellapolicy.access.roles import Scope as Held
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.outbox.subscriptions import PublishedEvent
from stellapolicy.tenancy.scope import tenant_scope

AT_ONCE: Final = 100
MOST_SAID: Final = 20
STEPS: Final = 10
_SCALES: Final = {
    ConditionKind.EPSS_RISES: 1,
    ConditionKind.EPSS_ABOVE: 1,
    ConditionKind.CVSS_RISES: 10,
    ConditionKind.CVSS_ABOVE: 10,
}


@transaction.atomic
def recheck_exception(*, actor: Actor, pk: UUID, at: datetime) -> tuple[PolicyException, tuple[Fired, ...]]:
    """Compare one exception with the facts of today, as anybody may ask who may write; return what fired."""
    exception = held_exception(actor, pk)
    if exception.state not in IN_FORCE or exception.standing(at=at) is State.EXPIRED:
        raise illegal(exception, "rechecked", at=at)
    if exception.person != actor.person:
        for service in exception.service_ids or (None,):
            actor.require(Held.EXCEPTION_WRITE, service=service)
    found = _judge([exception], at=at)[exception.pk]
    tell(exception, actor, "exception.rechecked", at=at, details={"fired": [one.in_words() for one in found]})
    take_effect(exception, found, actor=Actor(actor.tenant_id, WORKER), at=at)
    return exception, found


def take_effect(exception: PolicyException, found: Sequence[Fired], *, actor: Actor, at: datetime) -> Action | None:
    """Let the strongest of what fired take effect on an exception that is held; return it where anything moved.

    What waits for a decision already only gets stricter, and is not warned of twice.
    """
    action = strongest(found)
    if action is None or exception.state not in IN_FORCE:
        return None
    said = sorted({one.in_words() for one in found if one.action is action})[:MOST_SAID]
    details: dict[str, JsonValue] = {"action": action.value, "because": said}
    if action is Action.WARN:
        return action if _warn(exception, found, actor=actor, at=at) else None
    if action is Action.REVOKE:
        end(exception, State.REVOKED, actor=actor, because="; ".join(said), at=at)
        return action
    return action if _hold(exception, found, action, details, actor=actor, at=at) else None


def hold_fired(*, tenant_id: UUID, found: Mapping[tuple[str, str], Sequence[Fired]], at: datetime) -> int:
    """Let what a decision saw take effect, by number of the exception and digest of its terms; return how many moved.

    Called in the transaction of the decision, so that a grace begins with the first one that sees the change. An
    exception that somebody else holds at this moment, or that has other terms by now, is left to the next who looks.
    """
    numbers = sorted({number for number, _ in found})
    rows = PolicyException.objects.with_terms().unclaimed().filter(number__in=numbers, state__in=IN_FORCE)
    actor = Actor(tenant_id=tenant_id, subject=WORKER)
    named = [(row, (row.number, row.terms.digest)) for row in rows.order_by("pk") if row.terms is not None]
    moved = [take_effect(row, found[key], actor=actor, at=at) for row, key in named if key in found]
    return sum(action is not None for action in moved)


def sweep(*, at: datetime) -> int:
    """Recheck everything in force in every tenant; return how many moved."""
    return in_every_tenant(lambda tenant: recheck_tenant(tenant, at=at))


def recheck_tenant(tenant_id: UUID, *, at: datetime) -> int:
    """Recheck what is in force in a tenant, a transaction a batch; return how many moved."""
    return sum(_recheck_some(tenant_id, keys, at=at) for keys in _batches(_in_force(tenant_id, at=at)))


def follow_facts(event: PublishedEvent) -> None:
    """Recheck what may rest on facts that changed: by the vulnerabilities an event names, else by the artifacts.

    INVARIANT: no transaction holds more than one batch, nor the audit chain for longer: gates decide meanwhile. The
    others wait, each for a transaction of its own.
    """
    first, *rest = _batches(_in_force(event.tenant_id, at=event.at, about=_names_of(event.data))) or [[]]
    for place, keys in enumerate(rest):
        named: list[JsonValue] = [str(key) for key in keys]
        subject = f"recheck:{event.id}:{place}"
        leave(RECHECKING, tenant_id=event.tenant_id, subject=subject, data={"exceptions": named}, at=event.at)
    _recheck_some(event.tenant_id, first, at=event.at)


def follow_left(event: PublishedEvent) -> None:
    """Recheck one batch that was left."""
    _recheck_some(event.tenant_id, [UUID(key) for key in _texts(event.data["exceptions"])], at=event.at)


def _in_force(tenant_id: UUID, *, at: datetime, about: Iterable[str] | None = None) -> list[UUID]:
    """Return what is in force in a tenant; `about` are names of vulnerabilities and limits it to what names them.

    What names no vulnerability may concern any, and is always looked at.
    """
    with tenant_scope(tenant_id):
        rows = PolicyException.objects.standing().filter(expires_at__gt=at).order_by("pk")
        if about is not None:
            rows = rows.filter(Q(vulnerabilities__overlap=sorted(set(about))) | Q(vulnerabilities=[]))
        return list(rows.values_list("pk", flat=True))


def _batches(keys: Sequence[UUID]) -> list[Sequence[UUID]]:
    return [keys[start : start + AT_ONCE] for start in range(0, len(keys), AT_ONCE)]


def _names_of(told: Mapping[str, JsonValue]) -> frozenset[str] | None:
    """Return the vulnerabilities an event may concern; None where it may concern any.

    A feed names CVEs, an exception may name the same by another id: the artifacts concerned know both.
    """
    if told.get("wholesale"):
        return None
    named = frozenset([*_texts(told.get("cves")), *_texts(told.get("vulnerabilities"))])
    artifacts = [*_texts(told.get("artifacts")), *_texts([told.get("artifact")])]
    return (named | ports.estate().touched_by(artifacts) if artifacts else named) or None


def _texts(value: JsonValue) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list | tuple) else []


def _recheck_some(tenant_id: UUID, keys: Sequence[UUID], *, at: datetime) -> int:
    """Recheck a batch in one transaction; what somebody else holds at this moment they judge themselves."""
    actor = Actor(tenant_id=tenant_id, subject=WORKER)
    with tenant_scope(tenant_id):
        held = PolicyException.objects.unclaimed().filter(pk__in=keys, state__in=IN_FORCE).order_by("pk")
        rows = PolicyException.objects.with_terms().filter(pk__in=list(held.values_list("pk", flat=True)))
        batch = [row for row in rows.order_by("pk") if row.standing(at=at) is not State.EXPIRED]
        judged = _judge(batch, at=at)
        moved = [take_effect(row, judged[row.pk], actor=actor, at=at) for row in batch]
    return sum(action is not None for action in moved)


def _judge(batch: Sequence[PolicyException], *, at: datetime) -> Mapping[UUID, tuple[Fired, ...]]:
    """Return what fires for each of these, with one look at the estate, or several where one does not hold it all."""
    found = look_at([(row.terms, ExceptionType(row.type)) for row in batch if row.terms is not None], at=at)
    return {row.pk: fired_today(row.terms, *found[row.terms.pk], at=at) if row.terms else () for row in batch}


def _warn(exception: PolicyException, found: Sequence[Fired], *, actor: Actor, at: datetime) -> bool:
    """Warn once, while terms hold, of each kind of change to a vulnerability in a package.

    Numbers move every day: of a score again only where it reaches a higher step than any that was warned of.
    """
    warned = frozenset(exception.warned_of)
    fresh = {_topic(one, _step(one)): one for one in found if not _is_known(one, warned)}
    if not fresh:
        return False
    topics = sorted(fresh)[:MOST_SAID]
    said = sorted({fresh[topic].in_words() for topic in topics})
    exception.warned_of = [*exception.warned_of, *topics]
    changed(exception)
    tell(exception, actor, "exception.warned", at=at, reason="; ".join(said), details={"because": list(said)})
    return True


def _is_known(one: Fired, warned: Container[str]) -> bool:
    return any(_topic(one, step) in warned for step in range(_step(one), STEPS + 1))


def _topic(one: Fired, step: int) -> str:
    """Return what is warned of once."""
    reached = f"{step}/{STEPS}" if step else ""
    return " ".join(filter(None, (one.condition.kind.value, one.vulnerability, one.package, reached)))


def _step(one: Fired) -> int:
    """Return which tenth of its scale a score has reached; 0 for what has no score."""
    try:
        return int(Decimal(one.now.split()[-1]) * STEPS / _SCALES[one.condition.kind])
    except (KeyError, IndexError, InvalidOperation):
        return 0


def _hold(
    exception: PolicyException,
    found: Sequence[Fired],
    action: Action,
    details: dict[str, JsonValue],
    *,
    actor: Actor,
    at: datetime,
) -> bool:
    """Require approval anew; it goes on applying for the shortest grace of what fired, counted from its start."""
    grace = min((one.grace for one in found if one.action.rank >= Action.REQUIRE_REAPPROVAL.rank), default=timedelta(0))
    until, blocks = max(at, exception.starts_at) + grace, action is Action.BLOCK
    if exception.state == State.REVALIDATION_REQUIRED:
        is_stricter = (exception.grace_until is not None and until < exception.grace_until) or blocks > exception.blocks
        if not is_stricter:
            return False
        exception.grace_until = min(until, exception.grace_until or until)
        exception.blocks = exception.blocks or blocks
    else:
        if exception.state == State.APPROVED:
            exception.activate()
            changed(exception)
            tell(exception, actor, "exception.activated", at=at)
        exception.require_revalidation()
        exception.grace_until, exception.blocks = until, blocks
    exception.held_because = details["because"]
    exception.grace_told = False
    changed(exception)
    reason = "; ".join(str(one) for one in exception.held_because)
    tell(exception, actor, "exception.revalidation_required", at=at, reason=reason, details=details)
    return True
