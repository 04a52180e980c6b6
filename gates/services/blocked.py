"""What a decision held back, for whoever asks for an exception from it: fills the port of exceptions."""

from collections.abc import Mapping
from uuid import UUID

from exceptions.ports import BlockedFinding
from gates.errors import DecisionUnknown
from gates.models import GateDecision
from gates.selectors import decision_by_id
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.canonical_json import JsonValue


class BlockedFindings:
    """Reads findings of decisions."""

    def finding_of(self, *, actor: Actor, decision: UUID, key: str) -> BlockedFinding | None:
        """Return a finding of a decision that the actor may read, or None."""
        try:
            row = decision_by_id(decision, actor=actor)
        except DecisionUnknown:
            return None
        found = next((one for one in row.body["findings"] if one["key"] == key), None)
        return None if found is None else _finding(row, found)


def _finding(row: GateDecision, found: Mapping[str, JsonValue]) -> BlockedFinding:
    service = row.artifact.service
    return BlockedFinding(
        name=str(found.get("id") or ""),
        kind=str(found.get("kind") or ""),
        purl=str(found.get("purl") or ""),
        rule=str(found.get("rule") or ""),
        artifact=row.artifact.name,
        service=service.slug if service else "",
        environment=row.environment.slug,
        owner_team=service.team.slug if service else "",
        digest=row.artifact.digest,
    )
