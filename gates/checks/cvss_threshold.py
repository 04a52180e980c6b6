"""cvss_threshold: one finding that is bad enough warns or blocks; off in production, where reachability rules."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from gates.checks import reading
from gates.checks.base import CheckInput, CheckKind, CheckResult, JudgedFinding, Outcome, Reason, Tier, UnknownWeight
from gates.checks.options import maybe, number, option
from gates.checks.severity_scope import SeverityBasis, SeverityScope
from policies.importers.records import FindingKind
from stellapolicy.kernel.decimals import cvss_tenths
from stellapolicy.kernel.severity import Severity, of_cvss


@dataclass(frozen=True, slots=True, kw_only=True)
class CvssThresholdOptions(SeverityScope):
    """CVSS scores from which a finding blocks or warns; null switches that level off.

    By severity, a word stands for its whole band: a threshold inside a band takes in the band.
    """

    block_at: float | None = field(metadata=option(maybe(number(0, 10))))
    warn_at: float | None = field(metadata=option(maybe(number(0, 10))))


def defaults(tier: Tier) -> CvssThresholdOptions:
    """Return the shipped options: blocks from 9.0 and warns from 7.0 by severity, off in production."""
    off = tier is Tier.PRODUCTION
    return CvssThresholdOptions(
        basis=SeverityBasis.SEVERITY,
        only_fixable=False,
        min_age=None,
        kinds=(FindingKind.VULNERABILITY,),
        unknown=UnknownWeight.COUNTS,
        block_at=None if off else 9.0,
        warn_at=None if off else 7.0,
    )


def check(subject: CheckInput, options: CvssThresholdOptions) -> CheckResult:
    """Judge every finding in scope by itself."""
    levels = _levels(options)
    if not levels:
        return CheckResult.skipped(
            CheckKind.CVSS_THRESHOLD,
            Reason("check.off", "No threshold is set: CVSS alone stops nothing here.", Outcome.SKIP),
        )
    return CheckResult.because(CheckKind.CVSS_THRESHOLD, _reasons(subject, options, levels))


_Levels = tuple[tuple[Outcome, float], ...]


def _levels(options: CvssThresholdOptions) -> _Levels:
    """Return what is switched on, the heavier first."""
    stated = ((Outcome.BLOCK, options.block_at), (Outcome.WARN, options.warn_at))
    return tuple((outcome, threshold) for outcome, threshold in stated if threshold is not None)


def _reasons(subject: CheckInput, options: CvssThresholdOptions, levels: _Levels) -> Iterator[Reason]:
    ranks = tuple((outcome, threshold, of_cvss(cvss_tenths(threshold)).rank) for outcome, threshold in levels)
    for finding in reading.effective(subject.findings):
        if not options.counts(finding, at=subject.at):
            continue
        if options.band_of(finding) is Severity.UNKNOWN:
            yield _unknown(finding, options, levels[0])
        elif options.basis is SeverityBasis.CVSS:
            yield from _by_score(finding, levels)
        else:
            yield from _by_severity(finding, ranks)


def _by_score(finding: JudgedFinding, levels: _Levels) -> Iterator[Reason]:
    score = reading.number_fact(finding, "cvss.score")
    reached = next(((outcome, floor) for outcome, floor in levels if score is not None and score >= floor), None)
    if reached is not None:
        yield _reached(finding, "cvss.threshold", f"CVSS {score:.1f}", f"{score:.1f}", reached)


def _by_severity(finding: JudgedFinding, ranks: tuple[tuple[Outcome, float, int], ...]) -> Iterator[Reason]:
    severity = finding.verdict.severity
    reached = next(((outcome, floor) for outcome, floor, rank in ranks if severity.rank >= rank), None)
    if reached is not None:
        yield _reached(finding, "severity.threshold", f"{severity} severity", severity.value, reached)


def _reached(finding: JudgedFinding, code: str, what: str, value: str, reached: tuple[Outcome, float]) -> Reason:
    outcome, threshold = reached
    return Reason(
        code=code,
        text=f"{reading.subject_of(finding)} has {what}; the threshold is {threshold:.1f}.",
        outcome=outcome,
        finding=finding.key,
        value=value,
        threshold=f"{threshold:.1f}",
        evidence=("cvss.score",) if code == "cvss.threshold" else ("severity.normalized",),
        fix=reading.remedy_of(finding),
    )


def _unknown(finding: JudgedFinding, options: CvssThresholdOptions, level: tuple[Outcome, float]) -> Reason:
    worst, threshold = level
    return Reason(
        code=options.unknown_code,
        text=f"Nobody states the {options.basis} of {reading.subject_of(finding)}; it may reach {threshold:.1f}.",
        outcome=options.unknown.weigh(worst),
        finding=finding.key,
        value="unknown",
        threshold=f"{threshold:.1f}",
        evidence=options.evidence,
        fix=reading.remedy_of(finding),
    )
