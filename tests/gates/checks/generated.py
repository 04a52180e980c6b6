"""Generated releases: any finding, any evidence, any feed, as the laws quantify over them."""

from datetime import date, timedelta

from hypothesis import strategies as st

from gates.checks.base import (
    CheckInput,
    ConnectionState,
    EvidenceState,
    FeedName,
    FeedState,
    JudgedFinding,
    ScanState,
    Tier,
)
from policies.importers.records import FindingKind
from policies.language.facts import FactValue
from policies.language.verdict import Status, Verdict
from stellapolicy.kernel.severity import Severity
from tests.gates.checks.releases import NOON, PASSING, PROGRAM, release

INSTANTS = st.integers(min_value=-60 * 24, max_value=24).map(lambda hours: NOON + timedelta(hours=hours))
CVE_IDS = st.integers(min_value=1, max_value=9999).map(lambda number: f"CVE-2026-{number:04}")
SCORES = st.sampled_from([0.0, 0.1, 3.9, 4.0, 6.9, 7.0, 8.9, 9.0, 10.0])
PROBABILITIES = st.sampled_from([0.0, 0.01, 0.299, 0.3, 0.599, 0.6, 0.97, 1.0])

FACTS: dict[str, st.SearchStrategy[FactValue]] = {
    "finding.kind": st.sampled_from(["vulnerability"] * 6 + [kind.value for kind in FindingKind]),
    "vuln.id": CVE_IDS,
    "vuln.aliases": st.sampled_from([(), ("GHSA-jfh8-c2jp-5v3q",)]),
    "vuln.published": INSTANTS,
    "cvss.score": SCORES,
    "epss.score": PROBABILITIES,
    "kev.listed": st.booleans(),
    "kev.due_date": INSTANTS,
    "advisory.fix_available": st.booleans(),
    "age.first_seen": INSTANTS,
    "reachability.state": st.sampled_from(["unknown", "reachable", "unreachable"]),
}
"""What a finding may know. EPSS and KEV name CVEs only, so that generated findings do."""

SEVERITIES = st.sampled_from(list(Severity))
STATUSES = st.sampled_from(list(Status))
HARMLESS_STATUSES = st.sampled_from([Status.IGNORED, Status.PASS, Status.GUARDED_PASS])


@st.composite
def findings(draw: st.DrawFn, statuses: st.SearchStrategy[Status] = HARMLESS_STATUSES) -> JudgedFinding:
    """Any finding; each of its facts may be unknown."""
    known = {path: draw(values) for path, values in FACTS.items() if draw(st.integers(0, 7))}
    severity, status = draw(SEVERITIES), draw(statuses)
    facts = {**known, "severity.normalized": severity.value}
    return JudgedFinding(f"finding-{draw(st.integers(0, 10**6))}", facts, Verdict(status, severity, PROGRAM, status))


@st.composite
def connected_feeds(draw: st.DrawFn) -> dict[FeedName, FeedState]:
    """Every feed connected, mostly read today, sometimes long ago or never."""
    instants = st.sampled_from([NOON, NOON - timedelta(hours=60), NOON - timedelta(days=30), None])
    days = st.sampled_from([date(2026, 6, 15), date(2026, 6, 13), date(2026, 5, 1), None])
    states = st.sampled_from([ConnectionState.FRESH, ConnectionState.FAILED])
    return {name: FeedState(name, draw(states), draw(instants), draw(days)) for name in FeedName}


EVIDENCE = st.builds(
    EvidenceState,
    scan=st.sampled_from([ScanState.COMPLETE, ScanState.COMPLETE, *ScanState]),
    scanned_at=st.none() | INSTANTS,
    is_subject_stated=st.booleans(),
)


@st.composite
def releases(
    draw: st.DrawFn,
    statuses: st.SearchStrategy[Status] = HARMLESS_STATUSES,
    connected: st.SearchStrategy[dict[FeedName, FeedState]] | None = None,
) -> CheckInput:
    """Any release of up to six findings, with feeds that were all connected once unless said otherwise."""
    return release(
        *draw(st.lists(findings(statuses), max_size=6)),
        tier=draw(st.sampled_from(list(Tier))),
        evidence=draw(EVIDENCE),
        connected=draw(connected_feeds() if connected is None else connected),
        verdict=PASSING,
        is_sealed=draw(st.booleans()),
    )


CALM = st.builds(EvidenceState, scan=st.just(ScanState.COMPLETE), scanned_at=st.just(NOON))
