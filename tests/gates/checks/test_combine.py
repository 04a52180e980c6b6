"""From results to one decision."""

import pytest

from gates.checks.base import CheckKind, CheckResult, Outcome, Reason
from gates.checks.combine import combine
from gates.checks.exit_codes import Decision, GateMode


def says(outcome: Outcome, *codes: str, check: CheckKind = CheckKind.KEV_BLOCKER) -> CheckResult:
    return CheckResult(check, outcome, tuple(Reason(code, code, outcome) for code in codes))


PASSES = says(Outcome.PASS, check=CheckKind.POLICY_VERDICT)
WARNS = says(Outcome.WARN, "policy.warned", check=CheckKind.POLICY_VERDICT)
KEV = says(Outcome.BLOCK, "kev.listed")
STALE = says(Outcome.BLOCK, "evidence.scan_stale", check=CheckKind.EVIDENCE_FRESHNESS)


@pytest.mark.parametrize(
    "results, expected",
    [
        ([PASSES], Decision.PASS),
        ([PASSES, says(Outcome.SKIP), says(Outcome.PASS_WITH_NOTE)], Decision.PASS),
        ([PASSES, WARNS], Decision.WARN),
        ([KEV, WARNS, PASSES], Decision.BLOCK),
    ],
)
def test_the_worst_result_decides(results: list[CheckResult], expected: Decision) -> None:
    combined = combine(results, mode=GateMode.ENFORCE)

    assert combined.decision is expected
    assert combined.verdict is expected


def test_the_first_blocking_check_in_the_chain_is_named() -> None:
    combined = combine([WARNS, STALE, KEV], mode=GateMode.ENFORCE)

    assert combined.blocked_by is CheckKind.EVIDENCE_FRESHNESS
    assert combined.warned_by is CheckKind.POLICY_VERDICT
    assert combined.wording == "It may not ship: blocked by evidence_freshness."


def test_a_chain_without_checks_blocks() -> None:
    combined = combine([], mode=GateMode.ENFORCE)

    assert combined.decision is Decision.BLOCK
    assert combined.exit_code == 2
    assert combined.wording == "It may not ship: blocked by a chain without checks."


def test_observing_shows_the_block_and_ends_with_zero() -> None:
    combined = combine([KEV], mode=GateMode.OBSERVE)

    assert combined.decision is Decision.BLOCK
    assert combined.exit_code == 0
    assert combined.wording == "It would be blocked by kev_blocker; this gate only observes."


def test_a_warning_gate_turns_a_block_into_a_warning_and_says_so() -> None:
    combined = combine([KEV], mode=GateMode.WARN)

    assert combined.decision is Decision.WARN
    assert combined.verdict is Decision.BLOCK
    assert combined.exit_code == 0
    assert combined.wording == "It would be blocked by kev_blocker; this gate only warns."


def test_a_bypass_lets_a_block_through_and_keeps_it_visible() -> None:
    combined = combine([KEV], mode=GateMode.ENFORCE, is_bypassed=True)

    assert combined.decision is Decision.BLOCK
    assert combined.exit_code == 0
    assert combined.wording == "Blocked by kev_blocker, and let through by a break-glass bypass."


def test_a_pass_with_exceptions_says_so() -> None:
    combined = combine([PASSES], mode=GateMode.ENFORCE, with_exceptions=True)

    assert combined.wording == "It may ship, with exceptions applied."


def test_a_warning_is_worded_with_the_check_that_gave_it() -> None:
    combined = combine([PASSES, WARNS], mode=GateMode.ENFORCE)

    assert combined.wording == "It may ship, with warnings; the first is from policy_verdict."


@pytest.mark.parametrize(
    "results, expected",
    [
        ([STALE], True),
        ([STALE, WARNS], True),
        ([STALE, KEV], False),
        ([says(Outcome.BLOCK, "evidence.missing", "kev.listed")], False),
        ([says(Outcome.BLOCK)], False),
        ([WARNS], False),
        ([], False),
    ],
)
def test_only_a_block_for_evidence_alone_is_one(results: list[CheckResult], expected: bool) -> None:  # noqa: FBT001 - a column of the table
    assert combine(results, mode=GateMode.ENFORCE).is_evidence_only is expected


def test_a_warning_reason_beside_an_evidence_block_does_not_change_its_cause() -> None:
    mixed = CheckResult.because(
        CheckKind.EVIDENCE_FRESHNESS,
        [Reason("kev.listed", "soon", Outcome.WARN), Reason("evidence.missing", "gone", Outcome.BLOCK)],
    )

    assert combine([mixed], mode=GateMode.ENFORCE).is_evidence_only
