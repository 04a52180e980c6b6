"""The vulnerabilities of a CycloneDX document: findings where it reports, claims where it analyses."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from policies.importers.components import purl_component, readable_purl
from policies.importers.cyclonedx_components import Inventory
from policies.importers.gathering import Gathering
from policies.importers.justifications import openvex_justification
from policies.importers.ratings import (
    author_of,
    choose,
    distro_of,
    severity_of_word,
    standing_of,
    version_of_vector,
    with_derived_severities,
)
from policies.importers.records import (
    Component,
    Finding,
    FindingKind,
    FixState,
    Rating,
    VersionScope,
    VexClaim,
    VexStatus,
)
from policies.importers.shape import (
    Place,
    Record,
    instant,
    items,
    name_text,
    number,
    record,
    records,
    refuse,
    required_name,
    tenths_at,
    text,
    texts,
)
from stellapolicy.kernel.identity import canonical_id, is_advisory, is_malware, preference

_METHODS = {"CVSSv2": "2.0", "CVSSv3": "3.0", "CVSSv31": "3.1", "CVSSv4": "4.0"}
_STATES = {
    "resolved": VexStatus.FIXED,
    "resolved_with_pedigree": VexStatus.FIXED,
    "exploitable": VexStatus.AFFECTED,
    "in_triage": VexStatus.UNDER_INVESTIGATION,
    "false_positive": VexStatus.NOT_AFFECTED,
    "not_affected": VexStatus.NOT_AFFECTED,
}
_SYSTEM_PACKAGES = frozenset({"apk", "deb", "rpm"})
_UPGRADE = re.compile(r"Upgrade (\S+) to version ([^;]+)")  # how Trivy writes the fix into `recommendation`


@dataclass(frozen=True, slots=True)
class Author:
    """Whose document it is: the tool that made it, whoever answers for it, its own name."""

    tool: str
    name: str
    source: str


@dataclass(frozen=True, slots=True)
class Affected:
    """One thing a vulnerability affects: a component of this document or not, and the versions meant."""

    reference: str
    components: tuple[Component, ...]
    versions: tuple[VersionScope, ...]


@dataclass(frozen=True, slots=True)
class VulnerabilityReading:
    """Vulnerabilities on their way into the report; a document of claims only makes no findings."""

    gathering: Gathering
    inventory: Inventory
    author: Author
    claims_only: bool

    def read(self, row: Record, place: Place) -> None:
        """Import one vulnerability."""
        names = _names(row, place)
        affected = [_affected(entry, here, self.inventory) for entry, here in records(row, "affects", place)]
        self._count(row, place)
        if not self.claims_only:
            components = _unique(affected) or [Component()]
            self.gathering.findings += [self._finding(row, place, names, component) for component in components]
        analysis = record(row, "analysis", place)
        status = _status(analysis, (place, "analysis"))
        if status is not None:
            about = affected or [Affected(self.inventory.root, (), ())]
            self.gathering.claims += [self._claim(row, place, names, one, status) for one in about]

    def _count(self, row: Record, place: Place) -> None:
        words = [name_text(rating, "severity", here) for rating, here in records(row, "ratings", place)]
        label = next((word for word in words if word), "")
        self.gathering.count(FindingKind.VULNERABILITY, label, with_fix=bool(_upgrades(row, place)))
        self.gathering.drop("descriptions", count=bool(row.get("description")) + bool(row.get("detail")))
        self.gathering.drop("references", count=len(items(row, "advisories", place)))

    def _finding(self, row: Record, place: Place, names: tuple[str, ...], component: Component) -> Finding:
        source = record(row, "source", place)
        advisory = author_of(text(source, "name", (place, "source")))
        ratings = with_derived_severities(list(self._ratings(row, place, component, advisory)))
        choice = choose(ratings)
        fixed = _fixed_versions(row, place, component)
        return Finding(
            kind=FindingKind.MALWARE if any(is_malware(name) for name in names) else FindingKind.VULNERABILITY,
            id=names[0],
            component=component,
            aliases=tuple(sorted(names[1:])),
            severity=choice.severity,
            severity_source=choice.severity_source,
            ratings=ratings,
            cvss=choice.cvss,
            cwes=_cwes(row, place),
            fix_state=FixState.FIXED if fixed else FixState.UNKNOWN,
            fixed_versions=fixed,
            advisory_source=advisory,
            published_at=instant(row, "published", place),
            withdrawn_at=instant(row, "rejected", place),
            status=text(record(row, "analysis", place), "state", (place, "analysis")),
            paths=component.paths,
            primary_url=text(source, "url", (place, "source")),
            sources=(self.author.tool,),
        )

    def _ratings(self, row: Record, place: Place, component: Component, advisory: str) -> Iterator[Rating]:
        distros = {distro_of(advisory)}
        if component.type in _SYSTEM_PACKAGES:
            distros.add(distro_of(component.namespace))
        distros.discard("")
        for rating, here in records(row, "ratings", place):
            source = text(record(rating, "source", here), "name", (here, "source"))
            author = author_of(source) or advisory or self.author.tool
            vector = name_text(rating, "vector", here)
            version = version_of_vector(vector) or _METHODS.get(name_text(rating, "method", here), "")
            score = number(rating, "score", here)
            if not version and score is not None:
                self.gathering.drop("scores of other methods", "not CVSS; the severity beside it is kept")
            yield Rating(
                author,
                standing_of(author, distros=distros, advisory="", scanner=self.author.tool),
                severity_of_word(name_text(rating, "severity", here)),
                version,
                vector if version else "",
                tenths_at(score, (here, "score")) if version else -1,
            )

    def _claim(
        self, row: Record, place: Place, names: tuple[str, ...], affected: Affected, status: VexStatus
    ) -> VexClaim:
        analysis = record(row, "analysis", place)
        inner = (place, "analysis")
        stated = name_text(analysis, "justification", inner)
        products, components = _scope(affected, self.inventory.root)
        return VexClaim(
            vulnerability=names[0],
            status=status,
            aliases=tuple(sorted(names[1:])),
            products=products,
            components=components,
            versions=affected.versions,
            justification=openvex_justification(stated),
            stated_justification=stated,
            statement=text(analysis, "detail", inner),
            responses=tuple(sorted(set(texts(analysis, "response", inner)))),
            author=self.author.name,
            source=self.author.source,
            issued_at=instant(analysis, "lastUpdated", inner) or instant(analysis, "firstIssued", inner),
        )


def is_analysed(row: Record) -> bool:
    """Whether a vulnerability comes with somebody's analysis."""
    return isinstance(row.get("analysis"), dict) and bool(row["analysis"])


