"""Trivy JSON: schema 1 (a list of results), schema 2 (an object), and the report of a Kubernetes cluster.

What Trivy was told to suppress is imported as findings it suppressed, and what a VEX document dismissed as that
document's claim; neither makes a finding disappear.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from policies.importers.document import Document
from policies.importers.gathering import Gathering
from policies.importers.justifications import openvex_justification
from policies.importers.records import (
    Component,
    Finding,
    FindingKind,
    ImportedReport,
    ReportSubject,
    SourceType,
    SuppressedBy,
    VexClaim,
    VexStatus,
)
from policies.importers.refusals import FormatUnsupported
from policies.importers.shape import (
    ROOT,
    Place,
    Record,
    as_record,
    flag,
    instant,
    integer,
    items,
    name_text,
    read_each,
    record,
    records,
    text,
    texts,
)
from policies.importers.trivy_context import SCANNER, Target
from policies.importers.trivy_rows import licence, misconfiguration, package, secret
from policies.importers.trivy_vulnerabilities import has_fix, vulnerability

SCHEMA = 2
_CLUSTER_PARTS = ("Resources", "Vulnerabilities", "Misconfigurations", "Findings")
_VEX = {status.value: status for status in VexStatus}
_EXCEPTED = "EXCEPTION"
_CODE = "may show what was not masked; never stored"


@dataclass(frozen=True, slots=True)
class TrivyImporter:
    """Reads Trivy's own JSON."""

    format: str = "trivy"
    title: str = "Trivy JSON"

    def detect(self, document: Document) -> bool:
        """Whether the file is a Trivy report of any schema."""
        value = document.value
        if isinstance(value, dict):
            named = isinstance(value.get("SchemaVersion"), int) and {"ArtifactName", "Results"} & value.keys()
            cluster = "ClusterName" in value and any(part in value for part in _CLUSTER_PARTS)
            return bool(named) or cluster
        return isinstance(value, list) and bool(value) and all(_is_schema_1(row) for row in value)

    def parse(self, document: Document) -> ImportedReport:
        """Return the records of the report."""
        value = document.value
        gathering = Gathering(limits=document.limits)
        if isinstance(value, list):
            _read_results({"": value}, "", ROOT, gathering, resource="")
            return _report(gathering, ReportSubject(), {})
        report = as_record(value, ROOT)
        if "SchemaVersion" not in report:
            _read_cluster(report, gathering)
            return _report(gathering, _cluster_subject(report), report)
        if report["SchemaVersion"] != SCHEMA:
            raise FormatUnsupported(f"Trivy schema {report['SchemaVersion']} is not supported, schemas 1 and 2 are")
        _read_results(report, "Results", ROOT, gathering, resource="")
        _admit_no_packages(report, gathering)
        _note_system(report, gathering)
        return _report(gathering, _subject(report), report)


_PACKAGE_CLASSES = frozenset({"os-pkgs", "lang-pkgs"})


def _is_schema_1(row: object) -> bool:
    return isinstance(row, dict) and "Target" in row and bool({"Vulnerabilities", "Type", "Class"} & row.keys())


def _report(gathering: Gathering, subject: ReportSubject, report: Record) -> ImportedReport:
    return gathering.report(
        report_format="trivy",
        tool=SCANNER,
        tool_version=name_text(record(report, "Trivy", ROOT), "Version", (ROOT, "Trivy"), limit=100),
        source_type=SourceType.SCAN,
        subject=subject,
        scanned_at=instant(report, "CreatedAt", ROOT),
    )


def _subject(report: Record) -> ReportSubject:
    metadata = record(report, "Metadata", ROOT)
    place = (ROOT, "Metadata")
    config = record(record(metadata, "ImageConfig", place), "config", (place, "ImageConfig"))
    labels = record(config, "Labels", ((place, "ImageConfig"), "config"))
    references = texts(metadata, "RepoDigests", place)
    digests = {name.rpartition("@")[2] for name in references}
    return ReportSubject(
        name=name_text(report, "ArtifactName", ROOT),
        kind=name_text(report, "ArtifactType", ROOT),
        digests=tuple(sorted(digest for digest in digests if ":" in digest)),
        image_id=name_text(metadata, "ImageID", place),
        tags=tuple(sorted(set(texts(metadata, "RepoTags", place)))),
        labels=tuple(sorted((name, value) for name, value in labels.items() if isinstance(value, str))),
        references=tuple(sorted({name for name in references if "@" in name})),
    )


