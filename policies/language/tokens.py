"""The tokens of the language and its words."""

from enum import StrEnum
from typing import NamedTuple

from policies.language.source import Span


class TokenKind(StrEnum):
    """What a token is; reserved words are words, only the parser tells them apart."""

    WORD = "word"
    TEXT = "text"
    NUMBER = "number"
    DURATION = "duration"
    SYMBOL = "symbol"
    END = "end"


class Token(NamedTuple):
    """One token: `text` as written, except that a string has its escapes resolved and is in NFC."""

    kind: TokenKind
    text: str
    start: int
    end: int

    @property
    def span(self) -> Span:
        """Where the token stands."""
        return Span(self.start, self.end)


class Comment(NamedTuple):
    """One comment with its delimiters, line ends written as a line feed."""

    text: str
    start: int
    end: int

    @property
    def ends_its_line(self) -> bool:
        """Whether nothing may follow on the same line."""
        return self.text.startswith("//") or "\n" in self.text


RESERVED = frozenset({"and", "or", "not", "in", "true", "false", "null", "if", "then", "else", "when"})
"""The only words that cannot begin a path or be a name; every other word means something in its place only."""

VERBS = (
    "annotate",
    "block",
    "defer",
    "escalate",
    "ignore",
    "requestException",
    "requireVex",
    "warn",
)
"""The words that begin an action, unless `.` or `:=` follows."""

SECTION_WORDS = ("declare", "metadata", "profile", "release", "rule", "settings", "test")
SYNTAX_VERSIONS = ("stella-dsl@1", "stella-dsl@1.0")
