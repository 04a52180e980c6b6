"""Formatting: the meaning stays, comments stay, and a formatted policy is formatted."""

import random
import textwrap
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.language.diagnostics import Gathering
from policies.language.formatter import CannotFormat, format_source, format_tree
from policies.language.lexer import lex
from policies.language.limits import STANDARD
from policies.language.parser import parse
from policies.language.source import Source
from policies.language.tree import PolicyFile
from tests.policies.language.reading import policy
from tests.policies.language.strategies import policy_files

EVERYTHING = Path(__file__).with_name("fixtures") / "everything.stella"
_GAPS = (
    " ",
    "\n",
    "\n\n\n",
    " // c\n",
    "\n// d\n",
    " /* e */ ",
    "\n/* f\n  g */\n",
    " /* h\n i */ /* j */",
    "/* k */ // l\n",
)


def formatted(body: str) -> str:
    """Format a body and return it without the policy around it."""
    lines = format_source(policy(textwrap.dedent(body)), "p.stella").splitlines()
    return textwrap.dedent("\n".join(lines[1:-1])) + "\n"


def assert_unchanged(body: str) -> None:
    """Assert that a body is already formatted."""
    body = textwrap.dedent(body).lstrip("\n")
    assert formatted(body) == body


def comments_of(text: str) -> list[str]:
    source = Source("p", text.replace("\r\n", "\n"))
    return sorted(comment.text for comment in lex(source, Gathering(source)).comments)


@settings(max_examples=150, deadline=None)
@given(policy_files)
def test_reading_what_was_formatted_gives_the_same_tree(file: PolicyFile) -> None:
    result = parse(Source("p", format_tree(file)))

    assert result.diagnostics == ()
    assert result.file == file


@settings(max_examples=100, deadline=None)
@given(policy_files, st.randoms(use_true_random=False), st.sampled_from((0.05, 0.3, 1.0)), st.booleans())
def test_however_a_policy_is_spaced_and_commented_formatting_it_twice_is_formatting_it_once(
    file: PolicyFile,
    chance: random.Random,
    density: float,
    windows: bool,  # noqa: FBT001 - drawn
) -> None:
    text = spaced(format_tree(file), chance, density)
    text = text.replace("\n", "\r\n") if windows else text

    once = format_source(text, "p")

    assert parse(Source("p", once)).file == file
    assert comments_of(once) == comments_of(text)
    assert format_source(once, "p") == once


def spaced(text: str, chance: random.Random, density: float) -> str:
    """Put blanks and comments between the tokens of a text."""
    source = Source("p", text)
    parts, last = [], 0
    for token in lex(source, Gathering(source)).tokens:
        gap = chance.choice(_GAPS) if chance.random() < density else ""
        parts += [text[last : token.start], gap, text[token.start : token.end]]
        last = token.end
    return "".join(parts)


def test_the_layout_of_every_construct() -> None:
    text = EVERYTHING.read_text(encoding="utf-8")
    golden = EVERYTHING.with_name("everything.formatted.stella").read_text(encoding="utf-8")

    assert format_source(text, "everything.stella") == golden


def test_a_policy_with_mistakes_is_not_formatted() -> None:
    with pytest.raises(CannotFormat) as refusal:
        format_source('policy "p" {', "p.stella")

    assert [diagnostic.code for diagnostic in refusal.value.diagnostics] == ["E204", "E206"]


def test_a_policy_that_would_grow_beyond_the_limit_is_left_as_it_is() -> None:
    rules = "rule r{when a then block}\n" * 2_000
    full = policy(rules + "/*" + "c" * (STANDARD.source_bytes - len(policy(rules)) - 4) + "*/")

    with pytest.raises(CannotFormat) as refusal:
        format_source(full, "p.stella")

    assert [diagnostic.code for diagnostic in refusal.value.diagnostics] == ["E401"]


def test_entries_are_written_with_an_equals_sign_and_semicolons_go() -> None:
    assert formatted('metadata { a: "x";; b = 5; }') == 'metadata {\n  a = "x"\n  b = 5\n}\n'


def test_parentheses_that_change_nothing_go_and_the_others_stay() -> None:
    assert formatted("rule r { when ((a) or (b and c)) and (not (a)) then block }").splitlines()[1] == (
        "  when (a or b and c) and not a"
    )


def test_a_long_condition_is_broken_before_its_words() -> None:
    assert_unchanged("""
        rule r {
          when finding.kind == "vulnerability"
            and severity.normalized in ["critical", "high"]
            and (reachability.state != "unreachable" or runtime.hits > 0)
          then block
        }
    """)


def test_a_long_list_has_a_line_for_each_item_and_a_comma_after_the_last() -> None:
    assert_unchanged(
        """
        rule r {
          when license.satisfies([
            "Apache-2.0",
            "BSD-2-Clause",
            "BSD-3-Clause",
            "ISC",
            "LGPL-2.1-or-later",
            "LGPL-3.0-or-later",
            "MIT",
          ])
          then block
        }
    """
    )


def test_comments_beside_the_items_of_a_short_list_keep_it_broken() -> None:
    assert_unchanged("""
        metadata {
          allowed = [
            "MIT", // agreed in 2024
            // see the minutes
            "ISC",
            /* last */
          ]
        }
    """)


def test_comments_beside_the_parts_of_a_condition_stay_beside_them() -> None:
    assert_unchanged("""
        rule r { // why there is one
          // what it asks
          when a // first
            // before the second
            and b // second
          // what it does
          then block // at once
          because "c" /* said */
          // the end
        }
    """)


def test_a_comment_in_the_middle_of_a_line_stands_above_it() -> None:
    assert formatted("rule r { when a == /* why */ b then block }").splitlines()[1:3] == [
        "  /* why */",
        "  when a == b",
    ]


def test_the_first_line_of_a_file_may_be_a_comment_and_the_last_too() -> None:
    text = '// first\n\npolicy "p" syntax "stella-dsl@1" {\n}\n// last\n'

    assert format_source(text, "p") == text


def test_one_blank_line_of_the_author_stays_and_more_become_one() -> None:
    assert formatted("metadata {\n\n\n a = 1\n\n\n\n b = 2\n c = 3\n\n}") == (
        "metadata {\n  a = 1\n\n  b = 2\n  c = 3\n}\n"
    )


def test_sections_are_separated_by_one_blank_line_above_their_comments() -> None:
    assert formatted("metadata {} // m\n// about s\nsettings {}") == ("metadata {} // m\n\n// about s\nsettings {}\n")


def test_what_a_reader_would_not_see_is_written_as_an_escape() -> None:
    assert formatted(r'metadata { a = "\u202e\u00a0é\n\u0007" }').splitlines()[1] == (
        '  a = "\\u202E\u00a0é\\n\\u0007"'
    )
