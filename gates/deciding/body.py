"""The body of a decision: the whole answer as JSON, in a total order, without a name of tenant, row or host."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from gates.checks.base import JudgedFinding, Outcome
from gates.deciding.excepted_body import exceptions_json, raw_answer
from gates.deciding.inputs import FrozenInputs
from gates.deciding.settling import Prepared, Settled
from policies.evidence.snapshot import StoredFinding, is_listed
from policies.evidence.weighing import WeighedClaim
from policies.language.types import FactValue
from policies.language.verdict import Status
from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.kernel.clock import rfc3339
from stellapolicy.kernel.severity import RANKS, WORST_FIRST, Severity

SCHEMA = "stellapolicy/gate-decision/v1"
_QUIET = frozenset({Status.PASS, Status.IGNORED})
_SHOWN_FROM = Outcome.WARN


@dataclass(frozen=True, slots=True)
class _Row:
    """A finding after exceptions beside what it was without, and what the checks make of it."""

    judged: JudgedFinding
    raw: JudgedFinding
    stored: StoredFinding
    outcome: Outcome
    raw_outcome: Outcome = Outcome.PASS
    is_changed: bool = False


def decision_body(prepared: Prepared, settled: Settled) -> dict[str, JsonValue]:
    """Return the deterministic answer; `findings` are all that block, warn or carry a status to look at.

    INVARIANT: of a question from before there were exceptions it says what it said then, and no more.
    """
    inputs, combined, claims = prepared.inputs, settled.ruled.combined, prepared.judgement.claims
    digests, knows_exceptions = inputs.digests, inputs.exceptions is not None
    counts = _counts(settled.ruled.findings, claims, prepared.stored)
    return {
        "schema": SCHEMA,
        "decision": combined.decision.value,
        "verdict": combined.verdict.value,
        "wording": combined.wording,
        "exit_code": int(combined.exit_code),
        "mode": combined.mode.value,
        "blocked_by": combined.blocked_by.value if combined.blocked_by else None,
        "warned_by": combined.warned_by.value if combined.warned_by else None,
        "with_exceptions": combined.with_exceptions,
        "bypassed": combined.is_bypassed,
        "evidence_only": combined.is_evidence_only,
        "at": rfc3339(inputs.at),
        "artifact": {
            "digest": inputs.subject.digest,
            "name": inputs.subject.name,
            "service": inputs.subject.service,
        },
        "environment": {"name": inputs.place.name, "tier": inputs.place.tier},
        "gate": {"name": inputs.gate.name, "version": inputs.gate.version, "preset": inputs.gate.preset},
        "pack": inputs.pack,
        "checks": [result.to_json() for result in settled.ruled.results],
        "claims": [claim.to_json() for claim in claims],
        "counts": counts,
        **(_about_exceptions(prepared, settled) if knows_exceptions else {}),
        "findings": [_finding(row, knows_exceptions=knows_exceptions) for row in _rows(prepared, settled)],
        "suppressed": [_suppressed(row) for row in _suppressed_rows(prepared, settled)],
        "evidence": _evidence(inputs),
        "feeds": inputs.knowledge.to_json()["feeds"],
        "digests": digests,
        "determinism_hash": inputs.determinism_hash(digests),
        "connection_mode": inputs.connection_mode,
    }


def _about_exceptions(prepared: Prepared, settled: Settled) -> dict[str, JsonValue]:
    counts = _counts(prepared.raw.findings, prepared.judgement.claims, prepared.stored)
    return {"raw": raw_answer(prepared, counts), "exceptions": exceptions_json(prepared, settled)}


def _rows(prepared: Prepared, settled: Settled) -> list[_Row]:
    heaviest: dict[str, Outcome] = {}
    for reason in (reason for result in settled.ruled.results for reason in result.reasons):
        for key in reason.concerns:
            heaviest[key] = max(heaviest.get(key, Outcome.SKIP), reason.outcome, key=lambda outcome: outcome.rank)
    rows = (
        _Row(
            judged,
            raw,
            kept,
            heaviest.get(judged.key, Outcome.PASS),
            prepared.raw.weights.get(judged.key, Outcome.PASS),
            is_changed=place in settled.changed,
        )
        for place, (judged, raw, kept) in enumerate(_side_by_side(prepared, settled))
    )
    return sorted((row for row in rows if _is_shown(row)), key=_worst_first)


def _side_by_side(prepared: Prepared, settled: Settled) -> Iterator[tuple[JudgedFinding, JudgedFinding, StoredFinding]]:
    return zip(settled.ruled.findings, prepared.raw.findings, prepared.stored, strict=True)


def _is_shown(row: _Row) -> bool:
    """Whether a finding is worth a look; what an exception changed always is."""
    return row.outcome.rank >= _SHOWN_FROM.rank or row.judged.verdict.status not in _QUIET or row.is_changed


def _worst_first(row: _Row) -> tuple[int, int, float, str]:
    epss = row.raw.facts.get("epss.score")
    return (
        -row.outcome.rank,
        -RANKS[row.judged.verdict.severity],
        -(epss if isinstance(epss, float) else 0.0),
        row.judged.key,
    )


def _finding(row: _Row, *, knows_exceptions: bool) -> dict[str, JsonValue]:
    """Return a finding as it was found: an exception changes what becomes of it, not what is known of it."""
    verdict, raw, facts = row.judged.verdict, row.raw.verdict, row.raw.facts
    excepted: dict[str, JsonValue] = {
        "raw_severity": raw.severity.value,
        "raw_outcome": row.raw_outcome.value,
        "exception": row.judged.excuse.id if row.judged.excuse else None,
    }
    return {
        "key": row.judged.key,
        "outcome": row.outcome.value,
        "kind": row.stored.kind,
        "id": row.stored.identifier,
        "title": row.stored.origin.get("title") or "",
        "url": row.stored.origin.get("url") or "",
        "purl": row.stored.purl,
        "component": _text(facts, "component.name"),
        "version": _text(facts, "component.version"),
        "severity": verdict.severity.value,
        "severity_explanation": row.stored.origin.get("severity_explanation") or "",
        "cvss": _number_text(facts, "cvss.score"),
        "cvss_vector": _text(facts, "cvss.vector"),
        "epss": _number_text(facts, "epss.score"),
        "kev": _truth(facts, "kev.listed"),
        "kev_due_date": _date_text(facts, "kev.due_date"),
        "fix_available": _truth(facts, "advisory.fix_available"),
        "fixed_versions": _texts(facts, "advisory.fixed_versions"),
        "raw_status": raw.status.value,
        "status": verdict.status.value,
        "undecided": verdict.undecided,
        "rule": verdict.rule,
        "because": verdict.because,
        "messages": list(verdict.messages),
        "unknown_facts": list(verdict.unknown_facts),
        "suppressed_by": row.stored.origin.get("suppressed_by") or "",
        "sources": row.stored.origin.get("sources") or [],
        **(excepted if knows_exceptions else {}),
    }


def _suppressed_rows(prepared: Prepared, settled: Settled) -> list[_Row]:
    return [
        _Row(judged, raw, kept, Outcome.SKIP)
        for judged, raw, kept in _side_by_side(prepared, settled)
        if kept.origin.get("suppressed_by")
    ]


def _suppressed(row: _Row) -> dict[str, JsonValue]:
    origin = row.stored.origin
    return {
        "key": row.judged.key,
        "id": row.stored.identifier,
        "purl": row.stored.purl,
        "severity": row.judged.verdict.severity.value,
        "status": row.judged.verdict.status.value,
        "suppressed_by": origin.get("suppressed_by") or "",
        "source": origin.get("suppression_source") or "",
        "statement": origin.get("suppression_statement") or "",
    }


def _counts(
    findings: Sequence[JudgedFinding], claims: Sequence[WeighedClaim], stored: Sequence[StoredFinding]
) -> dict[str, JsonValue]:
    found = [one for one, kept in zip(findings, stored, strict=True) if not is_listed(kept)]
    listed = len(findings) - len(found)
    severities = Counter(one.verdict.severity for one in found)
    statuses = Counter(one.verdict.status for one in findings)
    return {
        "findings": len(found),
        **({"listed": listed} if listed else {}),
        "by_severity": {severity.value: severities[severity] for severity in WORST_FIRST if severities[severity]},
        "by_status": {status.value: statuses[status] for status in Status if statuses[status]},
        "suppressed": sum(1 for kept in stored if kept.origin.get("suppressed_by")),
        "unknown_severity": severities[Severity.UNKNOWN],
        "claims_accepted": sum(1 for claim in claims if claim.is_accepted),
        "claims_refused": sum(1 for claim in claims if not claim.is_accepted),
    }


def _evidence(inputs: FrozenInputs) -> dict[str, JsonValue]:
    return {"scan": "unscanned"} if inputs.snapshot is None else dict(inputs.snapshot.evidence)


def _text(facts: Mapping[str, FactValue], path: str) -> str:
    value = facts.get(path)
    return value if isinstance(value, str) else ""


def _texts(facts: Mapping[str, FactValue], path: str) -> list[JsonValue]:
    value = facts.get(path)
    return [str(item) for item in value] if isinstance(value, tuple) else []


def _truth(facts: Mapping[str, FactValue], path: str) -> bool | None:
    value = facts.get(path)
    return value if isinstance(value, bool) else None


def _number_text(facts: Mapping[str, FactValue], path: str) -> str | None:
    """Return a score as its shortest decimal text: numbers in a body are integers or text, never binary fractions."""
    value = facts.get(path)
    return (
        None
        if isinstance(value, bool) or not isinstance(value, int | float)
        else f"{value:.5f}".rstrip("0").rstrip(".")
    )


def _date_text(facts: Mapping[str, FactValue], path: str) -> str | None:
    value = facts.get(path)
    date = getattr(value, "date", None)
    return date().isoformat() if callable(date) else None
