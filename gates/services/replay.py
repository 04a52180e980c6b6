"""Repeats a decision from what it froze, and explains a finding the way it was judged."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

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
from stellapolicy.kernel.clock import rfc3339


class ReplayOutcome(StrEnum):
    """How a repeated decision compares with the one that was kept."""

    EXACT = "exact"
    MISMATCH = "mismatch"


@dataclass(frozen=True, slots=True)
class Replay:
    """A repeated decision: `differences` are JSON Pointers into the body, or below `/row`, with both values."""

    outcome: ReplayOutcome
    body_digest: str
    replayed_digest: str
    differences: tuple[tuple[str, JsonValue, JsonValue], ...]


@dataclass(frozen=True, slots=True)
class ExplainedFinding:
    """One finding of a decision with the facts it was judged by and every rule's part in its verdict.

    All of that is without exceptions; `exception` is the one that then covered it, `status` what it made of it.
    """

    stored: StoredFinding
    facts: Facts
    verdict: Verdict
    trace: Trace
    exception: str | None = None
    status: str = ""


def replay(decision: GateDecision) -> Replay:
    """Decide again from the frozen inputs and compare byte by byte; reads, never writes.

    Raises SnapshotTampered when the evidence is no longer what was judged.
    """
    decided = _decide_again(decision)
    replayed_digest = digest.of_json(decided.body)
    kept: dict[str, JsonValue] = decision.body
    same = canonical_json.dumps(decided.body) == canonical_json.dumps(kept)
    differences = [] if same else _differences(kept, decided.body, "")
    differences += _differences(_row(decision), _row_of(decision, decided, replayed_digest), "/row")
    return Replay(
        outcome=ReplayOutcome.MISMATCH if differences else ReplayOutcome.EXACT,
        body_digest=decision.body_digest,
        replayed_digest=replayed_digest,
        differences=tuple(differences),
    )


def _row(decision: GateDecision) -> dict[str, JsonValue]:
    """Return what the columns of a decision say, which lists and pipelines read instead of its body."""
    return {
        "decision": decision.decision,
        "exit_code": decision.exit_code,
        "mode": decision.mode,
        "blocked_by": decision.blocked_by,
        "at": rfc3339(decision.at),
        "environment": decision.environment.slug,
        "gate": decision.gate.digest,
        "artifact": decision.artifact.digest,
        "snapshot": decision.snapshot.name if decision.snapshot else None,
        "body_digest": decision.body_digest,
        "determinism_hash": decision.determinism_hash,
    }


def _row_of(decision: GateDecision, decided: Decided, body_digest: str) -> dict[str, JsonValue]:
    """Return what the columns should say."""
    inputs, combined = FrozenInputs.from_json(decision.inputs), decided.combined
    return {
        "decision": combined.decision.value,
        "exit_code": int(combined.exit_code),
        "mode": inputs.gate.mode,
        "blocked_by": combined.blocked_by or "",
        "at": rfc3339(inputs.at),
        "environment": inputs.place.name,
        "gate": inputs.gate.digest,
        "artifact": inputs.subject.digest,
        "snapshot": inputs.snapshot.name if inputs.snapshot else None,
        "body_digest": body_digest,
        "determinism_hash": decided.body["determinism_hash"],
    }


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
    shown: dict[str, Any] = next((row for row in decision.body["findings"] if row["key"] == key), {})  # Any: JSON
    return ExplainedFinding(stored, facts, verdict, trace, shown.get("exception"), shown.get("status", ""))


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
