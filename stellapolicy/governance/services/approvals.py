"""Asking others for their consent, giving it, refusing it, taking the question back, and letting it lapse."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from rfc8785 import CanonicalizationError

from stellapolicy.access.reauthentication import require_recent
from stellapolicy.access.roles import Scope
from stellapolicy.audit.services import Target, record
from stellapolicy.governance.approvals import ApprovalKind, kind_of
from stellapolicy.governance.errors import (
    ApprovalNotFound,
    NobodyAsked,
    NotYours,
    PayloadChanged,
    PayloadRefused,
    ReasonMissing,
    TimeOutRefused,
)
from stellapolicy.governance.models import ApprovalRequest, ApprovalState, ApprovalVote
from stellapolicy.governance.quorum import Ballot, Outcome, QuorumRule, judge
from stellapolicy.governance.selectors import number, voter_of
from stellapolicy.governance.settings import TIME_OUT_DAYS
from stellapolicy.governance.voting import ballot_of, refuse_closed
from stellapolicy.kernel import digest
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.kernel.clock import rfc3339
from stellapolicy.kernel.refusals import Fault
from stellapolicy.outbox.services.events import publish
from stellapolicy.tenancy.models import Tenant
from stellapolicy.tenancy.scope import tenant_scope

LONGEST_WAIT: Final = timedelta(days=90)
_BATCH: Final = 200
_EXPIRING: Final = "system:governance"
_OVERDUE: Final = "its time ran out"


@transaction.atomic
def request_approval(
    *,
    actor: Actor,
    kind: str,
    target: Target,
    payload: Mapping[str, JsonValue],
    rule: QuorumRule,
    reason: str,
    at: datetime,
    expires_at: datetime | None = None,
    instead_of: ApprovalRequest | None = None,
) -> ApprovalRequest:
    """Ask for consent to what the payload says, complete and final; whoever asks is never among those who agree.

    Without `expires_at` the request waits as many days as the governance setting says. A rule that needs nobody is
    refused, unless the kind may take effect by itself, which it then does at once. `instead_of` is an earlier request
    that its room called back because less is now asked for: this one stays that person's, who still may not agree,
    while the actor who lessened it may.
    """
    known = kind_of(kind)
    _refuse_silence(reason)
    excluded = actor.people if instead_of is None else instead_of.quorum_rule().excluded | {instead_of.person}
    asked = rule.asking(known.scope).excluding(*excluded)
    if asked.count == 0 and not known.may_be_automatic:
        raise NobodyAsked(f"{kind} needs at least one other person")
    request = ApprovalRequest(
        tenant_id=actor.tenant_id,
        kind=kind,
        target_type=target.type,
        target_id=target.id,
        payload=dict(payload),
        payload_hash=hash_of(payload),
        rule=asked.to_json(),
        services=list(asked.services),
        requester=actor.subject if instead_of is None else instead_of.requester,
        person=actor.person if instead_of is None else instead_of.person,
        reason=reason,
        created_at=at,
        expires_at=_expiry(expires_at, at=at),
    )
    request.save(force_insert=True)
    _tell(request, actor, "approval.requested", reason=reason, at=at)
    if judge(asked, (), at=at).outcome is Outcome.APPROVED:
        _complete(request, known, actor=actor, reason=reason, at=at)
    return request


@transaction.atomic
def vote(
    *,
    actor: Actor,
    pk: UUID,
    approve: bool,
    payload_hash: str,
    reason: str,
    at: datetime,
    on_behalf_of: str = "",
) -> ApprovalRequest:
    """Say yes or no to exactly the payload of this hash; one no ends the request, the last yes lets it take effect.

    Whatever the completion refuses leaves the request as it was, without this vote. `on_behalf_of` names whom
    (`user:…`) the voter stands in for by a delegation; the vote then counts as theirs.
    """
    request = _locked(actor, pk)
    refuse_closed(request, at=at)
    refuse_other_payload(request, payload_hash)
    if not approve or kind_of(request.kind).needs_comment:
        _refuse_silence(reason)
    voter, ballots = voter_of(actor, at=at), request.ballots()
    holder = on_behalf_of or actor.person
    ballot = ballot_of(voter, request, ballots, holder=holder, approves=approve, at=at)
    require_recent(actor, at=at)
    _keep_vote(actor, request, ballot, reason=reason)
    _settle(request, (*ballots, ballot), actor=actor, reason=reason, at=at)
    return request


@transaction.atomic
def withdraw(*, actor: Actor, pk: UUID, reason: str, at: datetime) -> ApprovalRequest:
    """Take back a question of one's own."""
    request = _locked(actor, pk)
    refuse_closed(request, at=at)
    if request.person != actor.person:
        raise NotYours(f"{request.person} asked; reject it instead")
    _withdraw(request, actor=actor, reason=reason, at=at)
    _follow(request, actor, reason=reason, at=at)
    return request


