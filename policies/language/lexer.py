"""Text to tokens: one compiled pattern, one pass; every mistake is reported and a likely token stands in for it."""

import re
from dataclasses import dataclass

from policies.language.diagnostics import Gathering
from policies.language.limits import STANDARD, Limits
from policies.language.source import Source, Span
from policies.language.strings import resolve_escapes
from policies.language.tokens import Comment, Token, TokenKind

# Every alternative is deterministic or possessive and the last one takes any character, so the pattern consumes
# each character once whatever the input is.
_MASTER = re.compile(
    r"""
    (?P<space>[ \t\r\n]+)
    | (?P<word>[^\W\d]\w*)
    | (?P<symbol>:=|=>|==|!=|<=|>=|\.(?![0-9])|[{}()\[\],:;=<>+\-*]|/(?![/*]))
    | (?P<text>"(?:[^"\\\r\n]++|\\[^\r\n])*+")
    | (?P<number>\.?[0-9][\w.]*)
    | (?P<comment>//[^\r\n]*|/\*(?s:.*?)\*/)
    | (?P<quoted>'(?:[^'\\\r\n]++|\\[^\r\n])*+')
    | (?P<open_text>["'][^\r\n]*)
    | (?P<open_comment>/\*(?s:.*))
    | (?P<hash>\#[^\r\n]*)
    | (?P<foreign>&&?|\|\|?|!)
    | (?P<strange>[^\x00-\x7f]+|.)
    """,
    re.VERBOSE,
)
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?", re.ASCII)
_DURATION = re.compile(r"([0-9]+)([mhdw])", re.ASCII)
_WITH_UNIT = re.compile(r"[0-9]+(?:\.[0-9]+)?([A-Za-z]+)", re.ASCII)
_DURATION_DIGITS = 9
_FOREIGN = {"&&": "and", "&": "and", "||": "or", "|": "or", "!": "not"}

_TYPOGRAPHIC_QUOTES = "\u201c\u201d\u201e\u2018\u2019\u201a\u00ab\u00bb"
_CONTROL = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"
_DIRECTION = "\u202a-\u202e\u2066-\u2069"
_SURROGATE = "\ud800-\udfff"
_FIRST_ESCAPED_BYTE, _LAST_ESCAPED_BYTE = 0xDC80, 0xDCFF
_UNWELCOME = re.compile(f"[{_CONTROL}{_DIRECTION}{_SURROGATE}]")


@dataclass(frozen=True, slots=True)
class Lexed:
    """The tokens of a source, an END last, and its comments, each in order."""

    tokens: tuple[Token, ...]
    comments: tuple[Comment, ...]


def lex(source: Source, gathering: Gathering, limits: Limits = STANDARD) -> Lexed:
    """Return the tokens and comments of a source; mistakes go to `gathering`, the text is read to its end."""
    _report_unwelcome(source, gathering)
    return _Lexer(source, gathering, limits).lex()


def _report_unwelcome(source: Source, gathering: Gathering) -> None:
    for found in _UNWELCOME.finditer(source.text):
        code_point = ord(found[0])
        span = Span(*found.span())
        name = f"U+{code_point:04X}"
        if re.match(f"[{_CONTROL}]", found[0]):
            gathering.report("E110", span, f"control character {name}", hint=f"in a string write `\\u{code_point:04X}`")
        elif re.match(f"[{_DIRECTION}]", found[0]):
            gathering.report("E108", span, f"{name} changes the direction of the text that follows", hint="remove it")
        else:
            gathering.report("E109", span, _undecodable(code_point), hint="write the file in UTF-8")


def _undecodable(code_point: int) -> str:
    """What `Source.of_bytes` leaves of a byte that is not UTF-8, or half of a surrogate pair from elsewhere."""
    if _FIRST_ESCAPED_BYTE <= code_point <= _LAST_ESCAPED_BYTE:
        return f"the byte {code_point & 0xFF:02X} is not UTF-8 here"
    return f"U+{code_point:04X} is half of a surrogate pair and no character"


