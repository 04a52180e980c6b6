"""One row of a Snyk report: one vulnerability or licence of one package, reached on one way.

Source: the rows of `snyk test --json`. The package of an image is written `source/binary`; the binary is installed.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from policies.importers.packages import SYSTEM_PACKAGES
from policies.importers.ratings import (
    author_of,
    choose,
    distro_of,
    severity_of_word,
    standing_of,
    version_of_vector,
    with_derived_severities,
)
from policies.importers.records import Component, Detail, Finding, FindingKind, FixState, Rating
from policies.importers.sarif_packages import snyk_package
from policies.importers.shape import (
    LICENCE_CHARACTERS,
    Place,
    Record,
    flag,
    instant,
    name_text,
    number,
    record,
    records,
    required_name,
    shortened,
    tenths_at,
    text,
    texts,
)
from stellapolicy.kernel.identity import canonical_id, is_advisory, is_malware, preference
from stellapolicy.kernel.severity import RANKS, Severity

SCANNER = "snyk"
_LICENCE = "license"
_ADVISORY_PAGE = "https://security.snyk.io/vuln/"
_WAY_CHARACTERS = 1_000


@dataclass(frozen=True, slots=True)
class Project:
    """What was tested: its package manager, and the file that names its dependencies."""

    manager: str
    file: str


def row_finding(row: Record, place: Place, project: Project) -> Finding:
    """Return the finding of one row."""
    identifier = required_name(row, "id", place)
    way = texts(row, "from", place)
    component = _component(row, place, project, identifier, way)
    if name_text(row, "type", place) == _LICENCE or identifier.startswith("snyk:lic:"):
        return _licence(row, place, component, way)
    names = _names(row, place, identifier)
    ratings = with_derived_severities(list(_ratings(row, place, component)))
    choice = choose(ratings)
    fixed = tuple(sorted({*texts(row, "fixedIn", place), name_text(row, "nearestFixedInVersion", place)} - {""}))
    malicious = flag(row, "malicious", place) is True or any(map(is_malware, names))
    return Finding(
        kind=FindingKind.MALWARE if malicious else FindingKind.VULNERABILITY,
        id=names[0],
        component=component,
        aliases=tuple(sorted(names[1:])),
        severity=choice.severity,
        severity_source=choice.severity_source,
        ratings=ratings,
        cvss=choice.cvss,
        title=text(row, "title", place)[:_WAY_CHARACTERS],
        cwes=tuple(sorted(set(texts(record(row, "identifiers", place), "CWE", (place, "identifiers"))))),
        fix_state=FixState.FIXED if fixed else FixState.NOT_FIXED if "fixedIn" in row else FixState.UNKNOWN,
        fixed_versions=fixed,
        advisory_source=SCANNER,
        published_at=instant(row, "disclosureTime", place) or instant(row, "publicationTime", place),
        paths=component.paths,
        primary_url=f"{_ADVISORY_PAGE}{identifier}" if identifier.startswith("SNYK-") else "",
        sources=(SCANNER,),
        detail=_detail(row, place, way),
    )


def _licence(row: Record, place: Place, component: Component, way: tuple[str, ...]) -> Finding:
    stated = name_text(row, "license", place, limit=LICENCE_CHARACTERS)
    name = shortened(stated or required_name(row, "id", place).rpartition(":")[2])
    severity = severity_of_word(name_text(row, "severity", place, limit=100))
    ratings = (Rating(SCANNER, standing_of(SCANNER, distros=(), advisory="", scanner=SCANNER), severity),)
    return Finding(
        kind=FindingKind.LICENCE,
        id=name,
        component=component,
        severity=severity,
        severity_source=SCANNER if severity is not Severity.UNKNOWN else "",
        ratings=ratings,
        title=text(row, "title", place)[:_WAY_CHARACTERS] or name,
        paths=component.paths,
        sources=(SCANNER,),
        detail=_way(way),
    )


def _component(row: Record, place: Place, project: Project, identifier: str, way: tuple[str, ...]) -> Component:
    name = name_text(row, "name", place) or required_name(row, "packageName", place, limit=1_024)
    own = name_text(row, "packageManager", place).lower()
    manager = project.manager if project.manager in SYSTEM_PACKAGES else own or project.manager
    known = snyk_package(
        manager,
        name,
        name_text(row, "version", place),
        identifier=identifier,
        distribution=distro_of(own),
        paths=(project.file,) if project.file else (),
    )
    # The first of the way is the project; a package of the system is chosen by nobody in particular.
    told = len(way) == 2 if len(way) > 1 and known.type not in SYSTEM_PACKAGES else None  # noqa: PLR2004
    return replace(known, direct=told)


def _names(row: Record, place: Place, identifier: str) -> list[str]:
    """Return every name of the vulnerability, the one to be shown first."""
    given = record(row, "identifiers", place)
    inner = (place, "identifiers")
    names = {identifier, *texts(given, "CVE", inner), *texts(given, "GHSA", inner)}
    known = {canonical_id(name) for name in names}
    return sorted((name for name in known if not is_advisory(name)), key=preference)


def _ratings(row: Record, place: Place, component: Component) -> Iterator[Rating]:
    """Yield Snyk's own rating, NVD's, the distribution's, and every one that Snyk quotes by name."""
    yield _own(row, place)
    nvd = severity_of_word(name_text(row, "nvdSeverity", place, limit=100))
    if nvd is not Severity.UNKNOWN:
        yield _rating("nvd", component, nvd)
    distro = distro_of(component.namespace) or distro_of(name_text(row, "packageManager", place))
    importance = severity_of_word(name_text(row, "relativeImportance", place, limit=100))
    if distro and importance is not Severity.UNKNOWN:
        yield _rating(distro, component, importance)
    for one, here in records(row, "cvssDetails", place):
        yield _quoted(one, here, component, vector="cvssV3Vector", score="cvssV3BaseScore")
    for one, here in records(row, "cvssSources", place):
        yield _quoted(one, here, component, vector="vector", score="baseScore")


