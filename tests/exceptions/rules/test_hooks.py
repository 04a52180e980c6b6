from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from exceptions.rules.hooks import (
    HOOKS,
    HookKind,
    HookState,
    Signature,
    Submitted,
    judge_hooks,
    mandatory_hooks,
    schema_mistakes,
    signed_evidence_met,
)
from exceptions.rules.levels import STANDARD
from exceptions.rules.vocabulary import KIND_OF, Kind, Reason

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
EARLIER = "2026-03-01T09:30:00Z"
CLAIMS: dict[HookKind, dict[str, Any]] = {
    HookKind.FEATURE_FLAG_DISABLED: {"flag": "jndi", "environment": "production", "disabled_at": EARLIER},
    HookKind.BACKPORT_MERGED: {"repository": "shop/checkout", "commit": "0a" * 20, "merged_at": EARLIER},
    HookKind.COMPENSATING_CONTROL: {"control": "egress filter", "verified_by": "ann", "verified_at": EARLIER},
    HookKind.SECURITY_REVIEW: {"reviewer": "ann", "outcome": "passed", "reviewed_at": EARLIER},
    HookKind.RUNTIME_MITIGATION: {"mechanism": "seccomp", "policy": "no-exec", "since": EARLIER},
    HookKind.WAF_RULE_DEPLOYED: {"rule_id": "944150", "mode": "block", "deployed_at": EARLIER},
    HookKind.CUSTOM_ATTESTATION: {"predicate_type": "https://example.com/plan/v1", "statement": {"done_by": "May"}},
}
MUST_BE_SIGNED = {HookKind.BACKPORT_MERGED, HookKind.SECURITY_REVIEW, HookKind.CUSTOM_ATTESTATION}
KINDS = list(HookKind)


def good(kind: HookKind, **said: Any) -> Submitted:
    best = Submitted(
        kind=kind,
        issued_at=NOON - timedelta(days=1),
        claims=CLAIMS[kind],
        trust=10_000,
        signature=Signature.VERIFIED,
        id="evidence-1",
    )
    return replace(best, **said)


def state_of(submitted: Submitted, *, at: datetime = NOON) -> HookState:
    (report,) = judge_hooks([(submitted.kind,)], [submitted], at=at)
    return report.state


@pytest.mark.parametrize("kind", KINDS)
def test_good_evidence_meets_its_hook(kind: HookKind) -> None:
    (report,) = judge_hooks([(kind,)], [good(kind)], at=NOON)

    assert (report.state, report.mandatory, report.evidence) == (HookState.MET, True, "evidence-1")
    assert report.why == "shown on 2026-03-01"


@pytest.mark.parametrize("kind", KINDS)
def test_without_evidence_a_hook_is_missing(kind: HookKind) -> None:
    (report,) = judge_hooks([(kind,)], [], at=NOON)

    assert (report.kind, report.state, report.evidence) == (kind, HookState.MISSING, "")


@pytest.mark.parametrize("kind", KINDS)
def test_evidence_is_stale_from_the_instant_after_its_longest_age(kind: HookKind) -> None:
    oldest = NOON - HOOKS[kind].max_age

    assert timedelta(days=30) <= HOOKS[kind].max_age <= timedelta(days=90)
    assert state_of(good(kind, issued_at=oldest)) is HookState.MET
    assert state_of(good(kind, issued_at=oldest - timedelta(microseconds=1))) is HookState.STALE


@pytest.mark.parametrize("kind", KINDS)
def test_evidence_has_to_be_believed(kind: HookKind) -> None:
    floor = HOOKS[kind].min_trust

    assert state_of(good(kind, trust=floor)) is HookState.MET
    assert state_of(good(kind, trust=floor - 1)) is HookState.LOW_TRUST


@pytest.mark.parametrize("kind", KINDS)
def test_a_signature_that_does_not_verify_is_never_good(kind: HookKind) -> None:
    assert state_of(good(kind, signature=Signature.BAD)) is HookState.BAD_SIGNATURE


@pytest.mark.parametrize("kind", KINDS)
def test_some_evidence_has_to_be_signed(kind: HookKind) -> None:
    needed = HookState.BAD_SIGNATURE if kind in MUST_BE_SIGNED else HookState.MET

    assert state_of(good(kind, signature=Signature.UNSIGNED)) is needed


def test_evidence_that_need_not_be_signed_is_believed_on_the_word_of_whoever_may_write() -> None:
    unsigned = [hook.min_trust for hook in HOOKS.values() if not hook.must_be_signed]

    assert max(unsigned) <= 5_000


