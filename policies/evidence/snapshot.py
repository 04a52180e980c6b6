"""Composes an immutable snapshot out of imported reports: manifest, findings with facts, components, claims."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import orjson

from policies.evidence.claims import Claim, ClaimIndex
from policies.evidence.content import (
    EVERY_COLUMN,
    StoredClaim,
    StoredComponent,
    StoredFinding,
    components_digest,
    content_digest,
)
from policies.evidence.reachability import ReachabilityIndex
from policies.evidence.scan import scan_evidence
from policies.importers.components import unite
from policies.importers.facts import finding_facts
from policies.importers.inventory import SOURCE as LISTED
from policies.importers.inventory import inventory_findings
from policies.importers.merge import MergedEvidence, merge_reports
from policies.importers.records import Component, Finding, ImportedReport, SourceType, VexClaim
from stellapolicy.kernel import digest
from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.kernel.clock import rfc3339

MANIFEST_VERSION = 2

__all__ = [
    "ComposedSnapshot",
    "ProductDocument",
    "Source",
    "StoredClaim",
    "StoredComponent",
    "StoredFinding",
    "claim_json",
    "compose",
    "document_source",
    "in_order",
    "is_listed",
    "manifest_of",
    "names_in",
    "speaking",
]


@dataclass(frozen=True, slots=True)
class Source:
    """One report with the digest of its bytes and how its subject was bound."""

    digest: str
    report: ImportedReport
    subject_stated: bool

    @property
    def record_count(self) -> int:
        """How many components, findings, claims and facts of reachability the report yields."""
        report = self.report
        return len(report.components) + len(report.findings) + len(report.claims) + len(report.reachability)


@dataclass(frozen=True, slots=True)
class ProductDocument:
    """Statements about products at large, out of one document."""

    digest: str
    tool: str
    issued_at: datetime | None
    statements: tuple[StoredClaim, ...]


@dataclass(frozen=True, slots=True)
class ComposedSnapshot:
    """Everything a snapshot row and its children hold."""

    name: str
    manifest: dict[str, JsonValue]
    evidence: dict[str, JsonValue]
    counts: dict[str, JsonValue]
    content_digest: str
    components_digest: str
    findings: tuple[StoredFinding, ...]
    components: tuple[StoredComponent, ...]
    claims: tuple[StoredClaim, ...]
    digest_version: int = EVERY_COLUMN


def compose(
    artifact_digest: str, sources: Sequence[Source], documents: Sequence[ProductDocument] = ()
) -> ComposedSnapshot:
    """Compose the snapshot of these sources; the same sources give the same snapshot in any order.

    Of `documents` those join that say something of one of the findings. The name covers the artifact and the sources
    only: `ksm:sha256:` over the canonical manifest.
    """
    ordered = sorted(sources, key=lambda source: source.digest)
    merged = merge_reports([source.report for source in ordered])
    findings = _findings(merged, ordered)
    joining = speaking(documents, findings, artifact_digest)
    claims = in_order(
        [*map(_stored_claim, merged.claims), *(one for document in joining for one in document.statements)]
    )
    components = tuple(map(_stored_component, sorted(merged.components)))
    of_components = components_digest(components)
    manifest = _manifest(artifact_digest, ordered, joining)
    return ComposedSnapshot(
        name=f"ksm:{digest.of_json(manifest)}",
        manifest=manifest,
        evidence=scan_evidence(
            [(source.digest, source.report) for source in ordered],
            # A statement names its own products; that it names no artifact is nothing to remark.
            subject_stated=all(
                source.subject_stated for source in ordered if source.report.source_type is not SourceType.VEX
            ),
            documents=[(document.digest, document.tool) for document in joining],
        ),
        counts=_counts(findings, component_count=len(components)),
        content_digest=content_digest(findings, claims, components=of_components),
        components_digest=of_components,
        findings=findings,
        components=components,
        claims=claims,
    )


def names_in(sources: Iterable[Source]) -> frozenset[str]:
    """Return every name of every vulnerability that these reports found."""
    return frozenset(
        name for source in sources for one in source.report.findings for name in (one.id, *one.aliases) if name
    )


def speaking(
    documents: Sequence[ProductDocument], findings: Sequence[StoredFinding], artifact_digest: str
) -> tuple[ProductDocument, ...]:
    """Return the documents that say something of one of the findings, each with just these statements."""
    joining = [
        replace(document, statements=kept)
        for document in sorted(documents, key=lambda document: document.digest)
        if (kept := _spoken(document.statements, findings, artifact_digest))
    ]
    return tuple(joining)


def in_order(claims: Iterable[StoredClaim]) -> tuple[StoredClaim, ...]:
    """Return claims in the order of a snapshot, each once."""
    ordered = {_claim_order(claim): claim for claim in claims}
    return tuple(ordered[key] for key in sorted(ordered))


def document_source(document: ProductDocument) -> dict[str, JsonValue]:
    """Return how a manifest names a document."""
    return {
        "name": document.tool,
        "type": SourceType.VEX.value,
        "digest": document.digest,
        "epoch": _instant(document.issued_at),
        "record_count": len(document.statements),
    }


def _spoken(
    statements: Sequence[StoredClaim], findings: Sequence[StoredFinding], artifact_digest: str
) -> tuple[StoredClaim, ...]:
    spoken = [Claim.from_stored(one.vulnerability, one.status, one.claim) for one in statements]
    index = ClaimIndex(spoken)
    joined = {
        id(claim)
        for finding in findings
        for claim in index.named(_names(finding))
        if claim.joins(finding.purl, artifact_digest)
    }
    return tuple(one for one, claim in zip(statements, spoken, strict=True) if id(claim) in joined)


def _names(finding: StoredFinding) -> tuple[str, ...]:
    aliases = finding.facts.get("vuln.aliases") or ()
    return (finding.identifier, *(map(str, aliases) if isinstance(aliases, list | tuple) else ()))


def _findings(merged: MergedEvidence, sources: Sequence[Source]) -> tuple[StoredFinding, ...]:
    """Return what was found, and what an inventory lists, in the order of their keys."""
    reached = ReachabilityIndex(fact for source in sources for fact in source.report.reachability)
    stored = {one.key: _stored_finding(one, reached) for one in (*_listed(sources), *merged.findings)}
    return tuple(stored[key] for key in sorted(stored))


def _listed(sources: Sequence[Source]) -> tuple[Finding, ...]:
    """Return the components and licences of inventories alone: a scan names components only to blame them."""
    inventories = [source.report.components for source in sources if source.report.source_type is SourceType.SBOM]
    return inventory_findings(unite(component for listed in inventories for component in listed).values())


def _manifest(
    artifact_digest: str, sources: Sequence[Source], documents: Sequence[ProductDocument]
) -> dict[str, JsonValue]:
    named: list[dict[str, JsonValue]] = [
        {
            "name": source.report.tool,
            "type": source.report.source_type.value,
            "digest": source.digest,
            "epoch": _instant(source.report.scanned_at),
            "record_count": source.record_count,
        }
        for source in sources
    ]
    named += map(document_source, documents)
    return manifest_of(artifact_digest, named)


def manifest_of(artifact_digest: str, sources: Iterable[dict[str, JsonValue]]) -> dict[str, JsonValue]:
    """Return the manifest over sources, sorted by their digests."""
    ordered: list[JsonValue] = [*sorted(sources, key=lambda source: str(source["digest"]))]
    return {"manifest_version": MANIFEST_VERSION, "artifact": artifact_digest, "sources": ordered}


def _stored_finding(finding: Finding, reached: ReachabilityIndex) -> StoredFinding:
    facts = finding_facts(finding)
    if found := reached.facts_of((finding.id, *finding.aliases), finding.component.purl):
        facts = dict(sorted({**facts, **found}.items()))
    return StoredFinding(
        key=finding.key,
        kind=finding.kind.value,
        identifier=finding.id,
        purl=finding.component.purl,
        severity=finding.severity.value,
        facts=facts,
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
        purl=component.purl,
        name=component.key,
        version=component.version,
        licences=component.licenses,
        scope=component.scope,
        paths=component.paths,
        direct=component.direct,
    )


def _stored_claim(claim: VexClaim) -> StoredClaim:
    return StoredClaim(vulnerability=claim.vulnerability, status=claim.status.value, claim=claim_json(claim))


def claim_json(claim: VexClaim) -> dict[str, JsonValue]:
    """Return a claim as a snapshot keeps it, besides vulnerability and status."""
    return {
        "aliases": list(claim.aliases),
        "products": list(claim.products),
        "components": list(claim.components),
        "versions": [
            {"version": scope.version, "range": scope.range, "status": scope.status} for scope in claim.versions
        ],
        "justification": claim.justification,
        "stated_justification": claim.stated_justification,
        "statement": claim.statement,
        "responses": list(claim.responses),
        "author": claim.author,
        "source": claim.source,
        "issued_at": _instant(claim.issued_at),
    }


def _claim_order(stored: StoredClaim) -> tuple[str, str, bytes]:
    return stored.vulnerability, stored.status, orjson.dumps(stored.claim, option=orjson.OPT_SORT_KEYS)


def is_listed(finding: StoredFinding) -> bool:
    """Whether an inventory merely lists this; nobody found fault with it."""
    return finding.origin.get("sources") == [LISTED]


def _counts(findings: Sequence[StoredFinding], *, component_count: int) -> dict[str, JsonValue]:
    found = [finding for finding in findings if not is_listed(finding)]
    return {
        "findings": len(found),
        "listed": len(findings) - len(found),
        "components": component_count,
        "suppressed": sum(1 for finding in found if finding.origin.get("suppressed_by")),
        "by_severity": dict(Counter(finding.severity for finding in found)),
        "by_kind": dict(Counter(finding.kind for finding in findings)),
    }


def _instant(moment: datetime | None) -> str | None:
    return None if moment is None else rfc3339(moment)
