"""Source to tree: recursive descent with recovery, every mistake reported at once, nothing raised."""

from policies.language.parser.files import ParseResult, parse

__all__ = ["ParseResult", "parse"]
