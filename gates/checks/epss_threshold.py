"""epss_threshold: what is likely to be exploited within 30 days."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

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
    Tier,
    UnknownWeight,
)
from gates.checks.options import choice, duration, flag, maybe, number, option
from gates.checks.scope_of_feeds import feed_not_configured, is_vulnerability, may_have_cve
from stellapolicy.kernel.clock import rfc3339
from stellapolicy.kernel.decimals import EPSS_UNITS, epss_units, from_units


class EpssMode(StrEnum):
    """Whether one finding at the threshold is enough, or every finding must be."""

    ANY = "any"
    ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class EpssThresholdOptions:
    """EPSS probabilities from which a finding blocks or warns; null switches that level off.

    `only_reachable` leaves out what is known to be unreachable. During `grace` after the estate first saw a finding it
    warns instead of blocking, unless KEV lists it. Mode `all` gives up two promises, so that no preset uses it: one
    more harmless finding lifts its block, and dismissing that one sets it again. `unknown` is what a CVE weighs that a
    connected feed has no score for.
    """

    block_at: float | None = field(metadata=option(maybe(number(0, 1))))
    warn_at: float | None = field(metadata=option(maybe(number(0, 1))))
    mode: EpssMode = field(metadata=option(choice(EpssMode)))
    only_reachable: bool = field(metadata=option(flag()))
    grace: timedelta | None = field(metadata=option(maybe(duration())))
    unknown: UnknownWeight = field(metadata=option(choice(UnknownWeight)))


def defaults(tier: Tier) -> EpssThresholdOptions:
    """Return the shipped options: warns from 0.6; production blocks from 0.6 and warns from 0.3."""
    production = tier is Tier.PRODUCTION
    return EpssThresholdOptions(
        block_at=0.6 if production else None,
        warn_at=0.3 if production else 0.6,
        mode=EpssMode.ANY,
        only_reachable=False,
        grace=None,
        unknown=UnknownWeight.COUNTS,
    )


def check(subject: CheckInput, options: EpssThresholdOptions) -> CheckResult:
    """Judge every vulnerability in scope; scores that a report brings along count without a feed too."""
    is_connected = subject.feed(FeedName.EPSS).state is not ConnectionState.NOT_CONFIGURED
    in_scope = [finding for finding in reading.effective(subject.findings) if _counts(finding, options)]
    reasons = list(_reasons(in_scope, subject, options, is_connected=is_connected))
    if options.mode is EpssMode.ALL and len(reasons) < len(in_scope):
        reasons = [replace(reason, outcome=Outcome.PASS_WITH_NOTE) for reason in reasons]
    if not reasons and not is_connected:
        return CheckResult.skipped(CheckKind.EPSS_THRESHOLD, feed_not_configured(FeedName.EPSS, Outcome.SKIP))
    return CheckResult.because(CheckKind.EPSS_THRESHOLD, reasons)


def _counts(finding: JudgedFinding, options: EpssThresholdOptions) -> bool:
    if not is_vulnerability(finding):
        return False
    return not options.only_reachable or finding.facts.get("reachability.state") != "unreachable"


def _reasons(
    findings: list[JudgedFinding], subject: CheckInput, options: EpssThresholdOptions, *, is_connected: bool
) -> Iterator[Reason]:
    levels = ((Outcome.BLOCK, options.block_at), (Outcome.WARN, options.warn_at))
    stated = [(outcome, threshold) for outcome, threshold in levels if threshold is not None]
    for finding in findings:
        score = reading.number_fact(finding, "epss.score")
        if score is None:
            if stated and is_connected and may_have_cve(finding):
                worst, threshold = stated[0]
                level = options.unknown.weigh(worst), threshold
                yield _unknown(finding, *_within_grace(finding, level, options, subject))
            continue
        reached = next(((outcome, floor) for outcome, floor in stated if score >= floor), None)
        if reached is not None:
            yield _reached(finding, score, *_within_grace(finding, reached, options, subject))


def _within_grace(
    finding: JudgedFinding, reached: tuple[Outcome, float], options: EpssThresholdOptions, subject: CheckInput
) -> tuple[Outcome, float, datetime | None]:
    """Return what a finding weighs, at which threshold, and until when a grace softens it."""
    outcome, threshold = reached
    first_seen = reading.instant_fact(finding, "age.first_seen")
    if outcome is not Outcome.BLOCK or options.grace is None or first_seen is None:
        return outcome, threshold, None
    is_kev_consulted = subject.feed(FeedName.KEV).state is not ConnectionState.NOT_CONFIGURED
    listed = reading.truth_fact(finding, "kev.listed")
    may_be_listed = listed if listed is not None else is_kev_consulted
    if may_be_listed or subject.at - first_seen >= options.grace:
        return outcome, threshold, None
    return Outcome.WARN, threshold, first_seen + options.grace


def _reached(
    finding: JudgedFinding, score: float, outcome: Outcome, threshold: float, until: datetime | None
) -> Reason:
    value = from_units(epss_units(score), units=EPSS_UNITS)
    return Reason(
        code="epss.threshold" if until is None else "epss.in_grace",
        text=f"{reading.subject_of(finding)} has EPSS {value}; the threshold is {threshold:g}{_grace(until)}.",
        outcome=outcome,
        finding=finding.key,
        value=value,
        threshold=f"{threshold:g}",
        evidence=("epss.score",),
        fix=reading.remedy_of(finding),
    )


def _unknown(finding: JudgedFinding, outcome: Outcome, threshold: float, until: datetime | None) -> Reason:
    name = reading.subject_of(finding)
    return Reason(
        code="evidence.epss_unknown",
        text=f"The EPSS feed has no score for {name}; it may reach {threshold:g}{_grace(until)}.",
        outcome=outcome,
        finding=finding.key,
        value="unknown",
        threshold=f"{threshold:g}",
        evidence=("epss.score",),
        fix="Load a newer EPSS day, or remove the finding: " + reading.remedy_of(finding),
    )


def _grace(until: datetime | None) -> str:
    return "" if until is None else f"; it blocks from {rfc3339(until)}"
