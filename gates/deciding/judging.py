"""Judges every finding of a release by the program: claims weighed first, facts assembled, verdicts given."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from gates.checks.base import JudgedFinding
from gates.deciding.inputs import FrozenInputs
from policies.evidence.assembly import DISMISSALS, AcceptedClaim, assemble, identifiers
from policies.evidence.claims import Claim, ClaimIndex
from policies.evidence.snapshot import StoredFinding
from policies.evidence.trust import ClaimTrust, claim_trust
from policies.language.program import Program
from policies.language.types import Facts, FactValue
from stellapolicy.kernel.canonical_json import JsonValue


@dataclass(frozen=True, slots=True)
class WeighedClaim:
    """A claim about one finding and whether it is believed here."""

    finding: str
    claim: Claim
    trust: ClaimTrust
    covers_version: bool = True

    @property
    def is_accepted(self) -> bool:
        """Whether the claim counts; what does not dismiss is always heard."""
        return self.claim.status not in DISMISSALS or (self.trust.is_accepted and self.covers_version)

    @property
    def code(self) -> str:
        """Why the claim counts or does not."""
        if self.is_accepted:
            return "claim.accepted"
        return "claim.too_weak" if self.covers_version else "claim.version_out_of_range"

    def to_json(self) -> dict[str, JsonValue]:
        """Return the form a decision shows."""
        return {
            "finding": self.finding,
            "vulnerability": self.claim.vulnerability,
            "status": self.claim.status,
            "justification": self.claim.justification,
            "statement": self.claim.statement,
            "source": self.claim.author or self.claim.source,
            "accepted": self.is_accepted,
            "strength": self.trust.strength,
            "threshold": self.trust.threshold,
            "code": self.code,
        }


@dataclass(frozen=True, slots=True)
class Judgement:
    """Every finding with its verdict, in the order of the snapshot, and every claim that speaks of one."""

    findings: tuple[JudgedFinding, ...]
    claims: tuple[WeighedClaim, ...]


def judge(
    inputs: FrozenInputs, program: Program, findings: Sequence[StoredFinding], claims: Sequence[Claim]
) -> Judgement:
    """Judge all findings of a snapshot."""
    index = ClaimIndex(claims)
    shared = circumstances(inputs)
    weighed: list[WeighedClaim] = []
    judged = []
    for stored in findings:
        heard = _weigh(stored, index, inputs)
        weighed += heard
        facts = _facts(stored, heard, inputs, shared)
        judged.append(JudgedFinding(stored.key, facts, program.evaluate(facts)))
    return Judgement(tuple(judged), tuple(weighed))


def facts_of(inputs: FrozenInputs, stored: StoredFinding, claims: Sequence[Claim]) -> Facts:
    """Return the facts one finding is judged by, for its explanation."""
    return _facts(stored, _weigh(stored, ClaimIndex(claims), inputs), inputs, circumstances(inputs))


def circumstances(inputs: FrozenInputs) -> Facts:
    """Return the facts that every finding of the release shares."""
    facts: dict[str, FactValue] = {
        "run.at": inputs.at,
        "env.name": inputs.place.name,
        "env.tier": inputs.place.tier,
        "env.exposure": inputs.place.exposure,
        "env.labels": _pairs(inputs.place.labels),
        "artifact.digest": inputs.subject.digest,
        "artifact.labels": _pairs(inputs.subject.labels),
    }
    if inputs.place.runtime:
        facts["env.runtime"] = inputs.place.runtime
    if inputs.subject.name:
        facts["artifact.name"] = inputs.subject.name
    if inputs.subject.service:
        facts["service.name"] = inputs.subject.service
        facts["service.team"] = inputs.subject.team
    if inputs.subject.service_tier is not None:
        facts["service.tier"] = float(inputs.subject.service_tier)
    return facts


def _facts(
    stored: StoredFinding, heard: Sequence[WeighedClaim], inputs: FrozenInputs, shared: Mapping[str, FactValue]
) -> Facts:
    accepted = [AcceptedClaim(one.claim, one.trust.strength) for one in heard if one.is_accepted]
    return assemble(stored.facts, circumstances=shared, knowledge=inputs.knowledge, accepted=accepted)


def _weigh(stored: StoredFinding, index: ClaimIndex, inputs: FrozenInputs) -> list[WeighedClaim]:
    subject = inputs.subject
    spoken = index.about(identifiers(stored.facts), stored.purl, subject.digest, artifact_name=subject.name)
    return [
        WeighedClaim(
            stored.key,
            claim,
            claim_trust(claim, tier=inputs.place.tier, artifact_digest=inputs.subject.digest),
            covers_version=claim.covers_version(str(stored.facts.get("component.version") or "")),
        )
        for claim in spoken
    ]


def _pairs(labels: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(f"{name}={value}" for name, value in sorted(labels.items()))


def as_instant(text: JsonValue) -> datetime | None:
    """Return a stored instant, or None where none was stated."""
    return datetime.fromisoformat(text) if isinstance(text, str) else None