@pytest.mark.parametrize("kind", KINDS)
def test_every_claim_that_a_hook_names_has_to_be_made(kind: HookKind) -> None:
    Draft202012Validator.check_schema(HOOKS[kind].schema)

    for name in CLAIMS[kind]:
        claims = {claim: said for claim, said in CLAIMS[kind].items() if claim != name}
        (report,) = judge_hooks([(kind,)], [good(kind, claims=claims)], at=NOON)
        assert (report.state, report.why) == (HookState.SCHEMA, f"'{name}' is a required property")


@pytest.mark.parametrize(
    "kind, wrong, pointer",
    [
        (HookKind.FEATURE_FLAG_DISABLED, {"flag": ""}, "/claims/flag"),
        (HookKind.FEATURE_FLAG_DISABLED, {"flag": "  "}, "/claims/flag"),
        (HookKind.FEATURE_FLAG_DISABLED, {"environment": 3}, "/claims/environment"),
        (HookKind.FEATURE_FLAG_DISABLED, {"disabled_at": "yesterday"}, "/claims/disabled_at"),
        (HookKind.FEATURE_FLAG_DISABLED, {"disabled_at": "2026-03-01"}, "/claims/disabled_at"),
        (HookKind.FEATURE_FLAG_DISABLED, {"disabled_at": "2026-03-01T09:30:00"}, "/claims/disabled_at"),
        (HookKind.FEATURE_FLAG_DISABLED, {"disabled_at": "2026-02-30T09:30:00Z"}, "/claims/disabled_at"),
        (HookKind.BACKPORT_MERGED, {"commit": "main"}, "/claims/commit"),
        (HookKind.SECURITY_REVIEW, {"outcome": "failed"}, "/claims/outcome"),
        (HookKind.WAF_RULE_DEPLOYED, {"mode": "count"}, "/claims/mode"),
        (HookKind.CUSTOM_ATTESTATION, {"predicate_type": "plan"}, "/claims/predicate_type"),
        (HookKind.CUSTOM_ATTESTATION, {"statement": {}}, "/claims/statement"),
        (HookKind.CUSTOM_ATTESTATION, {"statement": ""}, "/claims/statement"),
        (HookKind.CUSTOM_ATTESTATION, {"statement": None}, "/claims/statement"),
    ],
)
def test_a_claim_of_the_wrong_shape_is_refused_at_its_place(
    kind: HookKind, wrong: dict[str, Any], pointer: str
) -> None:
    claims = CLAIMS[kind] | wrong

    faults = schema_mistakes(HOOKS[kind], claims)

    assert {(fault.pointer, fault.code) for fault in faults} == {(pointer, "evidence.schema")}
    assert state_of(good(kind, claims=claims)) is HookState.SCHEMA


@pytest.mark.parametrize("spelled", ["2026-03-01T10:30:00+01:00", "2026-03-01t09:30:00z", "2026-03-01T09:30:00.123Z"])
def test_an_instant_is_taken_in_every_spelling_of_its_standard(spelled: str) -> None:
    kind = HookKind.RUNTIME_MITIGATION

    assert state_of(good(kind, claims=CLAIMS[kind] | {"since": spelled})) is HookState.MET


def test_a_mistake_is_said_in_reasonable_length() -> None:
    claims = CLAIMS[HookKind.BACKPORT_MERGED] | {"commit": "x" * 10_000}

    (fault,) = schema_mistakes(HOOKS[HookKind.BACKPORT_MERGED], claims)

    assert len(fault.message) < 250


def test_what_has_not_happened_yet_shows_nothing() -> None:
    kind = HookKind.BACKPORT_MERGED

    def merged(spelled: str) -> HookState:
        return state_of(good(kind, claims=CLAIMS[kind] | {"merged_at": spelled}))

    assert merged("2026-03-02T12:05:00Z") is HookState.MET
    assert merged("2026-03-02T12:05:01Z") is HookState.SCHEMA


def test_evidence_from_the_future_is_no_evidence() -> None:
    kind = HookKind.COMPENSATING_CONTROL

    assert state_of(good(kind, issued_at=NOON + timedelta(minutes=5))) is HookState.MET
    assert state_of(good(kind, issued_at=NOON + timedelta(minutes=6))) is HookState.STALE