@transaction.atomic
def recall(*, actor: Actor, pk: UUID, kind: str, reason: str, at: datetime) -> ApprovalRequest:
    """Take back a question because what it was about changed or went away.

    For the room that owns the kind, which has judged whether the actor may; votes never carry over to a new payload.
    One whose time ran out is closed as such, whether or not a worker has been there: what it was about is free.
    """
    request = ApprovalRequest.objects.locked().filter(pk=pk, kind=kind).first()
    if request is None:
        raise ApprovalNotFound("there is no such request in this tenant")
    if request.standing(at=at) == ApprovalState.EXPIRED and request.state == ApprovalState.OPEN:
        request.expire()
        _close(request, Actor(actor.tenant_id, _EXPIRING), "approval.expired", reason=_OVERDUE, at=at)
        return request
    refuse_closed(request, at=at)
    return _withdraw(request, actor=actor, reason=reason, at=at)


def expire_due(*, at: datetime) -> int:
    """Close the requests of every tenant whose time ran out and return how many; safe twice and side by side.

    Nothing depends on this having run: an overdue request refuses votes by itself. It records and tells.
    """
    return sum(_expire_in(tenant, at=at) for tenant in Tenant.objects.order_by("pk").values_list("pk", flat=True))


def hash_of(payload: Mapping[str, JsonValue]) -> str:
    """Return the digest votes are over; refuses what has no canonical form (RFC 8785)."""
    try:
        return digest.of_json(payload)
    except (CanonicalizationError, TypeError, UnicodeEncodeError) as error:
        raise PayloadRefused(f"the payload has no canonical JSON: {error}") from None


def _expire_in(tenant_id: UUID, *, at: datetime) -> int:
    actor, expired = Actor(tenant_id=tenant_id, subject=_EXPIRING), 0
    while True:
        with tenant_scope(tenant_id):
            overdue = list(ApprovalRequest.objects.overdue(at=at)[:_BATCH])
        ended = sum(_expire(request, actor, at=at) for request in overdue)
        expired += ended
        if len(overdue) < _BATCH or not ended:
            return expired


def _expire(request: ApprovalRequest, actor: Actor, *, at: datetime) -> bool:
    """Close one request whose time ran out, unless somebody else does; a transaction each, as some follow it."""
    with tenant_scope(actor.tenant_id):
        _hold(request)
        rows = ApprovalRequest.objects.overdue(at=at).select_for_update(skip_locked=True, of=("self",))
        held = rows.filter(pk=request.pk).first()
        if held is None:
            return False
        held.expire()
        _close(held, actor, "approval.expired", reason=_OVERDUE, at=at)
        _follow(held, actor, reason=_OVERDUE, at=at)
        return True


def _locked(actor: Actor, pk: UUID) -> ApprovalRequest:
    visible = ApprovalRequest.objects.visible_to(actor, Scope.GOVERNANCE_READ).filter(pk=pk)
    seen = visible.defer("payload").first()
    if seen is None:
        raise ApprovalNotFound("there is no such request in this tenant")
    _hold(seen)
    return visible.locked().get()


def _hold(request: ApprovalRequest) -> None:
    """Hold what the room that asked will change, before the request itself."""
    hold = kind_of(request.kind).hold
    if hold is not None:
        hold(request)


