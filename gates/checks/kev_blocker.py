"""kev_blocker: what is known to be exploited does not ship; elsewhere than in production, not past its due date."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from gates.checks import reading
from gates.checks.base import (
    CheckInput,
    CheckKind,
    CheckResult,
    ConnectionState,
    FeedName,
    JudgedFinding,
    Outcome,
    Reason,
    Response,
    Tier,
)
from gates.checks.options import choice, option
from gates.checks.scope_of_feeds import feed_not_configured, is_vulnerability, may_have_cve
from stellapolicy.kernel.clock import rfc3339


@dataclass(frozen=True, slots=True, kw_only=True)
class KevBlockerOptions:
    """What a listed finding does before the day the catalogue sets; from that day on it blocks."""

    before_due: Response = field(metadata=option(choice(Response)))


def defaults(tier: Tier) -> KevBlockerOptions:
    """Return the shipped options: production blocks at once, elsewhere a warning until the due date."""
    return KevBlockerOptions(before_due=Response.BLOCK if tier is Tier.PRODUCTION else Response.WARN)


def check(subject: CheckInput, options: KevBlockerOptions) -> CheckResult:
    """Judge every vulnerability by the catalogue; a report that names one as listed is believed without a feed too."""
    is_connected = subject.feed(FeedName.KEV).state is not ConnectionState.NOT_CONFIGURED
    reasons = [*_reasons(subject, options, is_connected=is_connected)]
    if is_connected:
        reasons += _without_cve(subject)
    if not reasons and not is_connected:
        return CheckResult.skipped(CheckKind.KEV_BLOCKER, feed_not_configured(FeedName.KEV, Outcome.SKIP))
    return CheckResult.because(CheckKind.KEV_BLOCKER, reasons)


def _reasons(subject: CheckInput, options: KevBlockerOptions, *, is_connected: bool) -> Iterator[Reason]:
    for finding in reading.effective(subject.findings):
        listed = reading.truth_fact(finding, "kev.listed")
        if listed is False or not is_vulnerability(finding):
            continue
        if listed:
            yield _listed(finding, options, subject.at)
        elif is_connected:
            yield _unknown(finding)


def _without_cve(subject: CheckInput) -> Iterator[Reason]:
    """Say once that the catalogue, which knows only CVEs, cannot speak of some findings."""
    silent = [one for one in reading.effective(subject.findings) if is_vulnerability(one) and not may_have_cve(one)]
    if silent:
        others = f" and {len(silent) - 1} more" if len(silent) > 1 else ""
        yield Reason(
            code="kev.no_cve",
            text=f"The KEV catalogue lists CVEs alone and cannot speak of {reading.subject_of(silent[0])}{others}.",
            outcome=Outcome.PASS_WITH_NOTE,
            value=len(silent),
            evidence=("vuln.id", "vuln.aliases"),
            findings=tuple(sorted(one.key for one in silent)),
        )


def _listed(finding: JudgedFinding, options: KevBlockerOptions, at: datetime) -> Reason:
    due = reading.instant_fact(finding, "kev.due_date")
    is_before = due is not None and at < due
    blocks_at_once = options.before_due is Response.BLOCK
    return Reason(
        code="kev.listed" if is_before or blocks_at_once else "kev.overdue",
        text=f"{reading.subject_of(finding)} is known to be exploited (CISA KEV); {_due_words(due)}.",
        outcome=options.before_due.outcome if is_before else Outcome.BLOCK,
        finding=finding.key,
        value=True,
        threshold=None if due is None else rfc3339(due),
        evidence=("kev.listed", "kev.due_date"),
        fix=reading.remedy_of(finding),
    )


def _due_words(due: datetime | None) -> str:
    return "the catalogue's due date is not known" if due is None else f"it is due on {due:%Y-%m-%d}"


def _unknown(finding: JudgedFinding) -> Reason:
    return Reason(
        code="evidence.kev_unknown",
        text=f"Whether {reading.subject_of(finding)} is known to be exploited could not be looked up.",
        outcome=Outcome.BLOCK,
        finding=finding.key,
        value="unknown",
        evidence=("kev.listed",),
        fix="Load the KEV catalogue again and repeat the evaluation.",
    )
