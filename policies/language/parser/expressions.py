"""Expressions: a Pratt parser whose recursion is counted, so that no nesting can exhaust the stack."""

from enum import IntEnum

from policies.language.parser.cursor import Cursor, Unreadable, described
from policies.language.parser.literals import at_literal, dotted, literal, refused_record
from policies.language.tokens import RESERVED, Token, TokenKind
from policies.language.tree import (
    And,
    Argument,
    Arithmetic,
    ArithmeticOperator,
    Call,
    Comparator,
    Comparison,
    Expression,
    Index,
    Member,
    Name,
    Not,
    Null,
    Or,
    Path,
    Sign,
    Signed,
)


class Power(IntEnum):
    """How tightly an operator binds; the order is that of the grammar, loosest first."""

    NOTHING = 0
    OR = 1
    AND = 2
    NOT = 3
    COMPARISON = 4
    SUM = 5
    TERM = 6
    SIGN = 7
    POSTFIX = 8


_SYMBOL_POWERS = {
    **dict.fromkeys(("==", "!=", "<", "<=", ">", ">="), Power.COMPARISON),
    "=": Power.COMPARISON,
    "+": Power.SUM,
    "-": Power.SUM,
    "*": Power.TERM,
    "/": Power.TERM,
}
_WORD_POWERS = {"or": Power.OR, "and": Power.AND, "in": Power.COMPARISON}


def expression(cursor: Cursor, above: Power = Power.NOTHING) -> Expression:
    """Read an expression of operators that bind more tightly than `above`."""
    cursor.descend()
    left = _prefix(cursor, above)
    while (power := _infix_power(cursor)) > above:
        if power in {Power.OR, Power.AND}:
            left = _chain(cursor, left, power)
        elif power is Power.COMPARISON:
            left = _comparison(cursor, left)
        else:
            operator = ArithmeticOperator(cursor.advance().text)
            right = expression(cursor, power)
            left = Arithmetic(left, operator, right, span=left.span.to(right.span))
    cursor.ascend()
    return left


def _infix_power(cursor: Cursor) -> Power:
    token = cursor.token
    if token.kind is TokenKind.SYMBOL:
        return _SYMBOL_POWERS.get(token.text, Power.NOTHING)
    if token.kind is not TokenKind.WORD:
        return Power.NOTHING
    if token.text == "not" and cursor.ahead().text == "in":
        return Power.COMPARISON
    return _WORD_POWERS.get(token.text, Power.NOTHING)


def _chain(cursor: Cursor, first: Expression, power: Power) -> Expression:
    """Read the rest of `a or b or c`; a chain is one node however long it is."""
    word = cursor.token.text
    operands = [first]
    while cursor.token.kind is TokenKind.WORD and cursor.token.text == word:
        cursor.advance()
        operands.append(expression(cursor, power))
    span = first.span.to(operands[-1].span)
    return Or(tuple(operands), span=span) if power is Power.OR else And(tuple(operands), span=span)


def _comparison(cursor: Cursor, left: Expression) -> Expression:
    operator = _comparator(cursor)
    right = expression(cursor, Power.COMPARISON)
    while _infix_power(cursor) is Power.COMPARISON:
        span = cursor.token.span
        hint = "join two comparisons with `and`, or use parentheses"
        cursor.report("E207", span, "a comparison of a comparison", hint=hint)
        _comparator(cursor)
        expression(cursor, Power.COMPARISON)
    return Comparison(left, operator, right, span=left.span.to(right.span))


def _comparator(cursor: Cursor) -> Comparator:
    token = cursor.advance()
    if token.text == "not":
        cursor.advance()
        return Comparator.NOT_IN
    if token.text == "=":
        cursor.report("E211", token.span, "`=` does not compare", hint="write `==`")
        return Comparator.EQUAL
    return Comparator(token.text)


def _prefix(cursor: Cursor, above: Power) -> Expression:
    token = cursor.token
    if token.kind is TokenKind.WORD and token.text == "not":
        if above > Power.NOT:
            raise cursor.unexpected("a value", hint="put `not …` in parentheses")
        cursor.advance()
        operand = expression(cursor, Power.AND)
        return Not(operand, span=token.span.to(operand.span))
    if cursor.at_symbol("+", "-"):
        cursor.advance()
        if cursor.at_symbol("+", "-"):
            raise cursor.unexpected("a value after the sign", hint="use one sign, or parentheses")
        operand = _postfix(cursor)
        return Signed(Sign(token.text), operand, span=token.span.to(operand.span))
    return _postfix(cursor)