def _cluster_subject(report: Record) -> ReportSubject:
    return ReportSubject(name=name_text(report, "ClusterName", ROOT), kind="cluster")


def _admit_no_packages(report: Record, gathering: Gathering) -> None:
    """A run for secrets, settings or licences alone, or of nothing at all, proves nothing about vulnerabilities."""
    results = [row for row, _ in records(report, "Results", ROOT)]
    if not any(row.get("Class") in _PACKAGE_CLASSES or "Vulnerabilities" in row for row in results):
        gathering.admit_filter("no package was examined for vulnerabilities")


def _note_system(report: Record, gathering: Gathering) -> None:
    metadata = record(report, "Metadata", ROOT)
    place = (ROOT, "Metadata")
    system = record(metadata, "OS", place)
    if flag(system, "EOSL", (place, "OS")):
        name = f"{text(system, 'Family', (place, 'OS'))} {text(system, 'Name', (place, 'OS'))}".strip()
        gathering.note(f"{name} is past its end of life; newer vulnerabilities may have no advisory")


def _read_cluster(report: Record, gathering: Gathering) -> None:
    if "Findings" in report and "Resources" not in report:
        gathering.admit_filter("a summary of the cluster, without its findings")
    for part in ("Resources", "Vulnerabilities", "Misconfigurations"):
        for resource, place in records(report, part, ROOT):
            names = (name_text(resource, name, place) for name in ("Namespace", "Kind", "Name"))
            _read_results(resource, "Results", place, gathering, resource="/".join(name for name in names if name))


def _read_results(parent: Record, name: str, place: Place, gathering: Gathering, *, resource: str) -> None:
    results = [(row, here, _target(row, here, resource)) for row, here in records(parent, name, place)]
    for row, here, target in results:
        gathering.components += read_each(row, "Packages", here, partial(package, target=target))
    packages = _by_name(gathering.components)
    for row, here, target in results:
        _Result(row, here, target, gathering, packages).read()


def _target(row: Record, place: Place, resource: str) -> Target:
    return Target(
        name=name_text(row, "Target", place, limit=4_096),
        class_name=name_text(row, "Class", place),
        type=name_text(row, "Type", place),
        resource=resource,
    )


def _by_name(components: list[Component]) -> dict[str, Component]:
    """Return the components whose name no other component bears."""
    named: dict[str, Component | None] = {}
    for component in components:
        known = named.get(component.name, component)
        named[component.name] = component if known is not None and known.key == component.key else None
    return {name: component for name, component in named.items() if component is not None}


