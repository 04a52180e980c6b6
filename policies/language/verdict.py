"""Verdicts: what a program says of one finding, and of a release as a whole."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final, TypeAlias

from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.kernel.severity import Severity


class Status(StrEnum):
    """What a finding is, from the least restrictive to the most."""

    IGNORED = "ignored"
    PASS = "pass"  # noqa: S105 - a status, not a password
    GUARDED_PASS = "guarded_pass"  # noqa: S105 - a status, not a password
    WARNED = "warned"
    DEFERRED = "deferred"
    ESCALATED = "escalated"
    REQUIRES_VEX = "requires_vex"
    BLOCKED = "blocked"

    @property
    def restrictiveness(self) -> int:
        """Order of restriction: ignored 0 to blocked 7."""
        return _RESTRICTIVENESS[self]


_RESTRICTIVENESS = {status: rank for rank, status in enumerate(Status)}

STATUS_WORDS: Final[Mapping[str, Status | None]] = MappingProxyType(
    {
        **{status.value: status for status in Status},
        "block": Status.BLOCKED,
        "warn": Status.WARNED,
        "not_affected": Status.IGNORED,
        "fixed": Status.IGNORED,
        "under_investigation": Status.WARNED,
        "affected": None,
        "none": None,
    }
)
"""Every word `status :=` takes, VEX statuses among them; None assigns nothing, so that later rules decide."""


def most_restrictive(left: Status, right: Status) -> Status:
    """Return the more restrictive of two statuses."""
    return left if left.restrictiveness >= right.restrictiveness else right


class VerdictCode(StrEnum):
    """A cause of a status that no `because` states."""

    DEFERRAL_OVER = "deferral.over"


class ObligationKind(StrEnum):
    """What somebody owes under a status."""

    PROVIDE_VEX = "provide_vex"
    RELEASE_BY = "release_by"
    RESOLVE_BEFORE = "resolve_before"
    LEARN_FACT = "learn_fact"
    KEEP_CONTROL = "keep_control"


@dataclass(frozen=True, slots=True, order=True)
class Obligation:
    """A thing owed: a statement of a vendor, a release by a role, an end by an instant, a fact, a control kept up."""

    kind: ObligationKind
    subject: str


@dataclass(frozen=True, slots=True, order=True)
class RequiredVex:
    """The statements that would satisfy `requireVex`: by one of the vendors, with one of the justifications."""

    vendors: tuple[str, ...]
    justifications: tuple[str, ...]


AnnotationValue: TypeAlias = bool | float | str | tuple[str, ...]
Pairs: TypeAlias = tuple[tuple[str, AnnotationValue], ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a program says of one finding; equal facts give equal verdicts, often the same object.

    `status` is what is certain, or what `on_unknown` asks for when `undecided`; `worst` is the most restrictive
    status that the unknown facts leave possible, and equals `status` in every decided verdict that is not waiting for
    anything. `severity` is the effective one after `severity :=`. `rule` is the qualified rule that decided, or, when
    undecided, the rule that might; `unknown_facts` are those it misses. Pairs and names are sorted.
    """

    status: Status
    severity: Severity
    program_digest: str
    worst: Status
    undecided: bool = False
    score: float | None = None
    confidence: float | None = None
    rule: str | None = None
    because: str | None = None
    code: VerdictCode | None = None
    annotations: Pairs = ()
    messages: tuple[str, ...] = ()
    required_vex: tuple[RequiredVex, ...] = ()
    requested_exception: Pairs = ()
    matched_rules: tuple[str, ...] = ()
    unknown_facts: tuple[str, ...] = ()
    obligations: tuple[Obligation, ...] = ()

    def to_json(self) -> dict[str, JsonValue]:
        """Return the form that decisions and traces store."""
        return {
            "status": self.status.value,
            "worst": self.worst.value,
            "undecided": self.undecided,
            "severity": self.severity.value,
            "score": self.score,
            "confidence": self.confidence,
            "rule": self.rule,
            "because": self.because,
            "code": None if self.code is None else self.code.value,
            "annotations": _pairs_to_json(self.annotations),
            "messages": list(self.messages),
            "required_vex": [
                {"vendors": list(one.vendors), "justifications": list(one.justifications)} for one in self.required_vex
            ],
            "requested_exception": _pairs_to_json(self.requested_exception),
            "matched_rules": list(self.matched_rules),
            "unknown_facts": list(self.unknown_facts),
            "obligations": [{"kind": one.kind.value, "subject": one.subject} for one in self.obligations],
            "program_digest": self.program_digest,
        }


@dataclass(frozen=True, slots=True)
class ReleaseReason:
    """One release rule that matched or might have: `findings` are the positions of those it counted, in order."""

    rule: str
    status: Status
    because: str | None
    certain: bool
    findings: tuple[int, ...] = ()
    unknown_facts: tuple[str, ...] = ()

    def to_json(self) -> dict[str, JsonValue]:
        """Return the form that decisions store."""
        return {
            "rule": self.rule,
            "status": self.status.value,
            "because": self.because,
            "certain": self.certain,
            "findings": list(self.findings),
            "unknown_facts": list(self.unknown_facts),
        }


@dataclass(frozen=True, slots=True)
class ReleaseVerdict:
    """What the release rules say of all findings together: pass, warned or blocked, and every reason."""

    status: Status
    program_digest: str
    worst: Status
    undecided: bool = False
    rule: str | None = None
    because: str | None = None
    messages: tuple[str, ...] = ()
    matched_rules: tuple[str, ...] = ()
    unknown_facts: tuple[str, ...] = ()
    reasons: tuple[ReleaseReason, ...] = ()

    def to_json(self) -> dict[str, JsonValue]:
        """Return the form that decisions store."""
        return {
            "status": self.status.value,
            "worst": self.worst.value,
            "undecided": self.undecided,
            "rule": self.rule,
            "because": self.because,
            "messages": list(self.messages),
            "matched_rules": list(self.matched_rules),
            "unknown_facts": list(self.unknown_facts),
            "reasons": [reason.to_json() for reason in self.reasons],
            "program_digest": self.program_digest,
        }


def _pairs_to_json(pairs: Pairs) -> dict[str, JsonValue]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in pairs}
