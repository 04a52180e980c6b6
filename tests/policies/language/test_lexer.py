"""Text to tokens."""

import pytest

from policies.language.diagnostics import Gathering
from policies.language.lexer import Lexed, lex
from policies.language.source import Source
from policies.language.tokens import TokenKind


def lexed(text: str) -> tuple[Lexed, list[str]]:
    source = Source("p", text)
    gathering = Gathering(source)
    found = lex(source, gathering)
    return found, [diagnostic.code for diagnostic in gathering.diagnostics()]


def texts(text: str) -> list[str]:
    found, mistakes = lexed(text)
    assert mistakes == []
    return [token.text for token in found.tokens]


def test_the_longest_sign_is_read_first() -> None:
    assert texts("a:=b=>c==d<=e") == ["a", ":=", "b", "=>", "c", "==", "d", "<=", "e", ""]


def test_tokens_keep_their_places() -> None:
    found, _ = lexed('ab  "c" 7d')

    assert [(token.kind, token.start, token.end) for token in found.tokens] == [
        (TokenKind.WORD, 0, 2),
        (TokenKind.TEXT, 4, 7),
        (TokenKind.DURATION, 8, 10),
        (TokenKind.END, 10, 10),
    ]


@pytest.mark.parametrize(
    "written, value",
    [
        (r'"a\"b"', 'a"b'),
        (r'"a\\b"', "a\\b"),
        (r'"a\nb\tc"', "a\nb\tc"),
        (r'"\u00e9"', "é"),
        (r'"\uD834\uDD1E"', "𝄞"),
        ('"e\u0301"', "é"),
        (r'"e\u0301"', "é"),
        ('""', ""),
        ('"// no comment"', "// no comment"),
    ],
)
def test_a_string_has_its_escapes_resolved_and_is_normalised(written: str, value: str) -> None:
    assert texts(written) == [value, ""]


@pytest.mark.parametrize("written", ["90m", "12h", "7d", "2w"])
def test_a_duration_is_one_token(written: str) -> None:
    found, mistakes = lexed(written)

    assert mistakes == []
    assert found.tokens[0].kind is TokenKind.DURATION


def test_comments_are_kept_apart_from_tokens_with_line_feeds_only() -> None:
    found, mistakes = lexed("a // one\r\nb /* two\r\n  three */ c")

    assert mistakes == []
    assert [token.text for token in found.tokens] == ["a", "b", "c", ""]
    assert [comment.text for comment in found.comments] == ["// one", "/* two\n  three */"]


def test_comments_do_not_nest() -> None:
    found, _ = lexed("/* /* */ a")

    assert [token.text for token in found.tokens] == ["a", ""]


def test_a_word_goes_on_over_every_reserved_word_it_begins_with() -> None:
    assert texts("android inside nothing") == ["android", "inside", "nothing", ""]


def test_operators_of_other_languages_are_reported_and_read_as_ours() -> None:
    found, mistakes = lexed("a && b || !c")

    assert mistakes == ["E101", "E101", "E101"]
    assert [token.text for token in found.tokens] == ["a", "and", "b", "or", "not", "c", ""]


def test_the_difference_between_not_equal_and_not_is_one_sign() -> None:
    assert texts("a != b") == ["a", "!=", "b", ""]


def test_a_mistake_leaves_a_token_in_its_place_so_that_reading_goes_on() -> None:
    found, mistakes = lexed("'x' 1.2.3 5y \"open")

    assert mistakes == ["E111", "E106", "E107", "E102"]
    assert [token.kind for token in found.tokens[:-1]] == [
        TokenKind.TEXT,
        TokenKind.NUMBER,
        TokenKind.DURATION,
        TokenKind.TEXT,
    ]


def test_an_invisible_character_is_refused_even_in_a_comment() -> None:
    _, mistakes = lexed("a // \u202e hidden")

    assert mistakes == ["E108"]


def test_a_number_of_any_length_is_refused_without_being_converted() -> None:
    _, mistakes = lexed("9" * 200_000)

    assert mistakes == ["E406"]


def test_a_byte_that_is_not_utf_8_is_named() -> None:
    source = Source.of_bytes("p", b"// caf\xe9")
    gathering = Gathering(source)

    lex(source, gathering)

    (mistake,) = gathering.diagnostics()
    assert (mistake.code, mistake.message, mistake.column) == ("E109", "the byte E9 is not UTF-8 here", 7)
