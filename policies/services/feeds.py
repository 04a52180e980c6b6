"""Loads the feeds every tenant shares: whole or not at all, only changes written, the same day twice a no-op."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import connection, transaction

from policies.errors import FeedAhead, FeedOlder, FeedShrunk, NotAFeed
from policies.importers.records import EpssDay, KevCatalogue
from policies.importers.registry import import_file
from policies.models import EpssScore, FeedName, FeedState, KevEntry
from stellapolicy.audit import services as audit
from stellapolicy.kernel import digest
from stellapolicy.kernel.actor import Actor

SHRINK_FLOOR_PERCENT = 90
LARGEST_LEAD = timedelta(days=1)
# The version of a feed that stands in until a real one is loaded; any other replaces it, whatever its day and length.
SAMPLE = "sample"


@dataclass(frozen=True, slots=True)
class LoadedFeed:
    """What a load did: rows in the feed, rows written; none written means it was known already."""

    name: FeedName
    version: str
    row_count: int
    changed: int


@transaction.atomic
def load_feed(
    *, actor: Actor, content: bytes, at: datetime, expected: FeedName | None = None, is_sample: bool = False
) -> LoadedFeed:
    """Load an EPSS day or a KEV catalogue, recognised by its content.

    Raises NotAFeed for anything else, FeedOlder for a day before the one that is loaded, FeedShrunk when under 90 % of
    the last rows remain, and the importers' refusals with the line.
    """
    imported = import_file(content)
    match imported:
        case EpssDay():
            name, version, model_date = FeedName.EPSS, imported.model_version, imported.score_date
        case KevCatalogue():
            name, version, model_date = FeedName.KEV, imported.version, imported.released_at.date()
        case _:
            raise NotAFeed("this is a report about an artifact; POST it to /evidence")
    if (version == SAMPLE) is not is_sample:
        raise NotAFeed(f"a feed of version {SAMPLE!r} stands in on a laptop and is loaded by bootstrap alone")
    if model_date > (at + LARGEST_LEAD).date():
        raise FeedAhead(f"{name.label} is of {model_date}, which is still to come; nothing was loaded")
    if expected is not None and name != expected:
        raise NotAFeed(f"this is the {name.label} feed, {expected.label} was expected")
    row_count = len(imported) if isinstance(imported, EpssDay) else len(imported.entries)
    last = FeedState.objects.filter(name=name).first()
    if last is not None and last.version == SAMPLE:
        _forget(name)
    elif last is not None:
        _refuse_older(name, model_date, last)
        _refuse_shrunk(name, row_count, last)
    changed = _write_epss(imported) if isinstance(imported, EpssDay) else _write_kev(imported)
    state = _record(name, version=version, model_date=model_date, content=content, row_count=row_count, at=at)
    audit.record(actor, "feed.loaded", state, at=at, after_digest=state.digest)
    return LoadedFeed(name, version, row_count, changed)


def _refuse_older(name: FeedName, model_date: date, last: FeedState) -> None:
    if last.model_date is not None and model_date < last.model_date:
        raise FeedOlder(f"{name.label} of {last.model_date} is loaded, this one is of {model_date}; nothing was loaded")


def _refuse_shrunk(name: FeedName, row_count: int, last: FeedState) -> None:
    if row_count * 100 < last.row_count * SHRINK_FLOOR_PERCENT:
        raise FeedShrunk(f"{name.label} had {last.row_count} rows and now has {row_count}; nothing was loaded")


def _forget(name: FeedName) -> None:
    """Make room for the real feed: of a sample nothing stays."""
    (EpssScore if name is FeedName.EPSS else KevEntry).objects.all().delete()


def _record(
    name: FeedName, *, version: str, model_date: date, content: bytes, row_count: int, at: datetime
) -> FeedState:
    state, _ = FeedState.objects.update_or_create(
        name=name,
        defaults={
            "checked_at": at,
            "model_date": model_date,
            "version": version,
            "digest": digest.of_bytes(content),
            "row_count": row_count,
        },
    )
    return state


def _write_epss(day: EpssDay) -> int:
    """Copy the day beside the current scores, then write only what differs."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE epss_day (cve text, score integer, percentile integer) ON COMMIT DROP")
        with cursor.copy("COPY epss_day (cve, score, percentile) FROM STDIN") as copy:
            for row in day.rows():
                copy.write_row(row)
        cursor.execute(
            "INSERT INTO policies_epssscore AS known (cve, score, percentile, model_date) "
            "SELECT cve, score, percentile, %s FROM epss_day ORDER BY cve "
            "ON CONFLICT (cve) DO UPDATE SET score = EXCLUDED.score, percentile = EXCLUDED.percentile, "
            "model_date = EXCLUDED.model_date "
            "WHERE (known.score, known.percentile) <> (EXCLUDED.score, EXCLUDED.percentile)",
            [day.score_date],
        )
        changed = int(cursor.rowcount)
        cursor.execute("DROP TABLE epss_day")
    return changed


def _write_kev(catalogue: KevCatalogue) -> int:
    """Make the table say what the catalogue says; an entry withdrawn from it goes."""
    known = {row.cve: row for row in KevEntry.objects.all()}
    wanted = {
        entry.cve: KevEntry(
            cve=entry.cve,
            name=entry.name[:500],
            date_added=entry.date_added,
            due_date=entry.due_date,
            ransomware=entry.ransomware,
        )
        for entry in catalogue.entries
    }
    changed = [row for cve, row in wanted.items() if cve not in known or _differs(row, known[cve])]
    KevEntry.objects.bulk_create(
        changed,
        update_conflicts=True,
        unique_fields=["cve"],
        update_fields=["name", "date_added", "due_date", "ransomware"],
    )
    withdrawn = sorted(known.keys() - wanted.keys())
    KevEntry.objects.filter(cve__in=withdrawn).delete()
    return len(changed) + len(withdrawn)


def _differs(one: KevEntry, other: KevEntry) -> bool:
    return (one.name, one.date_added, one.due_date, one.ransomware) != (
        other.name,
        other.date_added,
        other.due_date,
        other.ransomware,
    )
