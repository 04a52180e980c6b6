"""Judges every finding of a release by the program: claims weighed first, facts assembled, verdicts given."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from gates.checks.base import JudgedFinding
from gates.deciding.inputs import FrozenInputs
from policies.evidence.assembly import assemble
from policies.evidence.circumstances import circumstances
from policies.evidence.claims import Claim, ClaimIndex
from policies.evidence.snapshot import StoredFinding
from policies.evidence.weighing import WeighedClaim, accepted, weigh
from policies.excepting import without_exceptions
from policies.language.program import Program
from policies.language.types import Facts, FactValue
from stellapolicy.kernel.canonical_json import JsonValue


@dataclass(frozen=True, slots=True)
class Judgement:
    """Every finding with its verdict, in the order of the snapshot, and every claim that speaks of one."""

    findings: tuple[JudgedFinding, ...]
    claims: tuple[WeighedClaim, ...]


def judge(
    inputs: FrozenInputs, program: Program, findings: Sequence[StoredFinding], claims: Sequence[Claim]
) -> Judgement:
    """Judge all findings of a snapshot without any exception."""
    index = ClaimIndex(claims)
    shared = shared_facts(inputs)
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
    return _facts(stored, _weigh(stored, ClaimIndex(claims), inputs), inputs, shared_facts(inputs))


def shared_facts(inputs: FrozenInputs) -> Facts:
    """Return the facts that every finding of the release shares, before any exception."""
    shared = circumstances(inputs.place, inputs.subject, at=inputs.at)
    return shared if inputs.exceptions is None else without_exceptions(shared)


def _facts(
    stored: StoredFinding, heard: Sequence[WeighedClaim], inputs: FrozenInputs, shared: Mapping[str, FactValue]
) -> Facts:
    return assemble(stored.facts, circumstances=shared, knowledge=inputs.knowledge, accepted=accepted(heard))


def _weigh(stored: StoredFinding, index: ClaimIndex, inputs: FrozenInputs) -> list[WeighedClaim]:
    subject = inputs.subject
    return weigh(stored, index, tier=inputs.place.tier, digest=subject.digest, name=subject.name)


def as_instant(text: JsonValue) -> datetime | None:
    """Return a stored instant, or None where none was stated."""
    return datetime.fromisoformat(text) if isinstance(text, str) else None
