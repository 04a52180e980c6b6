"""One match of a Grype report: one finding, or one per vulnerability where a distribution's advisory covers several."""

from collections.abc import Iterator

from policies.importers.components import inferred_purl, purl_component, readable_purl
from policies.importers.gathering import Gathering
from policies.importers.ratings import (
    author_of,
    choose,
    distro_of,
    severity_of_word,
    standing_of,
    with_derived_severities,
)
from policies.importers.records import Component, Detail, Finding, FindingKind, FixState, Rating, Standing
from policies.importers.shape import (
    IDENTIFIER_CHARACTERS,
    Place,
    Record,
    as_text,
    items,
    name_text,
    number,
    record,
    records,
    required_name,
    tenths_at,
    text,
    texts,
)
from stellapolicy.kernel.identity import canonical_id, is_advisory, is_cve, is_malware, preference
from stellapolicy.kernel.severity import Severity

SCANNER = "grype"
_SYSTEM_PACKAGES = frozenset({"apk", "deb", "rpm"})
_FIX_STATES = {
    "fixed": FixState.FIXED,
    "not-fixed": FixState.NOT_FIXED,
    "wont-fix": FixState.WONT_FIX,
}
_VERSIONS = {"2": "2.0", "3": "3.1", "4": "4.0"}


def match_findings(row: Record, place: Place, system: str, gathering: Gathering) -> list[Finding]:
    """Return the findings of one match; `system` is the distribution of the whole artifact."""
    found = record(row, "vulnerability", place)
    here = (place, "vulnerability")
    component = _component(record(row, "artifact", place), (place, "artifact"))
    related = [
        (other, where) for other, where in records(row, "relatedVulnerabilities", place) if text(other, "id", where)
    ]
    gathering.drop("descriptions", count=bool(found.get("description")))
    gathering.drop("references", count=len(items(found, "urls", here)))
    named = canonical_id(required_name(found, "id", here))
    covered = sorted({canonical_id(text(other, "id", where)) for other, where in related} - {named})
    cves = [name for name in covered if is_cve(name)]
    if is_advisory(named) and cves:
        return [_finding(found, here, related, component, system, identifier=cve, advisory=named) for cve in cves]
    return [_finding(found, here, related, component, system, identifier=named, aliases=covered)]


def _finding(
    found: Record,
    place: Place,
    related: list[tuple[Record, Place]],
    component: Component,
    system: str,
    *,
    identifier: str,
    aliases: list[str] | None = None,
    advisory: str = "",
) -> Finding:
    names = {identifier, *(name for name in aliases or () if not is_advisory(name))}
    shown = min(names, key=preference)
    author = author_of(text(found, "namespace", place))
    ratings = with_derived_severities(
        [
            *_ratings(found, place, component, system, advisory=author),
            *(
                rating
                for other, where in related
                if canonical_id(text(other, "id", where)) in names
                for rating in _ratings(other, where, component, system, advisory=author)
            ),
        ]
    )
    choice = choose(ratings)
    fix = record(found, "fix", place)
    return Finding(
        kind=FindingKind.MALWARE if any(is_malware(name) for name in names) else FindingKind.VULNERABILITY,
        id=shown,
        component=component,
        aliases=tuple(sorted(names - {shown})),
        severity=choice.severity,
        severity_source=choice.severity_source,
        ratings=ratings,
        cvss=choice.cvss,
        cwes=_cwes(found, place),
        fix_state=_FIX_STATES.get(text(fix, "state", (place, "fix")), FixState.UNKNOWN),
        fixed_versions=tuple(sorted(set(texts(fix, "versions", (place, "fix"))))),
        advisory_source=author,
        status=text(fix, "state", (place, "fix")),
        paths=component.paths,
        primary_url=text(found, "dataSource", place),
        sources=(SCANNER,),
        detail=_detail(found, place, advisory),
    )


def _component(artifact: Record, place: Place) -> Component:
    name = required_name(artifact, "name", place, limit=1_024)
    version = name_text(artifact, "version", place)
    kind = name_text(artifact, "type", place)
    purl = readable_purl(name_text(artifact, "purl", place)) or inferred_purl(kind, name, version)
    paths = tuple(sorted({text(spot, "path", where) for spot, where in records(artifact, "locations", place)} - {""}))
    licenses = _licenses(artifact, place)
    if purl is None:
        return Component(type=kind, name=name, version=version, paths=paths, licenses=licenses)
    return purl_component(purl, version=version, paths=paths, licenses=licenses)


def _licenses(artifact: Record, place: Place) -> tuple[str, ...]:
    """Return the licences, which older versions write as texts and newer ones may write as objects."""
    inner = (place, "licenses")
    names: set[str] = set()
    for index, value in enumerate(items(artifact, "licenses", place)):
        here = (inner, index)
        if isinstance(value, dict):
            names.add(text(value, "spdxExpression", here) or text(value, "value", here))
        else:
            names.add(as_text(value, here))
    return tuple(sorted(names - {""}))


def _ratings(found: Record, place: Place, component: Component, system: str, *, advisory: str) -> Iterator[Rating]:
    """Yield the record's own severity and every score in it; a score names its author, or is the record's own."""
    own = author_of(text(found, "namespace", place)) or SCANNER
    distros = _distros(component, system, own)
    severity = severity_of_word(name_text(found, "severity", place, limit=IDENTIFIER_CHARACTERS))
    yield Rating(own, standing_of(own, distros=distros, advisory=advisory, scanner=SCANNER), severity)
    scores = [
        (author_of(text(cvss, "source", here)) or own, cvss, here) for cvss, here in records(found, "cvss", place)
    ]
    # NVD hands on the score of whoever assigned the CVE until it has its own; such a score is the record's.
    handed_on = all(author != own for author, _, _ in scores)
    for author, cvss, here in scores:
        source = own if handed_on and not distro_of(author) else author
        standing = standing_of(source, distros=distros, advisory=advisory, scanner=SCANNER)
        yield _score(cvss, here, source, standing)


def _score(cvss: Record, place: Place, source: str, standing: Standing) -> Rating:
    inner = (place, "metrics")
    version = name_text(cvss, "version", place)
    return Rating(
        source,
        standing,
        Severity.UNKNOWN,
        _VERSIONS.get(version, version),
        name_text(cvss, "vector", place),
        tenths_at(number(record(cvss, "metrics", place), "baseScore", inner), (inner, "baseScore")),
    )


def _distros(component: Component, system: str, author: str) -> frozenset[str]:
    names = {distro_of(author)}
    if component.type in _SYSTEM_PACKAGES:
        names |= {distro_of(component.namespace), distro_of(system)}
    return frozenset(names - {""})


def _cwes(found: Record, place: Place) -> tuple[str, ...]:
    return tuple(sorted({text(weakness, "cwe", here) for weakness, here in records(found, "cwes", place)} - {""}))


def _detail(found: Record, place: Place, advisory: str) -> Detail:
    """Return advisories, and what Grype knew of EPSS and KEV; recorded as said, decisions use our own feeds."""
    advisories = {text(one, "id", here) for one, here in records(found, "advisories", place)} | {advisory}
    known = {
        "advisories": "; ".join(sorted(advisories - {""})),
        "scanner_epss": "; ".join(
            f"{text(one, 'cve', here)}={number(one, 'epss', here) or 0:g} on {text(one, 'date', here)}"
            for one, here in records(found, "epss", place)
        ),
        "scanner_kev": "; ".join(
            sorted({text(one, "cve", here) for one, here in records(found, "knownExploited", place)} - {""})
        ),
    }
    return tuple((name, value) for name, value in sorted(known.items()) if value)