def _postfix(cursor: Cursor) -> Expression:
    start = cursor.token.start
    subject = _primary(cursor)
    while cursor.at_symbol(".", "(", "["):
        opener = cursor.token
        if opener.text == ".":
            subject = _member(cursor, subject)
        elif opener.text == "(":
            subject = _call(cursor, subject, opener, start)
        else:
            cursor.advance()
            key = expression(cursor)
            _close(cursor, opener, "]")
            subject = Index(subject, key, span=cursor.span_from(start))
    return subject


def _member(cursor: Cursor, subject: Expression) -> Expression:
    cursor.advance()
    token = cursor.token
    if token.kind is not TokenKind.WORD:
        raise cursor.unexpected("a name after `.`")
    cursor.advance()
    if isinstance(subject, Path):
        rest = dotted(cursor, token)
        return Path(subject.names + rest.names, span=subject.span.to(rest.span))
    return Member(subject, Name(token.text, span=token.span), span=subject.span.to(token.span))


def _call(cursor: Cursor, subject: Expression, opener: Token, start: int) -> Expression:
    cursor.advance()
    arguments = _arguments(cursor, opener)
    if isinstance(subject, Path):
        return Call(subject, arguments, span=cursor.span_from(start))
    cursor.report("E218", opener.span, "this is not a name and cannot be called")
    return subject


def _arguments(cursor: Cursor, opener: Token) -> tuple[Argument, ...]:
    arguments: list[Argument] = []
    while not cursor.at_symbol(")"):
        if not _at_argument_name(cursor):
            cursor.refuse_unclosed(opener)
        arguments.append(_argument(cursor))
        if cursor.at_symbol(")"):
            break
        if not cursor.accept_symbol(","):
            cursor.refuse_unclosed(opener)
            cursor.report("E221", cursor.token.span, "a comma is missing before this argument")
        elif cursor.at_symbol(")"):
            raise cursor.unexpected("an argument after `,`")
    cursor.advance()
    return tuple(arguments)


def _at_argument_name(cursor: Cursor) -> bool:
    """Whether the name of an argument is next; any word may be one, reserved or not."""
    following = cursor.ahead()
    is_named = following.kind is TokenKind.SYMBOL and following.text in {"=", ":"}
    return cursor.token.kind is TokenKind.WORD and is_named


def _argument(cursor: Cursor) -> Argument:
    if not _at_argument_name(cursor):
        found = expression(cursor)
        return Argument(None, found, span=found.span)
    token = cursor.advance()
    cursor.advance()
    found = expression(cursor)
    return Argument(Name(token.text, span=token.span), found, span=token.span.to(found.span))


def _primary(cursor: Cursor) -> Expression:
    token = cursor.token
    if at_literal(cursor):
        return _literal(cursor)
    if cursor.at_symbol("("):
        return _parenthesised(cursor)
    if cursor.at_symbol("{"):
        raise refused_record(cursor)
    if token.kind is not TokenKind.WORD:
        raise cursor.unexpected("a value")
    if token.text in RESERVED:
        following = cursor.ahead()
        if following.kind is TokenKind.SYMBOL and following.text == ".":
            cursor.report("E213", token.span, f"`{token.text}` is reserved and cannot begin a path")
        else:
            raise cursor.unexpected("a value")
    cursor.advance()
    return dotted(cursor, token)


def _literal(cursor: Cursor) -> Expression:
    found = literal(cursor)
    if isinstance(found, Null):
        hint = "ask `exists(path)`, or give a default with `coalesce(path, default)`"
        cursor.report("E212", found.span, "nothing can be compared with `null`", hint=hint)
    return found


def _parenthesised(cursor: Cursor) -> Expression:
    opener = cursor.advance()
    cursor.enter_parentheses()
    inside = expression(cursor)
    cursor.leave_parentheses()
    _close(cursor, opener, ")")
    return inside


def _close(cursor: Cursor, opener: Token, closing: str) -> None:
    if cursor.accept_symbol(closing):
        return
    cursor.refuse_unclosed(opener)
    hint = None
    if cursor.at_symbol(":="):
        hint = "`:=` assigns; write `==` to compare"
    cursor.report("E201", cursor.token.span, f"expected `{closing}`, found {described(cursor.token)}", hint=hint)
    raise Unreadable