def _own(row: Record, place: Place) -> Rating:
    # An organisation may have changed the severity; what Snyk itself said is beside it, and the worse counts.
    said = (severity_of_word(name_text(row, name, place, limit=100)) for name in ("originalSeverity", "severity"))
    vector = name_text(row, "CVSSv3", place)
    version = version_of_vector(vector)
    score = tenths_at(number(row, "cvssScore", place), (place, "cvssScore")) if version else -1
    standing = standing_of(SCANNER, distros=(), advisory="", scanner=SCANNER)
    return Rating(SCANNER, standing, max(said, key=RANKS.__getitem__), version, vector if version else "", score)


def _quoted(row: Record, place: Place, component: Component, *, vector: str, score: str) -> Rating:
    author = author_of(name_text(row, "assigner", place)) or SCANNER
    written = name_text(row, vector, place)
    version = version_of_vector(written)
    tenths = tenths_at(number(row, score, place), (place, score)) if version else -1
    severity = severity_of_word(name_text(row, "severity", place, limit=100))
    return replace(
        _rating(author, component, severity),
        cvss_version=version,
        vector=written if version else "",
        score_tenths=tenths,
    )


def _rating(author: str, component: Component, severity: Severity) -> Rating:
    distros = {distro_of(component.namespace)} - {""} if component.type in SYSTEM_PACKAGES else set()
    return Rating(author, standing_of(author, distros=distros, advisory="", scanner=SCANNER), severity)


def _detail(row: Record, place: Place, way: tuple[str, ...]) -> Detail:
    known = {
        "exploit": name_text(row, "exploit", place),
        "severity_set_by_policy": _changed(row, place),
        **dict(_way(way)),
    }
    return tuple((name, value) for name, value in sorted(known.items()) if value)


def _changed(row: Record, place: Place) -> str:
    original = name_text(row, "originalSeverity", place, limit=100)
    present = name_text(row, "severity", place, limit=100)
    return f"{original} to {present}" if original and original != present else ""


def _way(way: tuple[str, ...]) -> Detail:
    chain = " > ".join(way)[:_WAY_CHARACTERS].replace("; ", ", ")
    return (("introduced_through", chain),) if chain else ()
