"""OpenVEX: statements about vulnerabilities in products, 0.2.0 and the two spellings before it.

Source: the OpenVEX specification 0.2.0 and its JSON schema; 0.0.1 writes products and vulnerabilities as plain texts.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from policies.importers.components import readable_purl
from policies.importers.document import Document
from policies.importers.gathering import Gathering
from policies.importers.justifications import openvex_justification
from policies.importers.records import ImportedReport, ReportSubject, SourceType, VexClaim, VexStatus
from policies.importers.shape import (
    ROOT,
    Place,
    Record,
    as_record,
    instant,
    items,
    name_text,
    read_each,
    record,
    refuse,
    required_name,
    text,
    texts,
)
from stellapolicy.kernel.identity import canonical_id, preference

_PRODUCT_CHARACTERS = 2_048
_DIGESTS = {"sha-256": "sha256", "sha-512": "sha512"}
_STATUSES = {status.value: status for status in VexStatus}


@dataclass(frozen=True, slots=True)
class _Author:
    name: str
    source: str
    issued_at: datetime | None


@dataclass(frozen=True, slots=True)
class _Product:
    """One product by every name it has, with the parts of it that are meant (none: the whole)."""

    names: tuple[str, ...]
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OpenVexImporter:
    """Reads OpenVEX."""

    format: str = "openvex"
    title: str = "OpenVEX"

    def detect(self, document: Document) -> bool:
        """Whether the file says that its context is OpenVEX."""
        value = document.value
        return isinstance(value, dict) and "openvex" in str(value.get("@context", "")).lower()

    def parse(self, document: Document) -> ImportedReport:
        """Return the claims of the document."""
        value = as_record(document.value, ROOT)
        gathering = Gathering(limits=document.limits)
        serial = name_text(value, "@id", ROOT)
        author = _Author(
            name=required_name(value, "author", ROOT, limit=1_024),
            source=serial or "an OpenVEX document",
            issued_at=instant(value, "last_updated", ROOT) or instant(value, "timestamp", ROOT),
        )
        if not items(value, "statements", ROOT):
            raise refuse((ROOT, "statements"), "a VEX document states something")
        for claims in read_each(value, "statements", ROOT, lambda row, place: _claims(row, place, author, gathering)):
            for claim in claims:
                gathering.claim(claim)
        return gathering.report(
            report_format=self.format,
            tool="openvex",
            tool_version=name_text(value, "@context", ROOT, limit=100).rpartition("/")[2].removeprefix("v"),
            source_type=SourceType.VEX,
            subject=ReportSubject(serial=serial),
            scanned_at=author.issued_at,
        )


def _claims(row: Record, place: Place, author: _Author, gathering: Gathering) -> list[VexClaim]:
    """Return one claim for each product, so that the parts of one never stand for those of another."""
    names = _vulnerability(row, place)
    status = _status(row, place)
    stated = name_text(row, "justification", place)
    statement = _statement(row, place)
    if status is VexStatus.NOT_AFFECTED and not stated and not statement:
        gathering.note("a statement says not affected and gives no reason; it weighs less for that")
    issued_at = instant(row, "last_updated", place) or instant(row, "timestamp", place) or author.issued_at
    return [
        VexClaim(
            vulnerability=names[0],
            status=status,
            aliases=names[1:],
            products=product.names,
            components=product.parts,
            justification=openvex_justification(stated),
            stated_justification=stated,
            statement=statement,
            author=author.name,
            source=author.source,
            issued_at=issued_at,
        )
        for product in _products(row, place)
    ]


def _vulnerability(row: Record, place: Place) -> tuple[str, ...]:
    """Return the names of the vulnerability, the one to be shown first."""
    if isinstance(row.get("vulnerability"), str):
        return (canonical_id(required_name(row, "vulnerability", place)),)
    inner = (place, "vulnerability")
    value = record(row, "vulnerability", place)
    name = name_text(value, "name", inner, limit=200) or required_name(value, "@id", inner)
    others = {canonical_id(alias) for alias in texts(value, "aliases", inner)}
    return tuple(sorted({canonical_id(name), *others}, key=preference))


def _status(row: Record, place: Place) -> VexStatus:
    word = required_name(row, "status", place)
    if word not in _STATUSES:
        raise refuse((place, "status"), f"{word!r} is not a status of OpenVEX; there are {', '.join(_STATUSES)}")
    return _STATUSES[word]


def _statement(row: Record, place: Place) -> str:
    written = (text(row, name, place).strip() for name in ("impact_statement", "action_statement", "status_notes"))
    return "\n".join(part for part in written if part)


def _products(row: Record, place: Place) -> list[_Product]:
    inner = (place, "products")
    shared = tuple(sorted(set(_parts(row, place))))
    found = [
        _Product(_names(value, (inner, index)), shared or tuple(sorted(set(_parts_of(value, (inner, index))))))
        for index, value in enumerate(items(row, "products", place))
    ]
    if not found:
        raise refuse(inner, "a statement names the products it speaks of")
    return found


def _parts_of(value: object, place: Place) -> Iterator[str]:
    if isinstance(value, dict):
        yield from _parts(value, place)


def _parts(parent: Record, place: Place) -> Iterator[str]:
    inner = (place, "subcomponents")
    for index, value in enumerate(items(parent, "subcomponents", place)):
        yield from _names(value, (inner, index))


def _names(value: object, place: Place) -> tuple[str, ...]:
    """Return every name a product or a part has: its id, its identifiers, the digests of its content."""
    if isinstance(value, str):
        named = {"@id": value}
        return (_spelled(required_name(named, "@id", place, limit=_PRODUCT_CHARACTERS)),)
    product = as_record(value, place)
    identifiers = (place, "identifiers")
    stated = [name_text(product, "@id", place, limit=_PRODUCT_CHARACTERS)]
    given = record(product, "identifiers", place)
    stated += [name_text(given, name, identifiers, limit=_PRODUCT_CHARACTERS) for name in ("purl", "cpe22", "cpe23")]
    stated += [name_text(given, name, identifiers) for name in ("cpe2.2", "cpe2.3")]
    hashes = record(product, "hashes", place)
    stated += [
        f"{prefix}:{value.lower()}"
        for name, prefix in _DIGESTS.items()
        if (value := name_text(hashes, name, (place, "hashes")))
    ]
    names = tuple(sorted({_spelled(name) for name in stated if name}))
    if not names:
        raise refuse(place, "has neither an @id nor an identifier")
    return names


def _spelled(name: str) -> str:
    purl = readable_purl(name) if name.startswith("pkg:") else None
    return name if purl is None else purl.text
