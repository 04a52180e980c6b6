"""How large a policy may be: beyond a limit is an error that names it, never a hang."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits one compilation works under; the defaults are those of the language.

    `source_bytes` counts UTF-8, `depth` the nesting of an expression, `nodes` and `rules` one file,
    `digits` one number, `mistakes` the diagnostics reported for one file.
    """

    source_bytes: int = 256 * 1024
    rules: int = 2_000
    depth: int = 64
    nodes: int = 100_000
    list_items: int = 10_000
    digits: int = 30
    mistakes: int = 500


STANDARD = Limits()
