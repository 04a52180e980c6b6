"""KEV, the catalogue of known exploited vulnerabilities of CISA, as JSON.

Source: the catalogue's own JSON Schema (known_exploited_vulnerabilities_schema.json).
"""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import partial

from policies.importers.document import Document
from policies.importers.records import KevCatalogue, KevEntry
from policies.importers.refusals import FeedHeaderInvalid, FeedIncomplete, FeedRowInvalid, ShapeInvalid
from policies.importers.shape import (
    ROOT,
    Place,
    Record,
    as_record,
    instant,
    integer,
    name_text,
    pointer,
    read_each,
    refuse,
    required_name,
    text,
    texts,
)
from stellapolicy.kernel.identity import canonical_id, is_cve

_RANSOMWARE = {"known": True, "unknown": None, "": None}


@dataclass(frozen=True, slots=True)
class KevImporter:
    """Reads the whole catalogue."""

    format: str = "kev"
    title: str = "CISA KEV JSON"

    def detect(self, document: Document) -> bool:
        """Whether the file is a catalogue."""
        value = document.value
        return isinstance(value, dict) and "catalogVersion" in value and "vulnerabilities" in value

    def parse(self, document: Document) -> KevCatalogue:
        """Return the catalogue; raises FeedHeaderInvalid, FeedRowInvalid (naming the pointer), FeedIncomplete."""
        catalogue = as_record(document.value, ROOT)
        version = name_text(catalogue, "catalogVersion", ROOT)
        released_at = instant(catalogue, "dateReleased", ROOT)
        if not version or released_at is None:
            raise FeedHeaderInvalid("the catalogue needs catalogVersion and dateReleased")
        entries = _entries(catalogue)
        stated = integer(catalogue, "count", ROOT)
        if not entries or (stated is not None and stated != len(entries)):
            raise FeedIncomplete(f"the catalogue says it has {stated} entries and has {len(entries)}")
        return KevCatalogue(version=version, released_at=released_at, entries=tuple(sorted(entries)))


def _entries(catalogue: Record) -> list[KevEntry]:
    seen: dict[str, str] = {}
    try:
        return read_each(catalogue, "vulnerabilities", ROOT, partial(_entry, seen=seen))
    except ShapeInvalid as refusal:
        faults = tuple(replace(fault, code=FeedRowInvalid.code) for fault in refusal.faults)
        raise FeedRowInvalid(refusal.detail, faults=faults) from None


def _entry(row: Record, place: Place, *, seen: dict[str, str]) -> KevEntry:
    cve = canonical_id(required_name(row, "cveID", place))
    if not is_cve(cve):
        raise refuse((place, "cveID"), f"{cve!r} is not a CVE id")
    if cve in seen:
        raise refuse((place, "cveID"), f"{cve} stands at {seen[cve]} already")
    seen[cve] = pointer(place)
    ransomware = text(row, "knownRansomwareCampaignUse", place).strip().lower()
    if ransomware not in _RANSOMWARE:
        raise refuse((place, "knownRansomwareCampaignUse"), 'expected "Known" or "Unknown"')
    return KevEntry(
        cve=cve,
        date_added=_day(row, "dateAdded", place),
        due_date=_day(row, "dueDate", place),
        ransomware=_RANSOMWARE[ransomware],
        name=name_text(row, "vulnerabilityName", place),
        vendor=name_text(row, "vendorProject", place),
        product=name_text(row, "product", place),
        required_action=text(row, "requiredAction", place),
        notes=text(row, "notes", place),
        cwes=tuple(sorted(set(texts(row, "cwes", place)))),
    )


def _day(row: Record, name: str, place: Place) -> date:
    written = required_name(row, name, place)
    try:
        return datetime.strptime(written, "%Y-%m-%d").replace(tzinfo=UTC).date()
    except ValueError:
        raise refuse((place, name), f"{written!r} is not a day (YYYY-MM-DD)") from None
