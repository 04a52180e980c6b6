"""Snyk JSON: open source projects and container images, one or a list of them.

Source: what `snyk test --json` and `snyk container test --json` write, versions 1.1xx. Every row is one path to one
vulnerability; rows of one vulnerability and package are one finding.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from policies.importers.document import Document
from policies.importers.gathering import Gathering
from policies.importers.records import (
    Finding,
    FindingKind,
    ImportedReport,
    ReportSubject,
    SourceType,
    SuppressedBy,
)
from policies.importers.shape import (
    ROOT,
    Place,
    Record,
    as_record,
    flag,
    integer,
    items,
    name_text,
    read_each,
    record,
    records,
    refuse,
    text,
)
from policies.importers.snyk_rows import SCANNER, Project, row_finding

_DIGEST = re.compile(r"@sha256:([0-9a-f]{64})")
_IMAGE_PREFIX = "docker-image|"
_SYSTEM_MANAGERS = frozenset({"apk", "deb", "linux", "rpm"})
_KEPT_PATHS = 10  # ways to one vulnerable package that are kept; a large project has thousands
_THRESHOLD = "severityThreshold"


@dataclass(frozen=True, slots=True)
class SnykImporter:
    """Reads Snyk's own JSON."""

    format: str = "snyk"
    title: str = "Snyk JSON"

    def detect(self, document: Document) -> bool:
        """Whether every part of the file says of a project that it is fine or not, as Snyk does."""
        value = document.value
        rows = value if isinstance(value, list) else [value]
        return bool(rows) and all(_is_project(row) for row in rows)

    def parse(self, document: Document) -> ImportedReport:
        """Return the records of all projects; one that could not be tested makes the evidence partial."""
        value = document.value
        projects: list[tuple[Record, Place]] = (
            [(as_record(row, (ROOT, index)), (ROOT, index)) for index, row in enumerate(value)]
            if isinstance(value, list)
            else [(as_record(value, ROOT), ROOT)]
        )
        gathering = Gathering(limits=document.limits)
        tested = [one for one in _with_applications(projects) if _was_tested(*one, gathering)]
        if not tested:
            raise refuse((projects[0][1], "error"), "nothing was tested; an error is no scan")
        for row, place in tested:
            _Reading(gathering, _project(row, place)).read(row, place)
        return gathering.report(
            report_format=self.format,
            tool=SCANNER,
            tool_version="",
            source_type=SourceType.SCAN,
            subject=_subject(projects),
        )


def _is_project(row: object) -> bool:
    if not isinstance(row, dict) or not isinstance(row.get("ok"), bool):
        return False
    return "vulnerabilities" in row or ("error" in row and "path" in row)


def _with_applications(projects: list[tuple[Record, Place]]) -> Iterator[tuple[Record, Place]]:
    """Yield every project, and after an image the applications that were found in it."""
    for row, place in projects:
        yield row, place
        yield from records(row, "applications", place)


def _was_tested(row: Record, place: Place, gathering: Gathering) -> bool:
    if "vulnerabilities" in row:
        return True
    if name_text(row, "error", place, limit=10_000):
        gathering.admit_filter("a project that could not be tested")
        return False
    raise refuse((place, "vulnerabilities"), "is missing")


def _project(row: Record, place: Place) -> Project:
    return Project(
        manager=name_text(row, "packageManager", place).lower(),
        file=name_text(row, "displayTargetFile", place, limit=4_096)
        or name_text(row, "targetFile", place, limit=4_096),
    )


