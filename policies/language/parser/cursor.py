"""A place among the tokens of a policy, and the ways to move on from a mistake."""

from collections.abc import Callable
from typing import NamedTuple

from policies.language.diagnostics import Gathering, did_you_mean
from policies.language.limits import Limits
from policies.language.source import Span
from policies.language.tokens import RESERVED, Token, TokenKind
from policies.language.tree import Name, Text

_CLOSING = {"{": "}", "(": ")", "[": "]"}
_CLOSERS = tuple(_CLOSING.values())
_LEVELS = {"{": 1, "}": -1}
_BRACKETS = {"(": 1, "[": 1, ")": -1, "]": -1}
_LONGEST_SHOWN = 40


class Unreadable(Exception):  # noqa: N818 - a jump to the next place the parser knows, not an accident
    """The current piece cannot be read; the mistake has been reported.

    `ends_with_line` says that nothing of the piece is expected on the next line.
    """

    def __init__(self, *, ends_with_line: bool = False) -> None:
        super().__init__()
        self.ends_with_line = ends_with_line


class Abandoned(Exception):  # noqa: N818 - the end of reading, not an accident
    """So many mistakes have been reported that the rest of the file is not read."""


class Braces(NamedTuple):
    """A block that is being read: its opening brace, and how many braces are open inside it."""

    opener: Token
    level: int


class Cursor:
    """The tokens of one source and the one that is next."""

    def __init__(self, tokens: tuple[Token, ...], gathering: Gathering, limits: Limits) -> None:
        self._tokens = tokens
        self._gathering = gathering
        self._index = 0
        self._depth = 0
        self._parentheses = 0
        self._level = 0
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
            if token.kind is TokenKind.SYMBOL:
                self._level += _LEVELS.get(token.text, 0)
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
        """Report a mistake and go on, unless it was one too many."""
        self._gathering.report(code, span, message, hint=hint)
        if self._gathering.is_full:
            raise Abandoned

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
        self._refuse_deeper(self._depth)

    def ascend(self) -> None:
        """Come back from one level."""
        self._depth -= 1

    def enter_parentheses(self) -> None:
        """Go into parentheses: they make no tree deeper, so they have a count of their own under the same limit."""
        self._parentheses += 1
        self._depth -= 1
        self._refuse_deeper(self._parentheses)

    def leave_parentheses(self) -> None:
        """Come back from one pair of parentheses."""
        self._parentheses -= 1
        self._depth += 1

    def _refuse_deeper(self, depth: int) -> None:
        if depth > self.limits.depth:
            self.report("E403", self.token.span, f"this is nested more than {self.limits.depth} deep")
            raise Unreadable

    # --- blocks and recovery ------------------------------------------------------------------------------------------

    def open_braces(self, after: str) -> Braces:
        """Read the `{` of a block or report that it is missing."""
        opener = self.expect_symbol("{", after=after)
        return Braces(opener, self._level)

    def innermost(self) -> Braces:
        """Return the block that is being read, for pieces that have no braces of their own."""
        return Braces(self.token, self._level)

    def closes(self, braces: Braces) -> bool:
        """Read `;` and the `}` of a block; a missing one is reported where the next section begins or the file ends."""
        self.skip_semicolons()
        if self.accept_symbol("}"):
            return True
        if self.at_end() or at_section(self):
            self.report_unclosed(braces.opener)
            self._level = braces.level - 1
            return True
        return False

    def report_unclosed(self, opener: Token) -> None:
        """Report a bracket that nothing closes."""
        closing = _CLOSING[opener.text]
        place = "before the end of the file" if self.at_end() else f"before `{self.token.text[:_LONGEST_SHOWN]}`"
        self.report("E206", opener.span, f"this `{opener.text}` is not closed", hint=f"write `{closing}` {place}")

    def refuse_unclosed(self, opener: Token) -> None:
        """Give the piece up where what comes next shows that `opener` was never closed."""
        is_clause = self.token.kind is TokenKind.WORD and self.token.text in {"when", "then", "else"}
        if self.at_end() or self.at_symbol(*_CLOSERS) or is_clause or at_section(self):
            self.report_unclosed(opener)
            raise Unreadable

    def skip_to(self, recognised: Callable[["Cursor"], bool], *, inside: Braces, since: int) -> None:
        """Skip to a word that is recognised in this block, to the end of the block, or to the next section.

        `since` is the place the unreadable piece began at: at least one token is skipped. What stands in brackets
        opened on the way is skipped too. Whoever skips has given up the expression it was in.
        """
        self._depth = self._parentheses = 0
        if self._index == since:
            self.advance()
        open_brackets = 0
        while not self.at_end():
            is_inside = self._level <= inside.level
            if self.token.kind is TokenKind.WORD:
                if at_section(self) or (is_inside and open_brackets == 0 and recognised(self)):
                    return
            elif is_inside:
                if self.at_symbol("}"):
                    return
                open_brackets = max(0, open_brackets + self._bracket())
            self.advance()

    def _bracket(self) -> int:
        return _BRACKETS.get(self.token.text, 0) if self.token.kind is TokenKind.SYMBOL else 0

    def at_line_start(self) -> bool:
        """Whether the next token is the first one on its line."""
        between = self._gathering.source.text[self.previous.end : self.token.start]
        return "\n" in between or "\r" in between


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
    match token.kind:
        case TokenKind.END:
            return "the end of the file"
        case TokenKind.TEXT:
            return "a string"
        case _:
            shown = token.text if len(token.text) <= _LONGEST_SHOWN else token.text[:_LONGEST_SHOWN] + "…"
            return f"`{shown}`"
