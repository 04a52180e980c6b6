"""Reads that join what the policies room holds."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from uuid import UUID

import orjson
from django.db import connection
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery

from policies.errors import PackNotBound, PackUnknown, RunUnknown, SnapshotTampered, SnapshotUnknown
from policies.evidence.claims import Claim
from policies.evidence.content import (
    EVERY_COLUMN,
    StoredClaim,
    StoredComponent,
    StoredFinding,
    components_digest,
    content_digest,
)
from policies.evidence.knowledge import EpssKnowledge, FeedKnowledge, KevKnowledge, Knowledge
from policies.evidence.snapshot import ProductDocument
from policies.models import (
    Deployment,
    FeedState,
    PackBinding,
    PackRevision,
    PolicyPack,
    ProductStatement,
    Run,
    Snapshot,
    SnapshotComponent,
    VexDocument,
    VexStatement,
)
from policies.models.pack import RevisionState
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.tenancy.models import Environment
from stellapolicy.tenancy.scope import current_tenant

READ_SCOPE = "findings:read"
# The last one made comes first; ids of one instant keep the order in which they were made.
NEWEST = ("-created_at", "-id")


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


def active_revisions() -> dict[UUID | None, PackRevision | None]:
    """Return the active revision for every environment that has a pack of its own, and under None for all others.

    INVARIANT: as `active_revision` says it; it is None where a pack is bound and no revision of it is active.
    """
    bound = dict(PackBinding.objects.values_list("environment", "pack"))
    revisions = PackRevision.objects.active().filter(pack__in=set(bound.values()))
    by_pack = {one.pack_id: one for one in revisions.defer("sources", "warnings", "tests")}
    return {environment: by_pack.get(pack) for environment, pack in bound.items()}


def canonical_program(program_digest: str) -> dict[str, JsonValue]:
    """Return a canonical program by its digest; any revision of the tenant that compiled to it will do."""
    revision = PackRevision.objects.filter(digest=program_digest).exclude(state=RevisionState.DRAFT).first()
    if revision is None:
        raise PackNotBound(f"no revision of this tenant compiles to {program_digest}")
    program: dict[str, JsonValue] = revision.program
    return program


def snapshot_named(name: str, *, actor: Actor | None = None) -> Snapshot:
    """Return a snapshot by its content name; with `actor`, one that they may read."""
    rows = Snapshot.objects.all() if actor is None else Snapshot.objects.visible_to(actor, READ_SCOPE)
    snapshot = rows.filter(name=name).select_related("artifact").first()
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
    """Return what is judged of a snapshot, or refuse when it is not what was stored.

    Components, which nothing judges, are vouched for by their own digest, which is part of the whole;
    `checked_whole` compares them too.
    """
    findings, claims = findings_of(snapshot), claims_of(snapshot)
    found = content_digest(findings, claims, components=snapshot.components_digest, version=snapshot.digest_version)
    if found != snapshot.content_digest:
        raise SnapshotTampered(f"{snapshot.name} was stored with {snapshot.content_digest} and now holds {found}")
    return findings, claims


@dataclass(frozen=True, slots=True)
class WholeSnapshot:
    """Everything a snapshot holds."""

    findings: tuple[StoredFinding, ...]
    claims: tuple[StoredClaim, ...]
    components: tuple[StoredComponent, ...]
    components_digest: str


def checked_whole(snapshot: Snapshot) -> WholeSnapshot:
    """Return everything a snapshot holds, or refuse when any of it is not what was stored."""
    findings, claims = checked_content(snapshot)
    components = components_of(snapshot)
    found = components_digest(components)
    if snapshot.digest_version >= EVERY_COLUMN and found != snapshot.components_digest:
        raise SnapshotTampered(
            f"the components of {snapshot.name} were stored with {snapshot.components_digest} and now have {found}"
        )
    return WholeSnapshot(findings, claims, components, found)


def components_of(snapshot: Snapshot) -> tuple[StoredComponent, ...]:
    """Return the components of a snapshot in their order, in one read."""
    rows = SnapshotComponent.objects.filter(snapshot=snapshot).order_by("position")
    return tuple(
        StoredComponent(
            row.purl, row.name, row.version, tuple(row.licences), row.scope, tuple(row.paths), direct=row.direct
        )
        for row in rows
    )


def product_documents(names: Iterable[str]) -> tuple[ProductDocument, ...]:
    """Return the documents about products that say something of these vulnerabilities, in one read.

    A document gives way to a later one of the same name; each holds just its statements about the names.
    """
    later = VexDocument.objects.filter(
        document_id=OuterRef("document__document_id"),
        tool=OuterRef("document__tool"),
        issued_at__gt=OuterRef("document__issued_at"),
    ).exclude(document_id="")
    rows = ProductStatement.objects.about_any(names).exclude(Exists(later)).select_related("document")
    return tuple(
        ProductDocument(
            digest=document.digest,
            tool=document.tool,
            issued_at=document.issued_at,
            statements=tuple(StoredClaim(row.vulnerability, row.status, row.claim) for row in statements),
        )
        for document, statements in groupby(rows, key=lambda row: row.document)
    )


def as_claims(stored: Iterable[StoredClaim]) -> list[Claim]:
    """Return stored claims in the form that speaks of findings."""
    return [Claim.from_stored(one.vulnerability, one.status, one.claim) for one in stored]


_KNOWN = """
    WITH asked AS (SELECT jsonb_array_elements_text(%s::jsonb) AS cve)
    SELECT cve, score, percentile, NULL, NULL FROM policies_epssscore WHERE cve = ANY (ARRAY(SELECT cve FROM asked))
    UNION ALL
    SELECT cve, NULL, NULL, due_date, ransomware FROM policies_keventry WHERE cve = ANY (ARRAY(SELECT cve FROM asked))
    ORDER BY 1
