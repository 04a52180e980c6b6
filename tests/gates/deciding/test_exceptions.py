"""A decision under exceptions: what is left, and what is still shown; without a database."""

import json
from dataclasses import replace
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from exceptions.matching.scope import PackageScope, Scope
from exceptions.rules.vocabulary import Effect, ExceptionType
from gates.checks.exit_codes import FailOn, GateMode, exit_code
from gates.checks.presets import PresetName
from gates.deciding.decide import decide
from gates.deciding.inputs import FrozenInputs
from policies.language.program import Program
from stellapolicy.kernel import canonical_json
from tests.exceptions.matching.wording import NOON
from tests.gates.decided import frozen_question, program_of
from tests.gates.excepted import (
    CRITICAL,
    DUE,
    HIGH,
    SEEN,
    USUAL,
    about,
    codes,
    decided,
    known,
    report,
    row,
    verdict,
)
from tests.reports import HARMLESS, LOG4SHELL, Vuln

# --- Effects ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "effect, status, answer",
    [
        (Effect.SUPPRESS, "ignored", "pass"),
        (Effect.DEFER, "deferred", "warn"),
        (Effect.DEFER_VENDOR, "deferred", "warn"),
        (Effect.DEFER_DEFAULT, "deferred", "warn"),
        (Effect.REQUIRE_CONTROL, "guarded_pass", "pass"),
    ],
)
def test_an_exception_lets_through_what_raw_still_blocks(effect: Effect, status: str, answer: str) -> None:
    decision = decided(about(effect, controls=("waf-rule-1042",)))

    assert verdict(decision) == answer
    found = row(decision)
    assert (found["raw_status"], found["status"], found["exception"]) == ("blocked", status, "EXC-2026-0001")
    body: Any = decision.body
    assert (body["raw"]["decision"], body["raw"]["blocked_by"]) == ("block", "policy_verdict")
    assert body["raw"]["counts"]["by_status"] == {"pass": 1, "blocked": 1}
    assert body["with_exceptions"] is True


def test_a_pass_with_exceptions_may_stop_a_pipeline_that_asks_for_it() -> None:
    decision = decided(about(Effect.SUPPRESS))

    assert exit_code(decision.combined.ruling) == 0
    assert exit_code(decision.combined.ruling, fail_on=[FailOn.EXCEPTIONS]) == 4
    assert decision.combined.wording == "It may ship, with exceptions applied."


def test_the_reason_of_a_deferral_names_the_exception_and_its_end() -> None:
    body: Any = decided(about()).body

    (reason,) = [one for check in body["checks"] for one in check["reasons"] if one["code"] == "policy.deferred"]
    assert reason["text"].endswith("EXC-2026-0001 (accepted risk) until 2026-07-15T12:00:00Z: deferred.")
    assert "EXC-2026-0001" in reason["evidence"]
    assert body["wording"] == "It may ship, with exceptions applied and warnings; the first is from policy_verdict."


def test_what_an_exception_defers_counts_for_no_other_check() -> None:
    listed = about(seen=(replace(SEEN, kev=True, epss=97_000),))

    decision = decided(listed, knowledge=known(kev=DUE, epss=97_000))

    assert verdict(decision) == "warn"
    assert codes(decision, "warn") == {"policy.deferred"}
    body: Any = decision.body
    assert body["raw"]["verdict"] == "block"


@pytest.mark.parametrize(
    "effect, severity, answer", [(Effect.DOWNGRADE_LOW, "low", "pass"), (Effect.DOWNGRADE_MEDIUM, "medium", "pass")]
)
def test_a_downgraded_finding_is_judged_by_its_lowered_severity(effect: Effect, severity: str, answer: str) -> None:
    decision = decided(about(effect))

    assert verdict(decision) == answer
    found = row(decision)
    assert (found["raw_severity"], found["severity"]) == ("critical", severity)
    assert (found["raw_status"], found["status"]) == ("blocked", "pass")
    assert found["cvss"] == "9.8"


