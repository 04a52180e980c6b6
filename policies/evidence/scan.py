"""What a snapshot's reports say about themselves: was there a scan, whole or filtered, and when."""

from collections.abc import Sequence
from datetime import datetime

from policies.importers.records import ImportedReport, SourceType
from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.kernel.clock import rfc3339


def scan_evidence(
    reports: Sequence[tuple[str, ImportedReport]],
    *,
    subject_stated: bool,
    documents: Sequence[tuple[str, str]] = (),
) -> dict[str, JsonValue]:
    """Return the state of the evidence as JSON: `scan` complete, partial or unscanned; `scanned_at` of the latest.

    `database_built_at` is of the vulnerability database that the latest of them used; `documents` are (digest, tool)
    of VEX about products at large. A complete scan beside a filtered one is complete: taking the filtered one away must
    not improve an answer.
    """
    scans = [report for _, report in reports if report.source_type is SourceType.SCAN]
    complete = [report for report in scans if not report.fidelity.is_partial]
    return {
        "scan": "complete" if complete else "partial" if scans else "unscanned",
        "scanned_at": _latest([report.scanned_at for report in complete or scans]),
        "database_built_at": _database_of(complete or scans),
        "partial_reasons": sorted({reason for report in scans for reason in report.fidelity.partial_reasons})
        if not complete
        else [],
        "subject_stated": subject_stated,
        "sources": [
            *({"name": report.tool, "type": report.source_type.value, "digest": digest} for digest, report in reports),
            *({"name": tool, "type": SourceType.VEX.value, "digest": digest} for digest, tool in documents),
        ],
    }


def _latest(moments: Sequence[datetime | None]) -> str | None:
    known = [moment for moment in moments if moment is not None]
    return rfc3339(max(known)) if known else None


def _database_of(scans: Sequence[ImportedReport]) -> str | None:
    """Return when the database of the latest scan was built: a scanner that was given up makes nothing stale."""
    dated = [report for report in scans if report.scanned_at is not None and report.db_built_at is not None]
    if not dated:
        known = [report.db_built_at for report in scans if report.db_built_at is not None]
        return rfc3339(max(known)) if known else None
    last = max(report.scanned_at for report in dated if report.scanned_at is not None)
    built = [report.db_built_at for report in dated if report.scanned_at == last and report.db_built_at is not None]
    return rfc3339(min(built))
