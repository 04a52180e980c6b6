"""The shape of expressions: precedence, chains, calls, and what may not stand together."""

import pytest

from policies.language.tree import (
    And,
    Argument,
    Arithmetic,
    ArithmeticOperator,
    Boolean,
    Call,
    Comparator,
    Comparison,
    Day,
    Duration,
    DurationUnit,
    Index,
    Instant,
    ListLiteral,
    Member,
    Name,
    Not,
    Number,
    Or,
    Path,
    Sign,
    Signed,
    Text,
)
from tests.policies.language.reading import codes, expression, mistakes, read

A, B, C, D = Path(("a",)), Path(("b",)), Path(("c",)), Path(("d",))


def test_and_binds_more_tightly_than_or() -> None:
    assert expression("a or b and c or d") == Or((A, And((B, C)), D))


def test_a_chain_is_one_node_and_parentheses_keep_another_inside() -> None:
    assert expression("a and b and c") == And((A, B, C))
    assert expression("(a and b) and c") == And((And((A, B)), C))


def test_not_covers_a_comparison_and_no_more() -> None:
    negated = Not(Comparison(A, Comparator.EQUAL, B))

    assert expression("not a == b and c") == And((negated, C))
    assert expression("not not a") == Not(Not(A))


@pytest.mark.parametrize("operator", list(Comparator))
def test_every_comparator_is_read(operator: Comparator) -> None:
    assert expression(f"a {operator} b") == Comparison(A, operator, B)


def test_products_bind_more_tightly_than_sums_and_both_lean_left() -> None:
    difference = Arithmetic(A, ArithmeticOperator.SUBTRACT, Arithmetic(B, ArithmeticOperator.MULTIPLY, C))

    assert expression("a - b * c + d") == Arithmetic(difference, ArithmeticOperator.ADD, D)


def test_a_sign_belongs_to_what_follows_it() -> None:
    assert expression("-a * b") == Arithmetic(Signed(Sign.MINUS, A), ArithmeticOperator.MULTIPLY, B)
    assert expression("a > -5") == Comparison(A, Comparator.GREATER, Signed(Sign.MINUS, Number("5")))


def test_numbers_keep_the_digits_they_were_written_with() -> None:
    assert expression("a > 0.50") != expression("a > 0.5")


def test_reserved_words_may_follow_a_point_and_name_an_argument() -> None:
    assert expression("a.in.then") == Path(("a", "in", "then"))
    assert expression("f(in = a, then: b)") == Call(Path(("f",)), (Argument(Name("in"), A), Argument(Name("then"), B)))


def test_a_call_has_arguments_by_place_and_by_name() -> None:
    assert expression("vex.any(a == b, at = c)") == Call(
        Path(("vex", "any")), (Argument(None, Comparison(A, Comparator.EQUAL, B)), Argument(Name("at"), C))
    )
    assert expression("f()") == Call(Path(("f",)), ())


def test_a_name_after_a_call_is_a_member_and_after_a_path_a_longer_path() -> None:
    assert expression("f(a).b") == Member(Call(Path(("f",)), (Argument(None, A),)), Name("b"))
    assert expression("(a).b") == Path(("a", "b"))


def test_an_index_takes_any_expression() -> None:
    assert expression("a[b or c]") == Index(A, Or((B, C)))


def test_a_list_holds_literals_with_signs_and_a_trailing_comma() -> None:
    assert expression('a in [1, -2.5, "x", true, 7d, [],]') == Comparison(
        A,
        Comparator.IN,
        ListLiteral(
            (
                Number("1"),
                Number("-2.5"),
                Text("x"),
                Boolean(value=True),
                Duration(7, DurationUnit.DAYS),
                ListLiteral(()),
            )
        ),
    )


def test_moments_are_literals_checked_while_they_are_read() -> None:
    assert expression('a > date("2026-02-28")') == Comparison(A, Comparator.GREATER, Day("2026-02-28"))
    instant = expression('instant("2026-02-28T12:00:00+02:00")')
    assert isinstance(instant, Instant)
    assert instant.value.isoformat() == "2026-02-28T12:00:00+02:00"


def test_date_is_a_free_name_where_it_is_not_called() -> None:
    assert expression("a.date(b) == date.c") == Comparison(
        Call(Path(("a", "date")), (Argument(None, B),)), Comparator.EQUAL, Path(("date", "c"))
    )


def test_a_chained_comparison_is_refused_but_a_comparison_of_truths_is_not() -> None:
    assert mistakes("rule r { when 1 < a < 2 then block }") == ["E207"]
    assert mistakes("rule r { when a == b != c in d then block }") == ["E207", "E207"]
    assert mistakes("rule r { when (a < b) == (c < d) then block }") == []


def test_null_is_refused_in_an_expression_and_allowed_in_a_list() -> None:
    result = read("rule r { when a == null then block }")

    assert codes(result) == ["E212"]
    assert result.diagnostics[0].hint == "ask `exists(path)`, or give a default with `coalesce(path, default)`"
    assert mistakes("rule r { when a in [null] then block }") == []


def test_only_a_name_can_be_called() -> None:
    assert mistakes("rule r { when f(a)(b) then block }") == ["E218"]


def test_a_sign_may_not_follow_a_sign() -> None:
    assert mistakes("rule r { when a > --5 then block }") == ["E201"]
    assert expression("a > -(-5)") == Comparison(
        A, Comparator.GREATER, Signed(Sign.MINUS, Signed(Sign.MINUS, Number("5")))
    )


def test_a_record_is_refused_in_an_expression() -> None:
    assert mistakes("rule r { when a == { b = 1 } then block }") == ["E219"]


def test_two_mistakes_in_one_list_are_both_reported() -> None:
    assert mistakes('rule r { when a in ["x" "y" "z"] then block }') == ["E221", "E221"]
