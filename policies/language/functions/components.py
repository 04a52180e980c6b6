"""Functions of components: package URLs against patterns, versions against ranges.

Sources: the Package-URL specification; the `vers` notation for version ranges of the same project.
"""

from functools import lru_cache
from typing import Any

from policies.language.types import UNKNOWN
from stellapolicy.kernel import purl_patterns

_LONGEST = 2048


def purl_match(purl: str, pattern: str) -> bool | float:
    """Whether a package URL matches a pattern; UNKNOWN where either cannot be read.

    A pattern without a version matches every version; a purl without a version matches only such patterns.
    """
    answer = purl_patterns.purl_match(purl, pattern)
    return UNKNOWN if answer is None else answer


def any_purl_match(purls: tuple[str, ...], pattern: str) -> bool | float:
    """Whether one of the package URLs matches; UNKNOWN when none does and one cannot be read."""
    answers = [purl_match(purl, pattern) for purl in purls]
    if any(answer is True for answer in answers):
        return True
    return False if all(answer is False for answer in answers) else UNKNOWN


def pattern_mistake(pattern: str) -> str | None:
    """Return what is wrong with a literal pattern, or None."""
    if purl_patterns.pattern_parts(pattern):
        return None
    return f"`{pattern}` is not a package pattern such as `pkg:maven/org.apache.*/log4j-*@2.*`"


@lru_cache(maxsize=4096)
def _range(text: str) -> Any | None:  # noqa: ANN401 - univers has no types
    from univers.version_range import InvalidVersionRange, VersionRange  # noqa: PLC0415 - a fifth of a second, rare

    try:
        return VersionRange.from_string(text) if len(text) <= _LONGEST else None  # type: ignore[no-untyped-call]
    except (ValueError, TypeError, AttributeError, InvalidVersionRange):
        return None


@lru_cache(maxsize=16_384)
def version_in(version: str, versions: str) -> bool | float:
    """Whether a version lies in a `vers:` range; UNKNOWN where either cannot be read."""
    wanted = _range(versions)
    if wanted is None or len(version) > _LONGEST:
        return UNKNOWN
    try:
        return bool(wanted.version_class(version) in wanted)
    except (ValueError, TypeError, AttributeError, IndexError):
        # univers has no common error; a version its scheme cannot order is simply not known to lie anywhere.
        return UNKNOWN


@lru_cache(maxsize=16_384)
def version_at_least(version: str, floor: str) -> bool | float:
    """Whether a dotted version is at least another, number by number; UNKNOWN where one is not dotted numbers."""
    found, wanted = _numbers(version), _numbers(floor)
    if found is None or wanted is None:
        return UNKNOWN
    width = max(len(found), len(wanted))
    return found + (0,) * (width - len(found)) >= wanted + (0,) * (width - len(wanted))


def _numbers(version: str) -> tuple[int, ...] | None:
    parts = version.removeprefix("v").split(".")
    if len(version) > _LONGEST or not all(part.isascii() and part.isdigit() for part in parts):
        return None
    return tuple(int(part) for part in parts)


def range_mistake(text: str) -> str | None:
    """Return what is wrong with a literal range, or None."""
    if _range(text):
        return None
    return f"`{text}` is not a version range such as `vers:maven/>=2.0.0|<2.15.0`"
