"""Forgets what the feeds said long ago, and the bytes of files nobody wanted."""

from datetime import datetime, timedelta

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import connection

from policies.models.feeds import FeedChange, HeldFeed, HeldState

_KEPT_AFTER_DECISION = timedelta(days=30)
# The last row before the bound stays: it says what stood on the first day that is kept.
_FORGET = """
    DELETE FROM policies_epsshistory old WHERE old.model_date < %(bound)s AND EXISTS (
        SELECT FROM policies_epsshistory later
        WHERE later.cve = old.cve AND later.model_date <= %(bound)s
          AND (later.model_date, later.load) > (old.model_date, old.load)
    )
"""


def forget_old(*, at: datetime) -> int:
    """Remove history and changes past their time and files decided a month ago; return how many rows went."""
    bound = at.date() - timedelta(days=settings.EPSS_HISTORY_DAYS)
    with connection.cursor() as cursor:
        cursor.execute(_FORGET, {"bound": bound})
        removed = int(cursor.rowcount)
    changes, _ = FeedChange.objects.filter(model_date__lt=bound, loaded_at__date__lt=bound).delete()
    return removed + changes + _forget_files(at=at)


def _forget_files(*, at: datetime) -> int:
    decided = HeldFeed.objects.filter(
        state__in=(HeldState.LOADED, HeldState.DISCARDED), decided_at__lt=at - _KEPT_AFTER_DECISION
    ).exclude(stored_as="")
    for held in list(decided):
        default_storage.delete(held.stored_as)
        held.stored_as = ""
        held.save(update_fields=["stored_as"])
    return 0