class _Lexer:
    def __init__(self, source: Source, gathering: Gathering, limits: Limits) -> None:
        self._text = source.text
        self._gathering = gathering
        self._limits = limits
        self._tokens: list[Token] = []
        self._comments: list[Comment] = []

    def lex(self) -> Lexed:
        add = self._tokens.append
        word, symbol = TokenKind.WORD, TokenKind.SYMBOL
        for found in _MASTER.finditer(self._text):
            match found.lastgroup:
                case "space":
                    continue
                case "word" if found[0].isascii():
                    add(Token(word, found[0], *found.span()))
                case "symbol":
                    add(Token(symbol, found[0], *found.span()))
                case _:
                    self._read_rarer(found)
        add(Token(TokenKind.END, "", len(self._text), len(self._text)))
        return Lexed(tuple(self._tokens), tuple(self._comments))

    def _read_rarer(self, found: re.Match[str]) -> None:
        match found.lastgroup:
            case "text":
                self._add_text(found, found[0][1:-1])
            case "number":
                self._read_number(found)
            case "comment":
                self._comments.append(_comment(found))
            case "word":
                self._report_foreign_letters(found)
                self._add(TokenKind.WORD, found[0], found)
            case "quoted":
                self._report("E111", found, "a string stands in single quotes", hint="write `\"` in place of `'`")
                self._add_text(found, found[0][1:-1])
            case "open_text":
                self._report_open_text(found)
            case "open_comment":
                self._report("E103", found, "this comment is not closed", hint="write `*/` where it ends", length=2)
            case "foreign":
                meant = _FOREIGN[found[0]]
                self._report("E101", found, f"`{found[0]}` is not an operator here", hint=f"write `{meant}`")
                self._add(TokenKind.WORD, meant, found)
            case "hash":
                self._report("E101", found, "`#` begins no comment", hint="comments begin with `//`", length=1)
            case _:
                self._report_strange(found)

    def _add(self, kind: TokenKind, text: str, found: re.Match[str]) -> None:
        self._tokens.append(Token(kind, text, *found.span()))

    def _add_text(self, found: re.Match[str], inside: str) -> None:
        value = resolve_escapes(inside, start=found.start() + 1, gathering=self._gathering)
        self._add(TokenKind.TEXT, value, found)

    def _report(
        self, code: str, found: re.Match[str], message: str, *, hint: str | None = None, length: int | None = None
    ) -> None:
        end = found.end() if length is None else found.start() + length
        self._gathering.report(code, Span(found.start(), end), message, hint=hint)

    def _report_open_text(self, found: re.Match[str]) -> None:
        hint = "a string ends on the line it begins on; write `\\n` for a line break"
        self._report("E102", found, f"this string is not closed with `{found[0][0]}`", hint=hint, length=1)
        self._add_text(found, found[0][1:].rstrip("\\"))

    def _report_foreign_letters(self, found: re.Match[str]) -> None:
        letters = "".join(dict.fromkeys(letter for letter in found[0] if not letter.isascii()))
        self._report(
            "E101", found, f"names have no `{_shown(letters)}`", hint="names are written with A-Z, a-z, 0-9, _"
        )

    def _report_strange(self, found: re.Match[str]) -> None:
        character = found[0][0]
        if _UNWELCOME.match(character):
            return
        self._report("E101", found, f"unexpected character {_described(character)}", hint=_strange_hint(character))

    def _read_number(self, found: re.Match[str]) -> None:
        text = found[0]
        if len(text) > self._limits.digits and sum(map(str.isdigit, text)) > self._limits.digits:
            self._report("E406", found, f"a number of more than {self._limits.digits} digits")
            self._add(TokenKind.NUMBER, "0", found)
        elif _NUMBER.fullmatch(text):
            self._add(TokenKind.NUMBER, text, found)
        elif duration := _DURATION.fullmatch(text):
            self._read_duration(found, duration)
        elif (unit := _WITH_UNIT.fullmatch(text)) and unit[1] not in {"e", "E"}:
            self._report_unit(found, unit[1], is_whole="." not in text)
            self._add(TokenKind.DURATION, "1d", found)
        else:
            self._report("E106", found, f"`{_shown(text)}` is not a number", hint="write digits, or digits.digits")
            self._add(TokenKind.NUMBER, "0", found)

    def _read_duration(self, found: re.Match[str], duration: re.Match[str]) -> None:
        if len(duration[1]) > _DURATION_DIGITS:
            self._report("E406", found, f"a duration of more than {_DURATION_DIGITS} digits")
            self._add(TokenKind.DURATION, "1d", found)
        else:
            self._add(TokenKind.DURATION, found[0], found)

    def _report_unit(self, found: re.Match[str], unit: str, *, is_whole: bool) -> None:
        if unit in "mhdw" and not is_whole:
            self._report("E107", found, "a duration is a whole number", hint="write it in a smaller unit, as `90m`")
        else:
            hint = "durations are written `90m`, `12h`, `7d`, `2w`"
            self._report("E107", found, f"`{_shown(unit)}` is not a unit", hint=hint)


def _comment(found: re.Match[str]) -> Comment:
    lines = re.split(r"\r\n|\r|\n", found[0])
    return Comment("\n".join(line.rstrip() for line in lines), *found.span())


def _shown(text: str) -> str:
    """The text cut to what fits into a message."""
    longest = 40
    return text if len(text) <= longest else text[:longest] + "…"


def _described(character: str) -> str:
    name = f"U+{ord(character):04X}"
    return f"`{character}` ({name})" if character.isprintable() else name


def _strange_hint(character: str) -> str | None:
    if character in _TYPOGRAPHIC_QUOTES:
        return 'strings are written with straight quotes, `"`'
    if character.isspace() or not character.isprintable():
        return "only spaces, tabs and line ends stand between words"
    return None
