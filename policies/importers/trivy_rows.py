"""The other rows of a Trivy report: misconfigurations, secrets, licences, packages."""

from collections.abc import Mapping
from dataclasses import replace

from policies.importers.components import inferred_purl, purl_component, readable_purl
from policies.importers.ratings import severity_of_word
from policies.importers.records import Component, Finding, FindingKind, Rating, Standing
from policies.importers.shape import (
    LICENCE_CHARACTERS,
    Place,
    Record,
    flag,
    integer,
    name_text,
    number,
    record,
    required_name,
    shortened,
    text,
    texts,
)
from policies.importers.trivy_context import SCANNER, Target

_DIRECT = {"direct": True, "indirect": False, "root": None, "workspace": True}


def secret(row: Record, place: Place, target: Target) -> Finding:
    """Return one secret; neither the match nor the lines around it are kept, they may hold what was not masked."""
    lines = _lines(row, place)
    known = {
        "category": name_text(row, "Category", place),
        "masked": "true" if "*" in text(row, "Match", place) else "false",
    }
    identifier = required_name(row, "RuleID", place)
    return _of_file(row, place, target, kind=FindingKind.SECRET, identifier=identifier, lines=lines, known=known)


def misconfiguration(row: Record, place: Place, target: Target) -> Finding:
    """Return one failed check of a configuration; a named resource identifies it better than lines that move."""
    cause = record(row, "CauseMetadata", place)
    inner = (place, "CauseMetadata")
    resource = name_text(cause, "Resource", inner)
    lines = _lines(cause, inner)
    known = {
        "message": text(row, "Message", place),
        "namespace": name_text(row, "Namespace", place),
        "resolution": text(row, "Resolution", place),
        "resource": resource,
    }
    identifier = required_name(row, "ID", place)
    return _of_file(
        row,
        place,
        target,
        kind=FindingKind.MISCONFIGURATION,
        identifier=identifier,
        lines=lines,
        known=known,
        where=resource or lines,
        alias=name_text(row, "AVDID", place, limit=200),
    )


def _of_file(
    row: Record,
    place: Place,
    target: Target,
    *,
    kind: FindingKind,
    identifier: str,
    lines: str,
    known: Mapping[str, str],
    where: str = "",
    alias: str = "",
) -> Finding:
    severity = severity_of_word(name_text(row, "Severity", place))
    path = f"{target.within('')}:{lines}" if lines else target.within("")
    return Finding(
        kind=kind,
        id=identifier,
        component=Component(type=target.type or "file", name=target.within("")),
        aliases=(alias,) if alias and alias != identifier else (),
        severity=severity,
        severity_source=SCANNER,
        ratings=(Rating(SCANNER, Standing.SCANNER, severity),),
        title=text(row, "Title", place),
        status=text(row, "Status", place),
        paths=(path,),
        place=where,
        primary_url=text(row, "PrimaryURL", place),
        sources=(SCANNER,),
        detail=tuple((name, value) for name, value in sorted(known.items()) if value),
    )


def _lines(row: Record, place: Place) -> str:
    start, end = integer(row, "StartLine", place), integer(row, "EndLine", place)
    if not start:
        return ""
    return f"{start}-{end}" if end and end != start else f"{start}"


def licence(row: Record, place: Place, target: Target, packages: Mapping[str, Component]) -> Finding:
    """Return one licence of a package or a file; `packages` are the report's packages with a name of their own."""
    name = shortened(required_name(row, "Name", place, limit=LICENCE_CHARACTERS))
    package = name_text(row, "PkgName", place)
    path = name_text(row, "FilePath", place, limit=4_096)
    severity = severity_of_word(name_text(row, "Severity", place))
    confidence = number(row, "Confidence", place)
    known = {
        "category": name_text(row, "Category", place),
        "confidence": "" if confidence is None else f"{confidence:g}",
        "link": text(row, "Link", place),
    }
    component = packages.get(package) or Component(
        type=target.type or ("" if package else "file"), name=package or path or target.name
    )
    return Finding(
        kind=FindingKind.LICENCE,
        id=name,
        component=component,
        severity=severity,
        severity_source=SCANNER,
        ratings=(Rating(SCANNER, Standing.SCANNER, severity),),
        title=name,
        paths=(target.within(path),) if path or target.resource else (),
        sources=(SCANNER,),
        detail=tuple((word, value) for word, value in sorted(known.items()) if value),
    )


def package(row: Record, place: Place, target: Target) -> Component:
    """Return one package of the inventory Trivy lists beside its findings."""
    name = required_name(row, "Name", place, limit=1_024)
    version = name_text(row, "Version", place)
    written = name_text(record(row, "Identifier", place), "PURL", (place, "Identifier"))
    purl = readable_purl(written) or inferred_purl(target.type, name, version)
    path = name_text(row, "FilePath", place, limit=4_096)
    if purl is None:
        known = Component(type=target.type, name=name, version=version)
    else:
        known = purl_component(purl, version=version)
    return replace(
        known,
        scope="development" if flag(row, "Dev", place) else "",
        paths=target.paths(path),
        licenses=tuple(sorted(set(texts(row, "Licenses", place)))),
        direct=_direct(row, place),
    )


def _direct(row: Record, place: Place) -> bool | None:
    relationship = name_text(row, "Relationship", place)
    if relationship:
        return _DIRECT.get(relationship)
    return False if flag(row, "Indirect", place) else None
