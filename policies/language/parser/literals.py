"""Values: literals, lists, records, and the entries that hold them."""

from enum import Enum, auto

from policies.language.parser.cursor import Cursor, Unreadable
from policies.language.parser.moments import at_moment, moment
from policies.language.tokens import RESERVED, Token, TokenKind
from policies.language.tree import (
    Boolean,
    Duration,
    DurationUnit,
    Entry,
    Field,
    ListLiteral,
    Literal,
    Name,
    Null,
    Number,
    Path,
    Record,
    Text,
    Value,
)

_CONSTANTS = frozenset({"true", "false", "null"})


class Allowed(Enum):
    """What a value may be made of: literals only, records too, or a bare word that stands for a string."""

    LITERALS = auto()
    RECORDS = auto()
    WORDS = auto()


def at_literal(cursor: Cursor) -> bool:
    """Whether a literal without a sign begins here."""
    token = cursor.token
    match token.kind:
        case TokenKind.TEXT | TokenKind.NUMBER | TokenKind.DURATION:
            return True
        case TokenKind.WORD:
            return token.text in _CONSTANTS or at_moment(cursor)
        case TokenKind.SYMBOL:
            return token.text == "["
        case _:
            return False


def literal(cursor: Cursor) -> Literal:
    """Read a literal without a sign; `at_literal` must hold."""
    if cursor.at_symbol("["):
        return list_of(cursor, Allowed.LITERALS)
    if at_moment(cursor):
        return moment(cursor)
    token = cursor.advance()
    match token.kind:
        case TokenKind.TEXT:
            return Text(token.text, span=token.span)
        case TokenKind.NUMBER:
            return Number(token.text, span=token.span)
        case TokenKind.DURATION:
            return Duration(int(token.text[:-1]), DurationUnit(token.text[-1]), span=token.span)
        case _:
            return _constant(token)


def _constant(token: Token) -> Literal:
    if token.text == "null":
        return Null(span=token.span)
    return Boolean(token.text == "true", span=token.span)


def value(cursor: Cursor, allowed: Allowed) -> Value:
    """Read a value: a literal with an optional sign, and what else is allowed here."""
    if cursor.at_symbol("{") and allowed is Allowed.RECORDS:
        start = cursor.token.start
        fields = record_fields(cursor)
        return Record(fields, span=cursor.span_from(start))
    return signed_literal(cursor, allowed)


def signed_literal(cursor: Cursor, allowed: Allowed = Allowed.LITERALS) -> Literal:
    """Read a literal with an optional sign; `allowed` says whether a bare word may stand for a string."""
    if cursor.at_symbol("+", "-"):
        return signed_number(cursor)
    if cursor.at_symbol("["):
        return list_of(cursor, allowed)
    if at_literal(cursor):
        return literal(cursor)
    if cursor.at_symbol("{"):
        raise refused_record(cursor)
    if cursor.token.kind is TokenKind.WORD and cursor.token.text not in RESERVED:
        return _bare_word(cursor, allowed)
    raise cursor.unexpected("a value")


def signed_number(cursor: Cursor) -> Number:
    """Read a number with an optional sign."""
    start = cursor.token.start
    sign = cursor.advance().text if cursor.at_symbol("+", "-") else ""
    if cursor.token.kind is not TokenKind.NUMBER:
        raise cursor.unexpected("a number")
    digits = cursor.advance().text
    return Number(sign + digits, span=cursor.span_from(start))


def _bare_word(cursor: Cursor, allowed: Allowed) -> Text:
    token = cursor.token
    following = cursor.ahead()
    is_computed = following.kind is TokenKind.SYMBOL and following.text in {".", "(", "["}
    if allowed is Allowed.WORDS and not is_computed:
        cursor.advance()
        return Text(token.text, span=token.span)
    hint = "lists and entries hold literals only" if is_computed else f'write `"{token.text}"` if it is a string'
    cursor.report("E219", token.span, f"`{token.text}` is not a literal", hint=hint)
    raise Unreadable


def list_of(cursor: Cursor, allowed: Allowed) -> ListLiteral:
    """Read `[ value, … ]`; a missing comma is reported and read over."""
    opener = cursor.advance()
    cursor.descend()
    items: list[Value] = []
    while not cursor.at_symbol("]"):
        cursor.refuse_unclosed(opener)
        items.append(value(cursor, allowed))
        if not cursor.accept_symbol(",") and not cursor.at_symbol("]"):
            cursor.refuse_unclosed(opener)
            cursor.report("E221", cursor.token.span, "a comma is missing before this item")
    cursor.advance()
    cursor.ascend()
    span = cursor.span_from(opener.start)
    if len(items) > cursor.limits.list_items:
        cursor.report("E405", opener.span, f"a list of {len(items)} items; {cursor.limits.list_items} are allowed")
    return ListLiteral(tuple(items), span=span)


def refused_record(cursor: Cursor) -> Unreadable:
    """Report a record where none may stand; the caller raises what is returned."""
    hint = "records stand in `given` and `metadata` only"
    cursor.report("E219", cursor.token.span, "a record cannot stand here", hint=hint)
    return Unreadable()


def record_fields(cursor: Cursor) -> tuple[Field, ...]:
    """Read `{ name = literal … }`."""
    opener = cursor.expect_symbol("{", after=f"`{cursor.previous.text}`")
    cursor.descend()
    fields = []
    cursor.skip_semicolons()
    while not cursor.at_symbol("}"):
        cursor.refuse_unclosed(opener)
        if cursor.at_symbol(","):
            raise cursor.unexpected("a field", hint="fields are separated by spaces or `;`")
        fields.append(_field(cursor))
        cursor.skip_semicolons()
    cursor.advance()
    cursor.ascend()
    return tuple(fields)


def _field(cursor: Cursor) -> Field:
    name = cursor.expect_name("the name of a field")
    expect_equals(cursor, name)
    found = signed_literal(cursor)
    return Field(name, found, span=name.span.to(found.span))


def expect_equals(cursor: Cursor, key: Name | Path) -> None:
    """Read the `=` or `:` of an entry; `:=` and `==` are reported and read over."""
    if cursor.accept_symbol("=", ":"):
        return
    if cursor.at_symbol(":=", "=="):
        token = cursor.advance()
        cursor.report("E211", token.span, f"`{token.text}` cannot stand in an entry", hint="write `=`")
        return
    shown = key.text if isinstance(key, Name) else key.dotted
    raise cursor.unexpected(f"`=` after `{shown[:40]}`")


def path(cursor: Cursor, what: str) -> Path:
    """Read a dotted path; `what` names its purpose in messages."""
    first = cursor.token
    if first.kind is not TokenKind.WORD:
        raise cursor.unexpected(what)
    if first.text in RESERVED:
        cursor.report("E213", first.span, f"`{first.text}` is reserved and cannot begin {what}")
    cursor.advance()
    return dotted(cursor, first)


def dotted(cursor: Cursor, first: Token) -> Path:
    """Read the rest of a path whose first word has been read."""
    names = [first.text]
    while cursor.accept_symbol("."):
        if cursor.token.kind is not TokenKind.WORD:
            raise cursor.unexpected("a name after `.`")
        names.append(cursor.advance().text)
    return Path(tuple(names), span=cursor.span_from(first.start))


def entry(cursor: Cursor, allowed: Allowed) -> Entry:
    """Read `path = value`."""
    key = path(cursor, "a path")
    expect_equals(cursor, key)
    found = value(cursor, allowed)
    return Entry(key, found, span=key.span.to(found.span))
