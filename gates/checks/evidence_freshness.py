"""evidence_freshness: the scan and the feeds are recent enough to decide by; time only makes this worse."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta

from gates.checks.base import (
    CheckInput,
    CheckKind,
    CheckResult,
    ConnectionState,
    FeedName,
    FeedState,
    Outcome,
    Reason,
    Response,
    Tier,
)
from gates.checks.options import choice, duration, duration_text, option
from gates.checks.scope_of_feeds import feed_not_configured
from stellapolicy.kernel.clock import rfc3339

_RESCAN = "Scan the artifact again and submit the report."
_SKEW = timedelta(hours=1)
"""Clocks of scanners and of this server may differ by so much before a date ahead of time is worth a warning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceFreshnessOptions:
    """How old evidence may be: older warns, more than twice as old weighs `too_old`, of unknown age `undated`.

    The age of a scan counts from the scan, of the vulnerability database it used from its building to the scan, of
    EPSS from the day of its model, of KEV and VEX from the last successful check. A sealed installation, which is fed
    by hand, measures all feeds by `sealed_max_age`.
    """

    scan_max_age: timedelta = field(metadata=option(duration()))
    database_max_age: timedelta = field(metadata=option(duration()))
    epss_max_age: timedelta = field(metadata=option(duration()))
    kev_max_age: timedelta = field(metadata=option(duration()))
    vex_max_age: timedelta = field(metadata=option(duration()))
    sealed_max_age: timedelta = field(metadata=option(duration()))
    too_old: Response = field(metadata=option(choice(Response)))
    undated: Response = field(metadata=option(choice(Response)))

    def max_age(self, feed: FeedName, *, is_sealed: bool) -> timedelta:
        """Return how old a feed may be."""
        connected = {
            FeedName.EPSS: self.epss_max_age,
            FeedName.KEV: self.kev_max_age,
            FeedName.VEX: self.vex_max_age,
        }[feed]
        return max(connected, self.sealed_max_age) if is_sealed else connected


def defaults(tier: Tier) -> EvidenceFreshnessOptions:
    """Return the shipped options: scan 7 d, its database 5 d, feeds 48 h (sealed 7 d).

    Twice that, or undated, blocks in production.
    """
    response = Response.BLOCK if tier is Tier.PRODUCTION else Response.WARN
    return EvidenceFreshnessOptions(
        scan_max_age=timedelta(days=7),
        database_max_age=timedelta(days=5),
        epss_max_age=timedelta(hours=48),
        kev_max_age=timedelta(hours=48),
        vex_max_age=timedelta(hours=48),
        sealed_max_age=timedelta(days=7),
        too_old=response,
        undated=response,
    )


def check(subject: CheckInput, options: EvidenceFreshnessOptions) -> CheckResult:
    """Judge the age of the scan and of every feed; a feed nobody ever connected is noted."""
    reasons = [*_of_scan(subject, options), *_of_database(subject, options)]
    for name in FeedName:
        reasons.extend(_of_feed(subject, subject.feed(name), options))
    return CheckResult.because(CheckKind.EVIDENCE_FRESHNESS, reasons)


def _of_scan(subject: CheckInput, options: EvidenceFreshnessOptions) -> Iterator[Reason]:
    scanned_at = subject.evidence.scanned_at
    if scanned_at is None:
        text = "Nothing says when this artifact was scanned."
        yield Reason("evidence.scan_undated", text, options.undated.outcome, evidence=("scanned_at",), fix=_RESCAN)
        return
    yield from _dated_ahead("The scan", scanned_at, subject.at)
    stale = _weigh(subject.at - scanned_at, options.scan_max_age, options)
    if stale is not None:
        yield Reason(
            code="evidence.scan_stale",
            text=f"The scan is of {rfc3339(scanned_at)}, older than {duration_text(options.scan_max_age)}.",
            outcome=stale,
            value=rfc3339(scanned_at),
            threshold=duration_text(options.scan_max_age),
            evidence=("scanned_at",),
            fix=_RESCAN,
        )


def _of_database(subject: CheckInput, options: EvidenceFreshnessOptions) -> Iterator[Reason]:
    """Judge how old the scanner's knowledge was when it looked; a scanner that does not say is not asked."""
    built_at = subject.evidence.database_built_at
    if built_at is None:
        return
    stale = _weigh((subject.evidence.scanned_at or subject.at) - built_at, options.database_max_age, options)
    if stale is not None:
        yield Reason(
            code="evidence.database_stale",
            text=f"The scanner knew what was known on {rfc3339(built_at)}, more than "
            f"{duration_text(options.database_max_age)} before it looked.",
            outcome=stale,
            value=rfc3339(built_at),
            threshold=duration_text(options.database_max_age),
            evidence=("database_built_at",),
            fix="Update the scanner's vulnerability database, scan again and submit the report.",
        )


def _of_feed(subject: CheckInput, feed: FeedState, options: EvidenceFreshnessOptions) -> Iterator[Reason]:
    if feed.state is ConnectionState.NOT_CONFIGURED:
        yield feed_not_configured(feed.name, Outcome.PASS_WITH_NOTE)
        return
    title, fix = f"The {feed.name.upper()} feed", f"Load the {feed.name.upper()} feed again."
    known_at = _known_at(feed)
    if known_at is None:
        text = f"{title} was connected and never read."
        yield Reason("evidence.feed_undated", text, options.undated.outcome, value=feed.name.value, fix=fix)
        return
    yield from _dated_ahead(title, known_at, subject.at)
    max_age = options.max_age(feed.name, is_sealed=subject.is_sealed)
    stale = _weigh(subject.at - known_at, max_age, options)
    if stale is not None:
        yield Reason(
            code="evidence.feed_stale",
            text=f"{title} is of {rfc3339(known_at)}, older than {duration_text(max_age)}.",
            outcome=stale,
            value=rfc3339(known_at),
            threshold=duration_text(max_age),
            evidence=(f"feed.{feed.name}",),
            fix=fix,
        )
    elif feed.state is ConnectionState.FAILED:
        text = f"{title} could not be read lately; what it said at {rfc3339(known_at)} still counts."
        yield Reason("evidence.feed_failed", text, Outcome.PASS_WITH_NOTE, value=feed.name.value, fix=fix)


def _known_at(feed: FeedState) -> datetime | None:
    """Return the instant a feed's age counts from: the start of its model's day, or the last successful check."""
    if feed.name is not FeedName.EPSS:
        return feed.checked_at
    return None if feed.model_date is None else datetime.combine(feed.model_date, time.min, tzinfo=UTC)


def _weigh(age: timedelta, max_age: timedelta, options: EvidenceFreshnessOptions) -> Outcome | None:
    if age <= max_age:
        return None
    return options.too_old.outcome if age > 2 * max_age else Outcome.WARN


def _dated_ahead(title: str, stated: datetime, at: datetime) -> Iterator[Reason]:
    """Warn of a date after the decision, by which evidence would never grow old.

    INVARIANT: this never blocks, because waiting would then open the gate.
    """
    if stated - at > _SKEW:
        yield Reason(
            code="evidence.dated_ahead",
            text=f"{title} is dated {rfc3339(stated)}, after this decision.",
            outcome=Outcome.WARN,
            value=rfc3339(stated),
            threshold=rfc3339(at),
            fix="Set the clock of the machine that produced it.",
        )
