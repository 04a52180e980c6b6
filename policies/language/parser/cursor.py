"""A place among the tokens of a policy, and the ways to move on from a mistake."""

from collections.abc import Callable

from policies.language.diagnostics import Gathering, did_you_mean
from policies.language.limits import Limits
from policies.language.source import Span
from policies.language.tokens import RESERVED, Token, TokenKind
from policies.language.tree import Name, Text

_CLOSING = {"{": "}", "(": ")", "[": "]"}
_CLOSERS = frozenset(_CLOSING.values())


class Unreadable(Exception):  # noqa: N818 - a jump to the next place the parser knows, not an accident
    """The current piece cannot be read; the mistake has been reported."""


class Cursor:
    """The tokens of one source and the one that is next."""

    def __init__(self, tokens: tuple[Token, ...], gathering: Gathering, limits: Limits) -> None:
        self._tokens = tokens
        self._gathering = gathering
        self._index = 0
        self._depth = 0
        self.limits = limits
        self.token = tokens[0]

    # --- looking ------------------------------------------------------------------------------------------------------

    def ahead(self, distance: int = 1) -> Token:
        """Return the token so many places after the next one; beyond the end it is END."""
        return self._tokens[min(self._index + distance, len(self._tokens) - 1)]

    @property
    def previous(self) -> Token:
        """The token read last, or the first one where nothing was read yet."""
        return self._tokens[max(self._index - 1, 0)]

    @property
    def place(self) -> int:
        """How many tokens have been read."""
        return self._index

    def at_end(self) -> bool:
        """Whether everything has been read."""
        return self.token.kind is TokenKind.END

    def at_symbol(self, *symbols: str) -> bool:
        """Whether one of these signs is next."""
        return self.token.kind is TokenKind.SYMBOL and self.token.text in symbols

    def at_word(self, *words: str) -> bool:
        """Whether one of these words is next and is not the beginning of a path or the target of an assignment."""
        if self.token.kind is not TokenKind.WORD or self.token.text not in words:
            return False
        following = self.ahead()
        return following.kind is not TokenKind.SYMBOL or following.text not in {".", ":="}

    def span_from(self, start: int) -> Span:
        """Return the stretch from an offset to the end of the token read last."""
        return Span(start, max(start, self.previous.end))

    # --- reading ------------------------------------------------------------------------------------------------------

    def advance(self) -> Token:
        """Read the next token; END is never passed."""
        token = self.token
        if token.kind is not TokenKind.END:
            self._index += 1
            self.token = self._tokens[self._index]
        return token

    def accept_symbol(self, *symbols: str) -> bool:
        """Read one of these signs if it is next."""
        if self.at_symbol(*symbols):
            self.advance()
            return True
        return False

    def accept_word(self, word: str) -> bool:
        """Read this word if it is next."""
        if self.at_word(word):
            self.advance()
            return True
        return False

    def skip_semicolons(self) -> None:
        """Read any number of `;`."""
        while self.accept_symbol(";"):
            pass

    def expect_symbol(self, symbol: str, *, after: str) -> Token:
        """Read this sign or report that it is missing."""
        if self.at_symbol(symbol):
            return self.advance()
        raise self.unexpected(f"`{symbol}` after {after}")

    def expect_text(self, what: str) -> Text:
        """Read a string or report that it is missing."""
        if self.token.kind is TokenKind.TEXT:
            token = self.advance()
            return Text(token.text, span=token.span)
        hint = "write it in double quotes" if self.token.kind is TokenKind.WORD else None
        raise self.unexpected(f"{what}, a string", hint=hint)

    def expect_name(self, what: str) -> Name:
        """Read a name or report what stands in its place; quotes and hyphens are reported and read over."""
        token = self.token
        if token.kind is TokenKind.TEXT:
            self.report("E201", token.span, f"{what} is written without quotes")
            self.advance()
            return Name(token.text, span=token.span)
        if token.kind is not TokenKind.WORD:
            raise self.unexpected(what)
        if token.text in RESERVED:
            self.report("E213", token.span, f"`{token.text}` is reserved and cannot be {what}")
        self.advance()
        return self._with_hyphens(token, what)

    def _with_hyphens(self, first: Token, what: str) -> Name:
        parts = [first.text]
        while self.at_symbol("-") and self.ahead().kind is TokenKind.WORD:
            self.advance()
            parts.append(self.advance().text)
        span = self.span_from(first.start)
        if len(parts) > 1:
            self.report("E201", span, f"{what} has no hyphens", hint=f"write `{'_'.join(parts)}`")
        return Name("_".join(parts), span=span)

    # --- mistakes -----------------------------------------------------------------------------------------------------

    def report(self, code: str, span: Span, message: str, *, hint: str | None = None) -> None:
        """Report a mistake and go on."""
        self._gathering.report(code, span, message, hint=hint)

    def unexpected(self, expected: str, *, hint: str | None = None) -> Unreadable:
        """Report that something else was expected here; the caller raises what is returned."""
        self.report("E201", self.token.span, f"expected {expected}, found {described(self.token)}", hint=hint)
        return Unreadable()

    def unexpected_among(self, expected: str, candidates: tuple[str, ...]) -> Unreadable:
        """Like `unexpected`, with the closest of these words as the hint."""
        return self.unexpected(expected, hint=did_you_mean(self.token.text, candidates))

    def descend(self) -> None:
        """Go one level deeper into an expression; beyond the limit is reported and the piece given up."""
        self._depth += 1
        if self._depth > self.limits.depth:
            self.report("E403", self.token.span, f"this is nested more than {self.limits.depth} deep")
            raise Unreadable

    def ascend(self) -> None:
        """Come back from one level."""
        self._depth -= 1

    # --- recovery -----------------------------------------------------------------------------------------------------

    def skip_to(self, recognised: Callable[["Cursor"], bool]) -> None:
        """Skip to a token that is recognised, to a closing brace of the block we are in, or to the end.

        Brackets opened on the way are skipped with what they hold, unless the sign of a whole section stands
        in them: then they were never closed. Whoever skips has given up the expression it was in.
        """
        self._depth = 0
        open_brackets = 0
        while not self.at_end():
            if recognised(self) and (open_brackets == 0 or at_section(self)):
                return
            if self.at_symbol(*_CLOSING):
                open_brackets += 1
            elif self.at_symbol(*_CLOSERS):
                if open_brackets == 0 and self.at_symbol("}"):
                    return
                open_brackets = max(open_brackets - 1, 0)
            self.advance()


def at_section(cursor: Cursor) -> bool:
    """Whether the next tokens can only be the head of a section, even where a bracket was left open."""
    if cursor.token.kind is not TokenKind.WORD:
        return False
    following = cursor.ahead()
    match cursor.token.text:
        case "metadata" | "settings" | "declare":
            return following.text == "{" and following.kind is TokenKind.SYMBOL
        case "test":
            return following.kind is TokenKind.TEXT
        case "rule" | "profile":
            return following.kind is TokenKind.WORD and cursor.ahead(2).text in {"{", "priority"}
        case "release":
            return following.kind is TokenKind.WORD and following.text == "rule"
        case _:
            return False


def described(token: Token) -> str:
    """Return a token the way a message names it."""
    longest = 40
    match token.kind:
        case TokenKind.END:
            return "the end of the file"
        case TokenKind.TEXT:
            return "a string"
        case _:
            shown = token.text if len(token.text) <= longest else token.text[:longest] + "…"
            return f"`{shown}`"
