"""Functions of text: case, ends, contents and globs. A glob knows `*` (any run of characters) and `?` (one)."""

from stellapolicy.kernel.globs import glob


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
