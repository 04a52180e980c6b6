"""Vulnerability rows of a Trivy report: who rated, who is believed, what is fixed.

Source of the fields: Trivy's JSON report, schema versions 1 and 2.
"""

from collections.abc import Iterator
from functools import lru_cache

from policies.importers.components import inferred_purl, purl_component, readable_purl
from policies.importers.gathering import Gathering
from policies.importers.ratings import (
    author_of,
    choose,
    distro_of,
    severity_of_word,
    standing_of,
    version_of_vector,
    with_derived_severities,
)
from policies.importers.records import Component, Finding, FindingKind, FixState, Rating, Standing
from policies.importers.shape import (
    IDENTIFIER_CHARACTERS,
    Place,
    Record,
    as_record,
    instant,
    name_text,
    number,
    record,
    refuse,
    required_name,
    tenths_at,
    text,
    texts,
)
from policies.importers.trivy_context import SCANNER, Target
from stellapolicy.kernel.identity import canonical_id, is_cve, is_malware, preference
from stellapolicy.kernel.severity import RANKS, Severity

_SYSTEM_PACKAGES = frozenset({"apk", "deb", "rpm"})
_LEVELS = (Severity.UNKNOWN, Severity.LOW, Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL)
_FIX_STATES = {
    "fixed": FixState.FIXED,
    "affected": FixState.NOT_FIXED,
    "fix_deferred": FixState.NOT_FIXED,
    "under_investigation": FixState.UNKNOWN,
    "unknown": FixState.UNKNOWN,
    "will_not_fix": FixState.WONT_FIX,
    "end_of_life": FixState.WONT_FIX,
}
_SCORES = (("V2Score", "V2Vector", "2.0"), ("V3Score", "V3Vector", "3.1"), ("V40Score", "V40Vector", "4.0"))


def vulnerability(row: Record, place: Place, target: Target, gathering: Gathering) -> Finding:
    """Return the finding of one vulnerability row."""
    written = canonical_id(required_name(row, "VulnerabilityID", place))
    vendor_ids = [canonical_id(name) for name in texts(row, "VendorIDs", place)]
    aliases = {name for name in vendor_ids if is_cve(name) or name.startswith("GHSA-")}
    identifier = min({written, *aliases}, key=preference)
    component = _component(row, place, target, gathering)
    advisory = author_of(text(record(row, "DataSource", place), "ID", (place, "DataSource")))
    ratings = _ratings(row, place, _distros(component, target, advisory), advisory, gathering)
    choice = choose(ratings)
    fixed_versions = _fixed_versions(row, place)
    _count_prose(row, gathering)
    return Finding(
        kind=FindingKind.MALWARE if is_malware(written) else FindingKind.VULNERABILITY,
        id=identifier,
        component=component,
        aliases=tuple(sorted({written, *aliases} - {identifier})),
        severity=choice.severity,
        severity_source=choice.severity_source,
        ratings=ratings,
        cvss=choice.cvss,
        title=text(row, "Title", place),
        cwes=tuple(sorted(set(texts(row, "CweIDs", place)))),
        fix_state=_fix_state(text(row, "Status", place), fixed_versions),
        fixed_versions=fixed_versions,
        advisory_source=advisory,
        published_at=instant(row, "PublishedDate", place),
        status=text(row, "Status", place),
        paths=component.paths,
        primary_url=text(row, "PrimaryURL", place),
        sources=(SCANNER,),
        detail=_detail(row, place, set(vendor_ids) - aliases),
    )


def has_fix(row: Record, place: Place) -> bool:
    """Whether the row names a version that fixes it."""
    return bool(text(row, "FixedVersion", place).strip())


def _detail(row: Record, place: Place, advisories: set[str]) -> tuple[tuple[str, str], ...]:
    layer = text(record(row, "Layer", place), "Digest", (place, "Layer"))
    known = {"advisories": "; ".join(sorted(advisories)), "layer": layer}
    return tuple((name, value) for name, value in sorted(known.items()) if value)


def _count_prose(row: Record, gathering: Gathering) -> None:
    for name, what in (("Description", "descriptions"), ("References", "references")):
        if row.get(name):
            gathering.drop(what)


