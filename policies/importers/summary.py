"""What an import makes of a file, in few words: for the command line, an upload page, a receipt."""

from collections import Counter
from collections.abc import Mapping

from policies.importers.records import EpssDay, Imported, ImportedReport, KevCatalogue, ReportSubject
from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.kernel.clock import rfc3339
from stellapolicy.kernel.severity import WORST_FIRST


def summarise(imported: Imported) -> dict[str, JsonValue]:
    """Return format, tool, subject, counts and fidelity of an import as JSON; unknown instants are null."""
    match imported:
        case ImportedReport():
            return _of_report(imported)
        case EpssDay():
            return {
                "format": "epss",
                "model_version": imported.model_version,
                "scored_at": rfc3339(imported.scored_at),
                "rows": len(imported),
            }
        case KevCatalogue():
            return {
                "format": "kev",
                "version": imported.version,
                "released_at": rfc3339(imported.released_at),
                "rows": len(imported.entries),
            }


def _of_report(report: ImportedReport) -> dict[str, JsonValue]:
    fidelity = report.fidelity
    return {
        "format": report.format,
        "source_type": report.source_type.value,
        "tool": report.tool,
        "tool_version": report.tool_version,
        "scanned_at": rfc3339(report.scanned_at) if report.scanned_at else None,
        "db_built_at": rfc3339(report.db_built_at) if report.db_built_at else None,
        "subject": _of_subject(report.subject),
        "components": len(report.components),
        "findings": len(report.findings),
        "by_kind": dict(sorted(Counter(finding.kind.value for finding in report.findings).items())),
        "by_severity": _by_severity(report),
        "with_fix": sum(bool(finding.fixed_versions) for finding in report.findings),
        "suppressed_by_scanner": sum(bool(finding.suppressed_by) for finding in report.findings),
        "claims": dict(sorted(Counter(claim.status.value for claim in report.claims).items())),
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


def _by_severity(report: ImportedReport) -> dict[str, JsonValue]:
    counts = Counter(finding.severity for finding in report.findings)
    return {severity.value: counts[severity] for severity in WORST_FIRST if counts[severity]}


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


def as_text(name: str, summary: Mapping[str, JsonValue]) -> str:
    """Return a summary as lines for people, one fact a line, nothing where there is nothing to say."""
    lines = [name]
    for label, value in summary.items():
        words = _words(value)
        if words:
            lines.append(f"  {label.replace('_', ' ')}: {words}")
    return "\n".join(lines)


def _words(value: JsonValue) -> str:
    match value:
        case dict():
            return ", ".join(f"{name} {_words(inner)}" for name, inner in value.items() if _words(inner))
        case list():
            return "; ".join(_words(inner) for inner in value)
        case None | "" | False:
            return ""
        case True:
            return "yes"
        case _:
            return str(value)
