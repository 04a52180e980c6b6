"""Comments put back among formatted lines, so that formatting the result again changes nothing.

A comment that followed something on its line stays at the end of the line that shows it; one on a line of its own,
or in the middle of what became one line, stands above the line it belongs to.
"""

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from dataclasses import dataclass

from policies.language.formatter.layout import INDENT, Line
from policies.language.tokens import Comment, Token, TokenKind

_BLANK_LINE = re.compile(r"\n[ \t]*\n")


@dataclass(frozen=True, slots=True)
class _Woven:
    """One line of output, or one comment on a line of its own, and the stretch of the source it stands for."""

    text: str
    start: int | None
    end: int | None
    may_follow_blank: bool
    must_follow_blank: bool
    opens: bool


class Weaver:
    """Weaves the comments of one source into its lines; the source has line feeds only."""

    def __init__(self, text: str, tokens: tuple[Token, ...], comments: tuple[Comment, ...]) -> None:
        self._text = text
        self._token_ends = [token.end for token in tokens if token.kind is not TokenKind.END]
        self._comments = comments

    def weave(self, lines: list[Line]) -> str:
        """Return the text of a file."""
        placed = [number for number, line in enumerate(lines) if line.start is not None]
        above, behind = self._distribute(lines, placed)
        woven: list[_Woven] = []
        for number, line in enumerate(lines):
            woven += self._with_comments(line, above[number], behind[number])
        woven += [_Woven(one.text, one.start, one.end, True, False, False) for one in above[len(lines)]]
        return self._spaced(woven)

    def _distribute(
        self, lines: list[Line], placed: list[int]
    ) -> tuple[dict[int, list[Comment]], dict[int, list[Comment]]]:
        """Return the comments above and behind each line, by its number; the last ones stand above the end."""
        above: dict[int, list[Comment]] = defaultdict(list)
        behind: dict[int, list[Comment]] = defaultdict(list)
        starts = [lines[number].start or 0 for number in placed]
        for comment in self._comments:
            index = bisect_left(starts, comment.start) - 1
            following = placed[index + 1] if index + 1 < len(placed) else len(lines)
            if index < 0 or self._is_alone(comment):
                is_inside = index >= 0 and comment.start < lines[placed[index]].end
                above[placed[index] if is_inside else following].append(comment)
                continue
            current = placed[index]
            if comment.start < lines[current].end:
                above[current].append(comment)
            elif behind[current] and behind[current][-1].ends_its_line:
                above[following].append(comment)
            else:
                behind[current].append(comment)
        return above, behind

    def _is_alone(self, comment: Comment) -> bool:
        """Whether no token stands before a comment on the line it begins on."""
        line_start = self._text.rfind("\n", 0, comment.start) + 1
        index = bisect_right(self._token_ends, comment.start) - 1
        return index < 0 or self._token_ends[index] <= line_start

    def _with_comments(self, line: Line, above: list[Comment], behind: list[Comment]) -> list[_Woven]:
        depth = line.depth + 1 if line.closes else line.depth
        may, must = line.is_statement or line.closes, line.begins_section
        woven = []
        for comment in above:
            is_inside = line.start is not None and comment.start > line.start
            start = line.start if is_inside else comment.start
            end = None if is_inside else comment.end
            woven.append(_Woven(INDENT * depth + comment.text, start, end, may, must, False))
            must = False
        text = " ".join([INDENT * line.depth + line.text.rstrip(), *(comment.text for comment in behind)])
        end = behind[-1].end if behind else line.end
        may = line.is_statement
        woven.append(_Woven(text, line.start, None if line.start is None else end, may, must, line.opens))
        return woven

    def _spaced(self, woven: list[_Woven]) -> str:
        written: list[str] = []
        previous: _Woven | None = None
        for one in woven:
            if previous is not None and self._is_blank_between(previous, one):
                written.append("")
            written.append(one.text)
            previous = one
        return "\n".join(written) + "\n"

    def _is_blank_between(self, before: _Woven, after: _Woven) -> bool:
        """A section begins after a blank line; elsewhere the author's stay, several as one."""
        if after.must_follow_blank:
            return True
        if before.opens or not after.may_follow_blank or before.end is None or after.start is None:
            return False
        return _BLANK_LINE.search(self._text, before.end, after.start) is not None
