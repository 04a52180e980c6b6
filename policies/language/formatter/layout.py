"""Lines out of pieces: what fits stays on one line, what does not is broken, and every line knows its origin."""

from bisect import bisect_left
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

from policies.language.source import NOWHERE, Span
from policies.language.tokens import Comment

WIDTH = 100
INDENT = "  "


@dataclass(frozen=True, slots=True)
class Piece:
    """Text that is never broken; without an origin it was not written by the author, only by us."""

    text: str
    origin: Span | None = None


@dataclass(frozen=True, slots=True)
class Joined:
    """Parts that follow each other without a space."""

    parts: tuple["Layout", ...]


@dataclass(frozen=True, slots=True)
class Style:
    """How the items of a breakable stand: on one line between `opener` and `closer`, or each on its own line."""

    opener: str
    between: str
    closer: str
    before_item: str = ""
    after_item: str = ""
    after_last: str = ""

    @property
    def is_bracketed(self) -> bool:
        """Whether broken items stand between lines of the brackets, or just below the first of them."""
        return self.opener != ""


LIST = Style("[", ", ", "]", after_item=",", after_last=",")
ARGUMENTS = Style("(", ", ", ")", after_item=",")
FIELDS = Style("{ ", "; ", " }")
ALL_OF = Style("", " and ", "", before_item="and ")
ANY_OF = Style("", " or ", "", before_item="or ")


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a breakable and where it stands in the source."""

    layout: "Layout"
    origin: Span


@dataclass(frozen=True, slots=True)
class Breakable:
    """Items on one line where they fit, else one a line; `origin` runs from bracket to bracket."""

    style: Style
    items: tuple[Item, ...]
    origin: Span


Layout: TypeAlias = Piece | Joined | Breakable


@dataclass(slots=True)
class Line:
    """One line of output; `start` and `end` are offsets of what it shows, None where nothing of it was written."""

    depth: int
    text: str = ""
    start: int | None = None
    end: int = 0
    is_statement: bool = False
    begins_section: bool = False
    opens: bool = False
    closes: bool = False

    def add(self, text: str, origin: Span | None) -> None:
        """Append text that stood at `origin`."""
        self.text += text
        if origin is not None:
            self.start = origin.start if self.start is None else self.start
            self.end = max(self.end, origin.end)


class Pages:
    """The lines written so far; a line is broken where it grows too long or where a comment stands between items."""

    def __init__(self, comments: tuple[Comment, ...] = ()) -> None:
        self._comment_starts = [comment.start for comment in comments]
        self._depth = 0
        self.lines: list[Line] = []

    def has_comment_within(self, start: int, end: int) -> bool:
        """Whether a comment begins between two offsets of the source."""
        return bisect_left(self._comment_starts, end) > bisect_left(self._comment_starts, start)

    def statement(self, *layouts: Layout, begins_section: bool = False) -> None:
        """Write layouts as a statement of its own, on one line or several."""
        self.lines.append(Line(self._depth, is_statement=True, begins_section=begins_section))
        for layout in layouts:
            self._write(layout)

    def open_block(self, *layouts: Layout, begins_section: bool = False) -> None:
        """Write the head of a block; what follows stands one step to the right."""
        self.statement(*layouts, begins_section=begins_section)
        self.lines[-1].opens = True
        self._depth += 1

    def close_block(self, origin: Span) -> None:
        """Write the brace that closes a block."""
        self._depth -= 1
        self.lines.append(Line(self._depth, closes=True))
        self.lines[-1].add("}", origin)

    def outdent(self) -> None:
        """Let what follows stand one step to the left."""
        self._depth -= 1

    def _write(self, layout: Layout) -> None:
        match layout:
            case Piece(text, origin):
                self.lines[-1].add(text, origin)
            case Joined(parts):
                for part in parts:
                    self._write(part)
            case Breakable():
                self._write_breakable(layout)

    def _write_breakable(self, layout: Breakable) -> None:
        column = len(INDENT) * self.lines[-1].depth + len(self.lines[-1].text)
        fits = column + len(flat(layout)) <= WIDTH
        if layout.items and (self._has_comment_between_items(layout) or not (fits or _embraces_a_list(layout))):
            self._write_broken(layout)
        else:
            self._write_flat(layout)

    def _has_comment_between_items(self, layout: Breakable) -> bool:
        edges = [item.origin for item in layout.items]
        if layout.style.is_bracketed and edges != [NOWHERE] * len(edges):
            opener, closer = layout.origin.start, layout.origin.end
            edges = [Span(opener, opener), *edges, Span(closer, closer)]
        pairs = pairwise(edges)
        return any(self.has_comment_within(before.end, after.start) for before, after in pairs)

    def _write_flat(self, layout: Breakable) -> None:
        style = layout.style
        if not layout.items:
            self.lines[-1].add((style.opener + style.closer).replace("  ", ""), layout.origin)
            return
        if style.is_bracketed:
            self.lines[-1].add(style.opener, _first(layout.origin))
        for number, item in enumerate(layout.items):
            if number:
                self.lines[-1].add(style.between, None)
            self._write(item.layout)
        if style.is_bracketed:
            self.lines[-1].add(style.closer, _last(layout.origin))

    def _write_broken(self, layout: Breakable) -> None:
        style = layout.style
        if style.is_bracketed:
            self.lines[-1].add(style.opener.rstrip(), _first(layout.origin))
        home = self._depth
        self._depth = self.lines[-1].depth + 1
        last = len(layout.items) - 1
        for number, item in enumerate(layout.items):
            if number or style.is_bracketed:
                self.lines.append(Line(self._depth))
                self.lines[-1].add(style.before_item, None)
            self._write(item.layout)
            self.lines[-1].add(style.after_last if number == last else style.after_item, None)
        if style.is_bracketed:
            self.lines.append(Line(self._depth - 1, closes=True))
            self.lines[-1].add(style.closer.lstrip(), _last(layout.origin))
        self._depth = home


def _embraces_a_list(layout: Breakable) -> bool:
    """Whether the one argument of a call is a list, whose items then break while the call holds on to its brackets."""
    match layout:
        case Breakable(style, (Item(Breakable(inner, _, _), _),), _):
            return style is ARGUMENTS and inner is LIST
        case _:
            return False


def _first(origin: Span) -> Span:
    return Span(origin.start, min(origin.start + 1, origin.end))


def _last(origin: Span) -> Span:
    return Span(max(origin.end - 1, origin.start), origin.end)


def flat(layout: Layout) -> str:
    """Return a layout on one line."""
    match layout:
        case Piece(text, _):
            return text
        case Joined(parts):
            return "".join(flat(part) for part in parts)
        case Breakable(style, (), _):
            return (style.opener + style.closer).replace("  ", "")
        case Breakable(style, items, _):
            return style.opener + style.between.join(flat(item.layout) for item in items) + style.closer
