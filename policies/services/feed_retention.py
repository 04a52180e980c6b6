"""What of the feeds is not kept for ever: old history, old changes, the bytes of files somebody decided about."""

from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import connection

from policies.models.feeds import FeedChange, HeldFeed, HeldState
from stellapolicy.kernel.retention import Purge, Reach

KEPT_FILES: Final = timedelta(days=30)
# The last row before the bound stays: it says what stood on the first day that is kept.
_FORGET = """
    DELETE FROM policies_epsshistory WHERE ctid = ANY (ARRAY(
        SELECT old.ctid FROM policies_epsshistory old WHERE old.model_date < %(bound)s AND EXISTS (
            SELECT FROM policies_epsshistory later
            WHERE later.cve = old.cve AND later.model_date <= %(bound)s
              AND (later.model_date, later.load) > (old.model_date, old.load)
        ) LIMIT %(limit)s
    ))
"""


def remove_history(before: datetime, limit: int) -> int:
    """Remove predictions of days before an instant that later ones replaced by then."""
    with connection.cursor() as cursor:
        cursor.execute(_FORGET, {"bound": before.date(), "limit": limit})
        return int(cursor.rowcount)


def remove_changes(before: datetime, limit: int) -> int:
    """Remove what loads changed, with their news, where both day and load lie before an instant."""
    old = FeedChange.objects.filter(model_date__lt=before.date(), loaded_at__lt=before)
    numbers = list(old.order_by("pk").values_list("pk", flat=True)[:limit])
    FeedChange.objects.filter(pk__in=numbers).delete()
    return len(numbers)


def remove_files(before: datetime, limit: int) -> int:
    """Remove the bytes of files that were loaded or discarded before an instant; their rows stay."""
    decided = HeldFeed.objects.filter(state__in=(HeldState.LOADED, HeldState.DISCARDED), decided_at__lt=before)
    removed = list(decided.exclude(stored_as="").order_by("decided_at", "pk")[:limit])
    for held in removed:
        if not HeldFeed.objects.open().filter(stored_as=held.stored_as).exists():
            default_storage.delete(held.stored_as)
        held.stored_as = ""
        held.save(update_fields=["stored_as"])
    return len(removed)


def purges() -> tuple[Purge, ...]:
    """Return what the daily round removes."""
    kept = timedelta(days=settings.EPSS_HISTORY_DAYS)
    return (
        Purge("feeds.history", "what EPSS said on days gone by", kept, Reach.INSTALLATION, remove_history),
        Purge("feeds.changes", "what loads of feeds changed", kept, Reach.INSTALLATION, remove_changes),
        Purge("feeds.files", "feed files somebody decided about", KEPT_FILES, Reach.INSTALLATION, remove_files),
    )
