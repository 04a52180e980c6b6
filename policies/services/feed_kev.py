"""Writes a KEV catalogue: the table says what the catalogue says, and every difference is an event."""

from collections.abc import Iterator

from policies.feeds.news import KevDifference, Listing, compare_catalogues
from policies.importers.records import KevCatalogue
from policies.models import KevEntry
from policies.models.feeds import FeedChange, IntelligenceEvent, IntelligenceKind

_NAME_LENGTH = 500


def compare(catalogue: KevCatalogue) -> KevDifference:
    """Return what a catalogue changes about the entries that are known."""
    known = [
        Listing(row.cve, row.name, row.date_added, row.due_date, row.ransomware)
        for row in KevEntry.objects.order_by("cve")
    ]
    wanted = [
        Listing(entry.cve, entry.name[:_NAME_LENGTH], entry.date_added, entry.due_date, entry.ransomware)
        for entry in catalogue.entries
    ]
    return compare_catalogues(known, wanted)


def keep(catalogue: KevCatalogue, difference: KevDifference) -> None:
    """Write the entries that are new or differ, and remove those that are gone; at most two statements."""
    touched = {*(listing.cve for listing in difference.listed), *difference.amended}
    rows = [
        KevEntry(
            cve=entry.cve,
            name=entry.name[:_NAME_LENGTH],
            date_added=entry.date_added,
            due_date=entry.due_date,
            ransomware=entry.ransomware,
        )
        for entry in catalogue.entries
        if entry.cve in touched
    ]
    KevEntry.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["cve"],
        update_fields=["name", "date_added", "due_date", "ransomware"],
    )
    if difference.removed:
        KevEntry.objects.filter(cve__in=difference.removed).delete()


def keep_news(difference: KevDifference, change: FeedChange) -> None:
    """Write an event for every entry listed, amended or removed; one statement."""
    IntelligenceEvent.objects.bulk_create(_events(difference, change))


def _events(difference: KevDifference, change: FeedChange) -> Iterator[IntelligenceEvent]:
    for listing in difference.listed:
        said = {"due_date": [None, listing.due_date.isoformat()], "ransomware": [None, listing.ransomware]}
        yield IntelligenceEvent(change=change, cve=listing.cve, kind=IntelligenceKind.KEV_LISTED, said=said)
    for cve, members in difference.amended.items():
        yield IntelligenceEvent(change=change, cve=cve, kind=IntelligenceKind.KEV_CHANGED, said=dict(members))
    for cve in difference.removed:
        yield IntelligenceEvent(change=change, cve=cve, kind=IntelligenceKind.KEV_REMOVED)
