"""The table of exit codes."""

from itertools import combinations, product

import pytest

from gates.checks.exit_codes import Decision, ExitCode, ExitStyle, FailOn, GateMode, Ruling, exit_code

PASSED = Ruling(Decision.PASS, GateMode.ENFORCE)
EXCUSED = Ruling(Decision.PASS, GateMode.ENFORCE, with_exceptions=True)
WARNED = Ruling(Decision.WARN, GateMode.ENFORCE)
BLOCKED = Ruling(Decision.BLOCK, GateMode.ENFORCE)
UNPROVEN = Ruling(Decision.BLOCK, GateMode.ENFORCE, is_evidence_only=True)
BYPASSED = Ruling(Decision.BLOCK, GateMode.ENFORCE, is_bypassed=True)
OBSERVED = Ruling(Decision.BLOCK, GateMode.OBSERVE)

EVERY_RULING = tuple(
    Ruling(decision, mode, *flags)
    for decision, mode, flags in product(Decision, GateMode, product((False, True), repeat=3))
)
EVERY_FAIL_ON = tuple(chosen for size in range(4) for chosen in combinations(FailOn, size))


@pytest.mark.parametrize(
    "ruling, fail_on, strict, expected",
    [
        (PASSED, [], False, 0),
        (WARNED, [], False, 0),
        (BLOCKED, [], False, 2),
        (WARNED, [FailOn.WARN], False, 3),
        (EXCUSED, [], False, 0),
        (EXCUSED, [FailOn.EXCEPTIONS], False, 4),
        (UNPROVEN, [], False, 2),
        (UNPROVEN, [], True, 12),
        (BLOCKED, [], True, 2),
        (BYPASSED, [], False, 0),
        (BYPASSED, [FailOn.BYPASS], False, 14),
        (OBSERVED, list(FailOn), True, 0),
    ],
)
def test_the_exit_code_follows_the_table(ruling: Ruling, fail_on: list[FailOn], strict: bool, expected: int) -> None:  # noqa: FBT001 - a column of the table
    assert exit_code(ruling, fail_on=fail_on, strict=strict) == expected


@pytest.mark.parametrize("ruling, expected", [(PASSED, 0), (WARNED, 1), (BLOCKED, 2), (OBSERVED, 0)])
def test_the_classic_style_gives_one_for_a_warning(ruling: Ruling, expected: int) -> None:
    assert exit_code(ruling, style=ExitStyle.CLASSIC) == expected


def test_one_is_returned_only_when_the_classic_style_is_asked_for() -> None:
    codes = {
        exit_code(ruling, fail_on=fail_on, strict=strict)
        for ruling, fail_on, strict in product(EVERY_RULING, EVERY_FAIL_ON, (False, True))
    }

    assert ExitCode.CLASSIC_WARNED not in codes


def test_an_enforced_block_that_nobody_bypassed_is_never_zero() -> None:
    for fail_on, strict, style in product(EVERY_FAIL_ON, (False, True), ExitStyle):
        for ruling in (BLOCKED, UNPROVEN):
            assert exit_code(ruling, fail_on=fail_on, strict=strict, style=style) != 0
