"""Keeps snapshots: of a set of reports, and of an earlier snapshot with statements that came since."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from policies.evidence.content import EVERY_COLUMN, content_digest
from policies.evidence.snapshot import (
    ComposedSnapshot,
    ProductDocument,
    document_source,
    in_order,
    manifest_of,
    speaking,
)
from policies.models import Artifact, Snapshot
from policies.selectors import checked_whole
from policies.services import bulk
from stellapolicy.audit import services as audit
from stellapolicy.kernel import digest
from stellapolicy.kernel.actor import Actor
from stellapolicy.outbox.services import events

CHANGED = "evidence.changed"


def keep_snapshot(
    artifact: Artifact, composed: ComposedSnapshot, reports: Collection[UUID], *, actor: Actor, at: datetime
) -> Snapshot:
    """Store a composed snapshot with everything it holds; `reports` are the rows it was composed of."""
    snapshot = Snapshot.objects.create(
        artifact=artifact,
        name=composed.name,
        manifest=composed.manifest,
        evidence=composed.evidence,
        counts=composed.counts,
        content_digest=composed.content_digest,
        components_digest=composed.components_digest,
        digest_version=composed.digest_version,
        created_at=at,
    )
    bulk.insert_sources(snapshot, sorted(reports))
    bulk.insert_findings(snapshot, composed.findings)
    bulk.insert_aliases(snapshot, composed.findings)
    bulk.insert_components(snapshot, composed.components)
    bulk.insert_claims(snapshot, composed.claims)
    audit.record(actor, "evidence.received", snapshot, at=at, after_digest=composed.content_digest)
    return snapshot


def tell_changed(snapshot: Snapshot, *, actor: Actor, at: datetime) -> None:
    """Publish that an artifact has new evidence, for whoever rests on what was known of it."""
    artifact = snapshot.artifact.digest
    data = {"artifact": artifact, "snapshot": snapshot.name}
    events.publish(CHANGED, actor=actor, subject=f"artifact:{artifact}", data=data, at=at)


def renew_snapshot(
    snapshot: Snapshot, documents: Sequence[ProductDocument], *, actor: Actor, at: datetime
) -> Snapshot | None:
    """Store a snapshot anew with the documents that speak of its findings; None where none adds anything.

    Reports are not read again: findings and components are those of the earlier snapshot, whose digest is checked.
    The artifact must be held by the caller.
    """
    known = {source["digest"] for source in snapshot.manifest["sources"]}
    content = checked_whole(snapshot)
    fresh = [document for document in documents if document.digest not in known]
    joining = speaking(fresh, content.findings, snapshot.artifact.digest)
    if not joining:
        return None
    claims = in_order([*content.claims, *(one for document in joining for one in document.statements)])
    manifest = manifest_of(snapshot.artifact.digest, [*snapshot.manifest["sources"], *map(document_source, joining)])
    composed = ComposedSnapshot(
        name=f"ksm:{digest.of_json(manifest)}",
        manifest=manifest,
        evidence={**snapshot.evidence, "sources": [*snapshot.evidence["sources"], *_told(joining)]},
        counts=snapshot.counts,
        content_digest=content_digest(content.findings, claims, components=content.components_digest),
        components_digest=content.components_digest,
        findings=content.findings,
        components=content.components,
        claims=claims,
        digest_version=EVERY_COLUMN,
    )
    if (existing := Snapshot.objects.filter(name=composed.name).first()) is not None:
        return existing
    reports = snapshot.reports.order_by("pk").values_list("pk", flat=True)
    renewed = keep_snapshot(snapshot.artifact, composed, list(reports), actor=actor, at=at)
    tell_changed(renewed, actor=actor, at=at)
    return renewed


def _told(documents: Sequence[ProductDocument]) -> list[dict[str, str]]:
    return [{"name": one.tool, "type": "vex", "digest": one.digest} for one in documents]
