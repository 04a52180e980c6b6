"""How far a VEX claim is believed: trust of its source times strength of its argument, in basis points.

Source: the trust vector of provenance, coverage and replayability weighted .45, .35, .20, and the ladders of each.
A claim that arrives inside an uploaded report is unsigned and comes from an authenticated uploader.
"""

from dataclasses import dataclass

from policies.evidence.claims import Claim

_WEIGHTS = (45, 35, 20)
_UNSIGNED_FROM_AUTHENTICATED_SOURCE = 40
_EXACT_BUILD, _EXACT_PACKAGE, _PRODUCT = 100, 75, 50
_NOT_REPRODUCIBLE = 20

_STRENGTH_WITH_JUSTIFICATION = 85
_STRENGTH_BLANKET = 60
_STRENGTH_UNDER_INVESTIGATION = 40

ACCEPTED_FROM = {"production": 6000, "staging": 5000, "development": 4000}


@dataclass(frozen=True, slots=True)
class ClaimTrust:
    """Whether a dismissal is accepted: its strength and the threshold of the environment's tier, in basis points."""

    strength: int
    threshold: int

    @property
    def is_accepted(self) -> bool:
        """Whether the claim is strong enough here."""
        return self.strength >= self.threshold


def claim_trust(claim: Claim, *, tier: str, artifact_digest: str) -> ClaimTrust:
    """Weigh a claim that came inside an uploaded report."""
    provenance, coverage, replayability = _WEIGHTS
    base = (
        provenance * _UNSIGNED_FROM_AUTHENTICATED_SOURCE
        + coverage * _coverage(claim, artifact_digest)
        + replayability * _NOT_REPRODUCIBLE
    )
    return ClaimTrust(strength=base * _strength(claim) // 100, threshold=ACCEPTED_FROM[tier])


def _coverage(claim: Claim, artifact_digest: str) -> int:
    if any(artifact_digest in product for product in claim.products):
        return _EXACT_BUILD
    return _EXACT_PACKAGE if claim.components or claim.products else _PRODUCT


def _strength(claim: Claim) -> int:
    if claim.status == "under_investigation":
        return _STRENGTH_UNDER_INVESTIGATION
    return _STRENGTH_WITH_JUSTIFICATION if claim.justification else _STRENGTH_BLANKET
