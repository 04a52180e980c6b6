"""Which of many requests lack evidence that their last vote would be refused without; the same reads for however many.

INVARIANT: what counts is judged as `exceptions.services.hooks` judges it for one.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from uuid import UUID

from exceptions.matching.scope import narrower
from exceptions.models import ExceptionEvidence, ExceptionTerms, PolicyException
from exceptions.rules.hooks import (
    HookKind,
    HookState,
    Signature,
    Submitted,
    judge_hooks,
    mandatory_hooks,
    signed_evidence_met,
)
from exceptions.rules.level_table import LevelRule
from exceptions.rules.vocabulary import Level, Reason
from exceptions.selectors import level_rule, levels
from exceptions.services.hooks import is_about
from stellapolicy.trust.keys import trusted_keys


def lacking_evidence(rows: Sequence[PolicyException], *, at: datetime) -> frozenset[UUID]:
    """Return those of the rows whose newest terms are not shown what their level asks for; three reads."""
    table, keys = levels(), [row.pk for row in rows]
    shown: defaultdict[UUID, list[ExceptionEvidence]] = defaultdict(list)
    for one in ExceptionEvidence.objects.filter(exception__in=keys).exclude(hook="").order_by("at", "id"):
        shown[one.exception_id].append(one)
    versions: defaultdict[UUID, list[ExceptionTerms]] = defaultdict(list)
    for terms in ExceptionTerms.objects.filter(exception__in=keys).defer("seen").order_by("version"):
        versions[terms.exception_id].append(terms)
    return frozenset(
        row.pk
        for row in rows
        if row.asked is not None
        and _lacks(row, row.asked, level_rule(Level(row.asked.level), table), shown[row.pk], versions[row.pk], at=at)
    )


def _lacks(
    row: PolicyException,
    terms: ExceptionTerms,
    rule: LevelRule,
    shown: Iterable[ExceptionEvidence],
    versions: Iterable[ExceptionTerms],
    *,
    at: datetime,
) -> bool:
    agreed, artifacts = _asking_no_less(terms, versions), terms.selector().digests
    trusted = trusted_keys()
    submitted = [
        _submitted(one, trusted)
        for one in shown
        if one.signature == Signature.UNSIGNED or is_about(one.subjects, terms=agreed, artifacts=artifacts)
    ]
    reports = judge_hooks(mandatory_hooks(Reason(row.reason), rule), submitted, at=at)
    if any(report.mandatory and report.state is not HookState.MET for report in reports):
        return True
    return rule.needs_signed_evidence and not signed_evidence_met(submitted, at=at)


def _asking_no_less(terms: ExceptionTerms, versions: Iterable[ExceptionTerms]) -> list[str]:
    """Return the digests of terms, and of those before them that asked for no less."""
    scope = terms.selector()
    return [
        earlier.digest
        for earlier in versions
        if earlier.effect == terms.effect
        and earlier.expires_at >= terms.expires_at
        and narrower(scope, earlier.selector())
    ]


def _submitted(row: ExceptionEvidence, trusted: Collection[str]) -> Submitted:
    """Return evidence as the hooks judge it: a key that was withdrawn since vouches for nothing."""
    kept = Signature(row.signature)
    is_withdrawn = kept is Signature.VERIFIED and row.signer not in trusted
    return Submitted(
        kind=HookKind(row.hook),
        issued_at=row.issued_at,
        claims=row.claims,
        trust=row.trust,
        signature=Signature.BAD if is_withdrawn else kept,
        id=str(row.pk),
    )
