"""Accepts reports about an artifact and composes the snapshot of all that is known of it at that moment."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from policies.evidence.selection import Standing, present
from policies.evidence.snapshot import ComposedSnapshot, Source, compose, names_in
from policies.importers.records import FindingKind, ImportedReport, SourceType
from policies.importers.registry import import_upload
from policies.models import Artifact, Report, Snapshot
from policies.selectors import product_documents
from policies.services import evidence_files
from policies.services.artifacts import UPLOAD_SCOPE, place_artifact, register_artifact
from policies.services.snapshots import keep_snapshot, tell_changed
from policies.services.uploads import (
    ArtifactReference,
    UnderstoodUpload,
    Upload,
    check_artifact_digest,
    understand_all,
)
from stellapolicy.kernel.actor import Actor

__all__ = [
    "UPLOAD_SCOPE",
    "ArtifactReference",
    "ReceivedEvidence",
    "Upload",
    "check_artifact_digest",
    "keep_evidence",
    "receive_evidence",
    "register_artifact",
]


@dataclass(frozen=True, slots=True)
class ReceivedEvidence:
    """The snapshot of what is known now; `composed` holds its content without another read.

    `outdone` are the digests of posted reports that a later report of the same tool had replaced already.
    """

    artifact: Artifact
    snapshot: Snapshot
    composed: ComposedSnapshot
    is_new: bool
    outdone: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Known:
    """A report that came earlier."""

    pk: UUID
    standing: Standing
    stored_as: str
    subject_stated: bool


def receive_evidence(
    *,
    actor: Actor,
    artifact: ArtifactReference,
    uploads: Sequence[Upload],
    at: datetime,
    expected: SourceType | None = None,
    is_judged_at_once: bool = False,
) -> ReceivedEvidence:
    """Import every report or none, and return the snapshot of the artifact's present evidence.

    That is, of every tool the latest report, posted now or earlier: three scanners posted one after another are judged
    together. `is_judged_at_once` is explained at `keep_evidence`. Raises the refusals of `understand`, `place_artifact`
    and of the file storage, with their places.
    """
    check_artifact_digest(artifact.digest)
    if not actor.holds_anywhere(UPLOAD_SCOPE):
        actor.require(UPLOAD_SCOPE)
    understood = understand_all(uploads, artifact_digest=artifact.digest, at=at, expected=expected)
    return keep_evidence(actor=actor, artifact=artifact, reports=understood, at=at, is_judged_at_once=is_judged_at_once)


@transaction.atomic
def keep_evidence(
    *,
    actor: Actor,
    artifact: ArtifactReference,
    reports: Sequence[UnderstoodUpload],
    at: datetime,
    is_judged_at_once: bool = False,
) -> ReceivedEvidence:
    """Keep reports that were understood, and return the snapshot of the artifact's present evidence.

    The same reports about the same artifact give the same snapshot, in whatever order they came. A new one is announced
    by `evidence.changed`, unless whoever calls judges it at once and so sees for themselves what changed.
    """
    row = place_artifact(artifact, reports, actor=actor, at=at)
    posted = {report.source.digest: report for report in reports}
    known = _known_reports(row)
    selected = present(
        [
            *(one.standing for digest, one in known.items() if digest not in posted),
            *(known[digest].standing if digest in known else _standing(one, at) for digest, one in posted.items()),
        ]
    )
    sources = [posted[digest].source if digest in posted else _read_again(known[digest]) for digest in sorted(selected)]
    composed = compose(artifact.digest, sources, product_documents(names_in(sources)))
    kept = _keep_reports(row, [one for digest, one in posted.items() if digest not in known], actor=actor, at=at)
    for digest, one in posted.items():
        # Also where it is known: should the storage have lost it, this restores it.
        evidence_files.keep(digest, one.upload.content)
    outdone = tuple(sorted(posted.keys() - selected))
    # A report nobody had before makes a snapshot nobody had before.
    existing = None if kept.keys() & selected else Snapshot.objects.filter(name=composed.name).first()
    if existing is not None:
        return ReceivedEvidence(artifact=row, snapshot=existing, composed=composed, is_new=False, outdone=outdone)
    rows = {**{digest: one.pk for digest, one in known.items()}, **kept}
    snapshot = keep_snapshot(row, composed, [rows[digest] for digest in selected], actor=actor, at=at)
    if not is_judged_at_once:
        tell_changed(snapshot, actor=actor, at=at)
    return ReceivedEvidence(artifact=row, snapshot=snapshot, composed=composed, is_new=True, outdone=outdone)


def _known_reports(artifact: Artifact) -> dict[str, _Known]:
    rows = Report.objects.filter(artifact=artifact).order_by("digest").defer("filename", "uploaded_by")
    return {row.digest: _known(row) for row in rows}


def _known(row: Report) -> _Known:
    filters = frozenset(row.fidelity.get("partial_reasons", ()))
    standing = Standing(
        digest=row.digest,
        tool=(row.format, row.tool, row.source_type),
        kinds=frozenset(counted["kind"] for counted in row.fidelity.get("rows", ())),
        covers=_covers(row.source_type, filters),
        filters=filters,
        scanned_at=row.scanned_at,
        received_at=row.uploaded_at,
        document=row.subject.get("serial", ""),
    )
    return _Known(row.pk, standing, row.stored_as, row.subject_stated)


def _standing(one: UnderstoodUpload, at: datetime) -> Standing:
    report = one.source.report
    filters = frozenset(report.fidelity.partial_reasons)
    return Standing(
        digest=one.source.digest,
        tool=(report.format, report.tool, report.source_type.value),
        kinds=frozenset(counted.kind.value for counted in report.fidelity.rows),
        covers=_covers(report.source_type, filters),
        filters=filters,
        scanned_at=report.scanned_at,
        received_at=at,
        document=report.subject.serial,
    )


def _covers(source_type: str, filters: frozenset[str]) -> frozenset[str]:
    """A whole scan looked for vulnerabilities even where it found none."""
    whole = source_type == SourceType.SCAN and not filters
    return frozenset({FindingKind.VULNERABILITY.value}) if whole else frozenset()


def _read_again(known: _Known) -> Source:
    """Return an earlier report as it is read today, from bytes that are proven to be those that were stored."""
    imported = import_upload(evidence_files.read(known.stored_as, known.standing.digest))
    if not isinstance(imported, ImportedReport):
        raise AssertionError(f"{known.standing.digest} was kept as a report and is none")  # noqa: TRY004 - a fault of ours
    return Source(known.standing.digest, imported, subject_stated=known.subject_stated)


def _keep_reports(
    artifact: Artifact, reports: Sequence[UnderstoodUpload], *, actor: Actor, at: datetime
) -> dict[str, UUID]:
    """Write the reports that are new; INVARIANT: the artifact is held, so nobody writes the same ones meanwhile."""
    rows = [
        Report(
            artifact=artifact,
            digest=one.source.digest,
            filename=one.upload.filename[:255],
            stored_as=evidence_files.path_of(one.source.digest),
            size_bytes=len(one.upload.content),
            format=one.source.report.format,
            source_type=one.source.report.source_type.value,
            tool=one.source.report.tool,
            tool_version=one.source.report.tool_version,
            subject=asdict(one.source.report.subject),
            subject_stated=one.source.subject_stated,
            fidelity=asdict(one.source.report.fidelity),
            record_count=one.source.record_count,
            scanned_at=one.source.report.scanned_at,
            uploaded_by=actor.subject,
            uploaded_at=at,
        )
        for one in reports
    ]
    Report.objects.bulk_create(rows)
    return {row.digest: row.pk for row in rows}