@dataclass(frozen=True, slots=True)
class _Result:
    """One result of a report and where its rows go."""

    row: Record
    place: Place
    target: Target
    gathering: Gathering
    packages: dict[str, Component]

    def read(self) -> None:
        """Read every row of the result; the faults of one list are reported together."""
        for name, read in (
            ("Vulnerabilities", self._vulnerability),
            ("Misconfigurations", self._misconfiguration),
            ("Secrets", self._secret),
            ("Licenses", self._licence),
        ):
            made = read_each(self.row, name, self.place, read)
            self.gathering.findings += [finding for finding in made if finding is not None]
        read_each(self.row, "ExperimentalModifiedFindings", self.place, self._modified)
        self._admit_exceptions()
        self.gathering.drop("custom resources", count=len(items(self.row, "CustomResources", self.place)))

    def _admit_exceptions(self) -> None:
        """Say when Trivy counts exceptions of its configuration that it does not list."""
        excepted = integer(record(self.row, "MisconfSummary", self.place), "Exceptions", (self.place, "MisconfSummary"))
        listed = sum(
            1
            for row, here in records(self.row, "Misconfigurations", self.place)
            if text(row, "Status", here) == _EXCEPTED
        )
        if (excepted or 0) > listed:
            self.gathering.admit_filter("configuration exceptions that are counted and not listed")

    def _count(self, kind: FindingKind, row: Record, place: Place, *, suppressed: bool = False) -> None:
        fixed = kind is FindingKind.VULNERABILITY and has_fix(row, place)
        self.gathering.count(kind, name_text(row, "Severity", place), with_fix=fixed, suppressed=suppressed)

    def _vulnerability(self, row: Record, place: Place) -> Finding:
        self._count(FindingKind.VULNERABILITY, row, place)
        return vulnerability(row, place, self.target, self.gathering)

    def _secret(self, row: Record, place: Place) -> Finding:
        self._count(FindingKind.SECRET, row, place)
        self.gathering.drop("lines of code around secrets", _CODE)
        return secret(row, place, self.target)

    def _licence(self, row: Record, place: Place) -> Finding:
        self._count(FindingKind.LICENCE, row, place)
        return licence(row, place, self.target, self.packages)

    def _misconfiguration(self, row: Record, place: Place) -> Finding | None:
        status = text(row, "Status", place)
        if status == "PASS":
            self.gathering.drop("passed checks", "nothing was found")
            return None
        excepted = status == _EXCEPTED
        self._count(FindingKind.MISCONFIGURATION, row, place, suppressed=excepted)
        found = misconfiguration(row, place, self.target)
        return _suppressed(found, source="exception in Trivy's configuration", statement="") if excepted else found

    def _modified(self, row: Record, place: Place) -> None:
        """Import what Trivy left out of its lists: as a claim when a VEX document said so, else as suppressed."""
        finding = self._modified_finding(row, place)
        if finding is None:
            return
        source, statement = text(row, "Source", place), text(row, "Statement", place)
        status = _VEX.get(text(row, "Status", place))
        if status is None:
            finding = _suppressed(finding, source=source, statement=statement)
        else:
            self.gathering.claims.append(_claim(finding, status, source=source, statement=statement))
        self.gathering.findings.append(finding)

    def _modified_finding(self, row: Record, place: Place) -> Finding | None:
        inner = (place, "Finding")
        found = record(row, "Finding", place)
        readers: dict[str, tuple[FindingKind, Callable[[], Finding]]] = {
            "vulnerability": (
                FindingKind.VULNERABILITY,
                lambda: vulnerability(found, inner, self.target, self.gathering),
            ),
            "misconfiguration": (
                FindingKind.MISCONFIGURATION,
                lambda: misconfiguration(found, inner, self.target),
            ),
            "secret": (FindingKind.SECRET, lambda: secret(found, inner, self.target)),
            "license": (FindingKind.LICENCE, lambda: licence(found, inner, self.target, self.packages)),
        }
        kind = text(row, "Type", place)
        if kind not in readers:
            self.gathering.drop(f"modified findings of type {kind or 'nothing'}", "unknown to this importer")
            self.gathering.admit_filter("Trivy left out findings of a type that cannot be read")
            return None
        meaning, read = readers[kind]
        self._count(meaning, found, inner, suppressed=True)
        return read()


def _suppressed(finding: Finding, *, source: str, statement: str) -> Finding:
    return replace(
        finding,
        suppressed_by=SuppressedBy.SCANNER,
        suppression_source=source,
        suppression_statement=statement,
    )


def _claim(finding: Finding, status: VexStatus, *, source: str, statement: str) -> VexClaim:
    """Return the claim of a VEX document; Trivy hands on its justification in the place of the statement."""
    return VexClaim(
        vulnerability=finding.id,
        status=status,
        aliases=finding.aliases,
        components=(finding.component.purl or finding.component.key,),
        justification=openvex_justification(statement),
        stated_justification=statement if " " not in statement else "",
        statement=statement,
        author=source,
        source=f"{SCANNER}: {source}" if source else SCANNER,
    )
