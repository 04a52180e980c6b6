"""The geometry of a stacked bar chart; the template draws it, so that it needs no script and prints."""

from collections.abc import Sequence
from dataclasses import dataclass

from django_stubs_ext import StrOrPromise

WIDTH, HEIGHT = 960, 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 36, 4, 8, 24
_MOST_GRID_LINES = 5


@dataclass(frozen=True, slots=True)
class Column:
    """What one bar stands for: its parts from the bottom up, what is read beside it, and where it leads."""

    title: StrOrPromise
    parts: tuple[tuple[str, int], ...]
    label: str = ""
    href: str = ""

    @property
    def total(self) -> int:
        """All of its parts."""
        return sum(number for _, number in self.parts)


@dataclass(frozen=True, slots=True)
class Segment:
    """One coloured part of a bar, in the units of the view box."""

    kind: str
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Bar:
    """One column, drawn."""

    column: Column
    x: float
    width: float
    segments: tuple[Segment, ...]

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


def stacked(columns: Sequence[Column]) -> Chart:
    """Return the chart of these columns, the first part of each at the bottom of its bar."""
    most = max((column.total for column in columns), default=0)
    step = _step(most)
    count = max(-(-most // step), 1)
    room = HEIGHT - _TOP - _BOTTOM
    slot = (WIDTH - _LEFT - _RIGHT) / max(len(columns), 1)
    scale = room / (step * count)
    bars = tuple(_bar(column, x=_LEFT + slot * place, slot=slot, scale=scale) for place, column in enumerate(columns))
    lines = tuple((round(HEIGHT - _BOTTOM - room * line / count, 2), step * line) for line in range(count + 1))
    return Chart(bars, lines)


def _bar(column: Column, *, x: float, slot: float, scale: float) -> Bar:
    segments, y = [], float(HEIGHT - _BOTTOM)
    for kind, number in column.parts:
        if number:
            height = number * scale
            y -= height
            segments.append(Segment(kind, round(y, 2), round(height, 2)))
    return Bar(column, round(x + slot * 0.15, 2), round(slot * 0.7, 2), tuple(segments))


def _step(most: int) -> int:
    """Return the round number between two grid lines (1, 2 or 5 times a power of ten) that keeps them few."""
    magnitude = 1
    while True:
        for factor in (1, 2, 5):
            if factor * magnitude * _MOST_GRID_LINES >= most:
                return factor * magnitude
        magnitude *= 10
