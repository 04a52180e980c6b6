"""Understands uploads before anything is kept: read, bound to the artifact, dated; refused whole with their place."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from policies.errors import ArtifactDigestInvalid, NotAReport, ScannedInFuture, SubjectMismatch, WrongSourceType
from policies.evidence.binding import Binding, bind
from policies.evidence.snapshot import Source
from policies.importers.reading import read_upload
from policies.importers.records import Imported, ImportedReport, ReportSubject, SourceType
from policies.importers.refusals import ImportRefused
from policies.importers.registry import import_upload
from stellapolicy.kernel import digest
from stellapolicy.kernel.clock import rfc3339
from stellapolicy.kernel.refusals import Fault

CLOCK_SKEW = timedelta(minutes=5)
"""How far the clock of a scanner may be ahead of ours."""


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
class UnderstoodUpload:
    """A file that was read; `source` names it by the digest of its unpacked bytes, so packed and plain are one."""

    upload: Upload
    source: Source

    @property
    def subject(self) -> ReportSubject:
        """What the report says it is about."""
        return self.source.report.subject


def check_artifact_digest(text: str) -> None:
    """Refuse what is no sha256 digest."""
    if not digest.is_digest(text):
        message = f"{text[:80]!r} is not sha256: and 64 lower-case hexadecimal digits"
        raise ArtifactDigestInvalid(message, faults=(Fault("/artifact/digest", ArtifactDigestInvalid.code, message),))


def understand(
    upload: Upload, *, artifact_digest: str, at: datetime, pointer: str, expected: SourceType | None = None
) -> UnderstoodUpload:
    """Read one file about an artifact; an empty `artifact_digest` is for documents about no artifact in particular.

    Raises the importers' refusals, NotAReport, WrongSourceType, SubjectMismatch and ScannedInFuture, with the pointer.
    """
    content_digest, imported = _imported(upload, pointer)
    if not isinstance(imported, ImportedReport):
        message = "this is a feed; load it with `manage.py feeds load` or POST it to /feeds"
        raise NotAReport(message, faults=(Fault(pointer, NotAReport.code, message),))
    if expected is not None and imported.source_type is not expected:
        message = f"this is evidence of the type {imported.source_type}, {expected} belongs here"
        raise WrongSourceType(message, faults=(Fault(pointer, WrongSourceType.code, message),))
    _refuse_future(imported, at=at, pointer=pointer)
    binding = bind(imported.subject, artifact_digest) if artifact_digest else Binding.UNSTATED
    if binding is Binding.DIFFERENT:
        message = f"the report is about {_told(imported.subject)}, not about {artifact_digest}"
        raise SubjectMismatch(message, faults=(Fault(pointer, SubjectMismatch.code, message),))
    return UnderstoodUpload(upload, Source(content_digest, imported, subject_stated=binding is Binding.SAME))


def understand_all(
    uploads: Sequence[Upload], *, artifact_digest: str, at: datetime, expected: SourceType | None = None
) -> list[UnderstoodUpload]:
    """Read every file, or refuse the first that cannot be read."""
    return [
        understand(upload, artifact_digest=artifact_digest, at=at, pointer=f"/reports/{index}", expected=expected)
        for index, upload in enumerate(uploads)
    ]


def _imported(upload: Upload, pointer: str) -> tuple[str, Imported]:
    """Import one report; what is refused says which of the reports it was."""
    try:
        opened = read_upload(upload.content)
        return opened.digest, import_upload(opened)
    except ImportRefused as refusal:
        named = f"{upload.filename}: " if upload.filename else ""
        faults = refusal.faults or (Fault("", refusal.code, refusal.detail),)
        refusal.faults = tuple(
            replace(fault, pointer=pointer + fault.pointer, message=named + fault.message) for fault in faults
        )
        raise


def _refuse_future(report: ImportedReport, *, at: datetime, pointer: str) -> None:
    """INVARIANT: evidence of tomorrow would outdo every true report and never grow old; it is not taken in."""
    if report.scanned_at is not None and report.scanned_at - at > CLOCK_SKEW:
        message = f"the report is dated {rfc3339(report.scanned_at)}, which is after now, {rfc3339(at)}"
        raise ScannedInFuture(message, faults=(Fault(pointer, ScannedInFuture.code, message),))


def _told(subject: ReportSubject) -> str:
    digests = ", ".join(sorted({*subject.digests, subject.image_id} - {""}))
    return f"{subject.name} ({digests})" if subject.name else digests
