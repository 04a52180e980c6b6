"""`date("…")` and `instant("…")`: literals of time, checked while they are read."""

import re
from datetime import UTC, date, datetime

from policies.language.parser.cursor import Cursor, Unreadable
from policies.language.tokens import Token, TokenKind
from policies.language.tree import Day, Instant

_MOMENTS = frozenset({"date", "instant"})
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
# RFC 3339, section 5.6, with the capital letters and at most microseconds; narrower than what Python reads.
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?(Z|[+-]\d{2}:\d{2})", re.ASCII)


def at_moment(cursor: Cursor) -> bool:
    """Whether `date(` or `instant(` is next."""
    if cursor.token.kind is not TokenKind.WORD or cursor.token.text not in _MOMENTS:
        return False
    following = cursor.ahead()
    return following.kind is TokenKind.SYMBOL and following.text == "("


def moment(cursor: Cursor) -> Day | Instant:
    """Read a date or an instant; `at_moment` must hold."""
    word = cursor.advance()
    opener = cursor.advance()
    closer = cursor.ahead()
    if cursor.token.kind is not TokenKind.TEXT or closer.kind is not TokenKind.SYMBOL or closer.text != ")":
        message = f"`{word.text}` takes exactly one string"
        cursor.report("E217", word.span.to(opener.span), message, hint=_example(word))
        raise Unreadable
    written = cursor.advance()
    cursor.advance()
    span = cursor.span_from(word.start)
    if word.text == "date":
        if not _is_day(written.text):
            cursor.report("E217", written.span, "the calendar has no such day", hint=_example(word))
        return Day(written.text, span=span)
    if not _is_instant(written.text):
        cursor.report("E217", written.span, "this is not an instant with its zone", hint=_example(word))
    return Instant(written.text, span=span)


def _example(word: Token) -> str:
    example = "2026-12-31" if word.text == "date" else "2026-12-31T00:00:00Z"
    return f'write `{word.text}("{example}")`'


def _is_day(text: str) -> bool:
    try:
        return _DAY.fullmatch(text) is not None and date.fromisoformat(text) is not None
    except ValueError:
        return False


def _is_instant(text: str) -> bool:
    """Whether the text is an instant that has a place in UTC too (the first and last day may not)."""
    try:
        return _INSTANT.fullmatch(text) is not None and datetime.fromisoformat(text).astimezone(UTC) is not None
    except (ValueError, OverflowError):
        return False
