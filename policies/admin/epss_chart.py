"""The geometry of a prediction over time; the template draws it, so that it needs no script and prints."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from policies.models import EpssHistory
from stellapolicy.kernel.decimals import EPSS_UNITS

WIDTH, HEIGHT = 960, 200
_LEFT, _RIGHT, _TOP, _BOTTOM = 48, 8, 8, 24
_LINES = (0, 25_000, 50_000, 75_000, 100_000)


@dataclass(frozen=True, slots=True)
class Point:
    """One change, in the units of the view box."""

    x: float
    y: float
    day: date
    score: int


@dataclass(frozen=True, slots=True)
class EpssChart:
    """A stepped line a stretch of days (EPSS may leave a CVE out for a while), the points on it, and lines behind."""

    steps: tuple[str, ...]
    points: tuple[Point, ...]
    lines: tuple[tuple[float, str], ...]
    first: date
    last: date
    width: int = WIDTH
    height: int = HEIGHT
    left: int = _LEFT
    right: int = WIDTH - _RIGHT


def stepped(rows: Sequence[EpssHistory], *, first: date, last: date) -> EpssChart:
    """Return the chart of what stood from one day to another; rows are ordered by day, each stands until the next."""
    days = max((last - first).days, 1)

    def x_of(day: date) -> float:
        return round(_LEFT + (WIDTH - _LEFT - _RIGHT) * max((day - first).days, 0) / days, 2)

    stretches: list[list[tuple[float, float]]] = [[]]
    points = []
    for row, following in zip(rows, (*rows[1:], None), strict=True):
        if row.score is None:
            stretches.append([])
            continue
        y = _y_of(row.score)
        until = following.model_date if following else last
        stretches[-1] += [(x_of(row.model_date), y), (x_of(until), y)]
        points.append(Point(x_of(row.model_date), y, row.model_date, row.score))
    drawn = tuple(" ".join(f"{x},{y}" for x, y in stretch) for stretch in stretches if stretch)
    lines = tuple((_y_of(line), f"{line * 100 // EPSS_UNITS} %") for line in _LINES)
    return EpssChart(drawn, tuple(points), lines, first, last)


def _y_of(score: int) -> float:
    return round(HEIGHT - _BOTTOM - (HEIGHT - _TOP - _BOTTOM) * score / EPSS_UNITS, 2)
