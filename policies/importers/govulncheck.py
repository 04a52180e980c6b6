"""govulncheck JSON 1.x: a stream of messages, whose traces tell which vulnerable code is called.

Source: the JSON protocol of golang.org/x/vuln, v1.0 and later. One vulnerability is reported at every level it was
found at (module required, package imported, symbol called); the nearest counts. What was looked for and not found is
unreachable, what the level of the scan could not look for is unknown.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from policies.importers.document import Document
from policies.importers.gathering import Gathering
from policies.importers.govulncheck_findings import SCANNER, Call, Level, Reported, take
from policies.importers.osv_ecosystems import osv_component
from policies.importers.osv_records import Entry, read_entry
from policies.importers.records import ImportedReport, ReportSubject, SourceType
from policies.importers.refusals import FormatUnsupported, ShapeInvalid
from policies.importers.shape import (
    ROOT,
    Place,
    Record,
    as_record,
    instant,
    integer,
    name_text,
    record,
    records,
    refuse,
    required_name,
    texts,
)
from stellapolicy.kernel.identity import canonical_id
from stellapolicy.kernel.refusals import Fault

_PROTOCOL = "v1."
_MESSAGES = frozenset({"SBOM", "config", "finding", "osv", "progress"})
_NOT_SCANNED = frozenset({"extract", "query"})
_FRAMES = 1_000
_GO = "Go"


@dataclass(frozen=True, slots=True)
class GovulncheckImporter:
    """Reads govulncheck's stream of messages."""

    format: str = "govulncheck"
    title: str = "govulncheck JSON"

    def detect(self, document: Document) -> bool:
        """Whether the first message is the configuration of govulncheck."""
        first = next(_messages(document), None)
        config = first[0].get("config") if first and isinstance(first[0], dict) else None
        return isinstance(config, dict) and SCANNER in str(config.get("scanner_name", ""))

    def parse(self, document: Document) -> ImportedReport:
        """Return the records of the stream, whatever the order of its messages."""
        gathering = Gathering(limits=document.limits)
        stream = _Stream(gathering)
        faults: list[Fault] = []
        for value, place in _messages(document):
            try:
                stream.read(as_record(value, place), place)
            except ShapeInvalid as refusal:
                faults += refusal.faults
            if len(faults) >= document.limits.faults:
                break
        if faults:
            raise ShapeInvalid.of(tuple(faults[: document.limits.faults]))
        return stream.report(self.format)


def _messages(document: Document) -> Iterator[tuple[object, Place]]:
    """Yield every message with its place: its line in a stream, counted from 1, its index in a list."""
    if document.sequence:
        yield from ((value, (ROOT, number)) for number, value in enumerate(document.sequence, start=1))
    elif isinstance(document.value, list):
        yield from ((value, (ROOT, index)) for index, value in enumerate(document.value))
    else:
        yield document.value, ROOT


