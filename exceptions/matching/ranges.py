"""Version ranges: whether one can be read, and whether one certainly lies within another."""

import re
from dataclasses import dataclass

from stellapolicy.kernel.version_ranges import contains

_RANGE = re.compile(r"vers:(?P<scheme>[a-z]+)/(?P<constraints>.+)")
_CONSTRAINT = re.compile(r"(?P<comparator>>=|<=|!=|<|>|)(?P<version>.+)")
_EVERYTHING = "*"
_ANY_VERSION = "1.0.0"
_LOWER = (">", ">=")
_UPPER = ("<", "<=")


@dataclass(frozen=True, slots=True)
class _Constraint:
    """One bound as it is spelled; without a comparator it is that version alone."""

    comparator: str
    version: str

    @property
    def text(self) -> str:
        return f"{self.comparator}{self.version}"


def scheme_of(versions: str) -> str:
    """Return whose order a range speaks of ("npm"), or "" where the text is no range."""
    found = _RANGE.fullmatch(versions)
    return found["scheme"] if found else ""


def is_readable(versions: str) -> bool:
    """Whether the range, and every version it names, can be compared with others."""
    named = [one.version for one in _constraints(versions)]
    probes = [_ANY_VERSION if version == _EVERYTHING else version for version in named]
    return bool(probes) and all(contains(versions, probe) is not None for probe in probes)


def range_includes(outer: str, inner: str) -> bool:
    """Whether every version in `inner` certainly lies in `outer`; False where that is not proven.

    Proven are the same range, single versions within any range, and one stretch of versions within another.
    """
    if scheme_of(outer) != scheme_of(inner):
        return False
    if outer == inner:
        return True
    stated = _constraints(inner)
    if all(not one.comparator and one.version != _EVERYTHING for one in stated):
        return bool(stated) and all(contains(outer, one.version) is True for one in stated)
    within, around = _stretch(inner), _stretch(outer)
    if within is None or around is None:
        return False
    return all(_is_tighter(mine, theirs, scheme_of(outer)) for mine, theirs in zip(within, around, strict=True))


def _constraints(versions: str) -> list[_Constraint]:
    found = _RANGE.fullmatch(versions)
    if found is None:
        return []
    read = [_CONSTRAINT.fullmatch(text) for text in found["constraints"].split("|")]
    return [_Constraint(one["comparator"], one["version"]) for one in read if one]


def _stretch(versions: str) -> tuple[_Constraint | None, _Constraint | None] | None:
    """Return the lower and the upper bound of a range that is one stretch of versions, or None."""
    match _constraints(versions):
        case [_Constraint(comparator="", version="*")]:
            return None, None
        case [lower] if lower.comparator in _LOWER:
            return lower, None
        case [upper] if upper.comparator in _UPPER:
            return None, upper
        case [lower, upper] if lower.comparator in _LOWER and upper.comparator in _UPPER:
            return lower, upper
        case _:
            return None


def _is_tighter(mine: _Constraint | None, theirs: _Constraint | None, scheme: str) -> bool:
    if theirs is None or mine == theirs:
        return True
    return mine is not None and contains(f"vers:{scheme}/{theirs.text}", mine.version) is True
