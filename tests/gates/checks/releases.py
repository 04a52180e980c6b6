"""Releases as a test states them: a whole, fresh scan of one harmless finding, and what differs from that."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from gates.checks.base import (
    CheckInput,
    ConnectionState,
    EnvironmentFacts,
    EvidenceState,
    ExceptionState,
    FeedName,
    FeedState,
    JudgedFinding,
    ScanState,
    Tier,
)
from policies.language.facts import FactValue
from policies.language.verdict import ReleaseVerdict, Status, Verdict
from stellapolicy.kernel.severity import Severity

NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)
PROGRAM = "sha256:" + "0" * 64
PASSING = ReleaseVerdict(Status.PASS, PROGRAM, Status.PASS)

_HARMLESS: Mapping[str, FactValue] = {
    "finding.kind": "vulnerability",
    "vuln.id": "CVE-2026-0001",
    "vuln.aliases": (),
    "vuln.published": NOON - timedelta(days=100),
    "component.purl": "pkg:npm/left-pad@1.0.0",
    "cvss.score": 3.1,
    "epss.score": 0.001,
    "kev.listed": False,
    "advisory.fix_available": True,
    "advisory.fixed_versions": ("1.0.1",),
    "age.first_seen": NOON - timedelta(days=90),
}


def finding(
    key: str = "one",
    *,
    severity: Severity = Severity.LOW,
    status: Status = Status.PASS,
    verdict: Verdict | None = None,
    facts: Mapping[str, FactValue | None] | None = None,
) -> JudgedFinding:
    """Return a harmless vulnerability that differs by what is given; a fact given as None is unknown."""
    known: dict[str, FactValue | None] = {**_HARMLESS, "severity.normalized": severity.value, **(facts or {})}
    judged = verdict or Verdict(status, severity, PROGRAM, status)
    return JudgedFinding(key, {path: value for path, value in known.items() if value is not None}, judged)


def undecided(status: Status, *, missing: str = "epss.score") -> Verdict:
    """Return a verdict that lacks a fact, with the status that `on_unknown` asks for."""
    return Verdict(
        status, Severity.LOW, PROGRAM, Status.BLOCKED, undecided=True, rule="base/risky", unknown_facts=(missing,)
    )


def feeds(**differing: FeedState) -> dict[FeedName, FeedState]:
    """Return every feed as read this morning, but for those given by name."""
    fresh = {
        name: FeedState(name, ConnectionState.FRESH, NOON - timedelta(hours=4), date(2026, 6, 15)) for name in FeedName
    }
    return {**fresh, **{FeedName(name): state for name, state in differing.items()}}


def never_connected() -> dict[FeedName, FeedState]:
    """Return what a team has that only ever connected a scanner."""
    return {}


SCANNED = EvidenceState(ScanState.COMPLETE, NOON - timedelta(hours=1))


def release(
    *findings: JudgedFinding,
    tier: Tier = Tier.PRODUCTION,
    at: datetime = NOON,
    evidence: EvidenceState = SCANNED,
    connected: Mapping[FeedName, FeedState] | None = None,
    verdict: ReleaseVerdict = PASSING,
    is_sealed: bool = False,
    exceptions: Sequence[ExceptionState] = (),
) -> CheckInput:
    """Return a release that wants to go to an environment of this tier."""
    return CheckInput(
        at=at,
        environment=EnvironmentFacts(tier.value, tier),
        findings=findings,
        release=verdict,
        evidence=evidence,
        feeds=feeds() if connected is None else connected,
        is_sealed=is_sealed,
        exceptions=exceptions,
    )


def later(subject: CheckInput, by: timedelta) -> CheckInput:
    """Return the same release, asked about later."""
    return replace(subject, at=subject.at + by)