def test_a_downgraded_finding_still_counts_for_the_catalogue_of_exploited_ones() -> None:
    listed = about(Effect.DOWNGRADE_LOW, seen=(replace(SEEN, kev=True),))

    decision = decided(listed, knowledge=known(kev=DUE))

    assert verdict(decision) == "block"
    assert decision.combined.blocked_by == "kev_blocker"


def test_an_unknown_severity_counts_as_higher_than_what_it_is_downgraded_to() -> None:
    unrated = replace(CRITICAL, severity="UNKNOWN", score=None)
    seen = replace(SEEN, severity="unknown", cvss=None)

    decision = decided(about(Effect.DOWNGRADE_LOW, seen=(seen,)), vulns=(unrated,))

    assert (row(decision)["raw_severity"], row(decision)["severity"]) == ("unknown", "low")


@pytest.mark.parametrize("effect", list(Effect))
def test_no_exception_makes_a_finding_more_restrictive_than_the_policy_did(effect: Effect) -> None:
    scope = Scope(vulnerabilities=(HARMLESS.id, HIGH.id))

    decision = decided(about(effect, scope=scope), vulns=(HIGH, HARMLESS), preset=PresetName.STAGING)

    body: Any = decision.body
    assert row(decision, HIGH.id)["raw_status"] == "warned"
    assert row(decision, HIGH.id)["status"] in {"ignored", "pass", "guarded_pass", "warned"}
    assert "deferred" not in body["counts"]["by_status"]


def test_a_waiver_of_a_licence_does_not_hide_a_vulnerability() -> None:
    package = Scope(packages=(PackageScope("pkg:npm/lodash"),))

    decision = decided(about(Effect.SUPPRESS_LICENSE, scope=package, type=ExceptionType.COMPONENT))

    assert verdict(decision) == "block"
    body: Any = decision.body
    assert body["exceptions"] == []


def test_a_finding_outside_the_scope_is_what_it_was() -> None:
    one = about(Effect.SUPPRESS)

    with_it, without = decided(one, vulns=(CRITICAL, HIGH)), decided(vulns=(CRITICAL, HIGH))

    assert row(with_it, HIGH.id) == row(without, HIGH.id)


# --- What a policy says of exceptions ---------------------------------------------------------------------------------

_RULES = """
policy "shop" syntax "stella-dsl@1" {
  rule critical {
    when severity.normalized == "critical"
    then block
    because "critical findings do not ship"
  }
  rule about_exceptions priority %s {
    when %s
    then %s
    because "the policy has a word on exceptions"
  }
}
"""


def speaking(when: str, then: str, *, priority: int = 10) -> Program:
    return program_of(_RULES % (priority, when, then))


def test_a_policy_that_refuses_an_exception_has_the_last_word() -> None:
    stubborn = speaking('exception.applied and exception.reason == "accepted_risk"', "block")

    decision = decided(about(), program=stubborn)

    assert verdict(decision) == "block"
    assert (row(decision)["status"], row(decision)["exception"]) == ("blocked", "EXC-2026-0001")


def test_a_refusal_counts_also_beside_a_rule_that_blocks_already() -> None:
    stubborn = speaking("exception.applied", "block", priority=100)

    assert verdict(decided(about(), program=stubborn)) == "block"


def test_a_policy_may_let_an_excepted_finding_pass_by_its_own_rule() -> None:
    lenient = speaking("exception.applied", 'status := "pass"')

    decision = decided(about(), program=lenient)

    assert (verdict(decision), row(decision)["status"]) == ("pass", "pass")


def test_a_rule_that_merely_notes_an_exception_leaves_the_effect_alone() -> None:
    noting = speaking("exception.applied", 'annotate seen_by := "policy"')

    decision = decided(about(), program=noting)

    assert (verdict(decision), row(decision)["status"]) == ("warn", "deferred")


def test_a_policy_knows_raw_that_no_exception_applies() -> None:
    strict = speaking("not exception.applied", "warn")

    decision = decided(vulns=(HARMLESS,), program=strict)

    assert row(decision, HARMLESS.id)["status"] == "warned"


