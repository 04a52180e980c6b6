"""The decisions of some days as a chart."""

from collections.abc import Sequence

from django.urls import reverse
from django.utils.translation import gettext as _

from gates.dashboard import DayOfDecisions
from stellapolicy.admin import chart
from stellapolicy.admin.filters import period_query

_DAYS_BETWEEN_LABELS = 7


def stacked(days: Sequence[DayOfDecisions]) -> chart.Chart:
    """Return the chart of these days, blocks at the bottom of each bar; few are labelled, so that they can be read."""
    last = len(days) - 1
    return chart.stacked(
        [_column(day, is_labelled=(last - place) % _DAYS_BETWEEN_LABELS == 0) for place, day in enumerate(days)]
    )


def _column(day: DayOfDecisions, *, is_labelled: bool) -> chart.Column:
    said = _("%(day)s: %(blocked)d blocked, %(warned)d with warnings, %(passed)d passed")
    counted = {"day": day.day.isoformat(), "blocked": day.blocked, "warned": day.warned, "passed": day.passed}
    query = period_query("created_at", day.day, day.day)
    return chart.Column(
        title=said % counted,
        parts=(("block", day.blocked), ("warn", day.warned), ("pass", day.passed)),
        label=f"{day.day:%d %b}" if is_labelled else "",
        href=f"{reverse('admin:gates_gatedecision_changelist')}?{query}",
    )