def test_the_best_evidence_counts_and_of_equally_good_the_latest() -> None:
    kind = HookKind.COMPENSATING_CONTROL
    submitted = [
        good(kind, id="bad", signature=Signature.BAD),
        good(kind, id="first"),
        good(kind, id="latest", issued_at=NOON - timedelta(hours=1)),
        good(kind, id="stale", issued_at=NOON - timedelta(days=31)),
    ]

    (report,) = judge_hooks([(kind,)], submitted, at=NOON)

    assert (report.state, report.evidence) == (HookState.MET, "latest")


@given(st.permutations([(state, place) for place, state in enumerate(["stale", "low", "schema", "bad"])]))
def test_the_order_of_evidence_makes_no_difference(shuffled: list[tuple[str, int]]) -> None:
    kind = HookKind.COMPENSATING_CONTROL
    poor: dict[str, dict[str, Any]] = {
        "stale": {"issued_at": NOON - timedelta(days=31)},
        "low": {"trust": 0},
        "schema": {"claims": {}},
        "bad": {"signature": Signature.BAD},
    }

    (report,) = judge_hooks([(kind,)], [good(kind, id=state, **poor[state]) for state, _ in shuffled], at=NOON)

    assert (report.state, report.evidence) == (HookState.STALE, "stale")


def test_one_of_a_group_is_enough() -> None:
    group = (HookKind.BACKPORT_MERGED, HookKind.CUSTOM_ATTESTATION)
    unsigned = good(HookKind.BACKPORT_MERGED, signature=Signature.UNSIGNED)

    (report,) = judge_hooks([group], [unsigned, good(HookKind.CUSTOM_ATTESTATION, id="plan")], at=NOON)

    assert (report.kind, report.state, report.evidence) == (HookKind.CUSTOM_ATTESTATION, HookState.MET, "plan")
    assert (report.group, report.name) == (group, "backport merged or custom attestation")


def test_what_nobody_asked_for_is_reported_after_what_is_mandatory() -> None:
    submitted = [good(HookKind.WAF_RULE_DEPLOYED), good(HookKind.FEATURE_FLAG_DISABLED)]

    reports = judge_hooks([(HookKind.SECURITY_REVIEW,)], submitted, at=NOON)

    assert [(report.kind, report.mandatory, report.state) for report in reports] == [
        (HookKind.SECURITY_REVIEW, True, HookState.MISSING),
        (HookKind.FEATURE_FLAG_DISABLED, False, HookState.MET),
        (HookKind.WAF_RULE_DEPLOYED, False, HookState.MET),
    ]


@pytest.mark.parametrize("reason", list(Reason))
def test_only_plans_from_a3_on_have_to_show_anything(reason: Reason) -> None:
    asked = [len(mandatory_hooks(reason, rule)) for rule in STANDARD]

    assert asked == ([0, 0, 0, 1, 1] if KIND_OF[reason] is Kind.PLAN else [0, 0, 0, 0, 0])


@pytest.mark.parametrize(
    "reason, group",
    [
        (Reason.SCHEDULED_FIX, ("backport_merged", "feature_flag_disabled", "custom_attestation")),
        (Reason.COMPENSATING_CONTROL, ("compensating_control",)),
        (Reason.RUNTIME_MITIGATION, ("runtime_mitigation", "waf_rule_deployed")),
        (Reason.NETWORK_ISOLATION, ("compensating_control",)),
        (Reason.DEPRECATION_IN_PROGRESS, ("feature_flag_disabled",)),
        (Reason.LICENSE_WAIVER, ("security_review",)),
    ],
)
def test_a_plan_shows_what_fits_its_reason(reason: Reason, group: tuple[str, ...]) -> None:
    assert mandatory_hooks(reason, STANDARD[3]) == (group,)


def test_signed_evidence_is_evidence_that_is_good_now_and_whose_signature_verifies() -> None:
    kind = HookKind.COMPENSATING_CONTROL

    assert signed_evidence_met([good(kind)], at=NOON)
    assert signed_evidence_met([good(kind, signature=Signature.BAD), good(kind)], at=NOON)
    assert not signed_evidence_met([], at=NOON)
    assert not signed_evidence_met([good(kind, signature=Signature.UNSIGNED)], at=NOON)
    assert not signed_evidence_met([good(kind, signature=Signature.BAD)], at=NOON)
    assert not signed_evidence_met([good(kind, claims={})], at=NOON)
    assert not signed_evidence_met([good(kind)], at=NOON + timedelta(days=31))
