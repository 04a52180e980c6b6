"""SARIF 2.1.0: vulnerable packages, secrets and weaknesses in code, from any tool and of several runs.

Source: SARIF 2.1.0 (OASIS). A run that says it failed, or whose results are elsewhere, is partial evidence; so is one
in which nobody looked at packages.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from policies.importers.document import Document
from policies.importers.gathering import Gathering
from policies.importers.records import FindingKind, ImportedReport, ReportSubject, SourceType
from policies.importers.refusals import FormatUnsupported
from policies.importers.sarif_packages import PACKAGE_SCANNERS, tool_of
from policies.importers.sarif_places import files_of
from policies.importers.sarif_results import ResultReading, Run
from policies.importers.sarif_rules import read_rules
from policies.importers.shape import (
    ROOT,
    Place,
    Record,
    as_record,
    flag,
    instant,
    name_text,
    read_each,
    record,
    records,
    refuse,
    texts,
)

VERSION = "2.1.0"
_DIGEST = re.compile(r"@(sha256)[:_]([0-9a-f]{64})")
_PACKAGE_KINDS = (FindingKind.VULNERABILITY, FindingKind.MALWARE)
_NO_PACKAGES = "no package was examined for vulnerabilities"
_PATH_CHARACTERS = 4_096


@dataclass(frozen=True, slots=True)
class SarifImporter:
    """Reads SARIF."""

    format: str = "sarif"
    title: str = "SARIF 2.1.0"

    def detect(self, document: Document) -> bool:
        """Whether the file names the schema of SARIF, or has runs and a version of its own."""
        value = document.value
        if not isinstance(value, dict):
            return False
        named = "sarif" in str(value.get("$schema", "")).lower()
        return "runs" in value and (named or "version" in value)

    def parse(self, document: Document) -> ImportedReport:
        """Return the records of all runs together."""
        report = as_record(document.value, ROOT)
        version = name_text(report, "version", ROOT)
        if version != VERSION:
            raise FormatUnsupported(f"SARIF {version or 'of no version'} is not supported, {VERSION} is")
        gathering = Gathering(limits=document.limits)
        runs = [_read_run(run, place, gathering) for run, place in records(report, "runs", ROOT)]
        if not runs:
            raise refuse((ROOT, "runs"), "there is no run; nothing says that a scan was made")
        if not any(run.examined_packages for run in runs):
            gathering.admit_filter(_NO_PACKAGES)
        return gathering.report(
            report_format=self.format,
            tool=_joined([run.tool for run in runs]),
            tool_version=_joined([run.tool_version for run in runs])[:100],
            source_type=SourceType.SCAN,
            subject=_subject([run.subject for run in runs]),
            scanned_at=min((run.ended_at for run in runs if run.ended_at), default=None),
        )


@dataclass(frozen=True, slots=True)
class _Summary:
    """What a run says of itself."""

    tool: str
    tool_version: str
    subject: ReportSubject
    examined_packages: bool
    ended_at: datetime | None


def _read_run(run: Record, place: Place, gathering: Gathering) -> _Summary:
    tool = record(run, "tool", place)
    driver = record(tool, "driver", (place, "tool"))
    inner = ((place, "tool"), "driver")
    name = name_text(driver, "name", inner, limit=100)
    if not name:
        raise refuse((inner, "name"), "is missing or empty")
    reading = ResultReading(
        Run(
            driver=name,
            tool=tool_of(name),
            rules=read_rules(tool, (place, "tool")),
            messages=record(driver, "globalMessageStrings", inner),
            files=files_of(run, place),
        ),
        gathering,
    )
    before = len(gathering.findings)
    read_each(run, "results", place, reading.read)
    found = gathering.findings[before:]
    _admit_gaps(run, place, gathering)
    looked = name.lower() not in ("snyk code", "snyk iac", "snykcode") and tool_of(name) in PACKAGE_SCANNERS
    return _Summary(
        tool=tool_of(name),
        tool_version=name_text(driver, "version", inner, limit=100)
        or name_text(driver, "semanticVersion", inner, limit=100),
        subject=_subject_of(run, place),
        examined_packages=any(one.kind in _PACKAGE_KINDS for one in found) or (looked and not found),
        ended_at=min(_moments(run, place), default=None),
    )


def _moments(run: Record, place: Place) -> Iterator[datetime]:
    for invocation, here in records(run, "invocations", place):
        moment = instant(invocation, "endTimeUtc", here) or instant(invocation, "startTimeUtc", here)
        if moment is not None:
            yield moment


def _admit_gaps(run: Record, place: Place, gathering: Gathering) -> None:
    """Say what makes the results of a run less than the tool saw, or less than there is to see."""
    if run.get("results") is None:
        gathering.admit_filter("a run without a list of results")
    if record(run, "externalPropertyFileReferences", place).get("results"):
        gathering.admit_filter("results that are kept in other files")
    for invocation, here in records(run, "invocations", place):
        if flag(invocation, "executionSuccessful", here) is False:
            gathering.admit_filter("the tool says that its run did not succeed")
        for name in ("toolExecutionNotifications", "toolConfigurationNotifications"):
            levels = [name_text(one, "level", spot) for one, spot in records(invocation, name, here)]
            gathering.drop("notifications of the tool", "what it said of its own run", count=len(levels))
            if "error" in levels:
                gathering.admit_filter("the tool reported errors while it ran")
        overrides = len(list(records(invocation, "ruleConfigurationOverrides", here)))
        gathering.drop("overrides of rules", "the level of the result or of the rule counts", count=overrides)


def _subject_of(run: Record, place: Place) -> ReportSubject:
    """Return what a run looked at: an image that it names, else the repository it was started in."""
    properties = record(run, "properties", place)
    inner = (place, "properties")
    name = _bag_text(properties, "imageName")
    if name:
        references = _bag_texts(properties, "repoDigests", inner)
        return ReportSubject(
            name=name,
            kind="image",
            digests=_digests([name, *references]),
            image_id=_bag_text(properties, "imageID"),
            tags=tuple(sorted(set(_bag_texts(properties, "repoTags", inner)))),
            references=tuple(sorted({one for one in references if "@" in one})),
        )
    image = _image_of_places(run, place)
    if image:
        return ReportSubject(name=image, kind="image", digests=_digests([image]))
    for one, here in records(run, "versionControlProvenance", place):
        revision = name_text(one, "revisionId", here)
        labels = (("revision", revision),) if revision else ()
        return ReportSubject(name=name_text(one, "repositoryUri", here), kind="repository", labels=labels)
    return ReportSubject()


def _image_of_places(run: Record, place: Place) -> str:
    """Return the image that the places of the first result name, as Grype (`image@sha256:…:/path`) and Snyk do."""
    for result, here in records(run, "results", place):
        for location, spot in records(result, "locations", here):
            physical = record(location, "physicalLocation", spot)
            file = record(physical, "artifactLocation", (spot, "physicalLocation"))
            names = [name_text(file, "uri", spot, limit=_PATH_CHARACTERS)]
            names += [
                name_text(one, "fullyQualifiedName", at, limit=_PATH_CHARACTERS)
                for one, at in records(location, "logicalLocations", spot)
            ]
            found = next((mark for name in names if (mark := _DIGEST.search(name))), None)
            if found is not None:
                return f"{found.string[: found.start()]}@{found[1]}:{found[2]}"
        return ""
    return ""


def _digests(names: Sequence[str]) -> tuple[str, ...]:
    found = (_DIGEST.search(name) for name in names)
    return tuple(sorted({f"{mark[1]}:{mark[2]}" for mark in found if mark}))


def _subject(subjects: Sequence[ReportSubject]) -> ReportSubject:
    """Return the one subject of all runs that state any; of runs about several things none is the subject."""
    stated = sorted({one for one in subjects if one.is_stated}, key=repr)
    return stated[0] if len(stated) == 1 else ReportSubject()


def _joined(names: Sequence[str]) -> str:
    return " + ".join(sorted(set(names) - {""}))[:100]


def _bag_text(properties: Record, name: str) -> str:
    """Return a text of a property bag, which anybody may fill with anything."""
    value = properties.get(name)
    return value[:1_024] if isinstance(value, str) else ""


def _bag_texts(properties: Record, name: str, place: Place) -> tuple[str, ...]:
    return texts(properties, name, place) if isinstance(properties.get(name), list) else ()
