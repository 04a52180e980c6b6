"""Rules: a condition, what follows from it, and why."""

from dataclasses import dataclass, field

from policies.language.diagnostics import did_you_mean
from policies.language.parser.actions import actions, at_clause
from policies.language.parser.cursor import Braces, Cursor, Unreadable
from policies.language.parser.expressions import expression
from policies.language.source import Span
from policies.language.tokens import Token, TokenKind
from policies.language.tree import Action, Expression, Name, Rule, Text

_ORDER = ("when", "then", "else", "because")
_PRIORITY_DIGITS = 9


@dataclass(slots=True)
class _Clauses:
    """What has been read of a rule's body."""

    seen: list[str] = field(default_factory=list)
    condition: Expression | None = None
    actions: tuple[Action, ...] = ()
    otherwise: tuple[Action, ...] = ()
    because: Text | None = None


def rule(cursor: Cursor, start: int) -> Rule | None:
    """Read a rule or a release rule; None where it lacks what a rule must have (which has been reported)."""
    is_release = cursor.accept_word("release")
    if not cursor.accept_word("rule"):
        raise cursor.unexpected("`rule` and its name")
    name = cursor.expect_name("the name of a rule")
    priority = _priority(cursor) if cursor.accept_word("priority") else None
    clauses = _clauses(cursor, cursor.open_braces("the head of a rule"))
    _require_clauses(cursor, clauses, name)
    if clauses.condition is None or not clauses.actions:
        return None
    return Rule(
        name,
        clauses.condition,
        clauses.actions,
        clauses.otherwise,
        clauses.because,
        priority,
        release=is_release,
        span=cursor.span_from(start),
    )


def _priority(cursor: Cursor) -> int | None:
    start = cursor.token
    if cursor.accept_symbol("-", "+") or start.kind is not TokenKind.NUMBER:
        span = start.span.to(cursor.token.span)
        cursor.report("E220", span, "a priority is a whole number without a sign", hint="write `priority 10`")
        if not cursor.at_symbol("{"):
            cursor.advance()
        return None
    digits = cursor.advance().text
    if not digits.isdecimal() or len(digits) > _PRIORITY_DIGITS:
        cursor.report("E220", start.span, f"`{digits}` is not a priority", hint="write a whole number, 0 to 999999999")
        return None
    return int(digits)


def _clauses(cursor: Cursor, body: Braces) -> _Clauses:
    clauses = _Clauses()
    while not cursor.closes(body):
        before = cursor.place
        try:
            _clause(cursor, clauses)
        except Unreadable:
            cursor.skip_to(at_clause, inside=body, since=before)
    return clauses


def _clause(cursor: Cursor, clauses: _Clauses) -> None:
    token = cursor.token
    if not at_clause(cursor):
        hint = did_you_mean(token.text, _ORDER) if token.kind is TokenKind.WORD else None
        raise cursor.unexpected("`when`, `then`, `else` or `because`", hint=hint)
    cursor.advance()
    _refuse_misplaced(cursor, clauses, token)
    clauses.seen.append(token.text)
    match token.text:
        case "when":
            clauses.condition = expression(cursor)
        case "then":
            clauses.actions = _some_actions(cursor, token)
        case "else":
            clauses.otherwise = _some_actions(cursor, token)
        case "because":
            clauses.because = cursor.expect_text("the reason")
        case _:
            cursor.advance()


def _refuse_misplaced(cursor: Cursor, clauses: _Clauses, token: Token) -> None:
    word = token.text
    if word in clauses.seen:
        cursor.report("E214", token.span, f"`{word}` stands twice in this rule", hint="keep one of them")
    elif word == "priority":
        cursor.report("E201", token.span, "`priority` stands before the `{` of a rule")
    elif any(_ORDER.index(word) < _ORDER.index(earlier) for earlier in clauses.seen if earlier in _ORDER):
        cursor.report("E201", token.span, f"`{word}` stands too late", hint=f"the order is {', '.join(_ORDER)}")


def _some_actions(cursor: Cursor, token: Token) -> tuple[Action, ...]:
    before = cursor.place
    found = actions(cursor)
    if not found and cursor.place == before:
        cursor.report("E210", token.span, f"no action follows `{token.text}`")
    return found


def _require_clauses(cursor: Cursor, clauses: _Clauses, name: Name) -> None:
    place: Span = name.span
    if "when" not in clauses.seen:
        cursor.report("E209", place, f"rule `{name.text}` has no `when`", hint="a rule for everything says `when true`")
    if "then" not in clauses.seen:
        cursor.report("E210", place, f"rule `{name.text}` has no `then`")
