"""The geometry of a stacked bar chart; the template draws it, so that it needs no script and prints."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from gates.dashboard import DayOfDecisions

WIDTH, HEIGHT = 960, 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 36, 4, 8, 24
_MOST_GRID_LINES = 5
_DAYS_BETWEEN_LABELS = 7


@dataclass(frozen=True, slots=True)
class Segment:
    """One coloured part of a bar, in the units of the view box."""

    kind: str
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Bar:
    """One day; `label` is empty for most, so that they can be read."""

    day: date
    until: date
    x: float
    width: float
    segments: tuple[Segment, ...]
    counted: DayOfDecisions
    label: str

    @property
    def middle(self) -> float:
        """Where its label stands."""
        return round(self.x + self.width / 2, 2)


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars and the lines behind them: (y, the number it stands for)."""

    bars: tuple[Bar, ...]
    lines: tuple[tuple[float, int], ...]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = _LEFT
    right: int = WIDTH - _RIGHT
    baseline: int = HEIGHT - _BOTTOM


def stacked(days: Sequence[DayOfDecisions]) -> Chart:
    """Return the chart of these days, blocks at the bottom of each bar."""
    most = max((day.total for day in days), default=0)
    step = _step(most)
    count = max(-(-most // step), 1)
    top = step * count
    room = HEIGHT - _TOP - _BOTTOM
    slot = (WIDTH - _LEFT - _RIGHT) / max(len(days), 1)
    bars = tuple(
        _bar(day, x=_LEFT + slot * place, slot=slot, scale=room / top, last=len(days) - 1 - place)
        for place, day in enumerate(days)
    )
    lines = tuple((round(HEIGHT - _BOTTOM - room * line / count, 2), step * line) for line in range(count + 1))
    return Chart(bars, lines)


def _bar(day: DayOfDecisions, *, x: float, slot: float, scale: float, last: int) -> Bar:
    segments, y = [], float(HEIGHT - _BOTTOM)
    for kind, number in (("block", day.blocked), ("warn", day.warned), ("pass", day.passed)):
        if number:
            height = number * scale
            y -= height
            segments.append(Segment(kind, round(y, 2), round(height, 2)))
    label = f"{day.day:%d %b}" if last % _DAYS_BETWEEN_LABELS == 0 else ""
    return Bar(
        day.day,
        day.day + timedelta(days=1),
        round(x + slot * 0.15, 2),
        round(slot * 0.7, 2),
        tuple(segments),
        day,
        label,
    )


def _step(most: int) -> int:
    """Return the round number between two grid lines (1, 2 or 5 times a power of ten) that keeps them few."""
    magnitude = 1
    while True:
        for factor in (1, 2, 5):
            if factor * magnitude * _MOST_GRID_LINES >= most:
                return factor * magnitude
        magnitude *= 10
