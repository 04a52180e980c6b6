"""When an exception does not apply, or not for long: its window, its state, and what became worse."""

from dataclasses import replace
from datetime import timedelta

import pytest

from exceptions.matching.scope import Scope
from exceptions.rules.recheck import Action, Condition, ConditionKind
from exceptions.rules.vocabulary import Effect, State
from gates.checks.presets import PresetName
from stellapolicy.kernel.severity import Severity
from tests.exceptions.matching.wording import DAY, NOON
from tests.gates.decided import decide_report, knowing, program_of
from tests.gates.excepted import (
    CRITICAL,
    DUE,
    HIGH,
    SEEN,
    USUAL,
    about,
    codes,
    decided,
    entry,
    known,
    report,
    row,
    verdict,
)
from tests.reports import HARMLESS

# --- When an exception is void ----------------------------------------------------------------------------------------


def test_at_its_end_an_exception_does_not_apply_whatever_its_state_says() -> None:
    ending = about(expires_at=NOON)

    before = decide_report(report(), at=NOON - timedelta(microseconds=1), knowledge=known(), exceptions=[ending])
    after = decide_report(report(), at=NOON, knowledge=known(), exceptions=[ending])

    assert (verdict(before), verdict(after)) == ("warn", "block")
    assert entry(after)["held"] == "ended"


def test_an_exception_that_has_not_begun_does_not_apply() -> None:
    decision = decided(about(starts_at=NOON + timedelta(microseconds=1), state=State.APPROVED))

    assert (verdict(decision), entry(decision)["held"]) == ("block", "not_begun")


@pytest.mark.parametrize("preset", [PresetName.PRODUCTION, PresetName.STAGING])
def test_a_new_listing_blocks_at_once_though_no_worker_has_looked(preset: PresetName) -> None:
    decision = decided(about(conditions=USUAL), knowledge=known(kev=DUE), preset=preset)

    assert verdict(decision) == "block"
    assert "exception.blocks" in codes(decision, "block")
    assert entry(decision)["held"] == "blocked"
    assert entry(decision)["fired"] == ["CVE-2020-8203 in pkg:npm/lodash is now known to be exploited"]
    assert list(decision.worsened) == ["EXC-2026-0001"]


def test_a_listing_its_approvers_knew_of_changes_nothing() -> None:
    agreed = about(conditions=USUAL, seen=(replace(SEEN, kev=True),))

    decision = decided(agreed, knowledge=known(kev=DUE))

    assert (verdict(decision), dict(decision.worsened)) == ("warn", {})
    assert entry(decision)["fired"] == []


def test_a_void_exception_excuses_none_of_its_findings() -> None:
    both = about(conditions=USUAL, scope=Scope(vulnerabilities=(CRITICAL.id, HIGH.id)))

    decision = decided(both, knowledge=known(kev=DUE), vulns=(CRITICAL, HIGH))

    assert (row(decision, HIGH.id)["exception"], row(decision, HIGH.id)["status"]) == (None, "warned")
    assert row(decision, HIGH.id)["outcome"] == "block"


def test_a_change_that_asks_for_approval_anew_leaves_three_days() -> None:
    decision = decided(about(Effect.SUPPRESS, conditions=USUAL), knowledge=known(epss=30_000))

    assert verdict(decision) == "warn"
    assert codes(decision, "warn") == {"exception.in_grace"}
    found = entry(decision)
    assert (found["held"], found["grace_until"]) == (None, "2026-06-18T12:00:00Z")
    assert found["grace_seconds_left"] == 72 * 3600
    assert list(decision.worsened) == ["EXC-2026-0001"]


def test_what_waits_for_approval_gets_no_second_grace() -> None:
    until = NOON + timedelta(hours=1)
    waiting = about(conditions=USUAL, state=State.REVALIDATION_REQUIRED, grace_until=until)

    within, over = (decided(waiting, at=at, knowledge=known(epss=30_000, at=at)) for at in (NOON, until))

    assert (verdict(within), entry(within)["grace_until"]) == ("warn", "2026-06-15T13:00:00Z")
    assert (verdict(over), entry(over)["held"]) == ("block", "grace_over")
    assert "exception.grace_over" in codes(over, "warn")
    assert dict(within.worsened) == dict(over.worsened) == {}


