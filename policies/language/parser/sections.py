"""Sections: what stands between the braces of a policy."""

from collections.abc import Callable
from typing import TypeVar

from policies.language.diagnostics import did_you_mean
from policies.language.parser.cursor import Cursor, Unreadable, at_section, described
from policies.language.parser.expressions import expression
from policies.language.parser.literals import Allowed, entry, expect_equals, path, signed_number
from policies.language.parser.rules import rule
from policies.language.tokens import SECTION_WORDS, Token, TokenKind
from policies.language.tree import (
    Declaration,
    Declare,
    Entry,
    EnvironmentRow,
    EnvironmentTable,
    Expression,
    MapRow,
    Metadata,
    PolicyTest,
    Profile,
    ProfileEntry,
    Scalar,
    Section,
    Settings,
    SignalType,
    SourceMap,
)

Piece = TypeVar("Piece")
_TYPE_WORDS = tuple(sorted({*SignalType, "list"}))


def section(cursor: Cursor) -> Section | None:
    """Read one section; None where so much of it is missing that nothing is left (which has been reported)."""
    start = cursor.token.start
    word = cursor.token.text
    if cursor.token.kind is not TokenKind.WORD or word not in SECTION_WORDS:
        raise _unknown_section(cursor)
    return _READERS[word](cursor, start)


def at_any_section(cursor: Cursor) -> bool:
    """Whether a section is next, or what looks like one with a misspelt word."""
    if cursor.token.kind is not TokenKind.WORD:
        return False
    heads = {TokenKind.WORD, TokenKind.TEXT}
    brace = cursor.ahead(2) if cursor.ahead().kind in heads else cursor.ahead()
    return at_section(cursor) or (brace.kind is TokenKind.SYMBOL and brace.text == "{")


def _unknown_section(cursor: Cursor) -> Unreadable:
    """Report a word that begins no section, and read what stands before its braces."""
    word = cursor.token
    hint = did_you_mean(word.text, SECTION_WORDS) if word.kind is TokenKind.WORD else None
    cursor.report("E202", word.span, f"{described(word)} begins no section", hint=hint)
    while not (cursor.at_end() or cursor.at_symbol("{", "}")):
        cursor.advance()
        if at_section(cursor):
            break
    return Unreadable()


def _metadata(cursor: Cursor, start: int) -> Metadata:
    cursor.advance()
    return Metadata(_entries(cursor, Allowed.RECORDS), span=cursor.span_from(start))


def _settings(cursor: Cursor, start: int) -> Settings:
    cursor.advance()
    return Settings(_entries(cursor, Allowed.WORDS), span=cursor.span_from(start))


def _declare(cursor: Cursor, start: int) -> Declare:
    cursor.advance()
    return Declare(_block(cursor, "`declare`", _declaration, _at_entry), span=cursor.span_from(start))


def _block(
    cursor: Cursor, after: str, read: Callable[[Cursor], Piece], recognised: Callable[[Cursor], bool]
) -> tuple[Piece, ...]:
    """Read `{ piece* }`; the mistakes of one piece do not hide the next."""
    block = cursor.open_braces(after)
    pieces: list[Piece] = []
    while not cursor.closes(block):
        before = cursor.place
        try:
            pieces.append(read(cursor))
        except Unreadable:
            cursor.skip_to(recognised, inside=block, since=before)
    return tuple(pieces)


def _entries(cursor: Cursor, allowed: Allowed) -> tuple[Entry, ...]:
    after = f"`{cursor.previous.text}`"
    return _block(cursor, after, lambda here: entry(here, allowed), _at_entry)


def _at_entry(cursor: Cursor) -> bool:
    """Whether a key is next: a word that continues no path and is followed by `.`, `=` or `:`."""
    if cursor.token.kind is not TokenKind.WORD or cursor.previous.text in {".", "=", ":"}:
        return False
    following = cursor.ahead()
    return following.kind is TokenKind.SYMBOL and following.text in {"=", ":", "."}


def _declaration(cursor: Cursor) -> Declaration:
    key = path(cursor, "a signal")
    expect_equals(cursor, key)
    start = cursor.token
    written = _type_text(cursor)
    if written not in set(SignalType):
        hint = _type_hint(written)
        cursor.report("E216", cursor.span_from(start.start), f"`{written[:40]}` is not a type", hint=hint)
        raise Unreadable
    return Declaration(key, SignalType(written), span=key.span.to(cursor.previous.span))


def _type_hint(written: str) -> str:
    if written.startswith("list"):
        return "the only list is `list<string>`"
    return did_you_mean(written, SignalType) or f"the types are {', '.join(SignalType)}"