# --- Several ----------------------------------------------------------------------------------------------------------


def test_the_narrower_exception_wins_and_the_broader_is_listed_as_shadowed() -> None:
    broad = about(
        Effect.SUPPRESS, scope=Scope(packages=(PackageScope("pkg:npm/lodash"),)), type=ExceptionType.COMPONENT
    )
    narrow = about(id="EXC-2026-0002", scope=Scope(vulnerabilities=(CRITICAL.id,), environments=("production",)))

    decision = decided(broad, narrow)

    body: Any = decision.body
    first, second = body["exceptions"]
    assert row(decision)["exception"] == "EXC-2026-0002"
    assert (first["shadowed_by"], first["changed"]) == (["EXC-2026-0002"], 0)
    assert (second["shadows"], second["changed"]) == (["EXC-2026-0001"], 1)


def test_a_void_exception_makes_room_for_the_next() -> None:
    void = about(scope=Scope(vulnerabilities=(CRITICAL.id,), environments=("production",)), expires_at=NOON)
    broad = about(Effect.SUPPRESS, id="EXC-2026-0002")

    decision = decided(void, broad)

    assert row(decision)["exception"] == "EXC-2026-0002"


def test_the_order_of_exceptions_makes_no_difference() -> None:
    several = [
        about(),
        about(Effect.SUPPRESS, id="EXC-2026-0002", conditions=USUAL),
        about(Effect.DOWNGRADE_LOW, id="EXC-2026-0003", scope=Scope(vulnerabilities=(CRITICAL.id, HIGH.id))),
    ]

    bodies = {canonical_json.dumps(decided(*order, vulns=(CRITICAL, HIGH)).body) for order in permutations(several)}

    assert len(bodies) == 1


# --- Frozen -----------------------------------------------------------------------------------------------------------


def test_a_decision_from_before_there_were_exceptions_is_repeated_byte_for_byte() -> None:
    kept = json.loads((Path(__file__).parent / "before_exceptions.json").read_text())
    vulns = (Vuln(LOG4SHELL, "log4j", "2.14.1", "2.15.0", "CRITICAL", 10.0), HARMLESS)
    noisy = Vuln("CVE-2020-00002", "noisy", "1.0.0", "1.0.1", "HIGH", 7.5)
    _, program, findings, claims = frozen_question(report(*vulns, noisy), at=NOON)

    inputs = FrozenInputs.from_json(kept["inputs"])
    repeated = decide(inputs, program, findings, claims)

    assert canonical_json.dumps(repeated.body) == canonical_json.dumps(kept["body"])
    assert canonical_json.dumps(inputs.to_json()) == canonical_json.dumps(kept["inputs"])


def test_a_gate_from_before_the_check_of_exceptions_runs_it_where_there_are_any() -> None:
    chain: Any = [{"check": "policy_verdict"}]

    with_one, without = decided(about(conditions=USUAL), chain=chain), decided(chain=chain)

    names = [[check["check"] for check in one.body["checks"]] for one in (with_one, without)]  # type: ignore[index, union-attr, call-overload]
    assert names == [["policy_verdict", "exception_recheck"], ["policy_verdict"]]


def test_the_frozen_question_names_the_exceptions_by_a_digest() -> None:
    asked = [frozen_question(report(), at=NOON, exceptions=some)[0] for some in ([], [about()], [about(id="EXC-9")])]

    assert len({str(one.digests["exceptions"]) for one in asked}) == 3
    assert len({one.determinism_hash(one.digests) for one in asked}) == 3


def test_a_gate_that_observes_shows_both_answers_and_stops_nobody() -> None:
    decision = decided(about(conditions=USUAL), knowledge=known(kev=DUE), mode=GateMode.OBSERVE)

    body: Any = decision.body
    assert (body["decision"], body["raw"]["decision"], body["exit_code"]) == ("block", "block", 0)
