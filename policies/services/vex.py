"""VEX about products at large: kept once, and joined to the present evidence of every artifact it speaks of."""

from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models.fields.json import KeyTransform

from policies.evidence.content import StoredClaim
from policies.evidence.snapshot import claim_json, in_order
from policies.importers.records import ReportSubject, SourceType, VexClaim
from policies.models import Artifact, ProductStatement, Run, Snapshot, VexDocument
from policies.runs import RunKind, Work, register
from policies.selectors import artifacts_touched, latest_snapshot, product_documents
from policies.services import evidence_files, runs
from policies.services.artifacts import UPLOAD_SCOPE
from policies.services.snapshots import renew_snapshot
from policies.services.uploads import UnderstoodUpload, Upload, understand
from stellapolicy.audit import services as audit
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.outbox.services import events
from stellapolicy.tenancy.scope import tenant_scope

PUBLISHED = "vex.published"
JOIN = "vex_join"
_TOLD = 1_000


@dataclass(frozen=True, slots=True)
class PublishedVex:
    """A document as it is kept, and the run that joins it to the evidence of what it touches."""

    document: VexDocument
    is_new: bool
    touched: int
    run: Run | None


@transaction.atomic
def publish_vex(*, actor: Actor, upload: Upload, at: datetime, pointer: str = "/reports/0") -> PublishedVex:
    """Keep a document about products, and let a worker renew the evidence of what it touches.

    It speaks of every service, so it takes a holder of the scope in the whole tenant. The same bytes are one document.
    Raises the refusals of `understand`.
    """
    actor.require(UPLOAD_SCOPE)
    read = understand(upload, artifact_digest="", at=at, pointer=pointer, expected=SourceType.VEX)
    existing = VexDocument.objects.filter(digest=read.source.digest).first()
    if existing is not None:
        return PublishedVex(existing, is_new=False, touched=0, run=None)
    document = _keep(read, actor=actor, at=at)
    audit.record(actor, "vex.published", document, at=at, after_digest=document.digest)
    touched = artifacts_touched(document)
    run = runs.enqueue(
        actor=actor,
        kind=JOIN,
        title=f"{document} joins {len(touched)} artifacts",
        question={"document": document.digest, "artifacts": [str(pk) for pk in touched]},
        total=len(touched) + 1,
        at=at,
    )
    return PublishedVex(document, is_new=True, touched=len(touched), run=run)


@transaction.atomic
def join_vex(*, actor: Actor, artifact: UUID, at: datetime) -> Snapshot | None:
    """Return the present evidence of an artifact, renewed with every statement about products that speaks of it."""
    Artifact.objects.locked().get(pk=artifact)
    snapshot = latest_snapshot(artifact)
    if snapshot is None:
        return None
    documents = product_documents(_names_in(snapshot))
    return renew_snapshot(snapshot, documents, actor=actor, at=at) or snapshot


def _prepare(work: Work) -> list[tuple[str, str]]:
    """Renew artifact by artifact, each in a transaction of its own; what a worker before us renewed counts too."""
    document, artifacts = str(work.question["document"]), [UUID(pk) for pk in work.question["artifacts"]]
    joined: list[tuple[str, str]] = []
    for index, pk in enumerate(artifacts):
        work.progress(index, len(artifacts) + 1)
        with tenant_scope(work.actor.tenant_id):
            snapshot = join_vex(actor=work.actor, artifact=pk, at=work.now())
            if snapshot is not None and document in {source["digest"] for source in snapshot.manifest["sources"]}:
                joined.append((snapshot.artifact.digest, snapshot.name))
    return joined


def _complete(work: Work, joined: list[tuple[str, str]]) -> dict[str, JsonValue]:
    """Publish that statements were joined: whoever decided by this evidence may decide anew."""
    document = str(work.question["document"])
    told = sorted(joined)[:_TOLD]
    events.publish(
        PUBLISHED,
        actor=work.actor,
        subject=document,
        data={
            "document": document,
            "artifacts": [artifact for artifact, _ in told],
            "snapshots": [snapshot for _, snapshot in told],
            "joined": len(joined),
        },
        at=work.now(),
    )
    return {"document": document, "joined": len(joined)}


def announce() -> None:
    """Make the joining of statements known as a kind of run."""
    register(RunKind(JOIN, "VEX joins the evidence it speaks of", _prepare, _complete))


def _names_in(snapshot: Snapshot) -> list[str]:
    rows = snapshot.findings.filter(kind__in=("vulnerability", "malware")).annotate(
        others=KeyTransform("vuln.aliases", "facts")
    )
    named = rows.values_list("identifier", "others")
    return [name for identifier, others in named for name in (identifier, *(others or ()))]


def _keep(read: UnderstoodUpload, *, actor: Actor, at: datetime) -> VexDocument:
    report = read.source.report
    statements = in_order(_stored(claim, report.subject) for claim in report.claims)
    document = VexDocument.objects.create(
        digest=read.source.digest,
        document_id=report.subject.serial[:500],
        filename=read.upload.filename[:255],
        stored_as=evidence_files.keep(read.source.digest, read.upload.content),
        size_bytes=len(read.upload.content),
        format=report.format,
        tool=report.tool,
        fidelity=asdict(report.fidelity),
        statement_count=len(statements),
        issued_at=report.scanned_at,
        uploaded_by=actor.subject,
        uploaded_at=at,
    )
    ProductStatement.objects.bulk_create(
        (
            ProductStatement(
                document=document,
                position=position,
                vulnerability=statement.vulnerability,
                names=_names(statement),
                status=statement.status,
                claim=statement.claim,
            )
            for position, statement in enumerate(statements)
        ),
        batch_size=1_000,
    )
    return document


def _stored(claim: VexClaim, subject: ReportSubject) -> StoredClaim:
    """Return a statement that names its product: where it names none, that is the document's own subject."""
    stored = claim_json(claim)
    if not claim.products and (subject.purl or subject.digests):
        stored["products"] = [*([subject.purl] if subject.purl else []), *subject.digests]
    return StoredClaim(claim.vulnerability, claim.status.value, stored)


def _names(statement: StoredClaim) -> list[str]:
    aliases = statement.claim.get("aliases") or ()
    return sorted({statement.vulnerability, *(map(str, aliases) if isinstance(aliases, list) else ())})
