"""evidence_completeness: there is a whole, readable scan of this very artifact."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from gates.checks.base import (
    CheckInput,
    CheckKind,
    CheckResult,
    EvidenceState,
    Outcome,
    Reason,
    Response,
    ScanState,
    Tier,
)
from gates.checks.options import choice, option

_RESCAN = "Scan the artifact and submit the report."


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceCompletenessOptions:
    """What evidence that is missing or not whole weighs."""

    incomplete: Response = field(metadata=option(choice(Response)))


@dataclass(frozen=True, slots=True)
class _Gap:
    code: str
    text: str
    fix: str


_GAPS = {
    ScanState.UNSCANNED: _Gap("evidence.missing", "Nobody has scanned this artifact", _RESCAN),
    ScanState.UNREADABLE: _Gap("evidence.unreadable", "The report of the scan cannot be read", _RESCAN),
    ScanState.PARTIAL: _Gap(
        "evidence.partial",
        "The report shows only a part of what the scanner saw",
        "Scan without filters and ignore rules, and submit the whole report.",
    ),
    ScanState.SUBJECT_MISMATCH: _Gap(
        "evidence.subject_mismatch",
        "The report is about another artifact",
        "Submit the report of the artifact that is to ship.",
    ),
}

_OF_SOME_ARTIFACT = frozenset({ScanState.COMPLETE, ScanState.PARTIAL})


def defaults(tier: Tier) -> EvidenceCompletenessOptions:
    """Return the shipped options: missing evidence blocks in production and warns elsewhere."""
    return EvidenceCompletenessOptions(incomplete=Response.BLOCK if tier is Tier.PRODUCTION else Response.WARN)


def check(subject: CheckInput, options: EvidenceCompletenessOptions) -> CheckResult:
    """Say what is missing; a report that does not name its artifact is noted."""
    return CheckResult.because(CheckKind.EVIDENCE_COMPLETENESS, _reasons(subject.evidence, options))


def _reasons(evidence: EvidenceState, options: EvidenceCompletenessOptions) -> Iterator[Reason]:
    sources = tuple(source.digest for source in evidence.sources)
    if evidence.scan is not ScanState.COMPLETE:
        gap = _GAPS[evidence.scan]
        causes = "; ".join(evidence.partial_reasons)
        yield Reason(
            code=gap.code,
            text=f"{gap.text}: {causes}." if causes else f"{gap.text}.",
            outcome=options.incomplete.outcome,
            value=evidence.scan.value,
            threshold=ScanState.COMPLETE.value,
            evidence=sources,
            fix=gap.fix,
        )
    if evidence.scan in _OF_SOME_ARTIFACT and not evidence.is_subject_stated:
        yield Reason(
            code="evidence.subject_unstated",
            text="The report does not say which artifact it is about; the uploader's word was taken for it.",
            outcome=Outcome.PASS_WITH_NOTE,
            evidence=sources,
            fix="Scan the image by its digest, so that the report names it.",
        )
