"""CycloneDX JSON: an inventory, a report, a VEX document, or all three in one.

Written for 1.4 to 1.6; 1.2, 1.3 and 1.7 have the same parts and are read as well.
Source: the CycloneDX JSON schemas. An inventory without vulnerabilities is no scan: nobody says that one was made.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from policies.importers.cyclonedx_components import read_inventory
from policies.importers.cyclonedx_vulnerabilities import Author, VulnerabilityReading, is_analysed
from policies.importers.document import Document
from policies.importers.gathering import Gathering
from policies.importers.records import ImportedReport, ReportSubject, SourceType, VexClaim
from policies.importers.refusals import FormatUnsupported
from policies.importers.shape import (
    ROOT,
    Place,
    Record,
    as_record,
    instant,
    integer,
    items,
    name_text,
    read_each,
    record,
    records,
    text,
)
from stellapolicy.kernel.identity import normalize_purl

VERSIONS = ("1.2", "1.3", "1.4", "1.5", "1.6", "1.7")
_UNREAD = ("annotations", "declarations", "formulation", "services")
_METADATA: Place = (ROOT, "metadata")
_PRODUCT: Place = (_METADATA, "component")
_TRIVY = "aquasecurity:trivy:"


@dataclass(frozen=True, slots=True)
class CycloneDxImporter:
    """Reads CycloneDX JSON."""

    format: str = "cyclonedx"
    title: str = "CycloneDX JSON 1.4 to 1.6"

    def detect(self, document: Document) -> bool:
        """Whether the file names itself CycloneDX."""
        value = document.value
        return isinstance(value, dict) and value.get("bomFormat") == "CycloneDX"

    def parse(self, document: Document) -> ImportedReport:
        """Return the records of the document."""
        bom = as_record(document.value, ROOT)
        version = name_text(bom, "specVersion", ROOT)
        if version not in VERSIONS:
            raise FormatUnsupported(
                f"CycloneDX {version or 'of no version'} is not supported; {', '.join(VERSIONS)} are"
            )
        gathering = Gathering(limits=document.limits)
        inventory = read_inventory(bom, gathering)
        gathering.components += inventory
        tool, tool_version = _tool(bom)
        subject = _subject(bom)
        vulnerabilities = [row for row, _ in records(bom, "vulnerabilities", ROOT)]
        claims_only = bool(vulnerabilities) and not gathering.components and all(map(is_analysed, vulnerabilities))
        author = Author(tool=tool, name=_responsible(bom) or tool, source=subject.serial or f"{tool} document")
        reading = VulnerabilityReading(gathering, inventory, author, claims_only=claims_only)
        read_each(bom, "vulnerabilities", ROOT, reading.read)
        made_at = instant(record(bom, "metadata", ROOT), "timestamp", _METADATA)
        gathering.claims = [_dated(claim, made_at) for claim in gathering.claims]
        _admit_gaps(bom, gathering)
        return gathering.report(
            report_format=self.format,
            tool=tool,
            tool_version=tool_version,
            source_type=_source_type(gathering, claims_only=claims_only),
            subject=subject,
            scanned_at=made_at,
        )


def _source_type(gathering: Gathering, *, claims_only: bool) -> SourceType:
    if claims_only:
        return SourceType.VEX
    return SourceType.SCAN if gathering.findings else SourceType.SBOM


def _dated(claim: VexClaim, made_at: datetime | None) -> VexClaim:
    return claim if claim.issued_at is not None else replace(claim, issued_at=made_at)


def _tool(bom: Record) -> tuple[str, str]:
    """Return name and version of the first tool; a list before 1.5, an object with components since."""
    metadata = record(bom, "metadata", ROOT)
    listed: Iterator[tuple[Record, Place]]
    if isinstance(metadata.get("tools"), dict):
        inner = (_METADATA, "tools")
        listed = records(record(metadata, "tools", _METADATA), "components", inner)
    else:
        listed = records(metadata, "tools", _METADATA)
    for tool, place in listed:
        return name_text(tool, "name", place, limit=100) or "cyclonedx", name_text(tool, "version", place, limit=100)
    return "cyclonedx", ""


def _responsible(bom: Record) -> str:
    """Return who answers for the document: manufacturer or supplier of it, else its first author."""
    metadata = record(bom, "metadata", ROOT)
    for name in ("manufacturer", "manufacture", "supplier"):
        company = name_text(record(metadata, name, _METADATA), "name", (_METADATA, name))
        if company:
            return company
    return next((name_text(person, "name", place) for person, place in records(metadata, "authors", _METADATA)), "")


def _subject(bom: Record) -> ReportSubject:
    product = record(record(bom, "metadata", ROOT), "component", _METADATA)
    properties = _properties(product)
    group, name = name_text(product, "group", _PRODUCT), name_text(product, "name", _PRODUCT)
    purl = _readable(name_text(product, "purl", _PRODUCT))
    return ReportSubject(
        name=f"{group}/{name}" if group else name,
        kind=name_text(product, "type", _PRODUCT),
        digests=tuple(sorted(_digests(product, properties))),
        image_id=next((value for named, value in properties if named == f"{_TRIVY}ImageID"), ""),
        purl=purl,
        tags=tuple(sorted({value for named, value in properties if named == f"{_TRIVY}RepoTag"})),
        labels=tuple(
            sorted(
                (named.partition(":labels:")[2], value) for named, value in properties if ":labels:" in named.lower()
            )
        ),
        serial=_serial(bom),
    )


def _readable(purl: str) -> str:
    try:
        return normalize_purl(purl) if purl else ""
    except ValueError:
        return ""


def _properties(product: Record) -> list[tuple[str, str]]:
    return [
        (text(one, "name", here), text(one, "value", here)) for one, here in records(product, "properties", _PRODUCT)
    ]


def _digests(product: Record, properties: list[tuple[str, str]]) -> set[str]:
    """Return the digests that name the product: its SHA-256, a repository digest, a digest as its version."""
    version = name_text(product, "version", _PRODUCT)
    found = {value.rpartition("@")[2] for named, value in properties if named == f"{_TRIVY}RepoDigest"}
    found |= {version} if version.startswith("sha256:") else set()
    for one, here in records(product, "hashes", _PRODUCT):
        if text(one, "alg", here) == "SHA-256":
            found.add(f"sha256:{text(one, 'content', here).lower()}")
    return found


def _serial(bom: Record) -> str:
    """Return the document's own name as other documents link to it: `urn:cdx:<uuid>/<version>`."""
    number = name_text(bom, "serialNumber", ROOT)
    if not number.startswith("urn:uuid:"):
        return ""
    return f"urn:cdx:{number.removeprefix('urn:uuid:').lower()}/{integer(bom, 'version', ROOT) or 1}"


def _admit_gaps(bom: Record, gathering: Gathering) -> None:
    for composition, place in records(bom, "compositions", ROOT):
        aggregate = name_text(composition, "aggregate", place)
        if aggregate.startswith("incomplete"):
            gathering.admit_filter(f"the inventory says of itself that it is {aggregate.replace('_', ' ')}")
    for name in _UNREAD:
        value = bom.get(name)
        gathering.drop(name, "not used by any check", count=len(value) if isinstance(value, list | dict) else 0)
    gathering.drop("signatures", "checked where trust is decided, on the file itself", count="signature" in bom)
    gathering.drop(
        "external references",
        count=sum(len(items(row, "externalReferences", place)) for row, place in records(bom, "components", ROOT)),
    )
