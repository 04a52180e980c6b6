"""What is known of a finding today, and what the policies in force say of it without any exception."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from policies.estate.evidence import Holder
from policies.evidence.assembly import assemble
from policies.evidence.circumstances import Place, circumstances
from policies.evidence.claims import ClaimIndex
from policies.evidence.content import StoredFinding
from policies.evidence.knowledge import Knowledge
from policies.evidence.weighing import accepted, weigh
from policies.excepting import without_exceptions
from policies.language.program import Program
from policies.language.types import Facts
from policies.language.verdict import Verdict
from policies.models import PackRevision
from policies.programs import program_by_digest
from policies.selectors import active_revisions
from stellapolicy.tenancy.models import Environment, Tier

_SILENCE: Final = ClaimIndex(())


@dataclass(frozen=True, slots=True)
class Policy:
    """What is in force in one environment."""

    place: Place
    program: Program


def digests_in_force() -> dict[str, str]:
    """Return the digest of what is in force, by the slug of the environment; three reads."""
    return {row.slug: revision.digest for row, revision in _nearest() if revision is not None}


def policies_in_force() -> dict[str, Policy]:
    """Return what is in force, by the slug of the environment; three reads."""
    return {row.slug: _policy(row, revision) for row, revision in _nearest() if revision is not None}


def _nearest() -> list[tuple[Environment, PackRevision | None]]:
    revisions = active_revisions()
    return [(row, revisions.get(row.pk, revisions.get(None))) for row in Environment.objects.order_by("slug")]


def _policy(row: Environment, revision: PackRevision) -> Policy:
    place = Place(row.slug, row.tier, row.exposure, row.runtime, row.labels)
    return Policy(place, program_by_digest(revision.digest, lambda: revision.program))


@dataclass(frozen=True, slots=True)
class Judge:
    """Judges findings of present evidence the way a gate would, without what a gate adds."""

    policies: Mapping[str, Policy]
    knowledge: Knowledge
    claims: Mapping[UUID, ClaimIndex]
    at: datetime
    _shared: dict[tuple[str, str], Facts] = field(default_factory=dict)

    def verdict(self, snapshot: UUID, holder: Holder, stored: StoredFinding, environment: str) -> Verdict | None:
        """Return the raw verdict before an environment, None where no policy is in force."""
        policy = self.policies.get(environment)
        if policy is None:
            return None
        shared = self._circumstances(policy.place, holder)
        return policy.program.evaluate(self._facts(snapshot, holder, stored, tier=policy.place.tier, shared=shared))

    def facts(self, snapshot: UUID, holder: Holder, stored: StoredFinding) -> Facts:
        """Return what is known of a finding wherever it goes; claims are believed as production believes them."""
        return self._facts(snapshot, holder, stored, tier=Tier.PRODUCTION.value, shared={})

    def _facts(self, snapshot: UUID, holder: Holder, stored: StoredFinding, *, tier: str, shared: Facts) -> Facts:
        subject = holder.subject
        spoken = weigh(stored, self.claims.get(snapshot, _SILENCE), tier=tier, digest=subject.digest, name=subject.name)
        return assemble(stored.facts, circumstances=shared, knowledge=self.knowledge, accepted=accepted(spoken))

    def _circumstances(self, place: Place, holder: Holder) -> Facts:
        key = (place.name, holder.subject.digest)
        if key not in self._shared:
            self._shared[key] = without_exceptions(circumstances(place, holder.subject, at=self.at))
        return self._shared[key]
