"""From findings to Parquet and back; the same findings give the same bytes.

Source: Apache Parquet as polars writes it, zstd-compressed. A column in which nobody knows anything is left out of a
file and comes back as nulls.
"""

from collections.abc import Iterable, Sequence
from io import BytesIO

import polars as pl

from policies.columns import layout
from policies.evidence.content import StoredFinding


def frame_of(snapshot: str, findings: Sequence[StoredFinding]) -> pl.DataFrame:
    """Return the findings of one snapshot, in its order, as a frame of known columns."""
    present = sorted({path for finding in findings for path in finding.facts if path in layout.FACTS})
    naming: dict[str, pl.Series] = {
        layout.SNAPSHOT: pl.repeat(snapshot, len(findings), dtype=pl.String, eager=True),
        layout.POSITION: pl.arange(0, len(findings), dtype=pl.UInt32, eager=True),
        layout.KEY: pl.Series([finding.key for finding in findings], dtype=pl.String),
        layout.KIND: pl.Series([finding.kind for finding in findings], dtype=pl.String),
        layout.IDENTIFIER: pl.Series([finding.identifier for finding in findings], dtype=pl.String),
        layout.PURL: pl.Series([finding.purl for finding in findings], dtype=pl.String),
        layout.SEVERITY: pl.Series([finding.severity for finding in findings], dtype=pl.String),
    }
    facts = {path: _column([finding.facts.get(path) for finding in findings], path) for path in present}
    return pl.DataFrame({**naming, **facts})


def merged(frames: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Return several frames as one, ordered by snapshot and position."""
    together = pl.concat(frames, how="diagonal")
    return in_order(together).sort(layout.SNAPSHOT, layout.POSITION)


def in_order(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a frame with its columns in the order of the layout."""
    present = set(frame.columns)
    return frame.select([name for name in layout.SCHEMA if name in present])


def without_nulls(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a frame without the columns in which nothing is known."""
    return frame.select([column for column in frame if column.null_count() < frame.height])


def encoded(frame: pl.DataFrame) -> bytes:
    """Return a frame as the bytes of a Parquet file."""
    written = BytesIO()
    frame.write_parquet(written, compression="zstd", statistics=True)
    return written.getvalue()


def decoded(content: bytes) -> pl.DataFrame:
    """Return the frame of a Parquet file, with the columns it has."""
    return pl.read_parquet(BytesIO(content))


def _column(values: Sequence[object], path: str) -> pl.Series:
    kind = layout.FACTS[path]
    if isinstance(kind, pl.Datetime):
        return pl.Series(values, dtype=pl.String).str.to_datetime(format="%+", time_zone="UTC", time_unit="us")
    if isinstance(kind, pl.Float64):
        values = [None if value is None else float(value) for value in values]  # type: ignore[arg-type]  # of the catalogue
    return pl.Series(values, dtype=kind)
