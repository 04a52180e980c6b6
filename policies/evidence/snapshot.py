"""Composes an immutable snapshot out of imported reports: manifest, findings with facts, components, claims."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import orjson

from policies.evidence.scan import scan_evidence
from policies.importers.facts import finding_facts
from policies.importers.merge import merge_reports
from policies.importers.records import Component, Finding, ImportedReport, VexClaim
from stellapolicy.kernel import digest
from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.kernel.clock import rfc3339

MANIFEST_VERSION = 1


@dataclass(frozen=True, slots=True)
class Source:
    """One report with the digest of its bytes and how its subject was bound."""

    digest: str
    report: ImportedReport
    subject_stated: bool

    @property
    def record_count(self) -> int:
        """How many components, findings and claims the report yields."""
        return len(self.report.components) + len(self.report.findings) + len(self.report.claims)


@dataclass(frozen=True, slots=True)
class StoredFinding:
    """A finding as a snapshot keeps it; `facts` and `origin` are JSON."""

    key: str
    kind: str
    identifier: str
    purl: str
    severity: str
    facts: dict[str, JsonValue]
    origin: dict[str, JsonValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StoredClaim:
    """A VEX claim as a snapshot keeps it."""

    vulnerability: str
    status: str
    claim: dict[str, JsonValue]


@dataclass(frozen=True, slots=True)
class StoredComponent:
    """A component as a snapshot keeps it."""

    purl: str
    name: str
    version: str
    licences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ComposedSnapshot:
    """Everything a snapshot row and its children hold."""

    name: str
    manifest: dict[str, JsonValue]
    evidence: dict[str, JsonValue]
    counts: dict[str, JsonValue]
    content_digest: str
    findings: tuple[StoredFinding, ...]
    components: tuple[StoredComponent, ...]
    claims: tuple[StoredClaim, ...]


def compose(artifact_digest: str, sources: Sequence[Source]) -> ComposedSnapshot:
    """Compose the snapshot of these sources; the same sources give the same snapshot in any order.

    The name covers the artifact and the sources only: `ksm:sha256:` over the canonical manifest.
    """
    ordered = sorted(sources, key=lambda source: source.digest)
    manifest = _manifest(artifact_digest, ordered)
    merged = merge_reports([source.report for source in ordered])
    findings = tuple(sorted(map(_stored_finding, merged.findings), key=lambda stored: stored.key))
    claims = tuple(sorted(map(_stored_claim, merged.claims), key=_claim_order))
    return ComposedSnapshot(
        name=f"ksm:{digest.of_json(manifest)}",
        manifest=manifest,
        evidence=scan_evidence(
            [(source.digest, source.report) for source in ordered],
            subject_stated=all(source.subject_stated for source in ordered),
        ),
        counts=_counts(merged.findings, component_count=len(merged.components)),
        content_digest=content_digest([(stored.key, stored.facts) for stored in findings], claims),
        findings=findings,
        components=tuple(map(_stored_component, sorted(merged.components))),
        claims=claims,
    )


def content_digest(findings: Sequence[tuple[str, dict[str, JsonValue]]], claims: Sequence[StoredClaim]) -> str:
    """Return the digest over every fact and claim of a snapshot, in its order.

    Sorted-key JSON, one line each: as unambiguous as RFC 8785 and forty times faster over ten thousand findings.
    """
    lines = [orjson.dumps([key, facts], option=orjson.OPT_SORT_KEYS) for key, facts in findings]
    lines += [orjson.dumps([c.vulnerability, c.status, c.claim], option=orjson.OPT_SORT_KEYS) for c in claims]
    return digest.of_bytes(b"\n".join(lines))


def _manifest(artifact_digest: str, sources: Sequence[Source]) -> dict[str, JsonValue]:
    return {
        "manifest_version": MANIFEST_VERSION,
        "artifact": artifact_digest,
        "sources": [
            {
                "name": source.report.tool,
                "type": source.report.source_type.value,
                "digest": source.digest,
                "epoch": _instant(source.report.scanned_at),
                "record_count": source.record_count,
            }
            for source in sources
        ],
    }


def _stored_finding(finding: Finding) -> StoredFinding:
    return StoredFinding(
        key=finding.key,
        kind=finding.kind.value,
        identifier=finding.id,
        purl=finding.component.purl,
        severity=finding.severity.value,
        facts=finding_facts(finding),
        origin={
            "title": finding.title,
            "url": finding.primary_url,
            "sources": list(finding.sources),
            "severity_explanation": finding.explanation,
            "suppressed_by": finding.suppressed_by.value,
            "suppression_source": finding.suppression_source,
            "suppression_statement": finding.suppression_statement,
            "place": finding.place,
        },
    )


def _stored_component(component: Component) -> StoredComponent:
    return StoredComponent(
        purl=component.purl, name=component.key, version=component.version, licences=component.licenses
    )


def _stored_claim(claim: VexClaim) -> StoredClaim:
    return StoredClaim(
        vulnerability=claim.vulnerability,
        status=claim.status.value,
        claim={
            "aliases": list(claim.aliases),
            "products": list(claim.products),
            "components": list(claim.components),
            "versions": [
                {"version": scope.version, "range": scope.range, "status": scope.status} for scope in claim.versions
            ],
            "justification": claim.justification,
            "statement": claim.statement,
            "author": claim.author,
            "source": claim.source,
            "issued_at": _instant(claim.issued_at),
        },
    )


def _claim_order(stored: StoredClaim) -> tuple[str, str, bytes]:
    return stored.vulnerability, stored.status, orjson.dumps(stored.claim, option=orjson.OPT_SORT_KEYS)


def _counts(findings: Sequence[Finding], *, component_count: int) -> dict[str, JsonValue]:
    return {
        "findings": len(findings),
        "components": component_count,
        "suppressed": sum(1 for finding in findings if finding.suppressed_by),
        "by_severity": dict(Counter(finding.severity.value for finding in findings)),
        "by_kind": dict(Counter(finding.kind.value for finding in findings)),
    }


def _instant(moment: datetime | None) -> str | None:
    return None if moment is None else rfc3339(moment)
