"""What an import makes of a file, in few numbers: for the command line, an upload page, a receipt."""

from collections import Counter
from collections.abc import Sequence

from policies.importers.records import (
    EpssDay,
    Finding,
    Imported,
    ImportedReport,
    KevCatalogue,
    ReportSubject,
    SourceType,
)
from policies.importers.refusals import ImportRefused
from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.kernel.clock import rfc3339
from stellapolicy.kernel.severity import WORST_FIRST

_VERDICTS = {
    SourceType.SBOM: "inventory",
    SourceType.VEX: "claims",
    SourceType.REACHABILITY: "reachability",
}


def summarise(imported: Imported) -> dict[str, JsonValue]:
    """Return verdict, format, tool, subject, counts and fidelity of an import as JSON; unknown instants are null.

    The verdict is complete_scan, partial_scan, inventory, claims, reachability or feed.
    """
    match imported:
        case ImportedReport():
            return _of_report(imported)
        case EpssDay():
            return {
                "verdict": "feed",
                "format": "epss",
                "model_version": imported.model_version,
                "scored_at": rfc3339(imported.scored_at),
                "rows": len(imported),
            }
        case KevCatalogue():
            return {
                "verdict": "feed",
                "format": "kev",
                "version": imported.version,
                "released_at": rfc3339(imported.released_at),
                "rows": len(imported.entries),
            }


def refused(refusal: ImportRefused) -> dict[str, JsonValue]:
    """Return why a file was refused as JSON, with the place of every fault."""
    return {
        "verdict": "refused",
        "refused": refusal.code,
        "detail": refusal.detail,
        "faults": [{"pointer": fault.pointer, "message": fault.message} for fault in refusal.faults],
    }


def _of_report(report: ImportedReport) -> dict[str, JsonValue]:
    fidelity = report.fidelity
    return {
        "verdict": _verdict(report),
        "format": report.format,
        "source_type": report.source_type.value,
        "tool": report.tool,
        "tool_version": report.tool_version,
        "scanned_at": rfc3339(report.scanned_at) if report.scanned_at else None,
        "db_built_at": rfc3339(report.db_built_at) if report.db_built_at else None,
        "subject": _of_subject(report.subject),
        "components": len(report.components),
        "findings": len(report.findings),
        "by_kind": {kind: _of_kind(found) for kind, found in _by_kind(report).items()},
        "by_severity": _by_severity(report.findings),
        "with_fix": _with_fix(report.findings),
        "suppressed_by_scanner": _hidden(report.findings),
        "claims": dict(sorted(Counter(claim.status.value for claim in report.claims).items())),
        "reachability": dict(sorted(Counter(fact.state.value for fact in report.reachability).items())),
        "rows": [
            {
                "kind": row.kind.value,
                "label": row.label,
                "count": row.count,
                "with_fix": row.with_fix,
                "suppressed": row.suppressed,
            }
            for row in fidelity.rows
        ],
        "merged_rows": fidelity.merged_rows,
        "partial": list(fidelity.partial_reasons),
        "notes": list(fidelity.notes),
        "dropped": [{"what": one.what, "count": one.count, "why": one.why} for one in fidelity.dropped],
    }


def _verdict(report: ImportedReport) -> str:
    scan = "partial_scan" if report.fidelity.is_partial else "complete_scan"
    return _VERDICTS.get(report.source_type, scan)


def _by_kind(report: ImportedReport) -> dict[str, list[Finding]]:
    groups: dict[str, list[Finding]] = {}
    for finding in report.findings:
        groups.setdefault(finding.kind.value, []).append(finding)
    return dict(sorted(groups.items()))


def _of_kind(findings: Sequence[Finding]) -> dict[str, JsonValue]:
    return {
        "findings": len(findings),
        "by_severity": _by_severity(findings),
        "with_fix": _with_fix(findings),
        "suppressed_by_scanner": _hidden(findings),
    }


def _by_severity(findings: Sequence[Finding]) -> dict[str, JsonValue]:
    counts = Counter(finding.severity for finding in findings)
    return {severity.value: counts[severity] for severity in WORST_FIRST if counts[severity]}


def _with_fix(findings: Sequence[Finding]) -> int:
    return sum(bool(finding.fixed_versions) for finding in findings)


def _hidden(findings: Sequence[Finding]) -> int:
    return sum(bool(finding.suppressed_by) for finding in findings)


def _of_subject(subject: ReportSubject) -> dict[str, JsonValue]:
    return {
        "stated": subject.is_stated,
        "name": subject.name,
        "kind": subject.kind,
        "digests": list(subject.digests),
        "image_id": subject.image_id,
        "purl": subject.purl,
        "tags": list(subject.tags),
        "serial": subject.serial,
    }
