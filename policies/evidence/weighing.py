"""Which claims are believed of a finding before an environment of some tier."""

from collections.abc import Iterable
from dataclasses import dataclass

from policies.evidence.assembly import DISMISSALS, AcceptedClaim, identifiers
from policies.evidence.claims import Claim, ClaimIndex
from policies.evidence.content import StoredFinding
from policies.evidence.trust import ClaimTrust, claim_trust
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


def weigh(stored: StoredFinding, index: ClaimIndex, *, tier: str, digest: str, name: str) -> list[WeighedClaim]:
    """Return every claim about a finding of the artifact of this digest and name, weighed for a tier."""
    spoken = index.about(identifiers(stored.facts), stored.purl, digest, artifact_name=name)
    version = str(stored.facts.get("component.version") or "")
    return [
        WeighedClaim(
            stored.key,
            claim,
            claim_trust(claim, tier=tier, artifact_digest=digest),
            covers_version=claim.covers_version(version),
        )
        for claim in spoken
    ]


def accepted(weighed: Iterable[WeighedClaim]) -> list[AcceptedClaim]:
    """Return the claims that are believed, with how far."""
    return [AcceptedClaim(one.claim, one.trust.strength) for one in weighed if one.is_accepted]
