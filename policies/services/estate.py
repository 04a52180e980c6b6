"""The estate as one lazy frame: every finding of the chosen snapshots, in columns."""

from collections.abc import Collection
from functools import reduce

import polars as pl

from policies.columns import encoding, layout
from policies.models import ColumnFile, SnapshotColumns
from policies.services import column_files


def estate(snapshots: Collection[str] | None = None) -> pl.LazyFrame:
    """Return the findings of snapshots (all of the tenant where None), as `columns.layout.SCHEMA` says.

    Lazy: only the columns and rows that are asked for are read. Files are verified by `services.columns.verify`, not
    at every scan. Raises ColumnsLost where a file is missing from a storage without paths.
    """
    held = (
        SnapshotColumns.objects.all()
        if snapshots is None
        else SnapshotColumns.objects.filter(snapshot__name__in=snapshots)
    )
    files = ColumnFile.objects.filter(snapshots__in=held).distinct().order_by("pk")
    frames = _frames(list(files.values_list("stored_as", "digest")))
    if snapshots is None:
        return frames
    return frames.filter(pl.col(layout.SNAPSHOT).is_in(sorted(snapshots)))


def _frames(files: list[tuple[str, str]]) -> pl.LazyFrame:
    schema = dict(layout.SCHEMA)
    if not files:
        return pl.LazyFrame(schema=schema)
    try:
        paths = [column_files.storage().path(path) for path, _ in files]
    except NotImplementedError:  # an object store: its files have no path
        return _read(files, schema)
    return pl.scan_parquet(paths, schema=schema, missing_columns="insert", extra_columns="ignore")


def _read(files: list[tuple[str, str]], schema: dict[str, pl.DataType]) -> pl.LazyFrame:
    frames = [encoding.decoded(column_files.read(path, digest)) for path, digest in files]
    whole = reduce(lambda left, right: pl.concat([left, right], how="diagonal"), frames)
    return pl.concat([pl.DataFrame(schema=schema), whole], how="diagonal").lazy()
