"""govulncheck JSON before 1.0: one object of graphs, and the vulnerabilities that are sinks in them.

Source: the result of golang.org/x/vuln before its protocol had versions. A symbol that is no sink of calls is not
called as far as that version could see, which is not far enough to call it unreachable.
"""

from dataclasses import dataclass

from policies.importers.document import Document
from policies.importers.gathering import Gathering
from policies.importers.govulncheck_findings import SCANNER, Call, Level, Reported, take
from policies.importers.osv_ecosystems import osv_component
from policies.importers.osv_records import Entry, read_entry
from policies.importers.records import ImportedReport, ReportSubject, SourceType
from policies.importers.shape import (
    ROOT,
    Place,
    Record,
    as_record,
    integer,
    name_text,
    read_each,
    record,
    required_name,
)

_GRAPHS = frozenset({"Calls", "Imports", "Requires"})
_GO = "Go"


@dataclass(frozen=True, slots=True)
class GovulncheckGraphsImporter:
    """Reads the object that govulncheck wrote before 1.0."""

    format: str = "govulncheck-graphs"
    title: str = "govulncheck JSON before 1.0"

    def detect(self, document: Document) -> bool:
        """Whether the file has the three graphs."""
        return isinstance(document.value, dict) and document.value.keys() >= _GRAPHS

    def parse(self, document: Document) -> ImportedReport:
        """Return the records of the report."""
        report = as_record(document.value, ROOT)
        gathering = Gathering(limits=document.limits)
        modules = dict(read_each(report, "Modules", ROOT, _module))
        main = sorted(path for path, version in modules.items() if not version)
        gathering.components += [osv_component(_GO, path, version) for path, version in modules.items() if version]
        found: dict[tuple[str, str], tuple[Reported, Entry]] = {}
        for entry, path, call in read_each(report, "Vulns", ROOT, _vulnerability):
            known = found.setdefault((entry.id, path), (Reported(entry.id, path, modules.get(path, "")), entry))
            known[0].add(call, fixed="")
        for key in sorted(found):
            reported, entry = found[key]
            take(reported, entry, "", gathering)
        gathering.drop("graphs", "their sinks are kept", count=sum(bool(report.get(name)) for name in _GRAPHS))
        subject = ReportSubject()
        if len(main) == 1:
            subject = ReportSubject(name=main[0], kind="module", purl=osv_component(_GO, main[0], "").purl)
        return gathering.report(
            report_format=self.format,
            tool=SCANNER,
            tool_version="",
            source_type=SourceType.SCAN,
            subject=subject,
        )


def _module(row: Record, place: Place) -> tuple[str, str]:
    return required_name(row, "Path", place, limit=1_024), name_text(row, "Version", place)


def _vulnerability(row: Record, place: Place) -> tuple[Entry, str, Call]:
    entry = read_entry(record(row, "OSV", place), (place, "OSV"))
    called = bool(integer(row, "CallSink", place))
    imported = bool(integer(row, "ImportSink", place))
    level = Level.CALLED if called else Level.IMPORTED if imported else Level.REQUIRED
    names = (name_text(row, "PkgPath", place), name_text(row, "Symbol", place))
    symbol = ".".join(name for name in names if name) if called else ""
    return entry, required_name(row, "ModPath", place, limit=1_024), Call(level, symbol)