def _type_text(cursor: Cursor) -> str:
    if cursor.token.kind is not TokenKind.WORD:
        raise cursor.unexpected_among("a type", _TYPE_WORDS)
    name = cursor.advance().text
    if not cursor.at_symbol("<"):
        return name
    cursor.advance()
    element = cursor.advance().text
    cursor.expect_symbol(">", after=f"`{name}<{element[:40]}`")
    return f"{name}<{element}>"


# --- Profiles ---------------------------------------------------------------------------------------------------------


def _profile(cursor: Cursor, start: int) -> Profile:
    cursor.advance()
    name = cursor.expect_name("the name of a profile")
    entries = _block(cursor, "the name of a profile", _profile_entry, _at_profile_entry)
    return Profile(name, entries, span=cursor.span_from(start))


def _at_profile_entry(cursor: Cursor) -> bool:
    following = cursor.ahead()
    if cursor.at_word("map", "env"):
        return following.kind is TokenKind.WORD and cursor.ahead(2).text == "{"
    return cursor.token.kind is TokenKind.WORD and following.text == ":="


def _profile_entry(cursor: Cursor) -> ProfileEntry:
    start = cursor.token.start
    if cursor.accept_word("map"):
        name = cursor.expect_name("the name of a map")
        rows = _block(cursor, "the name of a map", _map_row, lambda here: here.at_word("source"))
        return SourceMap(name, rows, span=cursor.span_from(start))
    if cursor.accept_word("env"):
        name = cursor.expect_name("the name of a table")
        cases = _block(cursor, "the name of a table", _environment_row, lambda here: here.at_word("if"))
        return EnvironmentTable(name, cases, span=cursor.span_from(start))
    if cursor.token.kind is not TokenKind.WORD:
        raise cursor.unexpected("`map`, `env` or a scalar")
    return _scalar(cursor, start)


def _scalar(cursor: Cursor, start: int) -> Scalar:
    cursor.accept_word("scalar")
    name = cursor.expect_name("the name of a scalar")
    if cursor.at_symbol("=", ":", "=="):
        token = cursor.advance()
        cursor.report("E211", token.span, f"`{token.text}` does not assign", hint="write `:=`")
    else:
        hint = did_you_mean(name.text, ("map", "env", "scalar"))
        if not cursor.accept_symbol(":="):
            raise cursor.unexpected(f"`:=` after `{name.text[:40]}`", hint=hint)
    found = expression(cursor)
    return Scalar(name, found, span=cursor.span_from(start))


def _map_row(cursor: Cursor) -> MapRow:
    start = cursor.token.start
    if not cursor.accept_word("source"):
        raise cursor.unexpected_among('a row `source "name" => number`', ("source",))
    source = cursor.expect_text("the name of a source")
    cursor.expect_symbol("=>", after="the name of a source")
    return MapRow(source, signed_number(cursor), span=cursor.span_from(start))


def _environment_row(cursor: Cursor) -> EnvironmentRow:
    start = cursor.token.start
    if not cursor.accept_word("if"):
        raise cursor.unexpected_among("a row `if condition then number`", ("if",))
    condition = expression(cursor)
    if not cursor.accept_word("then"):
        raise cursor.unexpected("`then` after the condition of a row")
    return EnvironmentRow(condition, signed_number(cursor), span=cursor.span_from(start))


# --- Tests ------------------------------------------------------------------------------------------------------------


def _test(cursor: Cursor, start: int) -> PolicyTest:
    cursor.advance()
    name = cursor.expect_text("the name of a test")
    body = cursor.open_braces("the name of a test")
    given: list[Entry] = []
    expectations: list[Expression] = []
    seen: list[Token] = []
    while not cursor.closes(body):
        before = cursor.place
        try:
            _test_clause(cursor, given, expectations, seen)
        except Unreadable:
            cursor.skip_to(lambda here: here.at_word("given", "expect"), inside=body, since=before)
    words = {token.text for token in seen}
    for word in ("given", "expect"):
        if word not in words:
            cursor.report("E215", name.span, f"this test has no `{word}`")
    return PolicyTest(name, tuple(given), tuple(expectations), span=cursor.span_from(start))


def _test_clause(cursor: Cursor, given: list[Entry], expectations: list[Expression], seen: list[Token]) -> None:
    token = cursor.token
    if cursor.accept_word("given"):
        if seen:
            cursor.report("E215", token.span, "a test has one `given`, and it comes first")
        seen.append(token)
        given.extend(_entries(cursor, Allowed.RECORDS))
    elif cursor.accept_word("expect"):
        seen.append(token)
        expectations.append(expression(cursor))
    else:
        raise cursor.unexpected_among("`given` or `expect`", ("given", "expect"))


_READERS: dict[str, Callable[[Cursor, int], Section | None]] = {
    "declare": _declare,
    "metadata": _metadata,
    "profile": _profile,
    "release": rule,
    "rule": rule,
    "settings": _settings,
    "test": _test,
}