def _names(row: Record, place: Place) -> tuple[str, ...]:
    """Return the ids of the vulnerability, the one to be shown first."""
    own = canonical_id(required_name(row, "id", place))
    others = {canonical_id(name_text(one, "id", here)) for one, here in records(row, "references", place)}
    names = {own} | {name for name in others if name and not is_advisory(name)}
    return tuple(sorted(names, key=preference))


def _status(analysis: Record, place: Place) -> VexStatus | None:
    state = name_text(analysis, "state", place)
    if not state:
        return None
    if state not in _STATES:
        raise refuse((place, "state"), f"{state!r} is not a state of CycloneDX")
    return _STATES[state]


def _affected(entry: Record, place: Place, inventory: Inventory) -> Affected:
    reference = required_name(entry, "ref", place, limit=1_024)
    versions = [
        VersionScope(
            version=name_text(one, "version", here),
            range=name_text(one, "range", here),
            status=name_text(one, "status", here),
        )
        for one, here in records(entry, "versions", place)
    ]
    return Affected(reference, inventory.named(reference), tuple(sorted(versions)))


def _unique(affected: list[Affected]) -> list[Component]:
    """Return the affected components; what the document does not list is known by its reference alone."""
    found: dict[str, Component] = {}
    for one in affected:
        for component in one.components or (_elsewhere(one.reference),):
            found.setdefault(component.key, component)
    return list(found.values())


def _elsewhere(reference: str) -> Component:
    _, _, fragment = reference.partition("#") if reference.startswith("urn:cdx:") else ("", "", reference)
    purl = readable_purl(fragment)
    return Component(name=reference) if purl is None else purl_component(purl)


def _scope(affected: Affected, root: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the (products, components) a claim speaks of, as `VexClaim` means them."""
    if affected.reference == root:
        return (), ()
    if affected.components:
        return (), tuple(sorted({one.purl or one.key for one in affected.components}))
    document, _, fragment = affected.reference.partition("#")
    linked = affected.reference.startswith("urn:cdx:")
    purl = readable_purl(fragment if linked else affected.reference)
    if purl is None:
        return (affected.reference,), ()
    return ((document,) if linked else ()), (purl.text,)


def _upgrades(row: Record, place: Place) -> dict[str, tuple[str, ...]]:
    found = _UPGRADE.findall(text(row, "recommendation", place))
    return {name: tuple(part.strip() for part in versions.split(",") if part.strip()) for name, versions in found}


def _fixed_versions(row: Record, place: Place, component: Component) -> tuple[str, ...]:
    upgrades = _upgrades(row, place)
    names = (component.name, f"{component.namespace}:{component.name}", f"{component.namespace}/{component.name}")
    return tuple(sorted({version for name in names for version in upgrades.get(name, ())}))


def _cwes(row: Record, place: Place) -> tuple[str, ...]:
    inner = (place, "cwes")
    names: set[str] = set()
    for index, value in enumerate(items(row, "cwes", place)):
        if not isinstance(value, int) or isinstance(value, bool):
            raise refuse((inner, index), "expected the number of a weakness")
        names.add(f"CWE-{value}")
    return tuple(sorted(names))
