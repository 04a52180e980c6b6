"""The contract of every check: what it may look at, and what it answers."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Self

from policies.excepting import Held
from policies.language.facts import Facts
from policies.language.verdict import ReleaseVerdict, Verdict
from stellapolicy.kernel.canonical_json import JsonValue


class CheckKind(StrEnum):
    """The checks a gate may chain; the value is what a gate definition and a decision write."""

    POLICY_VERDICT = "policy_verdict"
    EVIDENCE_COMPLETENESS = "evidence_completeness"
    EVIDENCE_FRESHNESS = "evidence_freshness"
    KEV_BLOCKER = "kev_blocker"
    EPSS_THRESHOLD = "epss_threshold"
    CVSS_THRESHOLD = "cvss_threshold"
    RELEASE_AGGREGATE = "release_aggregate"
    EXCEPTION_RECHECK = "exception_recheck"


class Outcome(StrEnum):
    """What a check says of a release, and what one reason weighs."""

    SKIP = "skip"
    PASS = "pass"  # noqa: S105 - an outcome, not a password
    PASS_WITH_NOTE = "pass_with_note"  # noqa: S105 - an outcome, not a password
    WARN = "warn"
    BLOCK = "block"

    @property
    def rank(self) -> int:
        """Order of restriction: skip 0 to block 4."""
        return _RANKS[self]


_RANKS = {outcome: rank for rank, outcome in enumerate(Outcome)}


class Response(StrEnum):
    """What an option makes of something that is not right."""

    WARN = "warn"
    BLOCK = "block"

    @property
    def outcome(self) -> Outcome:
        """The outcome this response gives a reason."""
        return Outcome.BLOCK if self is Response.BLOCK else Outcome.WARN


class UnknownWeight(StrEnum):
    """What a fact weighs that nobody knows: as much as the worst it might be (every preset), or a warning at most."""

    COUNTS = "counts"
    WARNS = "warns"

    def weigh(self, worst: Outcome) -> Outcome:
        """Return what an unknown weighs, given what the worst known value would."""
        return worst if self is UnknownWeight.COUNTS else min(worst, Outcome.WARN, key=_RANKS.__getitem__)


class Tier(StrEnum):
    """How much an environment matters; the shipped defaults differ between production and elsewhere."""

    PRODUCTION = "production"
    STAGING = "staging"
    DEVELOPMENT = "development"


class ScanState(StrEnum):
    """What is known of the scan behind a release; everything but `complete` is evidence that is missing."""

    COMPLETE = "complete"
    PARTIAL = "partial"
    UNSCANNED = "unscanned"
    UNREADABLE = "unreadable"
    SUBJECT_MISMATCH = "subject_mismatch"


class FeedName(StrEnum):
    """The feeds that deliver facts from outside the report."""

    EPSS = "epss"
    KEV = "kev"
    VEX = "vex"


class ConnectionState(StrEnum):
    """Whether a feed was ever connected, and whether the last attempt to read it succeeded."""

    NOT_CONFIGURED = "not_configured"
    FRESH = "fresh"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a check says what it says: one cause, what it weighs, and what would remove it.

    `value` and `threshold` are what was compared; scores and durations are text ("9.8", "0.97", "48h"), counts are
    integers. `finding` is the one finding it is about, `findings` are those it counts together, sorted. `evidence`
    names what was looked at (fact paths, rules, digests); `fix` is a sentence, or None.
    """

    code: str
    text: str
    outcome: Outcome
    finding: str | None = None
    value: str | int | bool | None = None
    threshold: str | int | bool | None = None
    evidence: tuple[str, ...] = ()
    fix: str | None = None
    findings: tuple[str, ...] = ()

    @property
    def concerns(self) -> tuple[str, ...]:
        """The keys of every finding this reason is about."""
        return self.findings if self.finding is None else (self.finding, *self.findings)

    def to_json(self) -> dict[str, JsonValue]:
        """Return the form that a decision stores."""
        return {
            "code": self.code,
            "text": self.text,
            "outcome": self.outcome.value,
            "finding": self.finding,
            "findings": list(self.findings),
            "value": self.value,
            "threshold": self.threshold,
            "evidence": list(self.evidence),
            "fix": self.fix,
        }


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What one check says, with every reason; the outcome is never milder than its heaviest reason."""

    check: CheckKind
    outcome: Outcome
    reasons: tuple[Reason, ...] = ()

    @classmethod
    def skipped(cls, check: CheckKind, reason: Reason) -> Self:
        """Return the result of a check that has nothing to judge, and why."""
        return cls(check, Outcome.SKIP, (reason,))

    @classmethod
    def because(cls, check: CheckKind, reasons: Iterable[Reason]) -> Self:
        """Return the result that weighs as much as its heaviest reason, heaviest first; no reason at all is a pass."""
        gathered = tuple(sorted(reasons, key=_reading_order))
        return cls(check, gathered[0].outcome if gathered else Outcome.PASS, gathered)

    def to_json(self) -> dict[str, JsonValue]:
        """Return the form that a decision stores."""
        return {
            "check": self.check.value,
            "outcome": self.outcome.value,
            "reasons": [reason.to_json() for reason in self.reasons],
        }


def _reading_order(reason: Reason) -> tuple[int, str, str, str]:
    return -_RANKS[reason.outcome], reason.code, reason.finding or "", reason.text


@dataclass(frozen=True, slots=True)
class Excuse:
    """The exception that covers a finding, as a reader is told; one out of account is counted by its verdict alone."""

    id: str
    text: str
    is_out_of_account: bool


@dataclass(frozen=True, slots=True)
class JudgedFinding:
    """A finding after the policy and after exceptions: its facts (a missing key is unknown) and its verdict."""

    key: str
    facts: Facts
    verdict: Verdict
    excuse: Excuse | None = None


@dataclass(frozen=True, slots=True)
class ExceptionState:
    """How an exception stands that covers findings of the release.

    findings: the keys of all it covers. relying: of those it decides, or would if it applied. weight: the most that a
    relying one weighs without any exception. beyond: of all those that are worse than what its approvers looked at, to
    which it never applies. warnings, changes: what got worse, in words, and asks for no more than a
    warning, or for more. is_ending: whether its own notice of its end is due.
    """

    id: str
    findings: tuple[str, ...]
    relying: tuple[str, ...]
    weight: Outcome
    expires_at: datetime
    held: Held | None = None
    grace_until: datetime | None = None
    changes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    beyond: tuple[str, ...] = ()
    is_ending: bool = False


@dataclass(frozen=True, slots=True)
class EvidenceSource:
    """One document a release was judged by, such as a scan or an SBOM."""

    name: str
    type: str
    digest: str


@dataclass(frozen=True, slots=True)
class EvidenceState:
    """What is known of the evidence itself: whether a scan is there, of this artifact, whole and how old.

    `database_built_at` is the day of the vulnerability database that the latest complete scan says it used.
    """

    scan: ScanState
    scanned_at: datetime | None = None
    database_built_at: datetime | None = None
    partial_reasons: tuple[str, ...] = ()
    is_subject_stated: bool = True
    sources: tuple[EvidenceSource, ...] = ()


@dataclass(frozen=True, slots=True)
class FeedState:
    """How a feed stands: `checked_at` is the last *successful* check, `model_date` the day an EPSS model is of."""

    name: FeedName
    state: ConnectionState
    checked_at: datetime | None = None
    model_date: date | None = None


@dataclass(frozen=True, slots=True)
class EnvironmentFacts:
    """Where the release wants to go."""

    name: str
    tier: Tier
    exposure: str | None = None
    runtime: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CheckInput:
    """Everything a check may look at; frozen before the chain starts, `at` included.

    A feed that is absent from `feeds` was never connected. `is_sealed` says that the installation is cut off on
    purpose, which lengthens what counts as fresh. `exceptions` are those that cover a finding, by id.
    """

    at: datetime
    environment: EnvironmentFacts
    findings: Sequence[JudgedFinding]
    release: ReleaseVerdict
    evidence: EvidenceState
    feeds: Mapping[FeedName, FeedState] = field(default_factory=dict)
    is_sealed: bool = False
    exceptions: Sequence[ExceptionState] = ()

    def feed(self, name: FeedName) -> FeedState:
        """Return how a feed stands."""
        return self.feeds.get(name) or FeedState(name, ConnectionState.NOT_CONFIGURED)