"""


def knowledge_about(identifiers: Sequence[str]) -> Knowledge:
    """Return what the feeds know of these vulnerabilities, in two reads whatever their number."""
    names = orjson.dumps(sorted(set(identifiers))).decode()
    epss, kev = {}, {}
    # The names travel as one text: ten thousand parameters would each be quoted.
    with connection.cursor() as cursor:
        cursor.execute(_KNOWN, [names])
        for cve, score, percentile, due_date, ransomware in cursor.fetchall():
            if due_date is None:
                epss[cve] = EpssKnowledge(score, percentile)
            else:
                kev[cve] = KevKnowledge(due_date, ransomware)
    return Knowledge(
        epss=epss,
        kev=kev,
        feeds={
            row.name: FeedKnowledge(row.checked_at, row.model_date, row.version, row.digest, is_failed=row.is_failed)
            for row in FeedState.objects.order_by("name")
        },
    )


def latest_snapshot(artifact_id: UUID) -> Snapshot | None:
    """Return the snapshot of an artifact's present evidence: the last one made.

    INVARIANT: each snapshot holds the latest report of every tool, so an older scan that arrives later makes none.
    """
    return Snapshot.objects.filter(artifact_id=artifact_id).select_related("artifact").order_by(*NEWEST).first()


_TOUCHED = """
    WITH spoken AS (SELECT DISTINCT unnest(names) AS name FROM policies_productstatement
                    WHERE tenant_id = %(tenant)s AND document_id = %(document)s),
    hit AS (
        SELECT finding.snapshot_id FROM policies_snapshotfinding finding JOIN spoken ON finding.identifier = spoken.name
        WHERE finding.tenant_id = %(tenant)s
        UNION
        SELECT alias.snapshot_id FROM policies_snapshotalias alias JOIN spoken ON alias.identifier = spoken.name
        WHERE alias.tenant_id = %(tenant)s
    )
    SELECT DISTINCT snapshot.artifact_id FROM hit
    JOIN policies_snapshot snapshot ON snapshot.id = hit.snapshot_id AND snapshot.tenant_id = %(tenant)s
    ORDER BY snapshot.artifact_id
"""


def artifacts_touched(document: VexDocument) -> tuple[UUID, ...]:
    """Return the artifacts that ever had a finding of a vulnerability this document speaks of, in one read."""
    with connection.cursor() as cursor:
        cursor.execute(_TOUCHED, {"tenant": current_tenant(), "document": document.pk})
        return tuple(artifact for (artifact,) in cursor.fetchall())


def run_by_id(actor: Actor, pk: UUID) -> Run:
    """Return one run the actor may look at: of the tenant, or their own."""
    run = runs_of(actor).filter(pk=pk).first()
    if run is None:
        raise RunUnknown(f"{pk} is no run of this tenant")
    return run


def runs_of(actor: Actor) -> QuerySet[Run]:
    """Return the runs of a tenant with what they do; a reader of single services sees their own alone."""
    rows = Run.objects.filter(tenant_id=actor.tenant_id).select_related("content")
    return rows if actor.services_with(READ_SCOPE) is None else rows.filter(content__subject=actor.subject)


def current_deployments(*, environment: UUID | None = None) -> QuerySet[Deployment]:
    """Return the last deployment of every service in every environment (or in one): what runs there now.

    Artifacts that belong to no service are each their own.
    """
    rows = Deployment.objects.select_related("artifact", "environment", "service")
    if environment is not None:
        rows = rows.filter(environment=environment)
    alike = Q(service=OuterRef("service")) | Q(service=None, artifact=OuterRef("artifact"))
    after = Q(deployed_at__gt=OuterRef("deployed_at")) | Q(deployed_at=OuterRef("deployed_at"), pk__gt=OuterRef("pk"))
    later = Deployment.objects.filter(alike, after, environment=OuterRef("environment"))
    return rows.filter(~Exists(later))


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
