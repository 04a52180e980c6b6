"""What happens to an exception is told once: as its own event, in the audit chain, and to whoever listens."""

from collections.abc import Mapping
from datetime import datetime

from django.db.models import Max

from exceptions.models import ExceptionEvent, PolicyException
from stellapolicy.audit.services import record
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.kernel.clock import rfc3339
from stellapolicy.outbox.services.events import publish

# What outsiders and the rooms above hear of; everything else stays in the history of the exception.
TOLD = {
    "exception.requested": "An exception was asked for",
    "exception.changes_requested": "Changes to an exception were asked for",
    "exception.question_asked": "A question about an exception was asked",
    "exception.question_answered": "A question about an exception was answered",
    "exception.narrowed": "An approver narrowed what an exception asks for",
    "exception.approved": "An exception was approved",
    "exception.rejected": "An exception was rejected",
    "exception.activated": "An exception began",
    "exception.superseded": "A request was overtaken by a broader exception",
    "exception.withdrawn": "A request for an exception was withdrawn",
    "exception.warned": "What an exception rests on changed",
    "exception.revalidation_required": "An exception must be approved anew",
    "exception.grace_ended": "An exception stopped applying until it is approved anew",
    "exception.revoked": "An exception was revoked",
    "exception.expired": "An exception ended",
    "exception.expiring": "An exception ends soon",
    "exception.idle": "An exception has changed nothing for long",
}
RECORDED = {
    **TOLD,
    "exception.changed": "Terms of an exception proposed",
    "exception.resubmitted": "Exception submitted again",
    "exception.terms_rejected": "New terms of an exception rejected",
    "exception.terms_withdrawn": "New terms of an exception withdrawn",
    "exception.evidence_attached": "Evidence attached to an exception",
    "exception.commented": "Exception commented",
    "exception.rechecked": "Exception rechecked",
    "exception.signed": "Approval of an exception signed",
    "exception.levels_changed": "Approval levels of exceptions changed",
    "exception.imported": "Exceptions imported",
}


def tell(
    exception: PolicyException,
    actor: Actor,
    name: str,
    *,
    at: datetime,
    reason: str = "",
    details: Mapping[str, JsonValue] | None = None,
) -> ExceptionEvent:
    """Record what happened to an exception that is held or new, and publish it where others follow it."""
    terms = exception.asked if exception.terms is None else exception.terms
    digest = terms.digest if terms else ""
    entry = record(actor, name, exception, at=at, after_digest=digest, reason=reason, ticket=exception.ticket)
    event = ExceptionEvent(
        exception=exception,
        sequence=_next(exception),
        name=name,
        state=str(exception.state),
        actor=actor.subject,
        person=actor.person,
        reason=reason,
        details=dict(details or {}),
        terms_version=terms.version if terms else None,
        audit_seq=entry.seq,
        at=at,
    )
    event.save(force_insert=True)
    if name in TOLD:
        publish(name, actor=actor, subject=f"exception:{exception.number}", data=_told(exception, details), at=at)
    return event


def _next(exception: PolicyException) -> int:
    last: int | None = ExceptionEvent.objects.filter(exception=exception).aggregate(last=Max("sequence"))["last"]
    return (last or 0) + 1


def _told(exception: PolicyException, details: Mapping[str, JsonValue] | None) -> dict[str, JsonValue]:
    """Return what an event says: enough to find the exception and to see whom it concerns."""
    return {
        "exception": exception.number,
        "exception_id": str(exception.pk),
        "state": str(exception.state),
        "type": exception.type,
        "reason": exception.reason,
        "effect": exception.effect,
        "level": exception.level,
        "severity": exception.severity,
        "requester": exception.person,
        "owner_team": exception.owner_team.slug if exception.owner_team else None,
        "vulnerabilities": exception.vulnerabilities[:50],
        "environments": exception.environments[:50],
        "services": exception.services[:50],
        "starts_at": rfc3339(exception.starts_at),
        "expires_at": rfc3339(exception.expires_at),
        "grace_until": rfc3339(exception.grace_until) if exception.grace_until else None,
        "details": dict(details or {}),
    }