@dataclass(frozen=True, slots=True)
class _Reading:
    """Rows of one project on their way into the report."""

    gathering: Gathering
    project: Project
    _ways: Counter[str] = field(default_factory=Counter)

    def read(self, row: Record, place: Place) -> None:
        """Read what was found, what a policy ignored or patched, and what the run left out."""
        read_each(row, "vulnerabilities", place, self._found)
        filtered = record(row, "filtered", place)
        for name in ("ignore", "patch"):
            read_each(filtered, name, (place, "filtered"), self._ignored if name == "ignore" else self._patched)
        self._admit_gaps(row, place)

    def _found(self, row: Record, place: Place) -> None:
        hidden = flag(row, "isIgnored", place) is True
        self._take(row, place, hidden="ignored" if hidden else "")

    def _ignored(self, row: Record, place: Place) -> None:
        self._take(row, place, hidden="ignored")

    def _patched(self, row: Record, place: Place) -> None:
        self._take(row, place, hidden="patched")

    def _take(self, row: Record, place: Place, *, hidden: str) -> None:
        finding = row_finding(row, place, self.project)
        kind = FindingKind.VULNERABILITY if finding.kind is FindingKind.MALWARE else finding.kind
        word = name_text(row, "severity", place, limit=100)
        self.gathering.count(kind, word, with_fix=bool(finding.fixed_versions), suppressed=bool(hidden))
        for name, what in (("description", "descriptions"), ("references", "references"), ("functions", "functions")):
            self.gathering.drop(what, count=bool(row.get(name)))
        if hidden:
            finding = _suppressed(finding, hidden, _reasons(row, place))
        self.gathering.findings.append(self._with_few_ways(finding))

    def _with_few_ways(self, finding: Finding) -> Finding:
        """Return the finding without the way that leads to it when ten others are known already."""
        self._ways[finding.key] += 1
        if self._ways[finding.key] <= _KEPT_PATHS or not finding.detail_of("introduced_through"):
            return finding
        self.gathering.drop("ways to one package", "ten are kept")
        return replace(finding, detail=tuple(pair for pair in finding.detail if pair[0] != "introduced_through"))

    def _admit_gaps(self, row: Record, place: Place) -> None:
        threshold = name_text(row, _THRESHOLD, place, limit=100)
        if threshold and threshold != "low":
            self.gathering.admit_filter(f"only findings from severity {threshold} up")
        if flag(row, "hasUnknownVersions", place):
            self.gathering.admit_filter("dependencies whose version is not known")
        listed = len(items(row, "vulnerabilities", place))
        if (integer(row, "uniqueCount", place) or 0) > listed:
            self.gathering.admit_filter("vulnerabilities that are counted and not listed")


def _suppressed(finding: Finding, how: str, reason: str) -> Finding:
    return replace(
        finding,
        suppressed_by=SuppressedBy.SCANNER,
        suppression_source=f"{SCANNER}: {how}",
        suppression_statement=reason,
    )


def _reasons(row: Record, place: Place) -> str:
    """Return why a policy ignores a row, in the words of whoever wrote it."""
    inner = (place, "filtered")
    rules = records(record(row, "filtered", place), "ignored", inner)
    said = {text(rule, "reason", here).strip() for rule, here in rules}
    return "; ".join(sorted(said - {""}))


def _subject(projects: list[tuple[Record, Place]]) -> ReportSubject:
    """Return the one thing that was tested; of several projects none is the subject."""
    subjects = {_subject_of(row, place) for row, place in projects}
    return subjects.pop() if len(subjects) == 1 else ReportSubject()


def _subject_of(row: Record, place: Place) -> ReportSubject:
    path = name_text(row, "path", place, limit=4_096)
    name = name_text(row, "projectName", place).removeprefix(_IMAGE_PREFIX)
    docker = record(row, "docker", place)
    is_image = bool(docker) or name_text(row, "packageManager", place).lower() in _SYSTEM_MANAGERS
    if not is_image:
        return ReportSubject(name=name or path, kind="project")
    digests = {f"sha256:{found[1]}" for one in (path, name) if (found := _DIGEST.search(one))}
    return ReportSubject(
        name=path or name,
        kind="image",
        digests=tuple(sorted(digests)),
        image_id=name_text(docker, "imageId", (place, "docker")),
    )
