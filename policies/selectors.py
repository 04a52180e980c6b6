"""Reads that join what the policies room holds."""

from collections.abc import Iterable, Sequence
from uuid import UUID

import orjson
from django.db import connection
from django.db.models import F, Q, Subquery

from policies.errors import PackNotBound, PackUnknown, SnapshotTampered, SnapshotUnknown
from policies.evidence.claims import Claim
from policies.evidence.knowledge import EpssKnowledge, FeedKnowledge, KevKnowledge, Knowledge
from policies.evidence.snapshot import StoredClaim, StoredFinding, content_digest
from policies.models import (
    FeedState,
    PackBinding,
    PackRevision,
    PolicyPack,
    Snapshot,
    VexStatement,
)
from policies.models.pack import RevisionState
from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.tenancy.models import Environment
from stellapolicy.tenancy.scope import current_tenant


def active_revision(environment: Environment) -> PackRevision:
    """Return the active revision of the pack that applies: the environment's own, else the whole tenant's.

    INVARIANT: an environment's own pack without an active revision is refused, never replaced by a milder one.
    """
    bindings = PackBinding.objects.filter(Q(environment=environment) | Q(environment=None))
    nearest = bindings.order_by(F("environment").asc(nulls_last=True)).values("pack")[:1]
    revision = (
        PackRevision.objects.active()
        .filter(pack=Subquery(nearest))
        .select_related("pack")
        .defer("program", "sources", "warnings", "tests")
        .first()
    )
    if revision is None:
        raise PackNotBound(f"bind a pack to {environment.slug} or to the whole tenant, and activate a revision of it")
    return revision


def canonical_program(program_digest: str) -> dict[str, JsonValue]:
    """Return a canonical program by its digest; any revision of the tenant that compiled to it will do."""
    revision = PackRevision.objects.filter(digest=program_digest).exclude(state=RevisionState.DRAFT).first()
    if revision is None:
        raise PackNotBound(f"no revision of this tenant compiles to {program_digest}")
    program: dict[str, JsonValue] = revision.program
    return program


def snapshot_named(name: str) -> Snapshot:
    """Return a snapshot by its content name."""
    snapshot = Snapshot.objects.filter(name=name).select_related("artifact").first()
    if snapshot is None:
        raise SnapshotUnknown(f"{name[:80]!r} names no snapshot of this tenant")
    return snapshot


def findings_of(snapshot: Snapshot) -> tuple[StoredFinding, ...]:
    """Return the findings of a snapshot in their order, in one read."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT key, kind, identifier, purl, severity, facts::text, origin::text FROM policies_snapshotfinding "
            "WHERE tenant_id = %s AND snapshot_id = %s ORDER BY position",
            [current_tenant(), snapshot.pk],
        )
        return tuple(
            StoredFinding(key, kind, identifier, purl, severity, orjson.loads(facts), orjson.loads(origin))
            for key, kind, identifier, purl, severity, facts, origin in cursor.fetchall()
        )


def claims_of(snapshot: Snapshot) -> tuple[StoredClaim, ...]:
    """Return the VEX claims of a snapshot in their order."""
    rows = VexStatement.objects.filter(snapshot=snapshot).order_by("position")
    return tuple(StoredClaim(row.vulnerability, row.status, row.claim) for row in rows)


def checked_content(snapshot: Snapshot) -> tuple[tuple[StoredFinding, ...], tuple[StoredClaim, ...]]:
    """Return what a snapshot holds, or refuse when it is not what was stored."""
    findings, claims = findings_of(snapshot), claims_of(snapshot)
    found = content_digest([(stored.key, stored.facts) for stored in findings], claims)
    if found != snapshot.content_digest:
        raise SnapshotTampered(f"{snapshot.name} was stored with {snapshot.content_digest} and now holds {found}")
    return findings, claims


def as_claims(stored: Iterable[StoredClaim]) -> list[Claim]:
    """Return stored claims in the form that speaks of findings."""
    return [Claim.from_stored(one.vulnerability, one.status, one.claim) for one in stored]


def knowledge_about(identifiers: Sequence[str]) -> Knowledge:
    """Return what the feeds know of these vulnerabilities, in three reads whatever their number."""
    names = orjson.dumps(sorted(set(identifiers))).decode()
    # The names travel as one text: ten thousand parameters would each be quoted.
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT cve, score, percentile FROM policies_epssscore "
            "WHERE cve = ANY (ARRAY(SELECT jsonb_array_elements_text(%s::jsonb))) ORDER BY cve",
            [names],
        )
        epss = {cve: EpssKnowledge(score, percentile) for cve, score, percentile in cursor.fetchall()}
        cursor.execute(
            "SELECT cve, due_date, ransomware FROM policies_keventry "
            "WHERE cve = ANY (ARRAY(SELECT jsonb_array_elements_text(%s::jsonb))) ORDER BY cve",
            [names],
        )
        kev = {cve: KevKnowledge(due_date, ransomware) for cve, due_date, ransomware in cursor.fetchall()}
    return Knowledge(
        epss=epss,
        kev=kev,
        feeds={
            row.name: FeedKnowledge(row.checked_at, row.model_date, row.version, row.digest)
            for row in FeedState.objects.order_by("name")
        },
    )


def latest_snapshot(artifact_id: UUID) -> Snapshot | None:
    """Return the snapshot of the latest scan of an artifact: an older scan that arrives later does not replace it."""
    snapshots = Snapshot.objects.filter(artifact_id=artifact_id).select_related("artifact")
    return snapshots.order_by(F("evidence__scanned_at").desc(nulls_last=True), "-created_at", "-id").first()


def pack_named(name: str) -> PolicyPack:
    """Return a pack by its name."""
    pack = PolicyPack.objects.filter(name=name).first()
    if pack is None:
        raise PackUnknown(f"{name[:100]!r} is no pack of this tenant")
    return pack


def revision_of(name: str, version: int) -> PackRevision:
    """Return one revision of a pack."""
    revision = PackRevision.objects.filter(pack__name=name, version=version).select_related("pack").first()
    if revision is None:
        raise PackUnknown(f"{name[:100]!r} has no revision {version} in this tenant")
    return revision
