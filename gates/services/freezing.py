"""Freezes everything a decision is made from, for the one that is kept and for those that are merely supposed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from exceptions.matching.standing import StandingException
from gates.deciding.inputs import FrozenInputs, GateVersion, Place, SnapshotReference, Subject
from gates.models import Gate
from policies import selectors
from policies.evidence.assembly import identifiers
from policies.evidence.claims import Claim
from policies.evidence.knowledge import Knowledge
from policies.evidence.snapshot import StoredFinding
from policies.models import Artifact, PackRevision, Snapshot


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of an artifact; without a snapshot nobody has scanned it."""

    artifact: Artifact
    snapshot: Snapshot | None
    findings: tuple[StoredFinding, ...]
    claims: list[Claim]

    @property
    def service(self) -> str:
        """The slug of the service the artifact belongs to, "" for none."""
        return self.artifact.service.slug if self.artifact.service else ""


def knowledge_of(found: Evidence) -> Knowledge:
    """Return what the feeds know of what was found."""
    return selectors.knowledge_about([name for stored in found.findings for name in identifiers(stored.facts)])


def freeze(
    gate: Gate,
    found: Evidence,
    revision: PackRevision,
    *,
    exceptions: Sequence[StandingException],
    at: datetime,
    knowledge: Knowledge | None = None,
) -> FrozenInputs:
    """Return the question with everything it needs; the knowledge of the feeds is read unless it is given.

    INVARIANT: the evaluation reads the frozen form, so what replay reads is what was judged.
    """
    environment, service, snapshot = gate.environment, found.artifact.service, found.snapshot
    frozen = FrozenInputs(
        at=at,
        place=Place(environment.slug, environment.tier, environment.exposure, environment.runtime, environment.labels),
        subject=Subject(
            digest=found.artifact.digest,
            name=found.artifact.name,
            labels=found.artifact.labels,
            service=found.service,
            service_tier=service.tier if service else None,
            team=service.team.slug if service else "",
        ),
        gate=GateVersion(gate.name, gate.version, gate.mode, gate.preset, gate.chain, gate.digest),
        pack=f"{revision.pack.name} {revision.version}",
        program_digest=revision.digest,
        knowledge=knowledge_of(found) if knowledge is None else knowledge,
        snapshot=SnapshotReference(snapshot.name, snapshot.content_digest, snapshot.evidence) if snapshot else None,
        exceptions=tuple(exceptions),
    )
    return FrozenInputs.from_json(frozen.to_json())
