"""release_aggregate: how many findings of each severity a release may carry."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from gates.checks import reading
from gates.checks.base import CheckInput, CheckKind, CheckResult, Outcome, Reason, Tier, UnknownWeight
from gates.checks.options import count, maybe, option
from gates.checks.severity_scope import SeverityBasis, SeverityScope
from policies.importers.records import FindingKind
from stellapolicy.kernel.severity import Severity

_FIX = "Upgrade what has a fix, or dismiss by VEX what does not affect this artifact, until the limit holds."
_FIX_UNKNOWN = "Upgrade them, or let the policy state their severity; until then each counts as the worst it might be."

Counted = dict[Severity, list[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseAggregateOptions(SeverityScope):
    """The number of findings of each severity that may ship; null is no limit."""

    critical: int | None = field(metadata=option(maybe(count())))
    high: int | None = field(metadata=option(maybe(count())))
    medium: int | None = field(metadata=option(maybe(count())))
    low: int | None = field(metadata=option(maybe(count())))

    def limits(self) -> tuple[tuple[Severity, int], ...]:
        """Return the limits that are set, the worst severity first."""
        stated = (
            (Severity.CRITICAL, self.critical),
            (Severity.HIGH, self.high),
            (Severity.MEDIUM, self.medium),
            (Severity.LOW, self.low),
        )
        return tuple((severity, limit) for severity, limit in stated if limit is not None)


def defaults(tier: Tier) -> ReleaseAggregateOptions:
    """Return the shipped options: critical 0, high 3, medium 20; in production 0, 0 and 20 among the fixable."""
    production = tier is Tier.PRODUCTION
    return ReleaseAggregateOptions(
        basis=SeverityBasis.SEVERITY,
        only_fixable=production,
        min_age=None,
        kinds=(FindingKind.MALWARE, FindingKind.SECRET, FindingKind.VULNERABILITY),
        unknown=UnknownWeight.COUNTS,
        critical=0,
        high=0 if production else 3,
        medium=20,
        low=None,
    )


def check(subject: CheckInput, options: ReleaseAggregateOptions) -> CheckResult:
    """Count the findings in scope by severity and compare with the limits."""
    counted: Counted = {severity: [] for severity in Severity}
    for finding in reading.effective(subject.findings):
        if options.counts(finding, at=subject.at):
            counted[options.band_of(finding)].append(finding.key)
    return CheckResult.because(CheckKind.RELEASE_AGGREGATE, _reasons(counted, options))


def judge(number: int, limit: int) -> Outcome:
    """Return what a count weighs: over the limit blocks, from four fifths of it (rounded up) warns, none passes."""
    if number > limit:
        return Outcome.BLOCK
    near_limit = -(-limit * 4 // 5)
    return Outcome.WARN if number > 0 and number >= near_limit else Outcome.PASS


def _reasons(counted: Counted, options: ReleaseAggregateOptions) -> Iterator[Reason]:
    for severity, limit in options.limits():
        outcome = judge(len(counted[severity]), limit)
        if outcome is not Outcome.PASS:
            yield _too_many(severity, sorted(counted[severity]), limit, outcome, options.evidence)
    if counted[Severity.UNKNOWN] and options.limits():
        yield from _unknown(counted, options)


def _too_many(severity: Severity, keys: list[str], limit: int, outcome: Outcome, evidence: tuple[str, ...]) -> Reason:
    exceeded = outcome is Outcome.BLOCK
    relation = "more than" if exceeded else "near the limit of"
    return Reason(
        code="aggregate.exceeded" if exceeded else "aggregate.near_limit",
        text=f"{_findings(len(keys))} of {severity} severity, {relation} {limit}.",
        outcome=outcome,
        value=len(keys),
        threshold=limit,
        findings=tuple(keys),
        evidence=evidence,
        fix=_FIX,
    )


def _unknown(counted: Counted, options: ReleaseAggregateOptions) -> Iterator[Reason]:
    """Count the unknowns into whichever band makes them weigh most: each of them may be any."""
    keys = sorted(counted[Severity.UNKNOWN])
    weighed = [
        (judge(len(counted[severity]) + len(keys), limit), severity, limit) for severity, limit in options.limits()
    ]
    worst, severity, limit = max(weighed, key=lambda one: one[0].rank)
    outcome = options.unknown.weigh(worst)
    if outcome is Outcome.PASS:
        return
    text = f"Nobody states the severity of {_findings(len(keys))}; were they {severity}, the limit of {limit} "
    yield Reason(
        code=options.unknown_code,
        text=text + ("would be exceeded." if worst is Outcome.BLOCK else "would be near."),
        outcome=outcome,
        value=len(keys),
        threshold=limit,
        findings=tuple(keys),
        evidence=options.evidence,
        fix=_FIX_UNKNOWN,
    )


def _findings(number: int) -> str:
    return "1 finding" if number == 1 else f"{number} findings"
