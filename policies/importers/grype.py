"""Grype JSON: matches, and the matches its configuration or a VEX document made it ignore.

Source of the fields: Grype's JSON document, versions 0.7 to 0.9x.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from policies.importers.document import Document
from policies.importers.gathering import Gathering
from policies.importers.grype_matches import SCANNER, match_findings
from policies.importers.justifications import openvex_justification
from policies.importers.records import (
    Finding,
    FindingKind,
    ImportedReport,
    ReportSubject,
    SourceType,
    SuppressedBy,
    VexClaim,
    VexStatus,
)
from policies.importers.shape import (
    ROOT,
    Place,
    Record,
    as_record,
    instant,
    items,
    name_text,
    read_each,
    record,
    records,
    text,
    texts,
)

_VEX = {status.value: status for status in VexStatus}
_SWITCHES = {
    "only-fixed": "only findings with a fix (only-fixed)",
    "only-notfixed": "only findings without a fix (only-notfixed)",
    "ignore-wontfix": "no findings that will not be fixed (ignore-wontfix)",
}
# What Grype ignores unless told otherwise: matches of the kernel's headers, which never run.
_KERNEL_HEADERS = frozenset({"kernel-headers", "linux-headers-.*", "linux(-.*)?-headers-.*", "linux-libc-dev"})


@dataclass(frozen=True, slots=True)
class GrypeImporter:
    """Reads Grype's own JSON."""

    format: str = "grype"
    title: str = "Grype JSON"

    def detect(self, document: Document) -> bool:
        """Whether the file has Grype's list of matches."""
        value = document.value
        if not isinstance(value, dict) or "matches" not in value:
            return False
        descriptor = value.get("descriptor")
        if isinstance(descriptor, dict) and descriptor.get("name") == SCANNER:
            return True
        rows = value["matches"]
        return isinstance(rows, list) and all(isinstance(row, dict) and "vulnerability" in row for row in rows)

    def parse(self, document: Document) -> ImportedReport:
        """Return the records of the report."""
        report = as_record(document.value, ROOT)
        gathering = Gathering(limits=document.limits)
        reading = _Reading(gathering, _system(report))
        read_each(report, "matches", ROOT, reading.match)
        read_each(report, "ignoredMatches", ROOT, reading.ignored)
        descriptor = record(report, "descriptor", ROOT)
        place = (ROOT, "descriptor")
        _admit_filters(report, record(descriptor, "configuration", place), (place, "configuration"), gathering)
        database = record(descriptor, "db", place)
        return gathering.report(
            report_format=self.format,
            tool=SCANNER,
            tool_version=name_text(descriptor, "version", place, limit=100),
            source_type=SourceType.SCAN,
            subject=_subject(report),
            scanned_at=instant(descriptor, "timestamp", place),
            db_built_at=instant(database, "built", (place, "db"))
            or instant(record(database, "status", (place, "db")), "built", ((place, "db"), "status")),
        )


def _system(report: Record) -> str:
    return name_text(record(report, "distro", ROOT), "name", (ROOT, "distro"))


def _subject(report: Record) -> ReportSubject:
    source = record(report, "source", ROOT)
    place = (ROOT, "source")
    kind = name_text(source, "type", place)
    target = source.get("target")
    if target is None or isinstance(target, str):
        return ReportSubject(name=text(source, "target", place).strip('"'), kind=kind)
    image = as_record(target, (place, "target"))
    inner = (place, "target")
    references = texts(image, "repoDigests", inner)
    digests = {name.rpartition("@")[2] for name in references}
    manifest = name_text(image, "manifestDigest", inner)
    labels = record(image, "labels", inner)
    return ReportSubject(
        name=name_text(image, "userInput", inner),
        kind=kind,
        digests=tuple(sorted(digest for digest in {*digests, manifest} if ":" in digest)),
        image_id=name_text(image, "imageID", inner),
        tags=tuple(sorted(set(texts(image, "tags", inner)))),
        labels=tuple(sorted((name, value) for name, value in labels.items() if isinstance(value, str))),
        references=tuple(sorted({name for name in references if "@" in name})),
    )


