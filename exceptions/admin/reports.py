"""What governance wants to know of exceptions: what should not be there, whose debt it is, how long decisions take."""

from collections.abc import Sequence
from typing import Any, Final

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from exceptions.admin.queues import TITLES, Queue
from exceptions.admin.reading import readable
from exceptions.models import PolicyException
from exceptions.rules.vocabulary import State
from exceptions.selectors.statistics import Statistics, shadowed_ids
from exceptions.selectors.trends import Decided, WeekOfDebt, debt_by_week, decisions_by_length, owing
from stellapolicy.admin import cells, chart
from stellapolicy.admin.base import PageAdmin
from stellapolicy.kernel.clock import now

_PEOPLE: Final = 20
_WEEKS_BETWEEN_LABELS: Final = 2


def reports_view(page: PageAdmin[PolicyException], request: HttpRequest) -> HttpResponse:
    """Answer with the reports over every exception the reader may see."""
    if not page.has_view_permission(request):
        raise PermissionDenied
    at = now()
    rows = readable(PolicyException.objects.all(), request)
    counted = Statistics.of(rows, at=at)
    weeks = debt_by_week(rows, at=at)
    context: dict[str, Any] = {
        "title": _("Reports"),
        "at": at,
        "counted": counted,
        "tiles": _tiles(counted, rows.filter(pk__in=shadowed_ids(at=at)).count()),
        "chart": chart.stacked([_column(week, last=place) for place, week in _from_the_end(weeks)]),
        "weeks": weeks,
        "people": owing(rows, at=at, limit=_PEOPLE),
        "lengths": _shares(decisions_by_length(rows)),
        "median": cells.span(counted.median_decision) if counted.median_decision is not None else "",
        "states": [(state.value, counted.by_state[state.value]) for state in State if counted.by_state[state.value]],
        "list": page.address,
    }
    return page.answer(request, "admin/exceptions/reports.html", context)


def _tiles(counted: Statistics, shadowed: int) -> list[tuple[Any, int, str, str]]:
    """Return what should be looked at: its name, how many, the queue behind it, and why it matters."""
    said = {
        Queue.EXPIRING: (counted.expiring, _("extend them or let them end")),
        Queue.UNUSED: (counted.unused, _("in force for a month, and nothing needed them")),
        Queue.OVER_BROAD: (counted.over_broad, _("more than 25 artifacts or 3 services")),
        Queue.SHADOWED: (shadowed, _("another one wins wherever they apply")),
        Queue.REVALIDATION: (counted.by_state[State.REVALIDATION_REQUIRED], _("what they rest on changed")),
    }
    return [(TITLES[queue], number, queue.value, remark) for queue, (number, remark) in said.items()]


def _from_the_end(weeks: Sequence[WeekOfDebt]) -> list[tuple[int, WeekOfDebt]]:
    return [(len(weeks) - 1 - place, week) for place, week in enumerate(weeks)]


def _column(week: WeekOfDebt, *, last: int) -> chart.Column:
    said = _("In force on %(day)s: %(critical)d critical, %(high)d high, %(other)d others")
    counted = {"day": week.ended.isoformat(), "critical": week.critical, "high": week.high, "other": week.other}
    return chart.Column(
        title=said % counted,
        parts=(("block", week.critical), ("warn", week.high), ("quiet", week.other)),
        label=f"{week.ended:%d %b}" if last % _WEEKS_BETWEEN_LABELS == 0 else "",
    )


def _shares(found: Sequence[Decided]) -> list[tuple[str, int, int]]:
    words = {
        "within_hours": _("within 4 hours"),
        "within_day": _("within a day"),
        "within_days": _("within 3 days"),
        "within_week": _("within a week"),
        "later": _("later"),
    }
    most = max((one.count for one in found), default=0) or 1
    return [(words[one.words], one.count, round(100 * one.count / most)) for one in found]
