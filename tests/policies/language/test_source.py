"""Places in a source."""

import pytest

from policies.language.source import Position, Source, Span


def test_a_byte_order_mark_is_dropped_before_places_are_counted() -> None:
    source = Source.of_bytes("p", b"\xef\xbb\xbfpolicy")

    assert source.text == "policy"
    assert source.position(0) == Position(1, 1)


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_every_kind_of_line_end_separates_lines(line_end: str) -> None:
    source = Source("p", f"one{line_end}two{line_end}")

    assert source.line_count == 3
    assert (source.line(1), source.line(2), source.line(3)) == ("one", "two", "")
    assert source.position(source.text.index("w")) == Position(2, 2)


def test_the_end_of_the_text_and_what_lies_beyond_it_are_one_place() -> None:
    source = Source("p", "ab")

    assert source.position(2) == source.position(99) == Position(1, 3)


def test_a_span_reaches_to_the_end_of_the_longer_one() -> None:
    assert Span(2, 9).to(Span(4, 5)) == Span(2, 9)
    assert Span(2, 3).to(Span(4, 5)) == Span(2, 5)
