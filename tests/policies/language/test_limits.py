"""Beyond a limit is an error that names it; just below it everything works."""

import inspect
import sys

import pytest

from policies.language.limits import STANDARD
from policies.language.parser import parse
from policies.language.source import Source
from tests.policies.language.reading import codes, mistakes, policy, read


def test_the_limits_are_those_of_the_language() -> None:
    assert (STANDARD.source_bytes, STANDARD.rules, STANDARD.depth) == (262_144, 2_000, 64)
    assert (STANDARD.nodes, STANDARD.list_items) == (100_000, 10_000)


def test_a_source_of_256_kib_is_read_and_one_byte_more_is_not() -> None:
    text = policy("")
    full = text + " " * (STANDARD.source_bytes - len(text))

    assert codes(parse(Source("p", full))) == []
    assert codes(parse(Source("p", full + " "))) == ["E401"]


def test_bytes_are_counted_and_not_characters() -> None:
    assert codes(parse(Source("p", "é" * (STANDARD.source_bytes // 2 + 1)))) == ["E401"]


def test_two_thousand_rules_are_read_and_one_more_is_not() -> None:
    one = "rule r { when a then block }\n"

    assert mistakes(one * 2_000) == []
    assert mistakes(one * 2_001) == ["E402"]


@pytest.mark.parametrize(
    "before, after",
    [
        ("(", ")"),
        ("not ", ""),
        ("f(", ")"),
        ("a[", "]"),
        ("a == (", ")"),
        ("a and (", ")"),
        ("f(x = ", ")"),
        ("-(", ")"),
    ],
)
def test_an_expression_nests_64_deep_and_no_deeper(before: str, after: str) -> None:
    assert mistakes(f"rule r {{ when {before * 63}a{after * 63} then block }}") == []
    assert "E403" in mistakes(f"rule r {{ when {before * 65}a{after * 65} then block }}")


def test_the_deepest_expression_leaves_a_quarter_of_the_stack_to_its_caller() -> None:
    deepest = f"rule r {{ when {'f(' * 62 + '(' * 63}a{')' * 125} then block }}"
    before = sys.getrecursionlimit()

    sys.setrecursionlimit(_frames() + 750)
    try:
        found = mistakes(deepest)
    finally:
        sys.setrecursionlimit(before)

    assert found == []


def _frames() -> int:
    return len(inspect.stack(0))


def test_a_chain_of_sums_is_as_deep_as_its_tree() -> None:
    assert mistakes(f"rule r {{ when {'1 + ' * 62}1 > 0 then block }}") == []
    assert mistakes(f"rule r {{ when {'1 + ' * 64}1 > 0 then block }}") == ["E403"]


def test_a_long_chain_of_conditions_is_not_deep() -> None:
    assert mistakes(f"rule r {{ when {'a or ' * 5_000}a then block }}") == []


def test_a_list_holds_ten_thousand_items_and_no_more() -> None:
    assert mistakes(f"rule r {{ when a in [{'1,' * 10_000}] then block }}") == []
    assert mistakes(f"rule r {{ when a in [{'1,' * 10_001}] then block }}") == ["E405"]


def test_a_tree_of_more_than_a_hundred_thousand_nodes_is_refused() -> None:
    lists = f"a in [{'1,' * 9_000}] or " * 12

    assert mistakes(f"rule r {{ when {lists}a then block }}") == ["E404"]


def test_after_five_hundred_mistakes_the_rest_is_not_read() -> None:
    result = read("rul { }\n" * 2_000)

    assert len(result.diagnostics) == 501
    assert codes(result).count("E407") == 1
    assert result.file is None


@pytest.mark.parametrize(
    "text",
    [
        "(",
        "[",
        "{",
        '"',
        "'",
        "/*",
        "a.",
        "not ",
        "-",
        "1+",
        "a<",
        "f(",
        "a[1]",
        ":=",
        "}",
        ")",
        "rule ",
        "\\",
        "#\n",
        ";",
        "@",
    ],
)
@pytest.mark.parametrize(
    "before", ["", "rule r { when ", "rule r { when a then ", 'test "t" { given { a = ', "profile p { "]
)
def test_the_longest_repetition_of_any_piece_is_answered(before: str, text: str) -> None:
    source = policy(before + text * 8_000)

    assert parse(Source("p", source)).has_errors or text == ";"
