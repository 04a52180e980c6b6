"""The one way to lay a policy out: the tree stays the same, comments stay, formatting twice changes nothing."""

import re

from policies.language.diagnostics import Diagnostic, Gathering
from policies.language.formatter.comments import Weaver
from policies.language.formatter.layout import Pages
from policies.language.formatter.places import Places
from policies.language.formatter.sections import Printer
from policies.language.lexer import lex
from policies.language.parser import parse
from policies.language.source import Source
from policies.language.tree import PolicyFile

__all__ = ["CannotFormat", "format_source", "format_tree"]

_LINE_BREAK = re.compile(r"\r\n|\r")


class CannotFormat(Exception):  # noqa: N818 - an answer about the text, not an accident
    """The text has mistakes, so that nobody knows what it means, or would be too large once it is laid out."""

    def __init__(self, diagnostics: tuple[Diagnostic, ...]) -> None:
        super().__init__(f"{len(diagnostics)} mistakes keep the policy from being formatted")
        self.diagnostics = diagnostics


def format_source(text: str, name: str) -> str:
    """Return a policy's text laid out, with line feeds; raises CannotFormat for mistakes and if it grows too large."""
    source = Source(name, _LINE_BREAK.sub("\n", text))
    parsed = parse(source)
    if parsed.file is None or parsed.has_errors:
        raise CannotFormat(parsed.diagnostics)
    lexed = lex(source, Gathering(source))
    pages = Pages(lexed.comments)
    Printer(pages, Places(lexed.tokens)).file(parsed.file)
    formatted = Weaver(source.text, lexed.tokens, lexed.comments).weave(pages.lines)
    again = parse(Source(name, formatted))
    if again.file is None:
        raise CannotFormat(again.diagnostics)  # laid out, it is larger than a source may be
    # INVARIANT: formatting never changes what a policy means; a reviewed policy stays the one that was reviewed.
    if again.file != parsed.file:
        raise RuntimeError(f"formatting would change the meaning of {name}")
    return formatted


def format_tree(file: PolicyFile) -> str:
    """Return the text of a tree that was not read from a source, such as a generated one."""
    pages = Pages()
    Printer(pages, Places()).file(file)
    return Weaver("", (), ()).weave(pages.lines)
