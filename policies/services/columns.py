"""Writes, verifies, rebuilds and compacts the columns of an estate; the database stays the truth."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl
from django.core.files.base import ContentFile
from django.db import connection, transaction
from django.db.models import Count, QuerySet

from policies import selectors
from policies.columns import encoding, layout
from policies.models import ColumnFile, Snapshot, SnapshotColumns
from policies.services import column_files
from stellapolicy.kernel import digest
from stellapolicy.tenancy.scope import current_tenant

LARGEST_FILE = 1_000_000
"""Rows: more are not put into one file, so that a scan of it fits into memory."""
SMALL_FILE = LARGEST_FILE // 4
BATCH = 500
"""Snapshots that are read at once where many are written."""
READERS_LEAVE = timedelta(hours=1)
"""For so long a superseded file stays, for whoever began to read it."""
_LOCK = 0x57E11C0


@dataclass(frozen=True, slots=True)
class ColumnFault:
    """Something wrong with a columnar file: which, and in words what."""

    digest: str
    detail: str


@transaction.atomic
def write_columns(*, snapshot: Snapshot, at: datetime) -> SnapshotColumns:
    """Write the columns of a snapshot; written once, they are left as they are."""
    written = SnapshotColumns.objects.filter(snapshot=snapshot).first()
    return written or _write([snapshot], at=at)[0]


def write_missing(*, at: datetime) -> int:
    """Write the columns of every snapshot of the tenant that has none; return how many."""
    count = 0
    while batch := list(_without_columns()[:BATCH]):
        with transaction.atomic():
            _only_one_writer()
            missing = list(_without_columns().filter(pk__in=[one.pk for one in batch]))
            _write(missing, at=at)
        count += len(missing)
    return count


def rebuild(*, at: datetime) -> int:
    """Forget all columns of the tenant and write them again from the database; return how many snapshots."""
    with transaction.atomic():
        _only_one_writer()
        SnapshotColumns.objects.all().delete()
        ColumnFile.objects.current().update(superseded_at=at)
    return write_missing(at=at)


def compact(*, at: datetime) -> int:
    """Put small files together into few; return how many were superseded, and drop those nobody reads any more."""
    with transaction.atomic():
        _only_one_writer()
        superseded = sum(_put_together(group, at=at) for group in _groups(_small_files()))
    _drop(ColumnFile.objects.superseded_before(at - READERS_LEAVE))
    return superseded


def verify() -> tuple[ColumnFault, ...]:
    """Return what is wrong with the columns of the tenant: missing or changed files, and rows that differ from ours."""
    return tuple(fault for file in ColumnFile.objects.current().order_by("pk") for fault in _faults_of(file))


def _write(snapshots: Sequence[Snapshot], *, at: datetime) -> list[SnapshotColumns]:
    """Write several snapshots into one file; the file is there before any row names it."""
    frames = {one.pk: encoding.frame_of(one.name, selectors.findings_of(one)) for one in snapshots}
    filled = [frame for frame in frames.values() if frame.height]
    file = _keep(encoding.merged(filled), at=at) if filled else None
    return SnapshotColumns.objects.bulk_create(
        SnapshotColumns(snapshot_id=pk, file=file if frame.height else None, row_count=frame.height)
        for pk, frame in frames.items()
    )


def _keep(frame: pl.DataFrame, *, at: datetime) -> ColumnFile:
    content = encoding.encoded(frame)
    content_digest = digest.of_bytes(content)
    path = column_files.path_of(current_tenant(), content_digest)
    column_files.write(path, ContentFile(content))
    file, is_new = ColumnFile.objects.get_or_create(
        digest=content_digest,
        defaults={
            "stored_as": path,
            "layout": layout.VERSION,
            "size_bytes": len(content),
            "row_count": frame.height,
            "written_at": at,
        },
    )
    if not is_new and file.superseded_at is not None:  # the very same content is needed again
        file.superseded_at = None
        file.save(update_fields=["superseded_at"])
    return file


def _without_columns() -> QuerySet[Snapshot]:
    return Snapshot.objects.filter(columns=None).order_by("pk")


def _small_files() -> list[ColumnFile]:
    small = ColumnFile.objects.current().filter(row_count__lt=SMALL_FILE)
    return list(small.annotate(held=Count("snapshots")).filter(held__gt=0).order_by("pk"))


def _groups(files: Iterable[ColumnFile]) -> Iterator[list[ColumnFile]]:
    """Yield files that together make one of at most the largest size; a single one stays as it is."""
    group: list[ColumnFile] = []
    rows = 0
    for file in files:
        if rows + file.row_count > LARGEST_FILE:
            yield group
            group, rows = [], 0
        group.append(file)
        rows += file.row_count
    yield group


def _put_together(files: Sequence[ColumnFile], *, at: datetime) -> int:
    if len(files) < 2:  # noqa: PLR2004 - one file is together already
        return 0
    frames = [encoding.decoded(column_files.read(file.stored_as, file.digest)) for file in files]
    kept = set(SnapshotColumns.objects.filter(file__in=files).values_list("snapshot__name", flat=True))
    together = _keep(encoding.merged(frames).filter(pl.col(layout.SNAPSHOT).is_in(sorted(kept))), at=at)
    SnapshotColumns.objects.filter(file__in=files).update(file=together)
    return (
        ColumnFile.objects.filter(pk__in=[file.pk for file in files]).exclude(pk=together.pk).update(superseded_at=at)
    )


def _drop(files: QuerySet[ColumnFile]) -> None:
    """Delete files that nothing names: first the row, then, once that is certain, the bytes."""
    with transaction.atomic():
        doomed = list(files.filter(snapshots=None).values_list("pk", "stored_as"))
        ColumnFile.objects.filter(pk__in=[pk for pk, _ in doomed]).delete()
        for _, path in doomed:
            transaction.on_commit(lambda path=path: column_files.delete(path))  # type: ignore[misc]  # binds the path


def _faults_of(file: ColumnFile) -> Iterator[ColumnFault]:
    try:
        frame = encoding.decoded(column_files.read(file.stored_as, file.digest))
    except column_files.ColumnsLost as refusal:
        yield ColumnFault(file.digest, refusal.detail)
        return
    for row in SnapshotColumns.objects.filter(file=file).select_related("snapshot").order_by("pk"):
        wanted = encoding.frame_of(row.snapshot.name, selectors.findings_of(row.snapshot))
        held = encoding.without_nulls(frame.filter(pl.col(layout.SNAPSHOT) == row.snapshot.name))
        if not held.equals(encoding.without_nulls(encoding.in_order(wanted))):
            yield ColumnFault(file.digest, f"the columns of {row.snapshot.name} differ from the database")


def _only_one_writer() -> None:
    """Let other writers of this tenant wait until our transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [_LOCK, str(current_tenant())])
