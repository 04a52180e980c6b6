"""A decision as reports read it: the stored body, verbatim and typed.

The body is described by `docs/schemas/gate-decision.json`. Members a report does not show are in `body` only; a member
that is missing or of another type is a fault of whoever stored it and raises ValueError.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import msgspec

from gates.checks.base import Outcome, Reason
from gates.checks.exit_codes import Decision, GateMode
from stellapolicy.kernel.canonical_json import JsonValue


@dataclass(frozen=True, slots=True)
class ArtifactView:
    """What wants to ship; `service` is "" where nobody claims it."""

    digest: str
    name: str
    service: str = ""


@dataclass(frozen=True, slots=True)
class EnvironmentView:
    """Where to."""

    name: str
    tier: str


@dataclass(frozen=True, slots=True)
class GateView:
    """The gate that decided, and the preset it was made from."""

    name: str
    version: int
    preset: str = ""


@dataclass(frozen=True, slots=True)
class CheckView:
    """What one check said. Its name is text, since a decision outlives the checks it was made by."""

    check: str
    outcome: Outcome
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class FindingView:
    """A finding worth a look: `raw_status` is the policy's own verdict, `status` the one after exceptions.

    raw_severity and raw_outcome are "" in decisions from before there were exceptions; so is everything about them.
    """

    key: str
    outcome: Outcome
    id: str
    severity: str
    raw_status: str
    status: str
    purl: str = ""
    component: str = ""
    version: str = ""
    title: str = ""
    cvss: str | None = None
    epss: str | None = None
    kev: bool | None = None
    fixed_versions: tuple[str, ...] = ()
    rule: str | None = None
    because: str | None = None
    undecided: bool = False
    suppressed_by: str = ""
    raw_severity: str = ""
    raw_outcome: str = ""
    exception: str | None = None


@dataclass(frozen=True, slots=True)
class SuppressedView:
    """A finding the scanner was told to hide; it counts all the same."""

    key: str
    id: str
    severity: str
    status: str
    suppressed_by: str
    purl: str = ""
    source: str = ""
    statement: str = ""


@dataclass(frozen=True, slots=True)
class ClaimView:
    """A VEX claim that was heard, and whether it was believed; `strength` and `threshold` are basis points."""

    finding: str
    vulnerability: str
    status: str
    accepted: bool
    code: str
    strength: int
    threshold: int
    source: str = ""
    justification: str = ""


@dataclass(frozen=True, slots=True)
class CountsView:
    """How many findings there are, of which severity and status."""

    findings: int
    by_severity: Mapping[str, int] = field(default_factory=dict)
    by_status: Mapping[str, int] = field(default_factory=dict)
    suppressed: int = 0


@dataclass(frozen=True, slots=True)
class RawCountsView:
    """How many findings there are without any exception, of which severity and status."""

    by_severity: Mapping[str, int] = field(default_factory=dict)
    by_status: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RawView:
    """What would have been decided without any exception."""

    decision: Decision
    verdict: Decision
    counts: RawCountsView
    blocked_by: str | None = None


@dataclass(frozen=True, slots=True)
class ExceptionView:
    """An exception that covers a finding; `held` says why it does not apply, `fired` what got worse.

    beyond: the findings that are worse than what its approvers looked at, to which it never applies.
    """

    id: str
    type: str
    reason: str
    kind: str
    effect: str
    state: str
    starts_at: str
    expires_at: str
    seconds_left: int
    findings: tuple[str, ...]
    changed: int
    controls: tuple[str, ...] = ()
    grace_until: str | None = None
    grace_seconds_left: int | None = None
    held: str | None = None
    fired: tuple[str, ...] = ()
    beyond: tuple[str, ...] = ()
    shadowed_by: tuple[str, ...] = ()
    shadows: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EvidenceView:
    """What the decision knew of its evidence."""

    scan: str
    scanned_at: str | None = None
    partial_reasons: tuple[str, ...] = ()
    subject_stated: bool = True


@dataclass(frozen=True, slots=True)
class DecisionView:
    """One decision. `verdict` is what the checks say, `decision` what the gate's mode makes of it."""

    schema: str
    decision: Decision
    verdict: Decision
    wording: str
    exit_code: int
    mode: GateMode
    at: str
    artifact: ArtifactView
    environment: EnvironmentView
    gate: GateView
    checks: tuple[CheckView, ...]
    counts: CountsView
    findings: tuple[FindingView, ...]
    suppressed: tuple[SuppressedView, ...]
    evidence: EvidenceView
    digests: Mapping[str, str | None]
    determinism_hash: str
    pack: str = ""
    blocked_by: str | None = None
    warned_by: str | None = None
    with_exceptions: bool = False
    bypassed: bool = False
    evidence_only: bool = False
    connection_mode: str = "connected"
    claims: tuple[ClaimView, ...] = ()
    raw: RawView | None = None
    exceptions: tuple[ExceptionView, ...] = ()
    id: str = ""
    links: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] = field(
        default_factory=dict, repr=False, compare=False
    )  # Any: JSON, which msgspec reads so

    @classmethod
    def from_json(cls, body: Mapping[str, JsonValue]) -> Self:
        """Return the view of a stored body; raises ValueError naming the member that does not fit."""
        try:
            view: Self = msgspec.convert(body, cls)
        except msgspec.ValidationError as fault:
            raise ValueError(f"not the body of a decision: {fault}") from fault
        object.__setattr__(view, "body", body)
        return view
