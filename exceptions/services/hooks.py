"""What evidence an exception has, held against what its level asks for."""

from datetime import datetime

from exceptions.models import ExceptionEvidence, ExceptionTerms, PolicyException
from exceptions.rules.hooks import (
    HookKind,
    HookReport,
    Signature,
    Submitted,
    judge_hooks,
    mandatory_hooks,
    signed_evidence_met,
)
from exceptions.rules.vocabulary import Level, Reason
from exceptions.selectors import level_rule, levels


def evidence_report(exception: PolicyException, terms: ExceptionTerms, *, at: datetime) -> tuple[HookReport, ...]:
    """Return how every hook stands that the level asks for, or that somebody submitted evidence to."""
    mandatory = mandatory_hooks(Reason(exception.reason), level_rule(Level(terms.level), levels()))
    return judge_hooks(mandatory, submitted_to(exception), at=at)


def signed_evidence_is_missing(exception: PolicyException, *, at: datetime) -> bool:
    """Whether no evidence carries a signature that verifies."""
    return not signed_evidence_met(submitted_to(exception), at=at)


def submitted_to(exception: PolicyException) -> list[Submitted]:
    """Return the statements that were attached, as the hooks judge them."""
    rows = ExceptionEvidence.objects.filter(exception=exception).exclude(hook="").order_by("at", "id")
    return [
        Submitted(
            kind=HookKind(row.hook),
            issued_at=row.issued_at,
            claims=row.claims,
            trust=row.trust,
            signature=Signature(row.signature),
            id=str(row.pk),
        )
        for row in rows
    ]
