"""The table of worked examples: one line of the specification each, read by the table test and by the mutants."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from gates.checks.base import (
    CheckInput,
    CheckKind,
    ConnectionState,
    EvidenceState,
    FeedName,
    FeedState,
    Outcome,
    ScanState,
    Tier,
    UnknownWeight,
)
from gates.checks.epss_threshold import EpssMode
from gates.checks.registry import REGISTRY
from policies.language.facts import FactValue
from policies.language.verdict import ReleaseReason, ReleaseVerdict, Status
from tests.gates.checks.releases import NOON, PROGRAM, feeds, finding, never_connected, release, undecided

PRODUCTION, ELSEWHERE = Tier.PRODUCTION, Tier.STAGING
BLOCK, WARN, NOTE, PASS, SKIP = Outcome.BLOCK, Outcome.WARN, Outcome.PASS_WITH_NOTE, Outcome.PASS, Outcome.SKIP


@dataclass(frozen=True)
class Example:
    """A release, the check that judges it, and what it must say with the options shipped for the tier."""

    sentence: str
    check: CheckKind
    subject: CheckInput
    outcome: Outcome
    codes: tuple[str, ...] = ()
    tier: Tier = PRODUCTION
    changes: Mapping[str, object] = field(default_factory=dict)

    @property
    def options(self) -> object:
        """The shipped options with the changes this example makes."""
        return replace(REGISTRY[self.check].defaults(self.tier), **self.changes)


def _verdict(sentence: str, status: Status, outcome: Outcome, *codes: str, tier: Tier = PRODUCTION) -> Example:
    return Example(sentence, CheckKind.POLICY_VERDICT, release(finding(status=status)), outcome, codes, tier)


def _released(sentence: str, verdict: ReleaseVerdict, outcome: Outcome, *codes: str) -> Example:
    return Example(sentence, CheckKind.POLICY_VERDICT, release(finding(), verdict=verdict), outcome, codes)


def _release_says(status: Status, *, certain: bool = True, undecided: bool = False) -> ReleaseVerdict:
    reason = ReleaseReason("base/limit", Status.BLOCKED, "too many", certain, (0,))
    return ReleaseVerdict(status, PROGRAM, Status.BLOCKED, undecided=undecided, reasons=(reason,))


POLICY = (
    _verdict("a blocked finding blocks", Status.BLOCKED, BLOCK, "policy.blocked"),
    _verdict("a blocked finding blocks elsewhere", Status.BLOCKED, BLOCK, "policy.blocked", tier=ELSEWHERE),
    _verdict("a required VEX blocks production", Status.REQUIRES_VEX, BLOCK, "policy.requires_vex"),
    _verdict("a required VEX warns elsewhere", Status.REQUIRES_VEX, WARN, "policy.requires_vex", tier=ELSEWHERE),
    _verdict("an escalation blocks production", Status.ESCALATED, BLOCK, "policy.escalated"),
    _verdict("an escalation warns elsewhere", Status.ESCALATED, WARN, "policy.escalated", tier=ELSEWHERE),
    _verdict("a deferral warns", Status.DEFERRED, WARN, "policy.deferred"),
    _verdict("a warning warns", Status.WARNED, WARN, "policy.warned"),
    _verdict("a guarded pass is noted", Status.GUARDED_PASS, NOTE, "policy.guarded_pass"),
    _verdict("a pass passes", Status.PASS, PASS),
    _verdict("what is ignored is silent", Status.IGNORED, PASS),
    Example(
        "one blocked finding among others blocks",
        CheckKind.POLICY_VERDICT,
        release(finding("a"), finding("b", status=Status.BLOCKED), finding("c")),
        BLOCK,
        ("policy.blocked",),
    ),
    Example(
        "an undecided finding warns even where the pack passes it",
        CheckKind.POLICY_VERDICT,
        release(finding(verdict=undecided(Status.PASS))),
        WARN,
        ("policy.undecided",),
    ),
    Example(
        "an undecided finding blocks where the pack asks for that",
        CheckKind.POLICY_VERDICT,
        release(finding(verdict=undecided(Status.BLOCKED))),
        BLOCK,
        ("policy.undecided",),
    ),
    _released("a release rule blocks", _release_says(Status.BLOCKED), BLOCK, "policy.release_blocked"),
    _released(
        "an undecided release rule warns", _release_says(Status.WARNED, certain=False, undecided=True), WARN,
        "policy.undecided",
    ),
    _released(
        "an undecided release rule blocks where the pack asks for that",
        _release_says(Status.BLOCKED, certain=False, undecided=True), BLOCK, "policy.undecided",
    ),
    _released(
        "a release verdict without reasons counts", ReleaseVerdict(Status.BLOCKED, PROGRAM, Status.BLOCKED), BLOCK,
        "policy.release_blocked",
    ),
)  # fmt: skip


def _scan(sentence: str, scan: ScanState, outcome: Outcome, *codes: str, tier: Tier = PRODUCTION) -> Example:
    evidence = EvidenceState(scan, NOON)
    return Example(sentence, CheckKind.EVIDENCE_COMPLETENESS, release(evidence=evidence), outcome, codes, tier)


COMPLETENESS = (
    _scan("a whole scan passes", ScanState.COMPLETE, PASS),
    _scan("an unscanned artifact blocks production", ScanState.UNSCANNED, BLOCK, "evidence.missing"),
    _scan("an unscanned artifact warns elsewhere", ScanState.UNSCANNED, WARN, "evidence.missing", tier=ELSEWHERE),
    _scan("a partial report blocks production", ScanState.PARTIAL, BLOCK, "evidence.partial"),
    _scan("a partial report warns elsewhere", ScanState.PARTIAL, WARN, "evidence.partial", tier=ELSEWHERE),
    _scan("an unreadable report blocks production", ScanState.UNREADABLE, BLOCK, "evidence.unreadable"),
    _scan("a foreign report blocks production", ScanState.SUBJECT_MISMATCH, BLOCK, "evidence.subject_mismatch"),
    Example(
        "a report that names no artifact is noted",
        CheckKind.EVIDENCE_COMPLETENESS,
        release(evidence=EvidenceState(ScanState.COMPLETE, NOON, is_subject_stated=False)),
        NOTE,
        ("evidence.subject_unstated",),
    ),
)


def _scanned(sentence: str, days: int, outcome: Outcome, *codes: str, tier: Tier = PRODUCTION) -> Example:
    evidence = EvidenceState(ScanState.COMPLETE, NOON - timedelta(days=days))
    return Example(sentence, CheckKind.EVIDENCE_FRESHNESS, release(evidence=evidence), outcome, codes, tier)


def _known(sentence: str, days: int, outcome: Outcome, *codes: str, tier: Tier = PRODUCTION) -> Example:
    evidence = EvidenceState(ScanState.COMPLETE, NOON, database_built_at=NOON - timedelta(days=days))
    return Example(sentence, CheckKind.EVIDENCE_FRESHNESS, release(evidence=evidence), outcome, codes, tier)


def _fed(sentence: str, state: FeedState, outcome: Outcome, *codes: str, is_sealed: bool = False) -> Example:
    subject = release(connected=feeds(**{state.name.value: state}), is_sealed=is_sealed)
    return Example(sentence, CheckKind.EVIDENCE_FRESHNESS, subject, outcome, codes)


def _kev_read(hours: int, state: ConnectionState = ConnectionState.FRESH) -> FeedState:
    return FeedState(FeedName.KEV, state, NOON - timedelta(hours=hours))


def _epss_of(day: date | None) -> FeedState:
    return FeedState(FeedName.EPSS, ConnectionState.FRESH, NOON, day)


FRESHNESS = (
    _scanned("a scan of seven days is fresh", 7, PASS),
    _scanned("an older scan warns", 8, WARN, "evidence.scan_stale"),
    _scanned("a scan of fourteen days warns", 14, WARN, "evidence.scan_stale"),
    _scanned("twice too old blocks production", 15, BLOCK, "evidence.scan_stale"),
    _scanned("twice too old warns elsewhere", 15, WARN, "evidence.scan_stale", tier=ELSEWHERE),
    _scanned("a scan of tomorrow warns", -1, WARN, "evidence.dated_ahead"),
    _known("a database of five days is fresh", 5, PASS),
    _known("an older database warns", 6, WARN, "evidence.database_stale"),
    _known("a database twice too old blocks production", 11, BLOCK, "evidence.database_stale"),
    _known("a database twice too old warns elsewhere", 11, WARN, "evidence.database_stale", tier=ELSEWHERE),
    Example(
        "an undated scan blocks production",
        CheckKind.EVIDENCE_FRESHNESS,
        release(evidence=EvidenceState(ScanState.COMPLETE)),
        BLOCK,
        ("evidence.scan_undated",),
    ),
    _fed("a catalogue of two days is fresh", _kev_read(48), PASS),
    _fed("an older catalogue warns", _kev_read(49), WARN, "evidence.feed_stale"),
    _fed("a catalogue twice too old blocks production", _kev_read(97), BLOCK, "evidence.feed_stale"),
    _fed("a sealed site has seven days", _kev_read(167), PASS, is_sealed=True),
    _fed("a sealed site warns after seven days", _kev_read(169), WARN, "evidence.feed_stale", is_sealed=True),
    _fed("a failed check of a fresh catalogue is noted", _kev_read(2, ConnectionState.FAILED), NOTE,
         "evidence.feed_failed"),
    _fed("a feed that never delivered blocks production", FeedState(FeedName.VEX, ConnectionState.FAILED), BLOCK,
         "evidence.feed_undated"),
    _fed("yesterday's EPSS model is fresh", _epss_of(date(2026, 6, 14)), PASS),
    _fed("an EPSS model counts from its day, not from the check", _epss_of(date(2026, 6, 13)), WARN,
         "evidence.feed_stale"),
    _fed("an EPSS model of last week blocks production", _epss_of(date(2026, 6, 8)), BLOCK, "evidence.feed_stale"),
    _fed("an EPSS model of no day blocks production", _epss_of(None), BLOCK, "evidence.feed_undated"),
    Example(
        "feeds nobody connected are noted and held against nobody",
        CheckKind.EVIDENCE_FRESHNESS,
        release(finding(), connected=never_connected()),
        NOTE,
        ("evidence.feed_not_configured",) * 3,
    ),
)  # fmt: skip


def _kev(
    sentence: str, facts: Mapping[str, FactValue | None], outcome: Outcome, *codes: str, tier: Tier = PRODUCTION
) -> Example:
    return Example(sentence, CheckKind.KEV_BLOCKER, release(finding(facts=facts)), outcome, codes, tier)


_DUE_LATER: Mapping[str, FactValue | None] = {"kev.listed": True, "kev.due_date": NOON + timedelta(days=1)}
_LONG_DUE: Mapping[str, FactValue | None] = {"kev.listed": True, "kev.due_date": NOON - timedelta(days=365)}
_DUE_NOW: Mapping[str, FactValue | None] = {"kev.listed": True, "kev.due_date": NOON}

_NO_CVE: Mapping[str, FactValue | None] = {"vuln.id": "GHSA-jfh8-c2jp-5v3q", "vuln.aliases": ()}

KEV = (
    _kev("what is not listed passes", {"kev.listed": False}, PASS),
    _kev("a listed finding blocks production at once", _DUE_LATER, BLOCK, "kev.listed"),
    _kev("a listed finding warns elsewhere until it is due", _DUE_LATER, WARN, "kev.listed", tier=ELSEWHERE),
    _kev("a listed finding blocks elsewhere once it is due", _DUE_NOW, BLOCK, "kev.overdue", tier=ELSEWHERE),
    _kev("a listing does not lapse", _LONG_DUE, BLOCK, "kev.overdue", tier=ELSEWHERE),
    _kev("a listing without a due date blocks elsewhere", {"kev.listed": True}, BLOCK, "kev.overdue", tier=ELSEWHERE),
    _kev("a vulnerability that could not be looked up blocks", {"kev.listed": None}, BLOCK, "evidence.kev_unknown"),
    _kev(
        "a name that is no CVE is said to be outside the catalogue",
        {"kev.listed": False, **_NO_CVE},
        NOTE,
        "kev.no_cve",
    ),
    _kev("a secret is not looked up", {"kev.listed": None, "finding.kind": "secret"}, PASS),
    Example(
        "without a catalogue the check is skipped",
        CheckKind.KEV_BLOCKER,
        release(finding(facts={"kev.listed": None}), connected=never_connected()),
        SKIP,
        ("evidence.feed_not_configured",),
    ),
    Example(
        "what a report says is listed is listed without a catalogue too",
        CheckKind.KEV_BLOCKER,
        release(finding(facts={"kev.listed": True}), connected=never_connected()),
        BLOCK,
        ("kev.listed",),
    ),
    Example(
        "a dismissed listing does not count",
        CheckKind.KEV_BLOCKER,
        release(finding(status=Status.IGNORED, facts={"kev.listed": True})),
        PASS,
    ),
)


def _epss(
    sentence: str,
    score: float | None,
    outcome: Outcome,
    *codes: str,
    tier: Tier = PRODUCTION,
    facts: Mapping[str, FactValue | None] | None = None,
    changes: Mapping[str, object] | None = None,
) -> Example:
    subject = release(finding(facts={"epss.score": score, **(facts or {})}))
    return Example(sentence, CheckKind.EPSS_THRESHOLD, subject, outcome, codes, tier, changes or {})


_NEW: Mapping[str, FactValue | None] = {"age.first_seen": NOON - timedelta(days=6)}
_GRACE = {"grace": timedelta(days=7)}
_ALL = {"mode": EpssMode.ALL}

EPSS = (
    _epss("a score below passes", 0.299, PASS),
    _epss("0.3 warns in production", 0.3, WARN, "epss.threshold"),
    _epss("0.599 warns in production", 0.599, WARN, "epss.threshold"),
    _epss("0.6 blocks production", 0.6, BLOCK, "epss.threshold"),
    _epss("0.599 passes elsewhere", 0.599, PASS, tier=ELSEWHERE),
    _epss("0.6 warns elsewhere", 0.6, WARN, "epss.threshold", tier=ELSEWHERE),
    _epss("a CVE without a score blocks production", None, BLOCK, "evidence.epss_unknown"),
    _epss("a CVE without a score warns elsewhere", None, WARN, "evidence.epss_unknown", tier=ELSEWHERE),
    _epss("a CVE without a score may be made to warn", None, WARN, "evidence.epss_unknown",
          changes={"unknown": UnknownWeight.WARNS}),
    _epss("what has no CVE is outside EPSS", None, PASS, facts={"vuln.id": "TEMP-0290435-0B57B5"}),
    _epss(
        "a CVE among the aliases is enough", None, BLOCK, "evidence.epss_unknown",
        facts={"vuln.id": "GHSA-jfh8-c2jp-5v3q", "vuln.aliases": ("CVE-2021-44228",)},
    ),
    _epss("a name nobody knows may be a CVE", None, BLOCK, "evidence.epss_unknown", facts={"vuln.id": None}),
    _epss("aliases nobody knows may hold a CVE", None, BLOCK, "evidence.epss_unknown",
          facts={"vuln.id": "GHSA-jfh8-c2jp-5v3q", "vuln.aliases": None}),
    _epss("a score that is no number is no score", float("nan"), BLOCK, "evidence.epss_unknown"),
    _epss("a new finding has its grace", 0.9, WARN, "epss.in_grace", facts=_NEW, changes=_GRACE),
    _epss("grace ends", 0.9, BLOCK, "epss.threshold", changes=_GRACE),
    _epss("no grace without a first sight", 0.9, BLOCK, "epss.threshold", facts={"age.first_seen": None},
          changes=_GRACE),
    _epss("no grace for KEV", 0.9, BLOCK, "epss.threshold", facts={**_NEW, "kev.listed": True}, changes=_GRACE),
    _epss("no grace for what KEV could not tell", 0.9, BLOCK, "epss.threshold", facts={**_NEW, "kev.listed": None},
          changes=_GRACE),
    _epss("the unreachable is left out on request", 0.9, PASS, facts={"reachability.state": "unreachable"},
          changes={"only_reachable": True}),
    _epss("unknown reachability is not left out", 0.9, BLOCK, "epss.threshold", changes={"only_reachable": True}),
    _epss("asked for all, one finding alone is all", 0.9, BLOCK, "epss.threshold", changes=_ALL),
    Example(
        "asked for all, one below lets the others be a note",
        CheckKind.EPSS_THRESHOLD,
        release(finding("a", facts={"epss.score": 0.9}), finding("b")),
        NOTE,
        ("epss.threshold",),
        changes=_ALL,
    ),
    Example(
        "without a feed the check is skipped",
        CheckKind.EPSS_THRESHOLD,
        release(finding(facts={"epss.score": None}), connected=never_connected()),
        SKIP,
        ("evidence.feed_not_configured",),
    ),
    Example(
        "a dismissed finding does not count",
        CheckKind.EPSS_THRESHOLD,
        release(finding(status=Status.IGNORED, facts={"epss.score": 0.9})),
        PASS,
    ),
)  # fmt: skip
