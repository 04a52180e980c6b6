"""Signing what was approved, so that it can be verified without this installation."""

from typing import Any, Final
from uuid import UUID

import structlog

from exceptions.errors import AttestationNotFound
from exceptions.models import ExceptionAttestation, ExceptionTerms, PolicyException
from exceptions.rules.attestation import Approver, Decided, approval_statement
from exceptions.rules.vocabulary import Level
from exceptions.selectors import request_for
from exceptions.services.story import tell
from stellapolicy.governance.models import ApprovalRequest
from stellapolicy.kernel import digest
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.kernel.clock import rfc3339
from stellapolicy.outbox.subscriptions import PublishedEvent
from stellapolicy.signing.errors import SigningUnsupported
from stellapolicy.signing.ports import signer
from stellapolicy.trust.intoto import PAYLOAD_TYPE

_SIGNER: Final = "system:signing"

log = structlog.get_logger(__name__)


def sign_approval(event: PublishedEvent) -> None:
    """Sign the terms that an approval put in force; a follower of `exception.approved`, once for each terms."""
    details: Any = event.data["details"]  # Any: as `complete_terms` wrote it
    rows = ExceptionTerms.objects.filter(exception_id=UUID(str(event.data["exception_id"])), version=details["terms"])
    terms = rows.get()
    request = request_for(terms)
    if request is None or ExceptionAttestation.objects.filter(terms=terms).exists():
        return
    exception = PolicyException.objects.with_terms().locked().get(pk=terms.exception_id)
    statement = approval_statement(
        number=exception.number,
        terms=terms_document(exception, terms),
        terms_digest=terms.digest,
        decided=_decided(request, terms),
    )
    try:
        envelope = signer().sign(PAYLOAD_TYPE, statement.payload())
    except SigningUnsupported as unsupported:
        # Approvals hold without a signature; what cannot be proven elsewhere says so by its absence.
        log.warning("exception.approval_unsigned", exception=exception.number, reason=str(unsupported))
        return
    stored = envelope.to_json()
    attestation = ExceptionAttestation(
        exception=exception,
        terms=terms,
        envelope=stored,
        key_id=signer().key_id,
        digest=digest.of_json(stored),
        at=event.at,
    )
    attestation.save(force_insert=True)
    actor = Actor(tenant_id=event.tenant_id, subject=_SIGNER)
    tell(exception, actor, "exception.signed", at=event.at, details={"digest": attestation.digest})


def attestation_of(exception: PolicyException) -> ExceptionAttestation:
    """Return the signed approval of the terms in force, or refuse."""
    found = ExceptionAttestation.objects.filter(terms=exception.terms_id).first() if exception.terms_id else None
    if found is None:
        raise AttestationNotFound(f"the terms in force of {exception.number} carry no signed approval")
    return found


def terms_document(exception: PolicyException, terms: ExceptionTerms) -> dict[str, JsonValue]:
    """Return the very document whose digest names the terms."""
    return {
        "tenant": str(exception.tenant_id),
        "exception": exception.number,
        "type": exception.type,
        "reason": exception.reason,
        "kind": exception.kind,
        "scope": terms.scope,
        "effect": terms.effect,
        "starts_at": rfc3339(terms.starts_at),
        "expires_at": rfc3339(terms.expires_at),
        "rationale": terms.rationale,
        "controls": terms.controls,
        "conditions": terms.conditions,
        "seen": terms.seen,
        "counts": terms.counts,
        "level": terms.level,
        "steps": terms.steps,
    }


def _decided(request: ApprovalRequest, terms: ExceptionTerms) -> Decided:
    """Return who agreed, from which seat, when and to what."""
    approved_at = request.decided_at or request.expires_at
    judged = request.judged(at=approved_at)
    seats = {person: request.quorum_rule().seats[place].name for place, person in judged.filled.items()}
    return Decided(
        requester=request.person,
        approvers=tuple(
            Approver(
                vote.person, seats.get(vote.person, ""), vote.at, vote.holder if vote.holder != vote.person else ""
            )
            for vote in request.votes.all()
            if vote.approves
        ),
        level=Level(terms.level),
        rule=request.rule,
        reason=request.reason,
        approved_at=approved_at,
        valid_from=terms.starts_at,
        valid_until=terms.expires_at,
        payload_hash=request.payload_hash,
    )
