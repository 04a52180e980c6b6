"""CSAF 2.0: what a vendor says of its products, read as VEX claims.

Source: OASIS CSAF 2.0. Its mandatory tests on what we read are kept and a document that fails one is refused; a
profile's wish for more prose is not asked for.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from policies.importers.csaf_faults import Faults
from policies.importers.csaf_history import read_history
from policies.importers.csaf_products import ProductTree, read_products, require_product, require_references
from policies.importers.csaf_scores import check_scores
from policies.importers.document import Document
from policies.importers.gathering import PROSE, Gathering
from policies.importers.justifications import openvex_justification
from policies.importers.records import ImportedReport, ReportSubject, SourceType, VexClaim, VexStatus
from policies.importers.refusals import FormatUnsupported
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
    records,
    refuse,
    required_name,
    text,
    texts,
)
from stellapolicy.kernel.identity import canonical_id, preference

VERSION = "2.0"
_DOCUMENT: Place = (ROOT, "document")
_TRACKING: Place = (_DOCUMENT, "tracking")
_STATUSES = {
    "first_affected": VexStatus.AFFECTED,
    "known_affected": VexStatus.AFFECTED,
    "last_affected": VexStatus.AFFECTED,
    "first_fixed": VexStatus.FIXED,
    "fixed": VexStatus.FIXED,
    "known_not_affected": VexStatus.NOT_AFFECTED,
    "under_investigation": VexStatus.UNDER_INVESTIGATION,
}


@dataclass(frozen=True, slots=True)
class CsafImporter:
    """Reads CSAF 2.0."""

    format: str = "csaf"
    title: str = "CSAF 2.0"

    def detect(self, document: Document) -> bool:
        """Whether the file names a version of CSAF."""
        value = document.value
        about = value.get("document") if isinstance(value, dict) else None
        return isinstance(about, dict) and "csaf_version" in about

    def parse(self, document: Document) -> ImportedReport:
        """Return the claims of the document."""
        value = as_record(document.value, ROOT)
        about = record(value, "document", ROOT)
        version = name_text(about, "csaf_version", _DOCUMENT)
        if version != VERSION:
            raise FormatUnsupported(f"CSAF {version[:20] or 'of no version'} is not supported; {VERSION} is")
        gathering = Gathering(limits=document.limits)
        faults = Faults()
        read_history(value, faults)
        reading = _Reading(gathering, read_products(value, faults), *_author(about))
        read_each(value, "vulnerabilities", ROOT, reading.read)
        _once_each(value, faults)
        faults.refuse()
        return gathering.report(
            report_format=self.format,
            tool="csaf",
            tool_version=version,
            source_type=SourceType.VEX,
            subject=ReportSubject(serial=reading.source),
            scanned_at=reading.issued_at,
        )


def _author(about: Record) -> tuple[str, str, datetime | None]:
    """Return who answers for the document, what it is called and when it was released."""
    publisher = record(about, "publisher", _DOCUMENT)
    tracking = record(about, "tracking", _DOCUMENT)
    return (
        required_name(publisher, "name", (_DOCUMENT, "publisher"), limit=1_024),
        required_name(tracking, "id", _TRACKING, limit=1_024),
        instant(tracking, "current_release_date", _TRACKING),
    )


def _once_each(value: Record, faults: Faults) -> None:
    named: set[str] = set()
    for row, place in records(value, "vulnerabilities", ROOT):
        cve = name_text(row, "cve", place)
        if cve and cve in named:
            faults.add((place, "cve"), "6.1.23", f"{cve} is spoken of twice")
        named.add(cve)


@dataclass(frozen=True, slots=True)
class _Reading:
    """Vulnerabilities on their way into the report."""

    gathering: Gathering
    tree: ProductTree
    author: str
    source: str
    issued_at: datetime | None

    def read(self, row: Record, place: Place) -> None:
        """Import what is said of one vulnerability."""
        self._check(row, place)
        names = _names(row, place)
        self.gathering.drop("notes", PROSE, count=len(items(row, "notes", place)))
        self.gathering.drop("references", PROSE, count=len(items(row, "references", place)))
        statuses = _statuses(row, place, self.tree)
        if not names:
            self.gathering.drop("statements about vulnerabilities without an id", "nothing to join them by")
            return
        reasons = _reasons(row, place, self.tree)
        words = _words(row, place, self.tree)
        for product_id, status in statuses:
            products, components = self.tree.meaning(product_id)
            stated = reasons.get(product_id, "") if status is VexStatus.NOT_AFFECTED else ""
            self.gathering.claim(
                VexClaim(
                    vulnerability=names[0],
                    status=status,
                    aliases=names[1:],
                    products=products,
                    components=components,
                    justification=openvex_justification(stated),
                    stated_justification=stated,
                    statement=words.get(product_id, words.get("", "")),
                    author=self.author,
                    source=self.source,
                    issued_at=self.issued_at,
                )
            )

    def _check(self, row: Record, place: Place) -> None:
        check_scores(row, place, self.tree)
        for name in ("remediations", "threats", "flags"):
            for entry, here in records(row, name, place):
                require_references(self.tree, entry, here)
        for name, test in (("remediations", "6.1.29"), ("flags", "6.1.32")):
            for entry, here in records(row, name, place):
                if not entry.get("product_ids") and not entry.get("group_ids"):
                    self.tree.faults.add(here, test, "names no product it is about")
        self._involvements(row, place)

    def _involvements(self, row: Record, place: Place) -> None:
        seen: set[tuple[str, str]] = set()
        for entry, here in records(row, "involvements", place):
            party = (name_text(entry, "party", here), name_text(entry, "date", here))
            if party in seen:
                self.tree.faults.add(here, "6.1.24", f"{party[0]} is involved twice at {party[1] or 'no date'}")
            seen.add(party)


def _names(row: Record, place: Place) -> tuple[str, ...]:
    """Return the ids of the vulnerability, the one to be shown first."""
    cve = name_text(row, "cve", place, limit=200)
    others = [name_text(one, "text", here, limit=200) for one, here in records(row, "ids", place)]
    named = [cve] if cve else [other for other in others if other]
    return tuple(sorted({canonical_id(name) for name in named}, key=preference))


def _statuses(row: Record, place: Place, tree: ProductTree) -> list[tuple[str, VexStatus]]:
    """Return (product id, status), in order; a product of two statuses is a fault."""
    inner = (place, "product_status")
    told = record(row, "product_status", place)
    found: dict[str, VexStatus] = {}
    for name in (*_STATUSES, "recommended"):
        for index, product_id in enumerate(texts(told, name, inner)):
            here = ((inner, name), index)
            require_product(tree, product_id, here)
            status = _STATUSES.get(name)
            if status is None:
                continue
            if found.setdefault(product_id, status) is not status:
                message = f"{product_id[:80]!r} is both {found[product_id]} and {status}"
                tree.faults.add(here, "6.1.6", message)
    return sorted(found.items())


def _reasons(row: Record, place: Place, tree: ProductTree) -> dict[str, str]:
    """Return the justification stated for each product; two for one product are a fault."""
    found: dict[str, str] = {}
    for flag, here in records(row, "flags", place):
        label = required_name(flag, "label", here)
        if not openvex_justification(label):
            raise refuse((here, "label"), f"{label[:60]!r} is not a flag of CSAF")
        for product_id in tree.product_ids(flag, here):
            if found.setdefault(product_id, label) != label:
                tree.faults.add(here, "6.1.33", f"{product_id[:80]!r} is not affected for two reasons")
    return found


def _words(row: Record, place: Place, tree: ProductTree) -> dict[str, str]:
    """Return the sentence of impact or remedy for each product, under "" what is said of all."""
    found: dict[str, list[str]] = {}
    for entry, here in _sentences(row, place):
        sentence = text(entry, "details", here).strip()
        for product_id in tree.product_ids(entry, here) or ("",):
            found.setdefault(product_id, []).append(sentence)
    return {product_id: "\n".join(sorted(set(sentences))) for product_id, sentences in found.items()}


def _sentences(row: Record, place: Place) -> Iterator[tuple[Record, Place]]:
    for entry, here in records(row, "threats", place):
        if name_text(entry, "category", here) == "impact":
            yield entry, here
    yield from records(row, "remediations", place)
