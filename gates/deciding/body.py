"""The body of a decision: the whole answer as JSON, in a total order, without a name of tenant, row or host."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gates.checks.base import CheckResult, JudgedFinding, Outcome
from gates.checks.combine import Combined
from gates.deciding.inputs import FrozenInputs
from gates.deciding.judging import Judgement
from policies.evidence.snapshot import StoredFinding, is_listed
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
    judged: JudgedFinding
    stored: StoredFinding
    outcome: Outcome


def decision_body(
    inputs: FrozenInputs,
    judgement: Judgement,
    stored: Sequence[StoredFinding],
    results: Sequence[CheckResult],
    combined: Combined,
) -> dict[str, JsonValue]:
    """Return the deterministic answer; `findings` are all that block, warn or carry a status to look at."""
    rows = _rows(judgement, stored, results)
    digests = inputs.digests
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
        "checks": [result.to_json() for result in results],
        "claims": [claim.to_json() for claim in judgement.claims],
        "counts": _counts(judgement, stored),
        "findings": [_finding(row) for row in rows],
        "suppressed": [_suppressed(row) for row in _suppressed_rows(judgement, stored)],
        "evidence": _evidence(inputs),
        "feeds": inputs.knowledge.to_json()["feeds"],
        "digests": digests,
        "determinism_hash": inputs.determinism_hash(digests),
        "connection_mode": inputs.connection_mode,
    }


def _rows(judgement: Judgement, stored: Sequence[StoredFinding], results: Sequence[CheckResult]) -> list[_Row]:
    heaviest: dict[str, Outcome] = {}
    for reason in (reason for result in results for reason in result.reasons):
        for key in reason.concerns:
            heaviest[key] = max(heaviest.get(key, Outcome.SKIP), reason.outcome, key=lambda outcome: outcome.rank)
    rows = [
        _Row(judged, kept, heaviest.get(judged.key, Outcome.PASS))
        for judged, kept in zip(judgement.findings, stored, strict=True)
    ]
    shown = [row for row in rows if row.outcome.rank >= _SHOWN_FROM.rank or row.judged.verdict.status not in _QUIET]
    return sorted(shown, key=_worst_first)


def _worst_first(row: _Row) -> tuple[int, int, float, str]:
    epss = row.judged.facts.get("epss.score")
    return (
        -row.outcome.rank,
        -RANKS[row.judged.verdict.severity],
        -(epss if isinstance(epss, float) else 0.0),
        row.judged.key,
    )


def _finding(row: _Row) -> dict[str, JsonValue]:
    verdict, facts = row.judged.verdict, row.judged.facts
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
        "raw_status": verdict.status.value,
        "status": verdict.status.value,
        "undecided": verdict.undecided,
        "rule": verdict.rule,
        "because": verdict.because,
        "messages": list(verdict.messages),
        "unknown_facts": list(verdict.unknown_facts),
        "suppressed_by": row.stored.origin.get("suppressed_by") or "",
        "sources": row.stored.origin.get("sources") or [],
    }


def _suppressed_rows(judgement: Judgement, stored: Sequence[StoredFinding]) -> list[_Row]:
    return [
        _Row(judged, kept, Outcome.SKIP)
        for judged, kept in zip(judgement.findings, stored, strict=True)
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


def _counts(judgement: Judgement, stored: Sequence[StoredFinding]) -> dict[str, JsonValue]:
    found = [one for one, kept in zip(judgement.findings, stored, strict=True) if not is_listed(kept)]
    listed = len(judgement.findings) - len(found)
    severities = Counter(one.verdict.severity for one in found)
    statuses = Counter(one.verdict.status for one in judgement.findings)
    return {
        "findings": len(found),
        **({"listed": listed} if listed else {}),
        "by_severity": {severity.value: severities[severity] for severity in WORST_FIRST if severities[severity]},
        "by_status": {status.value: statuses[status] for status in Status if statuses[status]},
        "suppressed": sum(1 for kept in stored if kept.origin.get("suppressed_by")),
        "unknown_severity": severities[Severity.UNKNOWN],
        "claims_accepted": sum(1 for claim in judgement.claims if claim.is_accepted),
        "claims_refused": sum(1 for claim in judgement.claims if not claim.is_accepted),
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
