"""Whole files: the head, the sections, and nothing after them."""

from dataclasses import dataclass

from policies.language.diagnostics import Diagnostic, Gathering
from policies.language.lexer import lex
from policies.language.limits import STANDARD, Limits
from policies.language.parser.cursor import Abandoned, Braces, Cursor, Unreadable, described
from policies.language.parser.measure import report_size
from policies.language.parser.sections import at_any_section, section
from policies.language.source import Source, Span
from policies.language.tokens import SYNTAX_VERSIONS, TokenKind
from policies.language.tree import PolicyFile, Rule, Section, Text


@dataclass(frozen=True, slots=True)
class ParseResult:
    """What could be read of a file (None where not even its head, or too many mistakes) and every mistake in it.

    INVARIANT: without an error among the diagnostics the tree is whole; with one it may lack pieces and hold
    stand-ins, and is good for finding further mistakes only.
    """

    file: PolicyFile | None
    diagnostics: tuple[Diagnostic, ...]

    @property
    def has_errors(self) -> bool:
        """Whether anything keeps the file from compiling."""
        return any(diagnostic.is_error for diagnostic in self.diagnostics)


def parse(source: Source, limits: Limits = STANDARD) -> ParseResult:
    """Return the tree of a source and its mistakes; raises nothing, whatever the text is."""
    gathering = Gathering(source, limits.mistakes)
    size = len(source.text.encode("utf-8", "surrogatepass"))
    if size > limits.source_bytes:
        message = f"a source of {size} bytes; {limits.source_bytes} are allowed"
        gathering.report("E401", Span(0, 0), message)
        return ParseResult(None, gathering.diagnostics())
    cursor = Cursor(lex(source, gathering, limits).tokens, gathering, limits)
    file = _file(cursor)
    if file is not None:
        report_size(file, gathering, limits)
    return ParseResult(file, gathering.diagnostics())


def _file(cursor: Cursor) -> PolicyFile | None:
    start = cursor.token.start
    try:
        name, syntax, body = _head(cursor)
        sections = _sections(cursor, body)
        file = PolicyFile(name, syntax, sections, span=cursor.span_from(start))
        _refuse_more(cursor)
    except (Unreadable, Abandoned):
        return None
    return file


def _refuse_more(cursor: Cursor) -> None:
    if not cursor.at_end():
        hint = "a file holds one policy; write another one in a file of its own" if cursor.at_word("policy") else None
        cursor.report("E205", cursor.token.span, f"{described(cursor.token)} after the policy", hint=hint)


def _head(cursor: Cursor) -> tuple[Text, Text, Braces]:
    """Read `policy "name" syntax "version" {`."""
    if not cursor.accept_word("policy"):
        hint = 'a file begins with `policy "name" syntax "stella-dsl@1" {`'
        cursor.report("E203", cursor.token.span, f"expected `policy`, found {described(cursor.token)}", hint=hint)
        raise Unreadable
    name = cursor.expect_text("the name of the policy")
    syntax = _syntax(cursor)
    return name, syntax, cursor.open_braces("the head of the policy")


def _syntax(cursor: Cursor) -> Text:
    if not cursor.accept_word("syntax"):
        hint = f'write `syntax "{SYNTAX_VERSIONS[0]}"`'
        if cursor.token.kind is TokenKind.SYMBOL and cursor.token.text == "{":
            cursor.report("E204", cursor.previous.span, "the policy does not say its syntax", hint=hint)
            return Text(SYNTAX_VERSIONS[0], span=cursor.previous.span)
        raise cursor.unexpected("`syntax`", hint=hint)
    syntax = cursor.expect_text("the version of the syntax")
    if syntax.value not in SYNTAX_VERSIONS:
        hint = f'this compiler reads `syntax "{SYNTAX_VERSIONS[0]}"`'
        cursor.report("E204", syntax.span, f"syntax `{syntax.value[:40]}` is not known", hint=hint)
    return syntax


def _sections(cursor: Cursor, body: Braces) -> tuple[Section, ...]:
    found: list[Section] = []
    cursor.skip_semicolons()
    while not cursor.accept_symbol("}"):
        if cursor.at_end():
            cursor.report_unclosed(body.opener)
            break
        before = cursor.place
        try:
            read = section(cursor)
            found.extend([] if read is None else [read])
        except Unreadable:
            cursor.skip_to(at_any_section, inside=body, since=before)
        cursor.skip_semicolons()
    _report_rules(cursor, found)
    return tuple(found)


def _report_rules(cursor: Cursor, sections: list[Section]) -> None:
    rules = [one for one in sections if isinstance(one, Rule)]
    allowed = cursor.limits.rules
    if len(rules) > allowed:
        cursor.report("E402", rules[allowed].name.span, f"{len(rules)} rules in one file; {allowed} are allowed")
