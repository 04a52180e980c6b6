"""The public VERS suite against the library we compare versions with; what it does otherwise is listed."""

import pytest

from stellapolicy.kernel.version_ranges import contains
from tests.kernel.vers_suite import agrees, cases

# What univers does otherwise. Spelling: NuGet labels keep their capitals, the order is right all the same. Leniency:
# a range that is not canonical is read; `version_ranges.contains` calls such a range unknown (below).
SPELLING = {f"nuget_version_cmp_test/{number}" for number in (13, 15, 16, 17)}
LENIENCY = {f"vers_canonical_parse_test/{number}" for number in (1, 2, 3, 5, 6, 7)}


def test_the_library_agrees_with_the_suite_but_for_the_listed_gaps() -> None:
    gaps = {case.name for case in cases() if not agrees(case)}

    assert gaps == SPELLING | LENIENCY


def test_no_case_of_the_suite_is_left_out() -> None:
    assert sum(1 for _ in cases()) == 138


def test_a_range_that_is_not_canonical_is_unknown_and_dismisses_nothing() -> None:
    lenient = [case.given for case in cases() if case.name in LENIENCY]

    assert [contains(written, "1.5.0") for written in lenient] == [None] * len(lenient)


@pytest.mark.parametrize(
    "vers, version, is_in",
    [
        ("vers:npm/>=1.0.0|<2.0.0", "1.5.0", True),
        ("vers:npm/>=1.0.0|<2.0.0", "2.0.0", False),
        ("vers:deb/<1.2.3-4", "1.2.3-3", True),
        ("vers:npm/>=1.0.0", "not a version!", None),
        ("vers:moon/>=1", "2", None),
        ("", "1", None),
    ],
)
def test_a_version_lies_in_a_range_or_not_or_nobody_knows(vers: str, version: str, is_in: bool | None) -> None:  # noqa: FBT001
    assert contains(vers, version) is is_in
