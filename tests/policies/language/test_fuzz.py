"""No text crashes or hangs the lexer and the parser."""

from hypothesis import given, settings
from hypothesis import strategies as st

from policies.language.formatter import format_tree
from policies.language.limits import Limits
from policies.language.parser import parse
from policies.language.rendering import render
from policies.language.source import Source
from policies.language.tokens import RESERVED, SECTION_WORDS, VERBS
from policies.language.tree import PolicyFile
from tests.policies.language.strategies import policy_files

WORDS = (
    *sorted(RESERVED),
    *SECTION_WORDS,
    *VERBS,
    "policy",
    "syntax",
    "because",
    "given",
    "expect",
    "map",
    "env",
    "until",
    "to",
)
SIGNS = (
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    ".",
    ",",
    ":",
    ";",
    "=",
    ":=",
    "=>",
    "==",
    "<",
    "+",
    "-",
    "*",
    "/",
    "\n",
    "//",
    "/*",
    "*/",
)
VALUES = (
    "a",
    "b.c",
    '"x"',
    '"stella-dsl@1"',
    "1",
    "2.5",
    "7d",
    "5y",
    'date("2026-01-01")',
    "'",
    '"',
    "\\",
    "é",
    "\u202e",
    "\x00",
    "\ud800",
)
pieces = st.lists(st.sampled_from((*WORDS, *SIGNS, *VALUES)), max_size=60)
SMALL = Limits(source_bytes=2_000, rules=3, depth=6, nodes=60, list_items=3, mistakes=8)


def read_and_show(text: str, limits: Limits) -> None:
    source = Source("p", text)
    result = parse(source, limits)
    shown = render(result.diagnostics, [source])
    assert bool(shown) == bool(result.diagnostics)
    assert result.file is not None or result.has_errors
    assert all(0 <= one.span.start <= one.span.end <= len(source.text) for one in result.diagnostics)


@settings(max_examples=200, deadline=None)
@given(st.text(), st.booleans())
def test_any_text_is_answered(text: str, within: bool) -> None:  # noqa: FBT001 - drawn
    read_and_show(f'policy "p" syntax "stella-dsl@1" {{{text}' if within else text, Limits())


@settings(max_examples=200, deadline=None)
@given(st.binary())
def test_any_bytes_are_answered(content: bytes) -> None:
    read_and_show(Source.of_bytes("p", content).text, Limits())


@settings(max_examples=200, deadline=None)
@given(pieces, st.sampled_from((Limits(), SMALL)))
def test_any_row_of_pieces_of_the_language_is_answered(found: list[str], limits: Limits) -> None:
    read_and_show('policy "p" syntax "stella-dsl@1" { ' + " ".join(found), limits)


@settings(max_examples=100, deadline=None)
@given(policy_files, st.data())
def test_any_policy_with_a_piece_missing_or_added_is_answered(file: PolicyFile, draw: st.DataObject) -> None:
    text = format_tree(file)
    start = draw.draw(st.integers(0, len(text)))
    end = draw.draw(st.integers(start, min(len(text), start + 20)))
    middle = draw.draw(st.sampled_from(("", *WORDS, *SIGNS, *VALUES)))

    read_and_show(text[:start] + middle + text[end:], draw.draw(st.sampled_from((Limits(), SMALL))))
