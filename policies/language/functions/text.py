"""Functions of text: case, ends, contents and globs. A glob knows `*` (any run of characters) and `?` (one)."""

from collections.abc import Callable
from functools import lru_cache

Matcher = Callable[[str], bool]
_WILDCARDS = frozenset("*?")


def lowercase(text: str) -> str:
    """Return the text in lower case, by the Unicode rules that name no language."""
    return text.lower()


def starts_with(text: str, prefix: str) -> bool:
    """Whether the text begins with the prefix."""
    return text.startswith(prefix)


def ends_with(text: str, suffix: str) -> bool:
    """Whether the text ends with the suffix."""
    return text.endswith(suffix)


def contains(text: str, part: str) -> bool:
    """Whether the part occurs in the text."""
    return part in text


def matches_any(text: str, globs: tuple[str, ...]) -> bool:
    """Whether one of the globs matches the whole text."""
    return any(glob(pattern)(text) for pattern in globs)


def any_matches_any(texts: tuple[str, ...], globs: tuple[str, ...]) -> bool:
    """Whether one of the globs matches one of the texts whole."""
    return any(matches_any(text, globs) for text in texts)


def is_glob(pattern: str) -> bool:
    """Whether the pattern holds a wildcard."""
    return not _WILDCARDS.isdisjoint(pattern)


@lru_cache(maxsize=4096)
def glob(pattern: str) -> Matcher:
    """Return the matcher of a pattern; its time is at most the product of the two lengths."""
    if not is_glob(pattern):
        return pattern.__eq__
    if "?" not in pattern and pattern.count("*") == 1:
        return _one_star(*pattern.split("*"))
    return _walking(pattern)


def _one_star(head: str, tail: str) -> Matcher:
    shortest = len(head) + len(tail)
    return lambda text: len(text) >= shortest and text.startswith(head) and text.endswith(tail)


def _walking(pattern: str) -> Matcher:
    """Return a matcher that goes back to the last star only; earlier stars never need another try."""

    def matches(text: str) -> bool:
        at, position, star, resumed = 0, 0, -1, 0
        while position < len(text):
            wanted = pattern[at] if at < len(pattern) else None
            if wanted == "*":
                star, resumed = at, position
                at += 1
            elif wanted is not None and wanted in ("?", text[position]):
                at += 1
                position += 1
            elif star >= 0:
                resumed += 1
                at, position = star + 1, resumed
            else:
                return False
        return all(rest == "*" for rest in pattern[at:])

    return matches
