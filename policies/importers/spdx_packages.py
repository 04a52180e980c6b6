"""The packages of an SPDX document as components: package URL, licences, paths, digests.

Source: SPDX 2.3, clauses 7.13 to 7.21. Of what somebody concluded and what the author declared the conclusion counts;
NOASSERTION and NONE say nothing that a policy could judge.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from policies.importers.components import purl_component, readable_purl
from policies.importers.gathering import Gathering
from policies.importers.records import Component
from policies.importers.shape import (
    LICENCE_CHARACTERS,
    ROOT,
    Place,
    Record,
    name_text,
    read_each,
    records,
    required_name,
    shortened,
    text,
    texts,
)
from stellapolicy.kernel.identity import Purl

_SILENT = frozenset({"", "NOASSERTION", "NONE"})
_PURL = "purl"
_KNOWN_REFERENCES = frozenset({"advisory", "cpe22Type", "cpe23Type", "fix", "gitoid", "swh", "swid", "url"})
_FOUND_AT = re.compile(r"^acquired package info from [^:]{1,200}: (/.*)$")
_LOCATOR_CHARACTERS = 4_096
_DIGEST_ALGORITHM = "SHA256"


@dataclass(frozen=True, slots=True)
class Package:
    """One package and the name by which the rest of the document knows it; `notes` are its annotations."""

    reference: str
    name: str
    component: Component
    purpose: str
    digests: tuple[str, ...]
    notes: tuple[str, ...]


def read_packages(bom: Record, gathering: Gathering) -> dict[str, Package]:
    """Return the packages of a document by their reference; of two with one reference the first is meant."""
    packages: dict[str, Package] = {}

    def take(row: Record, place: Place) -> None:
        package = _package(row, place, gathering)
        if package.reference in packages:
            gathering.note("two packages have one reference; relationships are those of the first")
            gathering.components.append(package.component)
        else:
            packages[package.reference] = package

    read_each(bom, "packages", ROOT, take)
    return packages


def _package(row: Record, place: Place, gathering: Gathering) -> Package:
    purpose = name_text(row, "primaryPackagePurpose", place).lower().replace("_", "-")
    return Package(
        reference=required_name(row, "SPDXID", place, limit=1_024),
        name=required_name(row, "name", place, limit=1_024),
        component=_component(row, place, purpose, gathering),
        purpose=purpose,
        digests=tuple(sorted(_digests(row, place))),
        notes=tuple(sorted(_notes(row, place))),
    )


def _component(row: Record, place: Place, purpose: str, gathering: Gathering) -> Component:
    name = required_name(row, "name", place, limit=1_024)
    version = name_text(row, "versionInfo", place)
    licences = _licences(row, place, gathering)
    paths = tuple(sorted(_paths(row, place)))
    purl = _purl(row, place, gathering)
    if purl is not None:
        return purl_component(purl, version=version, paths=paths, licenses=licences)
    return Component(type=purpose or "library", name=name, version=version, paths=paths, licenses=licences)


def _purl(row: Record, place: Place, gathering: Gathering) -> Purl | None:
    """Return the package URL; of several the first in the alphabet, so that their order decides nothing."""
    written: set[str] = set()
    for reference, here in records(row, "externalRefs", place):
        kind = name_text(reference, "referenceType", here).rpartition("/")[2]
        if kind == _PURL:
            written.add(name_text(reference, "referenceLocator", here, limit=_LOCATOR_CHARACTERS))
        else:
            what = kind if kind in _KNOWN_REFERENCES else "other"
            gathering.drop(f"{what} references", "packages are known by their package URL")
    written.discard("")
    readable = sorted(
        (purl for purl in map(readable_purl, sorted(written)) if purl is not None), key=lambda purl: purl.text
    )
    gathering.drop(
        "package URLs", "unreadable; the component keeps its name and version", count=len(written) - len(readable)
    )
    gathering.drop("package URLs", "a second one of the same package", count=max(0, len(readable) - 1))
    return readable[0] if readable else None


def _licences(row: Record, place: Place, gathering: Gathering) -> tuple[str, ...]:
    concluded = name_text(row, "licenseConcluded", place, limit=LICENCE_CHARACTERS)
    declared = name_text(row, "licenseDeclared", place, limit=LICENCE_CHARACTERS)
    stated = [licence for licence in (concluded, declared) if licence.upper() not in _SILENT]
    if len(set(stated)) > 1:
        gathering.drop("declared licences", "somebody concluded another, and that counts")
    return (shortened(stated[0]),) if stated else ()


def _paths(row: Record, place: Place) -> Iterator[str]:
    """Yield where the package was found, which Syft writes into a sentence."""
    found = _FOUND_AT.match(text(row, "sourceInfo", place)[:_LOCATOR_CHARACTERS])
    if found:
        yield from (part.strip() for part in found[1].split(",") if part.strip().startswith("/"))


def _digests(row: Record, place: Place) -> Iterator[str]:
    for checksum, here in records(row, "checksums", place):
        if name_text(checksum, "algorithm", here).upper().replace("-", "") == _DIGEST_ALGORITHM:
            yield f"sha256:{name_text(checksum, 'checksumValue', here).lower()}"


def _notes(row: Record, place: Place) -> Iterator[str]:
    for annotation, here in records(row, "annotations", place):
        yield from (text(annotation, "comment", here)[:_LOCATOR_CHARACTERS]).splitlines()
    for line in texts(row, "attributionTexts", place):  # where older Trivy wrote what it now annotates
        yield line[:_LOCATOR_CHARACTERS]
