"""OSV-Scanner JSON, versions 1 and 2: sources, their packages, and the records that were found for each.

Source: the results of OSV-Scanner 1.x and 2.x. What its configuration ignores is not in the file at all, so an
importer cannot know of it; `unimportant` is what a distribution itself calls so.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from policies.importers.document import Document
from policies.importers.gathering import Gathering
from policies.importers.osv_ecosystems import osv_component
from policies.importers.osv_records import Entry, fix_of, ratings_of, read_entry, shown_first
from policies.importers.ratings import choose
from policies.importers.records import (
    Component,
    Detail,
    Finding,
    FindingKind,
    ImportedReport,
    Rating,
    ReachabilityFact,
    ReachabilityState,
    ReportSubject,
    SourceType,
    Standing,
)
from policies.importers.shape import (
    ROOT,
    Place,
    Record,
    as_record,
    flag,
    name_text,
    read_each,
    record,
    records,
    refuse,
    shortened,
    tenths_at,
    texts,
)
from stellapolicy.kernel.identity import canonical_id, is_advisory, is_cve, is_malware
from stellapolicy.kernel.severity import of_cvss

SCANNER = "osv-scanner"
_OWN_MEMBERS = frozenset(
    {"results", "experimental_config", "experimental_generic_findings", "image_metadata", "license_summary"}
)
_MAKING = frozenset({"build", "dev", "dev-dependencies", "development", "test", "tests"})
_UNSTATED_LICENCES = frozenset({"", "UNKNOWN", "NOASSERTION", "NONE", "NON-STANDARD"})
_ANALYSES = ("experimentalAnalysis", "experimental_analysis")


@dataclass(frozen=True, slots=True)
class OsvScannerImporter:
    """Reads OSV-Scanner's own JSON."""

    format: str = "osv-scanner"
    title: str = "OSV-Scanner JSON"

    def detect(self, document: Document) -> bool:
        """Whether the file has OSV-Scanner's results, or is the list of packages out of one of them."""
        value = document.value
        if isinstance(value, list):
            return bool(value) and all(isinstance(row, dict) and {"package", "groups"} <= row.keys() for row in value)
        rows = value.get("results") if isinstance(value, dict) else None
        if not isinstance(value, dict) or not isinstance(rows, list):
            return False
        if not rows:
            return value.keys() <= _OWN_MEMBERS
        return all(isinstance(row, dict) and "packages" in row and "source" in row for row in rows)

    def parse(self, document: Document) -> ImportedReport:
        """Return the records of the report."""
        value = document.value
        report = {"results": [{"packages": value}]} if isinstance(value, list) else as_record(value, ROOT)
        gathering = Gathering(limits=document.limits)
        for row, place in records(report, "results", ROOT):
            source = _Source(gathering, _path(row, place))
            read_each(row, "packages", place if isinstance(value, dict) else ROOT, source.read)
        return gathering.report(
            report_format=self.format,
            tool=SCANNER,
            tool_version="",
            source_type=SourceType.SCAN,
            subject=_subject(report),
        )


def _path(row: Record, place: Place) -> str:
    return name_text(record(row, "source", place), "path", (place, "source"), limit=4_096)


def _subject(report: Record) -> ReportSubject:
    """Return the one source that was scanned; of several none is the subject."""
    sources = {
        (_path(row, place), name_text(record(row, "source", place), "type", (place, "source")))
        for row, place in records(report, "results", ROOT)
    }
    if len(sources) != 1:
        return ReportSubject()
    ((path, kind),) = sources
    return ReportSubject(name=path, kind=kind)


@dataclass(frozen=True, slots=True)
class _Group:
    """Records that are one vulnerability under several names, in one package."""

    entries: tuple[Entry, ...]
    names: frozenset[str]
    analyses: tuple[bool, ...] = ()
    unimportant: bool = False
    max_tenths: int = -1

    def ratings(self, ecosystem: str, name: str) -> tuple[Rating, ...]:
        """Return how bad its records say it is in a package; else the greatest score the scanner saw, as a band."""
        said = {one for entry in self.entries for one in ratings_of(entry, entry.of_package(ecosystem, name), SCANNER)}
        if self.max_tenths > 0 and not said:
            said = {Rating(SCANNER, Standing.SCANNER, of_cvss(self.max_tenths))}
        return tuple(sorted(said))


