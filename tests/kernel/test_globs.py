"""Globs by what they promise: matching whole texts, and proving that one pattern lies in another."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stellapolicy.kernel.globs import glob, includes, wildcards


@pytest.mark.parametrize(
    "pattern,text,matches",
    [
        ("lodash", "lodash", True),
        ("lodash", "lodash-es", False),
        ("lodash*", "lodash-es", True),
        ("*core", "log4j-core", True),
        ("log4j-*-core", "log4j-core", False),
        ("l?g4j*", "log4j", True),
        ("*a*b*c*", "xxaxxbxxcxx", True),
        ("*a*b*c", "xxaxxbxxcxx", False),
        ("", "", True),
        ("*", "", True),
        ("?", "", False),
        ("[a]", "a", False),
        ("a.c", "abc", False),
    ],
)
def test_a_glob_knows_a_star_and_a_question_mark_only(pattern: str, text: str, matches: bool) -> None:  # noqa: FBT001
    assert glob(pattern)(text) is matches


def test_a_glob_of_many_stars_does_not_go_back_for_ever() -> None:
    assert glob("*a" * 40 + "*b")("a" * 5_000) is False


@settings(max_examples=100, deadline=None)
@given(st.text("ab*?", max_size=6), st.text("ab", max_size=8))
def test_globs_agree_with_the_obvious_recursion(pattern: str, text: str) -> None:
    def plainly(pattern: str, text: str) -> bool:
        if not pattern:
            return not text
        if pattern[0] == "*":
            return plainly(pattern[1:], text) or (bool(text) and plainly(pattern, text[1:]))
        return bool(text) and pattern[0] in ("?", text[0]) and plainly(pattern[1:], text[1:])

    assert glob(pattern)(text) is plainly(pattern, text)


def test_each_star_and_question_mark_is_a_wildcard() -> None:
    assert wildcards("l?g4*-*") == 3
    assert wildcards("log4j") == 0


@pytest.mark.parametrize(
    "outer,inner",
    [
        ("lodash", "lodash"),
        ("lodash*", "lodash"),
        ("lodash*", "lodash-*"),
        ("*", "?a*"),
        ("*dash*", "lo?dash"),
        ("?odash", "?odash"),
        ("a*c", "a*b*c"),
        ("*", ""),
    ],
)
def test_a_wider_glob_includes_a_narrower_one(outer: str, inner: str) -> None:
    assert includes(outer, inner)


@pytest.mark.parametrize(
    "outer,inner",
    [("lodash", "lodash*"), ("lodash-*", "lodash*"), ("?", "*"), ("??", "?"), ("a*b", "a*"), ("lodash", "lodas?")],
)
def test_a_narrower_glob_never_includes_a_wider_one(outer: str, inner: str) -> None:
    assert not includes(outer, inner)


@settings(max_examples=300, deadline=None)
@given(st.text("ab*?", max_size=5), st.text("ab*?", max_size=5), st.text("ab", max_size=6))
def test_an_included_glob_matches_nothing_that_the_other_does_not(outer: str, inner: str, text: str) -> None:
    if includes(outer, inner) and glob(inner)(text):
        assert glob(outer)(text)


@settings(max_examples=100, deadline=None)
@given(st.text("ab*?", max_size=6))
def test_every_glob_includes_itself(pattern: str) -> None:
    assert includes(pattern, pattern)
    assert includes("*", pattern)
