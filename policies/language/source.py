"""The text of one policy file and the places in it."""

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import NamedTuple

_LINE_BREAK = re.compile(r"\r\n|\r|\n")
_BYTE_ORDER_MARK = "\ufeff"


class Span(NamedTuple):
    """A stretch of a source, as offsets in code points: from `start` up to, not including, `end`."""

    start: int
    end: int

    def to(self, other: "Span") -> "Span":
        """Return the stretch from the beginning of this one to the end of the other."""
        return Span(self.start, max(self.end, other.end))


NOWHERE = Span(0, 0)


class Position(NamedTuple):
    """A place as people count it: line and column (in code points) from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Source:
    """A named text; a byte order mark in front of it is dropped, every kind of line end is accepted."""

    name: str
    text: str
    _line_starts: tuple[int, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", self.text.removeprefix(_BYTE_ORDER_MARK))
        breaks = (found.end() for found in _LINE_BREAK.finditer(self.text))
        object.__setattr__(self, "_line_starts", (0, *breaks))

    @classmethod
    def of_bytes(cls, name: str, content: bytes) -> "Source":
        """Return the source of a file's bytes; bytes that are not UTF-8 stay recognisable, the lexer refuses them."""
        return cls(name, content.decode("utf-8", "surrogateescape"))

    @property
    def line_count(self) -> int:
        """The number of lines; an empty text has one."""
        return len(self._line_starts)

    def position(self, offset: int) -> Position:
        """Return the line and column of an offset; the end of the text is a place too."""
        inside = min(max(offset, 0), len(self.text))
        line = bisect_right(self._line_starts, inside)
        return Position(line, inside - self._line_starts[line - 1] + 1)

    def line(self, number: int) -> str:
        """Return the text of a line, counted from 1, without its end."""
        start = self._line_starts[number - 1]
        end = self._line_starts[number] if number < self.line_count else len(self.text)
        return self.text[start:end].rstrip("\r\n")
