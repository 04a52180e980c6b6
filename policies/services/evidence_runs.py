"""Long imports, done by a worker: the files wait in the storage, the refusal of a broken one is kept with its place."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from policies.errors import FileMissing
from policies.importers.records import SourceType
from policies.models import Run
from policies.runs import RunKind, Work, register
from policies.services import evidence_files, runs
from policies.services.artifacts import UPLOAD_SCOPE
from policies.services.evidence import keep_evidence
from policies.services.uploads import ArtifactReference, UnderstoodUpload, Upload, check_artifact_digest, understand
from stellapolicy.kernel import digest
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.kernel.ids import new_id

IMPORT = "evidence_import"
LARGE_BYTES = 8 * 1024 * 1024
"""From this size on reports are imported by a worker, unless the request says that it waits."""


def is_large(uploads: Sequence[Upload]) -> bool:
    """Whether these files take longer than a request should."""
    return sum(len(upload.content) for upload in uploads) > LARGE_BYTES


@transaction.atomic
def queue_import(
    *,
    actor: Actor,
    artifact: ArtifactReference,
    uploads: Sequence[Upload],
    at: datetime,
    expected: SourceType | None = None,
) -> Run:
    """Let a worker import these files; what it refuses is found in the failure of the run."""
    check_artifact_digest(artifact.digest)
    if not actor.holds_anywhere(UPLOAD_SCOPE):
        actor.require(UPLOAD_SCOPE)
    pk = new_id()
    kept = [_kept(pk, index, upload) for index, upload in enumerate(uploads)]
    question: dict[str, JsonValue] = {
        "artifact": {"digest": artifact.digest, "name": artifact.name, "labels": dict(artifact.labels)},
        "uploads": [*kept],
        "expected": expected.value if expected else None,
    }
    title = f"{len(uploads)} report{'s' if len(uploads) > 1 else ''} about {artifact.name or artifact.digest}"
    return runs.enqueue(actor=actor, kind=IMPORT, title=title, question=question, at=at, total=len(uploads) + 1, pk=pk)


def _kept(run: UUID, index: int, upload: Upload) -> dict[str, JsonValue]:
    path = evidence_files.hold(f"{run}/{index}", upload.content)
    return {"filename": upload.filename, "stored_as": path, "digest": digest.of_bytes(upload.content)}


def _prepare(work: Work) -> list[UnderstoodUpload]:
    question = work.question
    expected = SourceType(question["expected"]) if question["expected"] else None
    steps = len(question["uploads"]) + 1
    understood = []
    for index, kept in enumerate(question["uploads"]):
        work.progress(index, steps)
        understood.append(
            understand(
                Upload(kept["filename"], _held(kept)),
                artifact_digest=question["artifact"]["digest"],
                at=work.now(),
                pointer=f"/reports/{index}",
                expected=expected,
            )
        )
    work.progress(steps - 1, steps)
    return understood


def _held(kept: Mapping[str, str]) -> bytes:
    content = evidence_files.held(kept["stored_as"])
    if digest.of_bytes(content) != kept["digest"]:
        raise FileMissing(
            f"the file {kept['filename']!r} that waited for this run is not what was posted; post it again"
        )
    return content


def _complete(work: Work, reports: Sequence[UnderstoodUpload]) -> dict[str, JsonValue]:
    artifact = ArtifactReference(**work.question["artifact"])
    received = keep_evidence(actor=work.actor, artifact=artifact, reports=reports, at=work.now())
    return {
        "artifact": received.artifact.digest,
        "snapshot": received.snapshot.name,
        "is_new": received.is_new,
        "outdone": list(received.outdone),
    }


def _discard(question: Mapping[str, Any]) -> None:  # Any: JSON
    for kept in question["uploads"]:
        evidence_files.let_go(kept["stored_as"])


def announce() -> None:
    """Make long imports known as a kind of run."""
    register(RunKind(IMPORT, "Import of reports", _prepare, _complete, _discard))
