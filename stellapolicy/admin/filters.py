"""A period of whole UTC days, both ends included, as a filter of any list of instants."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from stellapolicy.admin.shim import DayFilter


class PeriodFilter(DayFilter):
    """The theme's two day fields, read as UTC days; a text that is no day narrows nothing."""

    def choices(self, changelist: ChangeList) -> Iterator[Any]:  # Any: what the theme's template reads
        """Return the two fields, under a title that says what kind of day it is."""
        self.title = _("day (UTC)")
        return super().choices(changelist)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:  # noqa: ARG002  # Any: any list
        """Return the rows from the first day's beginning to the last day's end."""
        first, last = self._day("from"), self._day("to")
        if first is not None:
            queryset = queryset.filter(**{f"{self.field_path}__gte": _begin(first)})
        if last is not None:
            queryset = queryset.filter(**{f"{self.field_path}__lt": _begin(last + timedelta(days=1))})
        return queryset

    def _day(self, end: str) -> date | None:
        try:
            return date.fromisoformat(str(self.used_parameters.get(f"{self.field_path}_{end}", "")))
        except ValueError:
            return None


def period_query(field: str, first: date, last: date, **others: str) -> str:
    """Return the query of a list narrowed to these days."""
    return urlencode({f"{field}_from": first.isoformat(), f"{field}_to": last.isoformat(), **others})


def _begin(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=UTC)
