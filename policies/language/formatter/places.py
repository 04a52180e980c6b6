"""Where the words and signs stand that the tree does not keep."""

from bisect import bisect_left

from policies.language.source import Span
from policies.language.tokens import Token, TokenKind


class Places:
    """Finds keywords and brackets among the tokens a tree was read from; a tree without tokens has none."""

    def __init__(self, tokens: tuple[Token, ...] = ()) -> None:
        self._tokens = tokens
        self._starts = [token.start for token in tokens]

    def after(self, offset: int, text: str) -> Span | None:
        """Return the first word or sign `text` at or after an offset, or None."""
        for index in range(bisect_left(self._starts, offset), len(self._tokens)):
            token = self._tokens[index]
            if token.text == text and token.kind in {TokenKind.WORD, TokenKind.SYMBOL}:
                return token.span
        return None
