"""What the checks of a chain are asked about, made of the frozen inputs."""

from collections.abc import Sequence

from gates.checks.base import (
    CheckInput,
    ConnectionState,
    EnvironmentFacts,
    EvidenceSource,
    EvidenceState,
    ExceptionState,
    FeedName,
    FeedState,
    JudgedFinding,
    ScanState,
    Tier,
)
from gates.deciding.inputs import FrozenInputs
from gates.deciding.judging import as_instant
from policies.language.verdict import ReleaseVerdict


def check_input(
    inputs: FrozenInputs,
    findings: Sequence[JudgedFinding],
    release: ReleaseVerdict,
    exceptions: Sequence[ExceptionState] = (),
) -> CheckInput:
    """Return everything a check may look at."""
    return CheckInput(
        at=inputs.at,
        environment=EnvironmentFacts(
            name=inputs.place.name,
            tier=Tier(inputs.place.tier),
            exposure=inputs.place.exposure,
            runtime=inputs.place.runtime,
            labels=inputs.place.labels,
        ),
        findings=findings,
        release=release,
        evidence=evidence_state(inputs),
        feeds=feed_states(inputs),
        is_sealed=inputs.connection_mode == "sealed",
        exceptions=exceptions,
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
