"""Expressions and values as layouts, with the parentheses the grammar needs and no others."""

from enum import IntEnum
from typing import assert_never

from policies.language.formatter.layout import (
    ALL_OF,
    ANY_OF,
    ARGUMENTS,
    FIELDS,
    LIST,
    Breakable,
    Item,
    Joined,
    Layout,
    Piece,
)
from policies.language.formatter.places import Places
from policies.language.source import Span
from policies.language.strings import quoted
from policies.language.tree import (
    And,
    Argument,
    Arithmetic,
    ArithmeticOperator,
    Boolean,
    Call,
    Comparison,
    Day,
    Duration,
    Expression,
    Field,
    Index,
    Instant,
    ListLiteral,
    Member,
    Not,
    Null,
    Number,
    Or,
    Path,
    Record,
    Signed,
    Text,
    Value,
)

_SUMS = frozenset({ArithmeticOperator.ADD, ArithmeticOperator.SUBTRACT})


class Level(IntEnum):
    """The productions of the grammar, loosest first: a part below the level its place asks for gets parentheses."""

    OR = 1
    AND = 2
    NOT = 3
    COMPARISON = 4
    SUM = 5
    TERM = 6
    UNARY = 7
    POSTFIX = 8


_LEVELS: dict[type, Level] = {
    Or: Level.OR,
    And: Level.AND,
    Not: Level.NOT,
    Comparison: Level.COMPARISON,
    Signed: Level.UNARY,
}


def value_text(value: Text | Number | Duration | Boolean | Null | Day | Instant) -> str:  # noqa: PLR0911 - one a node
    """Return a value without parts as it is written."""
    match value:
        case Text(text):
            return quoted(text)
        case Number(text):
            return text
        case Duration(count, unit):
            return f"{count}{unit}"
        case Boolean(truth):
            return "true" if truth else "false"
        case Null():
            return "null"
        case Day(text):
            return f"date({quoted(text)})"
        case Instant(text):
            return f"instant({quoted(text)})"
        case _:
            assert_never(value)


class Expressions:
    """Lays expressions and values out, asking `places` where their brackets stood."""

    def __init__(self, places: Places) -> None:
        self._places = places

    def value(self, value: Value) -> Layout:
        """Return the layout of a literal or record."""
        match value:
            case ListLiteral(items):
                return Breakable(LIST, tuple(Item(self.value(item), item.span) for item in items), value.span)
            case Record(fields):
                return self.fields(fields, value.span)
            case _:
                return Piece(value_text(value), value.span)

    def fields(self, fields: tuple[Field, ...], origin: Span) -> Breakable:
        """Return the layout of `{ name = literal; … }` between the braces at the two ends of `origin`."""
        return Breakable(FIELDS, tuple(Item(self._field(field), field.span) for field in fields), origin)

    def _field(self, field: Field) -> Layout:
        return Joined((Piece(f"{field.name.text} = ", field.name.span), self.value(field.value)))

    def expression(self, expression: Expression, level: Level = Level.OR) -> Layout:
        """Return the layout of an expression in a place that asks for a level."""
        layout = self._bare(expression)
        if _level(expression) >= level:
            return layout
        return Joined((Piece("("), layout, Piece(")")))

    def _bare(self, expression: Expression) -> Layout:
        match expression:
            case Or(operands):
                items = tuple(Item(self.expression(operand, Level.AND), operand.span) for operand in operands)
                return Breakable(ANY_OF, items, expression.span)
            case And(operands):
                items = tuple(Item(self.expression(operand, Level.NOT), operand.span) for operand in operands)
                return Breakable(ALL_OF, items, expression.span)
            case Not() | Signed() | Comparison() | Arithmetic():
                return self._operation(expression)
            case Path() | Call() | Index() | Member():
                return self._reference(expression)
            case _:
                return self.value(expression)

    def _operation(self, expression: Not | Signed | Comparison | Arithmetic) -> Layout:
        span = expression.span
        match expression:
            case Not(operand):
                word = Piece("not ", Span(span.start, span.start + len("not")))
                # Nothing needs parentheses here; a reader of `not a == b` does.
                level = Level.NOT if isinstance(operand, Not) else Level.POSTFIX
                return Joined((word, self.expression(operand, level)))
            case Signed(sign, operand):
                return Joined((Piece(sign, Span(span.start, span.start + 1)), self.expression(operand, Level.POSTFIX)))
            case Comparison(left, operator, right):
                return self._binary(left, f" {operator} ", right, (Level.SUM, Level.SUM))
            case Arithmetic(left, operator, right):
                levels = (Level.SUM, Level.TERM) if operator in _SUMS else (Level.TERM, Level.UNARY)
                return self._binary(left, f" {operator} ", right, levels)
            case _:
                assert_never(expression)

    def _binary(self, left: Expression, operator: str, right: Expression, levels: tuple[Level, Level]) -> Layout:
        return Joined((self.expression(left, levels[0]), Piece(operator), self.expression(right, levels[1])))

    def _reference(self, expression: Path | Call | Index | Member) -> Layout:
        span = expression.span
        closing = Span(max(span.end - 1, span.start), span.end)
        match expression:
            case Path(names):
                return Piece(".".join(names), span)
            case Call(target, arguments):
                opener = self._places.after(target.span.end, "(")
                origin = span if opener is None else Span(opener.start, span.end)
                items = tuple(Item(self._argument(argument), argument.span) for argument in arguments)
                return Joined((Piece(target.dotted, target.span), Breakable(ARGUMENTS, items, origin)))
            case Index(base, key):
                inside = (self._base(base), Piece("["), self.expression(key), Piece("]", closing))
                return Joined(inside)
            case Member(base, name):
                return Joined((self._base(base), Piece(f".{name.text}", name.span)))
            case _:
                assert_never(expression)

    def _base(self, base: Expression) -> Layout:
        """A point after digits would be read as part of the number, so numbers stand in parentheses."""
        if isinstance(base, Number | Duration):
            return Joined((Piece("("), self._bare(base), Piece(")")))
        return self.expression(base, Level.POSTFIX)

    def _argument(self, argument: Argument) -> Layout:
        value = self.expression(argument.value)
        if argument.name is None:
            return value
        return Joined((Piece(f"{argument.name.text} = ", argument.name.span), value))


def _level(expression: Expression) -> Level:
    if isinstance(expression, Arithmetic):
        return Level.SUM if expression.operator in _SUMS else Level.TERM
    return _LEVELS.get(type(expression), Level.POSTFIX)