def test_something_worse_ends_a_grace_that_runs() -> None:
    waiting = about(conditions=USUAL, state=State.REVALIDATION_REQUIRED, grace_until=NOON + DAY)

    decision = decided(waiting, knowledge=known(kev=DUE, epss=30_000))

    assert entry(decision)["held"] == "blocked"
    assert list(decision.worsened) == ["EXC-2026-0001"]


def test_a_stored_block_holds_back_what_nothing_else_would() -> None:
    holding = about(
        scope=Scope(vulnerabilities=(HARMLESS.id,)),
        state=State.REVALIDATION_REQUIRED,
        grace_until=NOON - DAY,
        blocks=True,
    )

    decision = decided(holding, vulns=(HARMLESS,))

    assert (verdict(decision), decision.combined.blocked_by) == ("block", "exception_recheck")


def test_a_condition_that_revokes_takes_the_exception_away() -> None:
    strict = about(conditions=(Condition(ConditionKind.EPSS_RISES, Action.REVOKE, "0.2"),))

    decision = decided(strict, knowledge=known(epss=30_000))

    assert (verdict(decision), entry(decision)["held"]) == ("block", "revoked")


def test_a_condition_of_another_environment_is_not_asked() -> None:
    elsewhere = Condition(ConditionKind.KEV_LISTED, Action.BLOCK, environments=("staging",))

    decision = decided(about(conditions=(elsewhere,)), knowledge=known(kev=DUE))

    assert (verdict(decision), entry(decision)["held"]) == ("warn", None)


def test_an_exception_never_applies_to_what_is_worse_than_its_approvers_looked_at() -> None:
    modest = about(scope=Scope(vulnerabilities=(CRITICAL.id, HIGH.id)), ceiling=Severity.HIGH)

    decision = decided(modest, vulns=(CRITICAL, HIGH))

    assert (row(decision)["status"], row(decision)["exception"]) == ("blocked", None)
    assert row(decision, HIGH.id)["exception"] == "EXC-2026-0001"
    assert entry(decision)["beyond"] == [row(decision)["key"]]
    assert "exception.beyond" in codes(decision, "pass_with_note")


def _policy(reported: str, meant: str) -> str:
    return f"""
    policy "shop" syntax "stella-dsl@1" {{
      rule elsewhere {{
        when severity.normalized == "{reported}"
        then severity := "{meant}" block
        because "here it is another than reported"
      }}
    }}
    """


def test_a_severity_that_a_policy_raises_is_no_worse_than_what_was_looked_at() -> None:
    modest = about(scope=Scope(vulnerabilities=(HIGH.id,)), ceiling=Severity.HIGH)

    decision = decided(modest, vulns=(HIGH,), program=program_of(_policy("high", "critical")))

    assert (row(decision, HIGH.id)["raw_severity"], row(decision, HIGH.id)["raw_status"]) == ("critical", "blocked")
    assert (row(decision, HIGH.id)["exception"], verdict(decision)) == ("EXC-2026-0001", "warn")
    assert entry(decision)["beyond"] == []


def test_a_severity_that_a_policy_lowers_hides_nothing_worse_than_what_was_looked_at() -> None:
    modest = about(scope=Scope(vulnerabilities=(CRITICAL.id,)), ceiling=Severity.HIGH)

    decision = decided(modest, program=program_of(_policy("critical", "low")))

    assert entry(decision)["beyond"] == [row(decision)["key"]]


def test_the_announcement_of_its_end_is_a_note() -> None:
    soon = about(Effect.SUPPRESS, conditions=USUAL, expires_at=NOON + timedelta(hours=1))

    decision = decided(soon)

    assert verdict(decision) == "pass"
    assert "exception.ending" in codes(decision, "pass_with_note")
    assert entry(decision)["seconds_left"] == 3600


def test_an_exception_that_nothing_needs_holds_nothing_up() -> None:
    idle = about(scope=Scope(vulnerabilities=(HARMLESS.id,)), conditions=USUAL, seen=())
    risen = knowing(NOON, epss={HARMLESS.id: 25_000})

    decision = decided(idle, vulns=(HARMLESS,), knowledge=risen)

    assert verdict(decision) == "pass"
    assert "exception.in_grace" in codes(decision, "pass_with_note")