@dataclass(slots=True)
class _Stream:
    """What the messages said so far."""

    gathering: Gathering
    config: Record = field(default_factory=dict)
    config_place: Place = ROOT
    roots: tuple[str, ...] = ()
    main: set[str] = field(default_factory=set)
    entries: dict[str, Entry] = field(default_factory=dict)
    reported: dict[tuple[str, str, str], Reported] = field(default_factory=dict)

    def read(self, message: Record, place: Place) -> None:
        """Take one message."""
        for name in message:
            if name not in _MESSAGES:
                self.gathering.drop("messages of other kinds", "unknown to this importer")
        if message.get("config") is not None:
            self._configured(record(message, "config", place), (place, "config"))
        if message.get("SBOM") is not None:
            self._modules(record(message, "SBOM", place), (place, "SBOM"))
        if message.get("osv") is not None:
            entry = read_entry(record(message, "osv", place), (place, "osv"))
            self.entries[entry.id] = entry
        if message.get("finding") is not None:
            self._finding(record(message, "finding", place), (place, "finding"))
        self.gathering.drop("messages of progress", count=message.get("progress") is not None)

    def report(self, report_format: str) -> ImportedReport:
        """Return everything the stream said."""
        level = name_text(self.config, "scan_level", self.config_place, limit=100)
        mode = name_text(self.config, "scan_mode", self.config_place, limit=100)
        if mode in _NOT_SCANNED:
            self.gathering.admit_filter("no code was examined, only the database was asked")
        for key in sorted(self.reported):
            take(self.reported[key], self.entries.get(key[0]), level, self.gathering)
        unaffected = len(self.entries.keys() - {key[0] for key in self.reported})
        self.gathering.drop("records that concern no module in use", "nothing was found of them", count=unaffected)
        return self.gathering.report(
            report_format=report_format,
            tool=SCANNER,
            tool_version=name_text(self.config, "scanner_version", self.config_place, limit=100),
            source_type=SourceType.SCAN,
            subject=self._subject(mode),
            db_built_at=instant(self.config, "db_last_modified", self.config_place),
        )

    def _configured(self, config: Record, place: Place) -> None:
        protocol = required_name(config, "protocol_version", place)
        if not protocol.startswith(_PROTOCOL):
            raise FormatUnsupported(f"protocol {protocol} of govulncheck is not supported, {_PROTOCOL}x is")
        self.config, self.config_place = config, place

    def _modules(self, inventory: Record, place: Place) -> None:
        self.roots = tuple(sorted(set(texts(inventory, "roots", place))))
        for module, here in records(inventory, "modules", place):
            path, version = required_name(module, "path", here, limit=1_024), name_text(module, "version", here)
            if any(root == path or root.startswith(f"{path}/") for root in self.roots):
                self.main.add(path)
            else:
                self.gathering.components.append(osv_component(_GO, path, version))

    def _finding(self, row: Record, place: Place) -> None:
        identifier = canonical_id(required_name(row, "osv", place))
        trace = [(frame, here) for frame, here in records(row, "trace", place)]
        if not trace:
            raise refuse((place, "trace"), "is missing or empty")
        frame, here = trace[0]
        module, version = required_name(frame, "module", here, limit=1_024), name_text(frame, "version", here)
        self.main |= _unversioned(trace[1:])
        known = self.reported.setdefault((identifier, module, version), Reported(identifier, module, version))
        known.add(_call(trace), fixed=name_text(row, "fixed_version", place))

    def _subject(self, mode: str) -> ReportSubject:
        """Return the program or module that was examined, where it is one."""
        names = self.roots if mode == "binary" else tuple(sorted(self.main)) or self.roots
        if len(names) != 1:
            return ReportSubject()
        return ReportSubject(name=names[0], kind="module", purl=osv_component(_GO, names[0], "").purl)


def _unversioned(frames: Sequence[tuple[Record, Place]]) -> set[str]:
    """Return the modules without a version, which are those of whoever ran the scan."""
    return {
        module
        for frame, here in frames
        if (module := name_text(frame, "module", here)) and not name_text(frame, "version", here)
    }


def _call(trace: Sequence[tuple[Record, Place]]) -> Call:
    """Return how near a trace comes to the vulnerable code, the symbol it reaches, and where it leaves our own."""
    frame, here = trace[0]
    package = name_text(frame, "package", here)
    function = name_text(frame, "function", here)
    receiver = name_text(frame, "receiver", here).lstrip("*")
    level = Level.CALLED if function else Level.IMPORTED if package else Level.REQUIRED
    symbol = ".".join(part for part in (package, receiver, function) if part) if function else ""
    return Call(level, symbol, _left_at(trace[1:_FRAMES]))


def _left_at(frames: Sequence[tuple[Record, Place]]) -> str:
    for frame, here in frames:
        if name_text(frame, "version", here):
            continue
        position = record(frame, "position", here)
        file = name_text(position, "filename", (here, "position"), limit=4_096)
        line = integer(position, "line", (here, "position"))
        if file:
            return f"{file}:{line}" if line else file
    return ""
