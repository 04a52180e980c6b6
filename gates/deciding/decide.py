"""Decides: judgement, chain of checks, combination, and the body that says all of it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gates.checks.base import (
    CheckInput,
    ConnectionState,
    EnvironmentFacts,
    EvidenceSource,
    EvidenceState,
    FeedName,
    FeedState,
    ScanState,
    Tier,
)
from gates.checks.chain import ChainStep, chain_from_json, run_chain
from gates.checks.combine import Combined, combine
from gates.checks.exit_codes import GateMode
from gates.deciding.body import decision_body
from gates.deciding.inputs import FrozenInputs
from gates.deciding.judging import Judgement, as_instant, judge
from policies.evidence.claims import Claim
from policies.evidence.snapshot import StoredFinding
from policies.language.program import Program
from policies.language.verdict import ReleaseVerdict, Status
from stellapolicy.kernel.canonical_json import JsonValue


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision as values: `body` is the deterministic answer, the same bytes for the same inputs.

    fired: findings by the status that a rule gave them. suppressed: findings left out of account, by who asked.
    """

    combined: Combined
    body: dict[str, JsonValue]
    fired: Mapping[Status, int]
    suppressed: Mapping[str, int]


def decide(
    inputs: FrozenInputs, program: Program, findings: Sequence[StoredFinding], claims: Sequence[Claim]
) -> Decided:
    """Answer the question that `inputs` freeze; nothing else is read."""
    judgement = judge(inputs, program, findings, claims)
    release = program.evaluate_release([(one.facts, one.verdict) for one in judgement.findings])
    results = run_chain(_chain(inputs), _check_input(inputs, judgement, release))
    combined = combine(results, mode=GateMode(inputs.gate.mode))
    return Decided(
        combined=combined,
        body=decision_body(inputs, judgement, findings, results, combined),
        fired=Counter(one.verdict.status for one in judgement.findings if one.verdict.rule),
        suppressed={
            "scanner": sum(1 for stored in findings if stored.origin.get("suppressed_by")),
            "vex": sum(1 for claim in judgement.claims if claim.is_accepted),
        },
    )


def _chain(inputs: FrozenInputs) -> Sequence[ChainStep]:
    return chain_from_json(inputs.gate.chain, tier=Tier(inputs.place.tier))


def _check_input(inputs: FrozenInputs, judgement: Judgement, release: ReleaseVerdict) -> CheckInput:
    return CheckInput(
        at=inputs.at,
        environment=EnvironmentFacts(
            name=inputs.place.name,
            tier=Tier(inputs.place.tier),
            exposure=inputs.place.exposure,
            runtime=inputs.place.runtime,
            labels=inputs.place.labels,
        ),
        findings=judgement.findings,
        release=release,
        evidence=evidence_state(inputs),
        feeds=feed_states(inputs),
        is_sealed=inputs.connection_mode == "sealed",
    )


def evidence_state(inputs: FrozenInputs) -> EvidenceState:
    """Return what is known of the evidence; without a snapshot nobody has scanned the artifact."""
    if inputs.snapshot is None:
        return EvidenceState(scan=ScanState.UNSCANNED)
    stated = inputs.snapshot.evidence
    match stated:
        case {
            "scan": str(scan),
            "partial_reasons": list(reasons),
            "subject_stated": bool(is_stated),
            "sources": list(s),
        }:
            return EvidenceState(
                scan=ScanState(scan),
                scanned_at=as_instant(stated.get("scanned_at")),
                database_built_at=as_instant(stated.get("database_built_at")),
                partial_reasons=tuple(map(str, reasons)),
                is_subject_stated=is_stated,
                sources=tuple(EvidenceSource(**source) for source in s),
            )
        case _:
            return EvidenceState(scan=ScanState.UNREADABLE)


def feed_states(inputs: FrozenInputs) -> dict[FeedName, FeedState]:
    """Return how every connected feed stood; one never connected is absent.

    A feed that failed keeps its last successful check, by which it is judged.
    """
    return {
        FeedName(name): FeedState(
            name=FeedName(name),
            state=ConnectionState.FAILED if feed.is_failed else ConnectionState.FRESH,
            checked_at=feed.checked_at,
            model_date=feed.model_date,
        )
        for name, feed in sorted(inputs.knowledge.feeds.items())
    }