@dataclass(frozen=True, slots=True)
class _Source:
    """The packages of one source on their way into the report."""

    gathering: Gathering
    path: str

    def read(self, row: Record, place: Place) -> None:
        """Import one package with what was found in it."""
        package = record(row, "package", place)
        inner = (place, "package")
        name = name_text(package, "name", inner)
        ecosystem = name_text(package, "ecosystem", inner)
        component = self._component(row, place)
        self.gathering.components.append(component)
        entries = {
            entry.id: entry for entry in (read_entry(one, here) for one, here in records(row, "vulnerabilities", place))
        }
        for group in _groups(row, place, entries):
            self._take(group, component, ecosystem, name)
        self._licences(row, place, component)

    def _component(self, row: Record, place: Place) -> Component:
        package = record(row, "package", place)
        inner = (place, "package")
        # In a distribution the advisory speaks of a source package, and a binary of it is what is installed.
        name = name_text(package, "os_package_name", inner) or name_text(package, "name", inner)
        commit = name_text(package, "commit", inner)
        if not name and not commit and not self.path:
            raise refuse((inner, "name"), "is missing or empty")
        licences = tuple(sorted({shortened(one) for one in texts(row, "licenses", place)} - _UNSTATED_LICENCES))
        paths = (self.path,) if self.path else ()
        known = osv_component(
            name_text(package, "ecosystem", inner),
            name or self.path or commit,
            name_text(package, "version", inner) or commit,
            paths=paths,
            licenses=licences,
        )
        groups = {word.lower() for word in texts(row, "dependency_groups", place)}
        return replace(known, scope="development") if groups and groups <= _MAKING else known

    def _take(self, group: _Group, component: Component, ecosystem: str, name: str) -> None:
        cves = sorted(one for one in group.names if is_cve(one))
        covers_many = any(map(is_advisory, group.names)) and len(cves) > 1
        for names in [{cve} for cve in cves] if covers_many else [set(group.names)]:
            self.gathering.findings.append(self._finding(group, names, component, ecosystem, name))
        fixed = any(one.fixed_versions for entry in group.entries for one in entry.of_package(ecosystem, name))
        label = choose(group.ratings(ecosystem, name)).severity.value
        self.gathering.count(FindingKind.VULNERABILITY, label, with_fix=fixed)
        self.gathering.drop("references and descriptions", count=len(group.entries))

    def _finding(self, group: _Group, names: set[str], component: Component, ecosystem: str, name: str) -> Finding:
        ratings = group.ratings(ecosystem, name)
        choice = choose(ratings)
        state, fixed = fix_of(tuple(one for entry in group.entries for one in entry.of_package(ecosystem, name)))
        shown, aliases = shown_first(names)
        if group.analyses:
            self._reach(shown, aliases, component, called=any(group.analyses))
        withdrawn = [entry.withdrawn_at for entry in group.entries]
        return Finding(
            kind=FindingKind.MALWARE if any(map(is_malware, names)) else FindingKind.VULNERABILITY,
            id=shown,
            component=component,
            aliases=aliases,
            severity=choice.severity,
            severity_source=choice.severity_source,
            ratings=ratings,
            cvss=choice.cvss,
            title=min((entry.title for entry in group.entries if entry.title), default=""),
            cwes=tuple(sorted({cwe for entry in group.entries for cwe in entry.cwes})),
            fix_state=state,
            fixed_versions=fixed,
            advisory_source=min((entry.author for entry in group.entries), default=""),
            published_at=min((entry.published_at for entry in group.entries if entry.published_at), default=None),
            withdrawn_at=max((one for one in withdrawn if one), default=None) if all(withdrawn) else None,
            paths=component.paths,
            sources=(SCANNER,),
            detail=_detail(group),
        )

    def _reach(self, name: str, aliases: tuple[str, ...], component: Component, *, called: bool) -> None:
        if component.purl:
            state = ReachabilityState.REACHABLE if called else ReachabilityState.UNREACHABLE
            self.gathering.reach(
                ReachabilityFact(name, component.purl, state, aliases=aliases, evidence=f"{SCANNER}: call analysis")
            )

    def _licences(self, row: Record, place: Place, component: Component) -> None:
        for written in texts(row, "license_violations", place):
            self.gathering.count(FindingKind.LICENCE, "")
            name = shortened(written)
            self.gathering.findings.append(
                Finding(FindingKind.LICENCE, name, component, title=name, paths=component.paths, sources=(SCANNER,))
            )


def _groups(row: Record, place: Place, entries: Mapping[str, Entry]) -> list[_Group]:
    """Return the groups of a package; a record that no group names is one of its own."""
    groups: list[_Group] = []
    grouped: set[str] = set()
    for one, here in records(row, "groups", place):
        ids = [canonical_id(name) for name in texts(one, "ids", here)]
        own = tuple(entries[name] for name in sorted(set(ids)) if name in entries)
        names = {
            *ids,
            *map(canonical_id, texts(one, "aliases", here)),
            *(name for entry in own for name in entry.names),
        }
        if not names:
            raise refuse((here, "ids"), "names no vulnerability")
        grouped |= {entry.id for entry in own}
        analyses, unimportant = _analyses(one, here)
        groups.append(_Group(own, frozenset(names), analyses, unimportant, _greatest(one, here)))
    left = [entry for name, entry in sorted(entries.items()) if name not in grouped]
    return groups + [_Group((entry,), frozenset(entry.names)) for entry in left]


def _greatest(row: Record, place: Place) -> int:
    """Return `max_severity` in tenths, a score written as a text; -1 when there is none."""
    written = name_text(row, "max_severity", place, limit=20)
    try:
        return tenths_at(float(written), (place, "max_severity")) if written else -1
    except ValueError:
        raise refuse((place, "max_severity"), f"{written!r} is not a score") from None


def _analyses(row: Record, place: Place) -> tuple[tuple[bool, ...], bool]:
    """Return whether the code of each record is called, as far as that was looked at, and whether none matters."""
    called: list[bool] = []
    unimportant: list[bool] = []
    for name in _ANALYSES:
        inner = (place, name)
        for key, value in sorted(record(row, name, place).items()):
            said = as_record(value, (inner, key))
            answer = flag(said, "called", (inner, key))
            called += [] if answer is None else [answer]
            unimportant.append(bool(flag(said, "unimportant", (inner, key))))
    return tuple(called), bool(unimportant) and all(unimportant)


def _detail(group: _Group) -> Detail:
    advisories = "; ".join(sorted(name for name in group.names if is_advisory(name)))
    known = {"advisories": advisories, "unimportant": "true" if group.unimportant else ""}
    return tuple((name, value) for name, value in sorted(known.items()) if value)
