"""Writes a day of EPSS: copied beside what is known, compared in the database, a fixed number of statements."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import LiteralString

from django.db import connection
from django.db.backends.utils import CursorWrapper

from policies.feeds.news import NewsRule
from policies.importers.records import EpssDay
from policies.models.feeds import IntelligenceKind

_LINES_AT_ONCE = 20_000

_DAY = "CREATE TEMPORARY TABLE epss_day (cve varchar(32), score integer, percentile integer) ON COMMIT DROP"
# What differs from what is current; a CVE that the day leaves out has no new score.
_MOVED = """
    CREATE TEMPORARY TABLE epss_moved ON COMMIT DROP AS
    SELECT COALESCE(day.cve, known.cve) AS cve,
           known.score AS old_score, known.percentile AS old_percentile, day.score, day.percentile
    FROM epss_day day FULL JOIN policies_epssscore known ON known.cve = day.cve
    WHERE (day.score, day.percentile) IS DISTINCT FROM (known.score, known.percentile)
"""
# The same against what was known at the end of a day gone by.
_MOVED_THEN = """
    CREATE TEMPORARY TABLE epss_moved ON COMMIT DROP AS
    SELECT COALESCE(day.cve, known.cve) AS cve,
           known.score AS old_score, known.percentile AS old_percentile, day.score, day.percentile
    FROM epss_day day FULL JOIN (
        SELECT DISTINCT ON (cve) cve, score, percentile FROM policies_epsshistory
        WHERE model_date <= %s ORDER BY cve, model_date DESC, load DESC
    ) known ON known.cve = day.cve
    WHERE (day.score, day.percentile) IS DISTINCT FROM (known.score, known.percentile)
"""
_IS_NEWS: LiteralString = """
    (old_score IS NULL OR score IS NULL OR abs(score - old_score) >= %(distance)s
     OR width_bucket(old_score, %(thresholds)s::integer[]) <> width_bucket(score, %(thresholds)s::integer[]))
"""
_COUNTS = f"""
    SELECT count(*) FILTER (WHERE old_score IS NULL),
           count(*) FILTER (WHERE old_score IS NOT NULL AND score IS NOT NULL),
           count(*) FILTER (WHERE score IS NULL), count(*) FILTER (WHERE {_IS_NEWS})
    FROM epss_moved
"""  # noqa: S608 - our own text
_NEWS = f"""
    INSERT INTO policies_intelligenceevent (change_id, cve, kind, before, after, said)
    SELECT %(change)s, cve,
           CASE WHEN score IS NULL THEN '{IntelligenceKind.WITHDRAWN}'
                WHEN old_score IS NULL THEN '{IntelligenceKind.FIRST_SIGNAL}'
                WHEN width_bucket(old_score, %(thresholds)s::integer[])
                     <> width_bucket(score, %(thresholds)s::integer[])
                THEN '{IntelligenceKind.CROSSED}' ELSE '{IntelligenceKind.MOVED}' END,
           old_score, score, '{{}}'
    FROM epss_moved WHERE {_IS_NEWS} ORDER BY cve
"""  # noqa: S608 - our own text
_REMEMBER = """
    INSERT INTO policies_epsshistory (cve, model_date, load, score, percentile)
    SELECT cve, %s, %s, score, percentile FROM epss_moved ORDER BY cve
"""
# INVARIANT: between two rows of the history the older one stands. A day told late would stretch over the days after
# it, on which its CVEs were what they had been before; so the next day known says that once more.
_REPEAT_ON_THE_NEXT_DAY = """
    INSERT INTO policies_epsshistory (cve, model_date, load, score, percentile)
    SELECT moved.cve, %(next)s, %(load)s, moved.old_score, moved.old_percentile FROM epss_moved moved
    WHERE NOT EXISTS (
        SELECT FROM policies_epsshistory later WHERE later.cve = moved.cve AND later.model_date = %(next)s
    ) ORDER BY moved.cve
"""
_MAKE_CURRENT = """
    INSERT INTO policies_epssscore (cve, score, percentile, model_date)
    SELECT cve, score, percentile, %s FROM epss_moved WHERE score IS NOT NULL ORDER BY cve
    ON CONFLICT (cve) DO UPDATE
    SET score = EXCLUDED.score, percentile = EXCLUDED.percentile, model_date = EXCLUDED.model_date
"""
_WITHDRAW = """
    DELETE FROM policies_epssscore known USING epss_moved moved WHERE moved.cve = known.cve AND moved.score IS NULL
"""


@dataclass(frozen=True, slots=True)
class Movement:
    """How many rows a file adds, changes and removes, and how many of these are news."""

    added: int = 0
    changed: int = 0
    removed: int = 0
    news: int = 0

    @property
    def size(self) -> int:
        """How many rows are touched."""
        return self.added + self.changed + self.removed


@contextmanager
def staged(day: EpssDay, *, as_of: date | None = None) -> Iterator[CursorWrapper]:
    """Copy a day into the database and compare it, with what is current or with what was known `as_of` a day.

    Nothing that lasts is written: the comparison is gone when the block ends, unless the block keeps it.
    """
    with connection.cursor() as cursor:
        cursor.execute(_DAY)
        _copy(cursor, day)
        if as_of is None:
            cursor.execute(_MOVED)
        else:
            cursor.execute(_MOVED_THEN, [as_of])
        yield cursor
        cursor.execute("DROP TABLE epss_day, epss_moved")


def measure(cursor: CursorWrapper, rule: NewsRule) -> Movement:
    """Return how much the staged day moves."""
    cursor.execute(_COUNTS, _parameters(rule))
    return Movement(*cursor.fetchone())


def keep_current(cursor: CursorWrapper, *, model_date: date, load: int) -> None:
    """Make the staged day the current one, and remember what it changed; three statements."""
    cursor.execute(_REMEMBER, [model_date, load])
    cursor.execute(_MAKE_CURRENT, [model_date])
    cursor.execute(_WITHDRAW)


def keep_past(cursor: CursorWrapper, *, model_date: date, following: date, load: int) -> None:
    """Put the staged day into the history alone; `following` is the next day that is known."""
    cursor.execute(_REMEMBER, [model_date, load])
    cursor.execute(_REPEAT_ON_THE_NEXT_DAY, {"next": following, "load": load})


def keep_news(cursor: CursorWrapper, rule: NewsRule, *, change: int) -> None:
    """Write an event for every CVE of the staged day that is news."""
    cursor.execute(_NEWS, {**_parameters(rule), "change": change})


def _parameters(rule: NewsRule) -> dict[str, int | list[int]]:
    return {"thresholds": list(rule.thresholds), "distance": rule.distance}


def _copy(cursor: CursorWrapper, day: EpssDay) -> None:
    # CVE ids and numbers, all checked by the importer: nothing in them needs escaping.
    lines = map("%s\t%d\t%d\n".__mod__, day.rows())
    with cursor.copy("COPY epss_day (cve, score, percentile) FROM STDIN") as copy:
        while chunk := "".join(islice(lines, _LINES_AT_ONCE)):
            copy.write(chunk)
