"""Short ways to read policies in tests."""

from policies.language import tree
from policies.language.parser import ParseResult, parse
from policies.language.source import Source


def policy(body: str) -> str:
    """Return the text of a policy with this body."""
    return f'policy "p" syntax "stella-dsl@1" {{\n{body}\n}}\n'


def read(body: str) -> ParseResult:
    """Parse a policy with this body."""
    return parse(Source("p.stella", policy(body)))


def sections(body: str) -> tuple[tree.Section, ...]:
    """Parse a body without mistakes and return its sections."""
    result = read(body)
    assert result.diagnostics == ()
    assert result.file is not None
    return result.file.sections


def section(body: str) -> tree.Section:
    """Parse a body of one section."""
    (only,) = sections(body)
    return only


def rule(body: str) -> tree.Rule:
    """Parse a body of one rule."""
    only = section(body)
    assert isinstance(only, tree.Rule)
    return only


def expression(text: str) -> tree.Expression:
    """Parse an expression, as the condition of a rule."""
    return rule(f"rule r {{ when {text} then block }}").condition


def codes(result: ParseResult) -> list[str]:
    """Return the codes of the mistakes, in their order."""
    return [diagnostic.code for diagnostic in result.diagnostics]


def mistakes(body: str) -> list[str]:
    """Parse a body and return the codes of its mistakes."""
    return codes(read(body))
