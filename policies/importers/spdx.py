"""SPDX JSON 2.3, and 2.2 as older tools still write it: an inventory, never a scan.

Source: SPDX 2.3, clauses 6 (document), 7 (package), 11 (relationships), and its JSON schema.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from policies.importers.document import Document
from policies.importers.gathering import Gathering
from policies.importers.records import Component, ImportedReport, ReportSubject, SourceType
from policies.importers.refusals import FormatUnsupported
from policies.importers.shape import (
    ROOT,
    Place,
    Record,
    as_record,
    instant,
    items,
    name_text,
    record,
    texts,
)
from policies.importers.spdx_packages import Package, read_packages
from policies.importers.spdx_relations import Relations, read_relations

VERSIONS = ("SPDX-2.2", "SPDX-2.3")
_IMAGES = ("container", "docker", "oci")
_DOCUMENT = "SPDXRef-DOCUMENT"
_CREATION: Place = (ROOT, "creationInfo")
_TOOL = re.compile(r"^Tool: (?P<name>.+?)(?:[- ](?P<version>v?\d[^\s]*))?$")
_SAID = re.compile(r"^(ImageID|RepoDigest|RepoTag|Labels:[^:]{1,200}): (\S.*)$")
_DIGEST = re.compile(r"sha256(?::|%3A)([0-9a-f]{64})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SpdxImporter:
    """Reads SPDX JSON."""

    format: str = "spdx"
    title: str = "SPDX JSON 2.3"

    def detect(self, document: Document) -> bool:
        """Whether the file names a version of SPDX the way version 2 does."""
        value = document.value
        return isinstance(value, dict) and "spdxVersion" in value

    def parse(self, document: Document) -> ImportedReport:
        """Return the records of the document."""
        bom = as_record(document.value, ROOT)
        version = name_text(bom, "spdxVersion", ROOT)
        if version not in VERSIONS:
            raise FormatUnsupported(f"{version or 'SPDX of no version'} is not supported; {', '.join(VERSIONS)} are")
        gathering = Gathering(limits=document.limits)
        packages = read_packages(bom, gathering)
        relations = read_relations(bom, packages, gathering)
        described = _described(bom, relations)
        products = [packages[name] for name in described if name in packages]
        product = products[0] if len(products) == 1 else None
        gathering.components += _components(packages, product, relations)
        _count_dropped(bom, gathering)
        tool, tool_version = _tool(bom)
        return gathering.report(
            report_format=self.format,
            tool=tool,
            tool_version=tool_version,
            source_type=SourceType.SBOM,
            subject=_subject(bom, product),
            scanned_at=instant(record(bom, "creationInfo", ROOT), "created", _CREATION),
        )


def _components(packages: dict[str, Package], product: Package | None, relations: Relations) -> Iterator[Component]:
    """Yield every package but the product, which is what the others are parts of."""
    known = relations.seen_from(product.reference) if product else relations.seen_from("")
    for package in packages.values():
        if package is not product:
            yield known.applied_to(package)


def _described(bom: Record, relations: Relations) -> list[str]:
    """Return what the document says it describes, in the older spelling and in the newer, each once and in order."""
    listed = texts(bom, "documentDescribes", ROOT)
    own = name_text(bom, "SPDXID", ROOT) or _DOCUMENT
    return sorted({*listed, *relations.described_by(own), *relations.described_by(_DOCUMENT)})


def _tool(bom: Record) -> tuple[str, str]:
    """Return name and version of the first tool among the creators."""
    for creator in texts(record(bom, "creationInfo", ROOT), "creators", _CREATION):
        found = _TOOL.match(creator[:300])
        if found:
            return found["name"][:100].lower(), (found["version"] or "")[:100]
    return "spdx", ""


def _subject(bom: Record, product: Package | None) -> ReportSubject:
    serial = name_text(bom, "documentNamespace", ROOT, limit=2_048)
    if product is None:
        return ReportSubject(name=name_text(bom, "name", ROOT), serial=serial)
    said = [match.groups() for note in product.notes if (match := _SAID.match(note))]
    digests = {*product.digests, *(value for name, value in said if name == "RepoDigest")}
    component = product.component
    if component.type in _IMAGES:
        digests.add(component.version)  # an image's version is its digest
    return ReportSubject(
        name=product.name,
        kind=product.purpose,
        digests=tuple(sorted({f"sha256:{found[1].lower()}" for one in digests if (found := _DIGEST.search(one))})),
        image_id=next((value for name, value in said if name == "ImageID"), ""),
        purl=component.purl,
        tags=tuple(sorted({value for name, value in said if name == "RepoTag"})),
        labels=tuple(
            sorted((name.removeprefix("Labels:"), value) for name, value in said if name.startswith("Labels:"))
        ),
        serial=serial,
        references=tuple(sorted({value for name, value in said if name == "RepoDigest" and "@" in value})),
    )


def _count_dropped(bom: Record, gathering: Gathering) -> None:
    for name, why in (
        ("files", "packages are what is judged"),
        ("snippets", "packages are what is judged"),
        ("annotations", "prose for people; the stored file keeps it"),
        ("hasExtractedLicensingInfos", "the text of licences; the stored file keeps it"),
        ("externalDocumentRefs", "another document; send it as well"),
    ):
        gathering.drop(name, why, count=len(items(bom, name, ROOT)))
