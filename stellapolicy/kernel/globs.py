"""Globs: `*` is any run of characters, `?` is one, everything else is itself."""

from collections.abc import Callable
from functools import lru_cache

Matcher = Callable[[str], bool]
_WILDCARDS = frozenset("*?")


def is_glob(pattern: str) -> bool:
    """Whether the pattern holds a wildcard."""
    return not _WILDCARDS.isdisjoint(pattern)


def wildcards(pattern: str) -> int:
    """Return how many wildcards the pattern holds."""
    return sum(character in _WILDCARDS for character in pattern)


@lru_cache(maxsize=4096)
def glob(pattern: str) -> Matcher:
    """Return the matcher of a pattern; its time is at most the product of the two lengths."""
    if not is_glob(pattern):
        return pattern.__eq__
    if "?" not in pattern and pattern.count("*") == 1:
        return _one_star(*pattern.split("*"))
    return lambda text: _walk(pattern, text, opaque="")


def includes(outer: str, inner: str) -> bool:
    """Whether `outer` certainly matches every text that `inner` matches; False where that is not proven.

    The proof reads `inner` as a text of which a `*` can be taken by a `*` alone, and a `?` by a `*` or a `?`.
    """
    return _walk(outer, inner, opaque="*")


def _one_star(head: str, tail: str) -> Matcher:
    shortest = len(head) + len(tail)
    return lambda text: len(text) >= shortest and text.startswith(head) and text.endswith(tail)


def _walk(pattern: str, text: str, *, opaque: str) -> bool:
    """Match by going back to the last star only; earlier stars never need another try. Only stars take the opaque."""
    at, position, star, resumed = 0, 0, -1, 0
    while position < len(text):
        wanted = pattern[at] if at < len(pattern) else None
        if wanted == "*":
            star, resumed = at, position
            at += 1
        elif wanted is not None and wanted in ("?", text[position]) and text[position] not in opaque:
            at += 1
            position += 1
        elif star >= 0:
            resumed += 1
            at, position = star + 1, resumed
        else:
            return False
    return all(rest == "*" for rest in pattern[at:])