def _admit_filters(report: Record, configuration: Record, place: Place, gathering: Gathering) -> None:
    """Say which filters were set; where Grype lists what it ignored, its rules left nothing out."""
    for path in texts(configuration, "exclude", place):
        gathering.admit_filter(f"paths left out of the scan: {path}")
    if "ignoredMatches" in report:
        return
    for name, reason in _SWITCHES.items():
        if configuration.get(name):  # a switch in some versions, a list of states in others
            gathering.admit_filter(reason)
    for rule, here in records(configuration, "ignore", place):
        if not _is_shipped(rule, here):
            gathering.admit_filter(f"ignore rules, their matches not listed: {_words(rule, here) or 'everything'}")


def _is_shipped(rule: Record, place: Place) -> bool:
    package = record(rule, "package", place)
    named = text(package, "name", (place, "package")) in _KERNEL_HEADERS
    return named and not text(rule, "vulnerability", place) and bool(text(package, "upstream-name", (place, "package")))


def _words(rule: Record, place: Place) -> str:
    """Return a rule as `name=value` pairs, empty ones left out, in alphabetical order."""
    pairs: list[str] = []
    for name, value in sorted(rule.items()):
        if isinstance(value, Mapping):
            pairs += [f"{name}.{inner}={text(value, inner, (place, name))}" for inner in sorted(value) if value[inner]]
        elif isinstance(value, str) and value:
            pairs.append(f"{name}={text(rule, name, place)}")
        elif isinstance(value, bool) and value:
            pairs.append(name)
    return ", ".join(pairs)


@dataclass(frozen=True, slots=True)
class _Reading:
    """Matches on their way into the report."""

    gathering: Gathering
    system: str

    def match(self, row: Record, place: Place) -> None:
        """Import one match."""
        self._count(row, place, suppressed=False)
        self.gathering.findings += match_findings(row, place, self.system, self.gathering)

    def ignored(self, row: Record, place: Place) -> None:
        """Import one ignored match: claims of VEX documents as claims, any other rule as the scanner's suppression."""
        self._count(row, place, suppressed=True)
        findings = match_findings(row, place, self.system, self.gathering)
        rules = list(records(row, "appliedIgnoreRules", place))
        spoken = [(rule, status, here) for rule, here in rules if (status := _vex_status(rule, here))]
        self.gathering.claims += [
            _claim(finding, rule, status, here) for finding in findings for rule, status, here in spoken
        ]
        if len(spoken) < max(1, len(rules)):
            others = {_words(rule, here) for rule, here in rules if _vex_status(rule, here) is None}
            findings = [_suppressed(finding, "; ".join(sorted(others - {""}))) for finding in findings]
        self.gathering.findings += findings

    def _count(self, row: Record, place: Place, *, suppressed: bool) -> None:
        found = record(row, "vulnerability", place)
        inner = (place, "vulnerability")
        fixed = text(record(found, "fix", inner), "state", (inner, "fix")) == "fixed"
        self.gathering.count(
            FindingKind.VULNERABILITY, name_text(found, "severity", inner), with_fix=fixed, suppressed=suppressed
        )
        self.gathering.drop("match details", "how the scanner searched", count=len(items(row, "matchDetails", place)))


def _suppressed(finding: Finding, statement: str) -> Finding:
    return replace(
        finding,
        suppressed_by=SuppressedBy.SCANNER,
        suppression_source="grype ignore rules",
        suppression_statement=statement,
    )


def _vex_status(rule: Record, place: Place) -> VexStatus | None:
    return _VEX.get(text(rule, "vex-status", place).replace("-", "_"))


def _claim(finding: Finding, rule: Record, status: VexStatus, place: Place) -> VexClaim:
    stated = name_text(rule, "vex-justification", place)
    return VexClaim(
        vulnerability=finding.id,
        status=status,
        aliases=finding.aliases,
        components=(finding.component.purl or finding.component.key,),
        justification=openvex_justification(stated),
        stated_justification=stated,
        statement=text(rule, "reason", place),
        source=f"{SCANNER}: VEX",
    )
