"""What evidence an exception has, held against what its level asks for."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from uuid import UUID

from exceptions.matching.scope import narrower
from exceptions.models import ExceptionEvidence, ExceptionTerms, PolicyException
from exceptions.rules.hooks import (
    HookKind,
    HookReport,
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
from stellapolicy.trust.keys import trusted_keys


def evidence_report(exception: PolicyException, terms: ExceptionTerms, *, at: datetime) -> tuple[HookReport, ...]:
    """Return how every hook stands that the level asks for, or that somebody submitted evidence to."""
    mandatory = mandatory_hooks(Reason(exception.reason), level_rule(Level(terms.level), levels()))
    return judge_hooks(mandatory, submitted_to(exception, terms), at=at)


def signed_evidence_is_missing(exception: PolicyException, *, at: datetime) -> bool:
    """Whether no evidence carries a signature that verifies."""
    return not signed_evidence_met(submitted_to(exception), at=at)


def lacking_evidence(rows: Sequence[PolicyException], *, at: datetime) -> frozenset[UUID]:
    """Return those of the exceptions whose newest terms lack what their level asks for; a few reads for any number."""
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
        if (asked := row.asked) is not None
        and _lacks(
            Reason(row.reason),
            level_rule(Level(asked.level), table),
            _counting(shown[row.pk], asked, versions[row.pk]),
            at=at,
        )
    )


def submitted_to(exception: PolicyException, terms: ExceptionTerms | None = None) -> list[Submitted]:
    """Return the statements that count for terms (the newest, where none are given), as the hooks judge them."""
    judged = terms or exception.asked
    if judged is None:
        return []
    rows = ExceptionEvidence.objects.filter(exception=exception).exclude(hook="").order_by("at", "id")
    return _counting(rows, judged, exception.versions.order_by("version"))


def _lacks(reason: Reason, rule: LevelRule, submitted: Sequence[Submitted], *, at: datetime) -> bool:
    reports = judge_hooks(mandatory_hooks(reason, rule), submitted, at=at)
    if any(report.mandatory and report.state is not HookState.MET for report in reports):
        return True
    return rule.needs_signed_evidence and not signed_evidence_met(submitted, at=at)


def _counting(
    rows: Iterable[ExceptionEvidence], terms: ExceptionTerms, versions: Iterable[ExceptionTerms]
) -> list[Submitted]:
    """Return the evidence of an exception that counts for terms of it.

    What was signed counts where it was signed about these terms, about earlier ones that asked for no less, or about
    every artifact that their scope names. INVARIANT: a key that was withdrawn since vouches for nothing.
    """
    agreed, artifacts = _asking_no_less(terms, versions), terms.selector().digests
    trusted = trusted_keys()
    return [
        Submitted(
            kind=HookKind(row.hook),
            issued_at=row.issued_at,
            claims=row.claims,
            trust=row.trust,
            signature=_worth(row, trusted),
            id=str(row.pk),
        )
        for row in rows
        if row.signature == Signature.UNSIGNED or is_about(row.subjects, terms=agreed, artifacts=artifacts)
    ]


def _worth(row: ExceptionEvidence, trusted: Collection[str]) -> Signature:
    """Return what a signature is worth while these keys are trusted."""
    kept = Signature(row.signature)
    return Signature.BAD if kept is Signature.VERIFIED and row.signer not in trusted else kept


def is_about(subjects: Collection[str], *, terms: Collection[str], artifacts: Collection[str]) -> bool:
    """Whether something signed about subjects is about one of several terms, or about all of an exception's artifacts.

    INVARIANT: who looked at one of two artifacts said nothing of the other.
    """
    return not set(terms).isdisjoint(subjects) or (bool(artifacts) and set(artifacts) <= set(subjects))


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
