"""Accepts reports about an artifact and composes the snapshot a decision will name."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction

from policies.errors import ArtifactDigestInvalid, NotAReport, SubjectMismatch, SubjectUnstated
from policies.evidence.binding import Binding, bind
from policies.evidence.ownership import most_specific
from policies.evidence.snapshot import ComposedSnapshot, Source, compose
from policies.importers.records import Imported, ImportedReport, ReportSubject
from policies.importers.refusals import ImportRefused
from policies.importers.registry import import_file
from policies.models import Artifact, Report, Snapshot
from policies.services import bulk
from stellapolicy.audit import services as audit
from stellapolicy.kernel import digest
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.refusals import Fault
from stellapolicy.tenancy.models import Service

UPLOAD_SCOPE = "evidence:write"


@dataclass(frozen=True, slots=True)
class Upload:
    """One file as it was posted."""

    filename: str
    content: bytes


@dataclass(frozen=True, slots=True)
class ArtifactReference:
    """What an artifact is called by the one who asks."""

    digest: str
    name: str = ""
    labels: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ReceivedEvidence:
    """The snapshot of what was posted; `composed` holds its content without another read."""

    artifact: Artifact
    snapshot: Snapshot
    composed: ComposedSnapshot
    is_new: bool


@transaction.atomic
def receive_evidence(
    *, actor: Actor, artifact: ArtifactReference, uploads: Sequence[Upload], at: datetime
) -> ReceivedEvidence:
    """Import every report or none, and return the snapshot made of them.

    The same reports about the same artifact give the same snapshot. Raises the importers' refusals, SubjectMismatch,
    SubjectUnstated, NotAReport and ArtifactDigestInvalid, each with the pointer of the report.
    """
    check_artifact_digest(artifact.digest)
    sources = [
        _understand(upload, artifact, actor=actor, pointer=f"/reports/{index}") for index, upload in enumerate(uploads)
    ]
    composed = compose(artifact.digest, list({source.digest: source for source in sources}.values()))
    row = register_artifact(artifact, at=at)
    actor.require(UPLOAD_SCOPE, service=row.service_id)
    existing = Snapshot.objects.filter(name=composed.name).first()
    if existing is not None:
        return ReceivedEvidence(artifact=row, snapshot=existing, composed=composed, is_new=False)
    reports = _keep_reports(row, sources, uploads, actor=actor, at=at)
    snapshot = _keep_snapshot(row, composed, reports, at=at)
    audit.record(actor, "evidence.received", snapshot, at=at, after_digest=composed.content_digest)
    return ReceivedEvidence(artifact=row, snapshot=snapshot, composed=composed, is_new=True)


def check_artifact_digest(text: str) -> None:
    """Refuse what is no sha256 digest."""
    if not digest.is_digest(text):
        message = f"{text[:80]!r} is not sha256: and 64 lower-case hexadecimal digits"
        raise ArtifactDigestInvalid(message, faults=(Fault("/artifact/digest", ArtifactDigestInvalid.code, message),))


def register_artifact(reference: ArtifactReference, *, at: datetime) -> Artifact:
    """Return the artifact of this digest, made known now if it was not; a name once given stays."""
    check_artifact_digest(reference.digest)
    # Held until the transaction ends: two posts of the same evidence at once make one snapshot.
    artifact, _ = (
        Artifact.objects.locked()
        .select_related("service__team")
        .get_or_create(
            digest=reference.digest,
            defaults={
                "name": reference.name,
                "labels": reference.labels,
                "first_seen_at": at,
                "service": _service_of(reference.name),
            },
        )
    )
    return artifact


def _service_of(name: str) -> Service | None:
    """Return the service whose repository globs name the artifact, the most specific glob first."""
    return most_specific(name, list(Service.objects.order_by("slug")))


def _understand(upload: Upload, artifact: ArtifactReference, *, actor: Actor, pointer: str) -> Source:
    imported = _imported(upload, pointer)
    if not isinstance(imported, ImportedReport):
        message = "this is a feed; load it with `manage.py feeds load` or POST it to /feeds"
        raise NotAReport(message, faults=(Fault(pointer, NotAReport.code, message),))
    match bind(imported.subject, artifact.digest):
        case Binding.DIFFERENT:
            message = f"the report is about {_told(imported.subject)}, not about {artifact.digest}"
            raise SubjectMismatch(message, faults=(Fault(pointer, SubjectMismatch.code, message),))
        case Binding.UNSTATED if not actor.holds_anywhere(UPLOAD_SCOPE):
            message = f"the report states no digest; only a holder of {UPLOAD_SCOPE} may say what it is about"
            raise SubjectUnstated(message, faults=(Fault(pointer, SubjectUnstated.code, message),))
        case binding:
            return Source(digest.of_bytes(upload.content), imported, subject_stated=binding is Binding.SAME)


def _imported(upload: Upload, pointer: str) -> Imported:
    """Import one report; what is refused says which of the reports it was."""
    try:
        return import_file(upload.content)
    except ImportRefused as refusal:
        named = f"{upload.filename}: " if upload.filename else ""
        faults = refusal.faults or (Fault("", refusal.code, refusal.detail),)
        refusal.faults = tuple(
            replace(fault, pointer=pointer + fault.pointer, message=named + fault.message) for fault in faults
        )
        raise


def _told(subject: ReportSubject) -> str:
    digests = ", ".join(sorted({*subject.digests, subject.image_id} - {""}))
    return f"{subject.name} ({digests})" if subject.name else digests


def _keep_reports(
    artifact: Artifact, sources: Sequence[Source], uploads: Sequence[Upload], *, actor: Actor, at: datetime
) -> list[Report]:
    rows = [
        Report(
            artifact=artifact,
            digest=source.digest,
            filename=upload.filename[:255],
            stored_as=_store(source.digest, upload.content),
            size_bytes=len(upload.content),
            format=source.report.format,
            source_type=source.report.source_type.value,
            tool=source.report.tool,
            tool_version=source.report.tool_version,
            subject=asdict(source.report.subject),
            subject_stated=source.subject_stated,
            fidelity=asdict(source.report.fidelity),
            record_count=source.record_count,
            scanned_at=source.report.scanned_at,
            uploaded_by=actor.subject,
            uploaded_at=at,
        )
        for source, upload in zip(sources, uploads, strict=True)
    ]
    Report.objects.bulk_create(rows, ignore_conflicts=True)
    return list(Report.objects.filter(artifact=artifact, digest__in={source.digest for source in sources}))


def _store(content_digest: str, content: bytes) -> str:
    """Keep the bytes under their own name; the same bytes are kept once."""
    hexadecimal = content_digest.removeprefix("sha256:")
    path = f"reports/{hexadecimal[:2]}/{hexadecimal}"
    if not default_storage.exists(path):
        default_storage.save(path, ContentFile(content))
    return path


def _keep_snapshot(
    artifact: Artifact, composed: ComposedSnapshot, reports: Sequence[Report], *, at: datetime
) -> Snapshot:
    snapshot = Snapshot.objects.create(
        artifact=artifact,
        name=composed.name,
        manifest=composed.manifest,
        evidence=composed.evidence,
        counts=composed.counts,
        content_digest=composed.content_digest,
        created_at=at,
    )
    bulk.insert_sources(snapshot, reports)
    bulk.insert_findings(snapshot, composed.findings)
    bulk.insert_aliases(snapshot, composed.findings)
    bulk.insert_components(snapshot, composed.components)
    bulk.insert_claims(snapshot, composed.claims)
    return snapshot