def _expiry(asked: datetime | None, *, at: datetime) -> datetime:
    expires_at = at + timedelta(days=number(TIME_OUT_DAYS)) if asked is None else asked
    if not at < expires_at <= at + LONGEST_WAIT:
        raise TimeOutRefused(f"a request waits longer than no time and at most {LONGEST_WAIT.days} days")
    return expires_at


def _refuse_silence(reason: str) -> None:
    if not reason.strip():
        raise ReasonMissing("a reason is needed", faults=(Fault("/reason", ReasonMissing.code, "say why"),))


def refuse_other_payload(request: ApprovalRequest, payload_hash: str) -> None:
    """Refuse whoever looked at something else than what the request holds."""
    if payload_hash != request.payload_hash:
        fault = Fault("/payload_hash", PayloadChanged.code, f"the request holds {request.payload_hash}")
        raise PayloadChanged(f"the payload is {request.payload_hash}; look at it again", faults=(fault,))


def _keep_vote(actor: Actor, request: ApprovalRequest, ballot: Ballot, *, reason: str) -> None:
    cast = ApprovalVote(
        tenant_id=actor.tenant_id,
        request=request,
        person=ballot.person,
        subject=actor.subject,
        holder=ballot.holder,
        approves=ballot.approves,
        seats=sorted(ballot.seats),
        payload_hash=request.payload_hash,
        reason=reason,
        at=ballot.at,
    )
    cast.save(force_insert=True)
    action = "approval.agreed" if ballot.approves else "approval.refused"
    record(actor, action, request, at=ballot.at, after_digest=request.payload_hash, reason=reason)


def _settle(request: ApprovalRequest, ballots: tuple[Ballot, ...], *, actor: Actor, reason: str, at: datetime) -> None:
    """Close the request where the votes decide it."""
    match judge(request.quorum_rule(), ballots, at=at).outcome:
        case Outcome.APPROVED:
            _complete(request, kind_of(request.kind), actor=actor, reason=reason, at=at)
        case Outcome.REJECTED:
            request.reject()
            _close(request, actor, "approval.rejected", reason=reason, at=at)
            _follow(request, actor, reason=reason, at=at)
        case Outcome.WAITING:
            pass


def _complete(request: ApprovalRequest, kind: ApprovalKind, *, actor: Actor, reason: str, at: datetime) -> None:
    """Close the request as approved and let it take effect; a refusal propagates and undoes both."""
    request.approve()
    _close(request, actor, "approval.approved", reason=reason, at=at)
    kind.complete(actor=actor, request=request, at=at)


def _withdraw(request: ApprovalRequest, *, actor: Actor, reason: str, at: datetime) -> ApprovalRequest:
    request.withdraw()
    _close(request, actor, "approval.withdrawn", reason=reason, at=at)
    return request


def _follow(request: ApprovalRequest, actor: Actor, *, reason: str, at: datetime) -> None:
    """Let the room that asked follow; one that called the request back itself has done so."""
    closed = kind_of(request.kind).closed
    if closed is not None:
        closed(actor=actor, request=request, reason=reason, at=at)


def _close(request: ApprovalRequest, actor: Actor, action: str, *, reason: str, at: datetime) -> None:
    """Save the state a request moved to, record it and tell it."""
    request.decided_at, request.decision_reason = at, reason
    request.save(update_fields=["state", "decided_at", "decision_reason"])
    _tell(request, actor, action, reason=reason, at=at)


def _tell(request: ApprovalRequest, actor: Actor, action: str, *, reason: str, at: datetime) -> None:
    """Record what happened to a request and publish it under the same name; the payload itself is not told."""
    record(actor, action, request, at=at, after_digest=request.payload_hash, reason=reason)
    data: dict[str, JsonValue] = {
        "request_id": str(request.pk),
        "kind": request.kind,
        "target_type": request.target_type,
        "target_id": request.target_id,
        "requester": request.person,
        "payload_hash": request.payload_hash,
        "state": str(request.state),
        "expires_at": rfc3339(request.expires_at),
    }
    publish(action, actor=actor, subject=f"approval_request:{request.pk}", data=data, at=at)
