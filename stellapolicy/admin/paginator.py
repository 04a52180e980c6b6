"""A paginator whose count costs no more than a page: exact while the list is short, the planner's estimate beyond."""

import json
from typing import Any

from django.core.paginator import Paginator
from django.db import connection
from django.db.models import QuerySet
from django.utils.functional import cached_property

EXACT_UP_TO = 10_000


class BoundedPaginator(Paginator[Any]):  # Any: pages of whatever the list shows
    """Counts at most `EXACT_UP_TO` rows; `is_estimated` says that there are more and the count a guess."""

    is_estimated = False

    @cached_property
    def count(self) -> int:
        """How many rows the list has."""
        if not isinstance(self.object_list, QuerySet):
            return len(self.object_list)
        plain = self.object_list.order_by().values("pk")
        counted = plain[: EXACT_UP_TO + 1].count()
        if counted <= EXACT_UP_TO:
            return counted
        self.is_estimated = True
        return max(_estimate(plain), counted)


def _estimate(rows: QuerySet[Any]) -> int:
    """Return how many rows PostgreSQL expects of the query."""
    statement, parameters = rows.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {statement}", parameters)
        (plan,) = cursor.fetchone()
    read = json.loads(plan) if isinstance(plan, str) else plan
    return int(read[0]["Plan"]["Plan Rows"])
