"""Actions: what a rule does once its condition holds."""

from collections.abc import Callable

from policies.language.diagnostics import did_you_mean
from policies.language.parser.cursor import Cursor, Unreadable, at_section
from policies.language.parser.expressions import expression
from policies.language.parser.literals import Allowed, dotted, expect_equals, list_of, record_fields
from policies.language.tokens import RESERVED, VERBS, TokenKind
from policies.language.tree import (
    Action,
    Annotate,
    Assign,
    Block,
    Defer,
    Escalate,
    Ignore,
    ListLiteral,
    RequestException,
    RequireVex,
    Warn,
)

_CLAUSES = ("when", "then", "else", "because")


def at_clause(cursor: Cursor) -> bool:
    """Whether a clause of a rule is next: `when`, `then`, `else`, `because` or a misplaced `priority`."""
    return cursor.at_word(*_CLAUSES) or (cursor.at_word("priority") and cursor.ahead().kind is TokenKind.NUMBER)


def actions(cursor: Cursor) -> tuple[Action, ...]:
    """Read actions up to the next clause or the end of the rule; the mistakes of one do not hide the next."""
    found: list[Action] = []
    rule = cursor.innermost()
    cursor.skip_semicolons()
    while not (cursor.at_end() or cursor.at_symbol("}") or at_clause(cursor) or at_section(cursor)):
        before = cursor.place
        try:
            found.append(_action(cursor))
        except Unreadable as failure:
            recognised = _at_action_or_line if failure.ends_with_line else _at_action_or_clause
            cursor.skip_to(recognised, inside=rule, since=before)
        cursor.skip_semicolons()
    return tuple(found)


def _at_action_or_clause(cursor: Cursor) -> bool:
    return at_clause(cursor) or cursor.at_word(*VERBS) or _at_assignment(cursor)


def _at_action_or_line(cursor: Cursor) -> bool:
    return _at_action_or_clause(cursor) or cursor.at_line_start()


def _at_assignment(cursor: Cursor) -> bool:
    """Whether a path and `:=` are next; asked at the first word of a path only, so that no path is read twice."""
    if cursor.token.kind is not TokenKind.WORD or cursor.previous.text == ".":
        return False
    distance = 1
    while cursor.ahead(distance).text == "." and cursor.ahead(distance + 1).kind is TokenKind.WORD:
        distance += 2
    return cursor.ahead(distance).text == ":="


def _action(cursor: Cursor) -> Action:
    if not cursor.at_word(*VERBS):
        return _assignment(cursor)
    start = cursor.token.start
    return _READERS[cursor.advance().text](cursor, start)


def _block(cursor: Cursor, start: int) -> Block:
    return Block(span=cursor.span_from(start))


def _warn(cursor: Cursor, start: int) -> Warn:
    message = cursor.expect_text("the message") if cursor.accept_word("message") else None
    return Warn(message, span=cursor.span_from(start))


def _ignore(cursor: Cursor, start: int) -> Ignore:
    until = expression(cursor) if cursor.accept_word("until") else None
    return Ignore(until, span=cursor.span_from(start))


def _defer(cursor: Cursor, start: int) -> Defer:
    if not cursor.accept_word("until"):
        hint = "write `defer until` and an instant"
        cursor.report("E222", cursor.span_from(start), "this deferral never ends", hint=hint)
        raise Unreadable
    until = expression(cursor)
    return Defer(until, span=cursor.span_from(start))


def _escalate(cursor: Cursor, start: int) -> Escalate:
    to = expression(cursor) if cursor.accept_word("to") else None
    return Escalate(to, span=cursor.span_from(start))


def _annotate(cursor: Cursor, start: int) -> Annotate:
    assigned = _assignment(cursor)
    return Annotate(assigned.target, assigned.value, span=cursor.span_from(start))


def _request_exception(cursor: Cursor, start: int) -> RequestException:
    fields = record_fields(cursor)
    return RequestException(fields, span=cursor.span_from(start))


def _assignment(cursor: Cursor) -> Assign:
    first = cursor.token
    if first.kind is not TokenKind.WORD:
        raise cursor.unexpected("an action")
    if first.text in RESERVED:
        raise cursor.unexpected("an action", hint=f"`{first.text}` is reserved")
    cursor.advance()
    target = dotted(cursor, first)
    if cursor.at_symbol("=", ":", "=="):
        token = cursor.advance()
        cursor.report("E211", token.span, f"`{token.text}` does not assign", hint="write `:=`")
    elif not cursor.accept_symbol(":="):
        hint = did_you_mean(first.text, VERBS) if len(target.names) == 1 else "an assignment is written `path := value`"
        cursor.report("E208", target.span, f"`{target.dotted[:80]}` is not an action", hint=hint)
        raise Unreadable(ends_with_line=True)
    value = expression(cursor)
    return Assign(target, value, span=target.span.to(value.span))


def _require_vex(cursor: Cursor, start: int) -> RequireVex:
    cursor.expect_symbol("{", after="`requireVex`")
    vendors = _named_list(cursor, "vendors")
    justifications = _named_list(cursor, "justifications")
    cursor.expect_symbol("}", after="the justifications")
    return RequireVex(vendors, justifications, span=cursor.span_from(start))


def _named_list(cursor: Cursor, word: str) -> ListLiteral:
    cursor.skip_semicolons()
    if not cursor.at_word(word):
        raise cursor.unexpected(f"`{word} = […]`", hint=did_you_mean(cursor.token.text, (word,)))
    name = cursor.expect_name(word)
    expect_equals(cursor, name)
    if not cursor.at_symbol("["):
        raise cursor.unexpected(f"the list of {word}", hint="write a list even of one, in `[` and `]`")
    found = list_of(cursor, Allowed.LITERALS)
    cursor.skip_semicolons()
    return found


_READERS: dict[str, Callable[[Cursor, int], Action]] = {
    "annotate": _annotate,
    "block": _block,
    "defer": _defer,
    "escalate": _escalate,
    "ignore": _ignore,
    "requestException": _request_exception,
    "requireVex": _require_vex,
    "warn": _warn,
}
