"""Runs the public VERS suite through the library we compare versions with, case by case."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cmp_to_key
from typing import Any

from univers import version_range

from tests.real_data import real_data

# Any: the library is untyped.
_Range: Any = version_range.VersionRange
_SCHEMES: Any = version_range.RANGE_CLASS_BY_SCHEMES

FILES = (
    "datetime_version_cmp_test",
    "gem_range_from_native_test",
    "lexicographic-test",
    "npm_range_containment_test",
    "nuget_version_cmp_test",
    "openssl_version_cmp_test",
    "pypi_range_containment_test",
    "pypi_range_from_native_test",
    "pypi_range_validate_test",
    "vers_canonical_parse_test",
)


@dataclass(frozen=True, slots=True)
class Case:
    """One case of the suite: its file, its place there, what goes in and what should come out."""

    file: str
    number: int
    kind: str
    given: Any
    wanted: Any
    should_fail: bool

    @property
    def name(self) -> str:
        """How a list of gaps names it."""
        return f"{self.file}/{self.number}"


def cases() -> Iterator[Case]:
    """Return every case of the suite."""
    for file in FILES:
        for number, case in enumerate(json.loads(real_data(f"vers/{file}.json").read_bytes())["tests"]):
            should_fail = bool(case.get("expected_failure"))
            wanted = case.get("expected_output")
            yield Case(file, number, case["test_type"], case["input"], wanted, should_fail)


def agrees(case: Case) -> bool:
    """Whether the library gives what the suite wants."""
    try:
        found = _found(case)
    except (ValueError, TypeError, AttributeError, KeyError, NotImplementedError, LookupError):
        return case.should_fail
    return not case.should_fail and found == case.wanted


def _found(case: Case) -> Any:
    match case.kind:
        case "equality":
            one, other = _versions(case)
            return one == other
        case "comparison":
            return [version.string for version in sorted(_versions(case), key=cmp_to_key(_compared))]
        case "containment":
            spoken = _Range.from_string(case.given["vers"])
            return spoken.version_class(case.given["version"]) in spoken
        case "from_native":
            return str(_SCHEMES[case.given["scheme"]].from_native(case.given["native_range"]))
        case "validate":
            return str(_Range.from_string(case.given))
        case "parse":
            spoken = _Range.from_string(case.given)
            constraints = [[one.comparator, str(one.version)] for one in spoken.constraints]
            return {"scheme": spoken.scheme, "version_constraints": constraints}
        case other:
            raise LookupError(other)


def _compared(one: Any, other: Any) -> int:
    return -1 if one < other else int(one > other)


def _versions(case: Case) -> list[Any]:
    version = _SCHEMES[case.given["input_scheme"]].version_class
    return [version(text) for text in case.given["versions"]]
