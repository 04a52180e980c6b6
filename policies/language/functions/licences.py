"""Licence expressions against an allow list, with the meaning SPDX gives them.

Of `OR` one side must be allowed, of `AND` both; `WITH` is allowed only as it is written; an identifier that SPDX does
not know is unknown unless the list names it exactly. Source: SPDX specification, annex on licence expressions.
"""

from collections.abc import Iterable
from functools import cache, lru_cache
from typing import Any

from license_expression import (
    AND,
    OR,
    ExpressionError,
    LicenseWithExceptionSymbol,
    Licensing,
    get_spdx_licensing,
)

from policies.language.types import UNKNOWN
from stellapolicy.kernel.globs import glob, is_glob

_LONGEST = 4096
_DEEPEST = 32


@cache
def _spdx() -> Licensing:
    return get_spdx_licensing()


def _parsed(expression: str) -> Any | None:  # noqa: ANN401 - the tree of license-expression has no types
    if len(expression) > _LONGEST or expression.count("(") > _DEEPEST:
        return None
    try:
        return _spdx().parse(expression)
    except (ExpressionError, TypeError):
        return None


@lru_cache(maxsize=256)
def _allowed(allow: tuple[str, ...]) -> tuple[frozenset[str], tuple[str, ...]]:
    """Return the exact names, in canonical spelling, and the globs of an allow list; all in lower case."""
    exact = {_canonical(entry).lower() for entry in allow if not is_glob(entry)}
    return frozenset(exact), tuple(entry.lower() for entry in allow if is_glob(entry))


def _canonical(entry: str) -> str:
    parsed = _parsed(entry)
    return entry if parsed is None else str(parsed.render("{symbol.key}"))


@lru_cache(maxsize=16_384)
def licence_satisfies(expression: str, allow: tuple[str, ...]) -> bool | float:
    """Whether an expression can be satisfied within an allow list of identifiers and globs; else UNKNOWN if unread."""
    tree = _parsed(expression)
    return UNKNOWN if tree is None else _judge(tree, *_allowed(allow))


def _judge(tree: Any, exact: frozenset[str], globs: tuple[str, ...]) -> bool | float:  # noqa: ANN401 - as above
    if isinstance(tree, AND):
        return _all(_judge(part, exact, globs) for part in tree.args)
    if isinstance(tree, OR):
        return _any(_judge(part, exact, globs) for part in tree.args)
    if isinstance(tree, LicenseWithExceptionSymbol):
        return tree.render("{symbol.key}").lower() in exact
    name = str(tree.key).lower()
    if name in exact:
        return True
    if tree.key not in _spdx().known_symbols:
        return UNKNOWN
    return any(glob(pattern)(name) for pattern in globs)


def _all(answers: Iterable[bool | float]) -> bool | float:
    gathered = list(answers)
    if any(answer is False for answer in gathered):
        return False
    return True if all(answer is True for answer in gathered) else UNKNOWN


def _any(answers: Iterable[bool | float]) -> bool | float:
    gathered = list(answers)
    if any(answer is True for answer in gathered):
        return True
    return False if all(answer is False for answer in gathered) else UNKNOWN
