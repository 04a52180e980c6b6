"""Repeats a decision from what it froze, and explains a finding the way it was judged."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from gates.deciding.decide import Decided, decide
from gates.deciding.inputs import FrozenInputs
from gates.deciding.judging import facts_of
from gates.errors import FindingUnknown
from gates.models import GateDecision
from policies import selectors as evidence
from policies.evidence.claims import Claim
from policies.evidence.snapshot import StoredFinding
from policies.language.trace import Trace
from policies.language.types import Facts
from policies.language.verdict import Verdict
from policies.programs import program_by_digest
from stellapolicy.kernel import canonical_json, digest
from stellapolicy.kernel.canonical_json import JsonValue


class ReplayOutcome(StrEnum):
    """How a repeated decision compares with the one that was kept."""

    EXACT = "exact"
    MISMATCH = "mismatch"


@dataclass(frozen=True, slots=True)
class Replay:
    """A repeated decision: `differences` are JSON Pointers into the body with both values."""

    outcome: ReplayOutcome
    body_digest: str
    replayed_digest: str
    differences: tuple[tuple[str, JsonValue, JsonValue], ...]


@dataclass(frozen=True, slots=True)
class ExplainedFinding:
    """One finding of a decision with the facts it was judged by and every rule's part in its verdict."""

    stored: StoredFinding
    facts: Facts
    verdict: Verdict
    trace: Trace


def replay(decision: GateDecision) -> Replay:
    """Decide again from the frozen inputs and compare byte by byte; reads, never writes.

    Raises SnapshotTampered when the evidence is no longer what was judged.
    """
    repeated = _decide_again(decision).body
    replayed_digest = digest.of_json(repeated)
    kept: dict[str, JsonValue] = decision.body
    same = canonical_json.dumps(repeated) == canonical_json.dumps(kept) and replayed_digest == decision.body_digest
    return Replay(
        outcome=ReplayOutcome.EXACT if same else ReplayOutcome.MISMATCH,
        body_digest=decision.body_digest,
        replayed_digest=replayed_digest,
        differences=() if same else tuple(_differences(kept, repeated, "")),
    )


def explain_finding(decision: GateDecision, key: str) -> ExplainedFinding:
    """Return how a finding of the decision came to its verdict; raises FindingUnknown."""
    findings, claims = _content(decision)
    stored = next((one for one in findings if one.key == key), None)
    if stored is None:
        raise FindingUnknown(f"{key[:120]!r} is no finding of this decision")
    inputs = FrozenInputs.from_json(decision.inputs)
    facts = facts_of(inputs, stored, claims)
    program = program_by_digest(inputs.program_digest, lambda: evidence.canonical_program(inputs.program_digest))
    verdict, trace = program.explain(facts)
    return ExplainedFinding(stored, facts, verdict, trace)


def _decide_again(decision: GateDecision) -> Decided:
    inputs = FrozenInputs.from_json(decision.inputs)
    findings, claims = _content(decision)
    program = program_by_digest(inputs.program_digest, lambda: evidence.canonical_program(inputs.program_digest))
    return decide(inputs, program, findings, claims)


def _content(decision: GateDecision) -> tuple[tuple[StoredFinding, ...], list[Claim]]:
    if decision.snapshot is None:
        return (), []
    findings, claims = evidence.checked_content(decision.snapshot)
    return findings, evidence.as_claims(claims)


def _differences(kept: JsonValue, repeated: JsonValue, pointer: str) -> list[tuple[str, JsonValue, JsonValue]]:
    if isinstance(kept, Mapping) and isinstance(repeated, Mapping):
        return [
            difference
            for name in sorted(kept.keys() | repeated.keys())
            for difference in _differences(kept.get(name), repeated.get(name), f"{pointer}/{name}")
        ]
    if isinstance(kept, list) and isinstance(repeated, list) and len(kept) == len(repeated):
        return [
            difference
            for index, (one, other) in enumerate(zip(kept, repeated, strict=True))
            for difference in _differences(one, other, f"{pointer}/{index}")
        ]
    return [] if kept == repeated else [(pointer, kept, repeated)]