def _component(row: Record, place: Place, target: Target, gathering: Gathering) -> Component:
    name = required_name(row, "PkgName", place, limit=1_024)
    version = name_text(row, "InstalledVersion", place)
    written = name_text(record(row, "PkgIdentifier", place), "PURL", (place, "PkgIdentifier"))
    path = name_text(row, "PkgPath", place, limit=4_096)
    purl = readable_purl(written)
    if purl is None:
        purl = inferred_purl(target.type, name, version)
        gathering.drop("package URLs", "absent or unreadable; made from type, name and version where possible")
    paths = target.paths(path)
    if purl is None:
        return Component(type=target.type, name=name, version=version, paths=paths)
    return purl_component(purl, version=version, paths=paths)


def _distros(component: Component, target: Target, advisory: str) -> frozenset[str]:
    """Return every distribution that may speak for the component: its own, the system's, the advisory's."""
    names = {
        distro_of(component.namespace) if component.type in _SYSTEM_PACKAGES else "",
        distro_of(target.type) if target.is_system else "",
        distro_of(advisory),
    }
    return frozenset(names - {""})


def _ratings(
    row: Record, place: Place, distros: frozenset[str], advisory: str, gathering: Gathering
) -> tuple[Rating, ...]:
    chosen = author_of(text(row, "SeveritySource", place)) or SCANNER
    levels = _vendor_levels(row, place)
    stated = severity_of_word(name_text(row, "Severity", place, limit=IDENTIFIER_CHARACTERS))
    if levels.setdefault(chosen, stated) is not stated:
        gathering.drop("severities other than their source's", "the source's own rating counts")
    ratings: list[Rating] = []
    for author, rated in _cvss_by_author(row, place):
        level = levels.pop(author, Severity.UNKNOWN)
        standing = _standing(author, distros, advisory, chosen)
        ratings += [Rating(author, standing, level, *parts) for parts in rated]
    ratings += [
        _plain_rating(author, _standing(author, distros, advisory, chosen), level) for author, level in levels.items()
    ]
    return with_derived_severities(ratings)


@lru_cache(maxsize=4_096)
def _standing(author: str, distros: frozenset[str], advisory: str, chosen: str) -> Standing:
    """Return an author's standing; a bystander whose word Trivy itself took stands where Trivy stands."""
    standing = standing_of(author, distros=distros, advisory=advisory, scanner=SCANNER)
    return Standing.SCANNER if standing is Standing.BYSTANDER and author == chosen else standing


@lru_cache(maxsize=4_096)
def _plain_rating(author: str, standing: Standing, level: Severity) -> Rating:
    return Rating(author, standing, level)


def _vendor_levels(row: Record, place: Place) -> dict[str, Severity]:
    inner = (place, "VendorSeverity")
    levels: dict[str, Severity] = {}
    for name, level in sorted(record(row, "VendorSeverity", place).items()):
        if not isinstance(level, int) or isinstance(level, bool) or not 0 <= level < len(_LEVELS):
            raise refuse((inner, name), f"expected a severity from 0 to {len(_LEVELS) - 1}")
        author, severity = author_of(name), _LEVELS[level]
        if RANKS[severity] >= RANKS[levels.get(author, Severity.UNKNOWN)]:
            levels[author] = severity
    return levels


def _cvss_by_author(row: Record, place: Place) -> Iterator[tuple[str, list[tuple[str, str, int]]]]:
    """Yield (author, [(version, vector, score in tenths)]); a vector without its score is kept, its score unknown."""
    inner = (place, "CVSS")
    for name, value in sorted(record(row, "CVSS", place).items()):
        here = (inner, name)
        given = as_record(value, here)
        rated: list[tuple[str, str, int]] = []
        for score_name, vector_name, version in _SCORES:
            vector = name_text(given, vector_name, here)
            score = number(given, score_name, here)
            if vector or score is not None:
                rated.append((version_of_vector(vector) or version, vector, tenths_at(score, (here, score_name))))
        if rated:
            yield author_of(name), rated


def _fixed_versions(row: Record, place: Place) -> tuple[str, ...]:
    parts = name_text(row, "FixedVersion", place, limit=4_096).split(",")
    return tuple(sorted({part.strip() for part in parts if part.strip()}))


def _fix_state(status: str, fixed_versions: tuple[str, ...]) -> FixState:
    """Return whether a fix exists; a named version is a fix, and an absent one means that Trivy knows of none."""
    if fixed_versions:
        return FixState.FIXED
    return _FIX_STATES.get(status, FixState.NOT_FIXED if not status else FixState.UNKNOWN)
