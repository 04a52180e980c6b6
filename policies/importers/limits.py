"""How much of somebody else's file we are willing to look at."""

from dataclasses import dataclass

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class ImportLimits:
    """Bounds of one import: sizes in bytes, `ratio` unpacked to packed, `depth` of nesting, rows of findings."""

    compressed_bytes: int = 64 * MEBIBYTE
    decompressed_bytes: int = 512 * MEBIBYTE
    ratio: int = 100
    depth: int = 100
    findings: int = 2_000_000
    faults: int = 20


STANDARD = ImportLimits()
