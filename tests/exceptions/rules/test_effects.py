from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exceptions.rules.effects import LONGEST, EffectEntry, EffectsRefused, Routing, registry
from exceptions.rules.vocabulary import KIND_OF, Effect, ExceptionType, Reason

VULNERABILITY, POLICY, UNKNOWN, COMPONENT = ExceptionType


def entry(type_: ExceptionType, reason: Reason) -> EffectEntry:
    return registry()[type_, reason]


def refused(overrides: dict[str, Any]) -> list[tuple[str, str]]:
    with pytest.raises(EffectsRefused) as refusal:
        registry(overrides)
    return [(fault.pointer, fault.code) for fault in refusal.value.faults]


def test_the_registry_answers_for_all_forty_pairs() -> None:
    entries = registry()

    assert len(entries) == 40
    assert all((one.type, one.reason) == pair for pair, one in entries.items())
    assert all(one.kind is KIND_OF[one.reason] for one in entries.values())
    assert all(one.longest == LONGEST[one.effect] for one in entries.values())


@pytest.mark.parametrize(
    "effect, days",
    [
        ("suppress", 365),
        ("defer", 90),
        ("require_control", 180),
        ("downgrade_low", 365),
        ("downgrade_medium", 365),
        ("defer_vendor", 180),
        ("suppress_deprecation", 90),
        ("suppress_license", 365),
        ("defer_default", 30),
    ],
)
def test_every_effect_has_its_longest_term(effect: str, days: int) -> None:
    assert LONGEST[Effect(effect)] == timedelta(days=days)


@pytest.mark.parametrize("type_", [VULNERABILITY, POLICY, COMPONENT])
@pytest.mark.parametrize(
    "reason, effect, routing",
    [
        ("false_positive", "suppress", ""),
        ("vendor_not_affected", "suppress", ""),
        ("test_only", "downgrade_low", ""),
        ("scheduled_fix", "defer", ""),
        ("compensating_control", "require_control", "control_verification"),
        ("runtime_mitigation", "require_control", "control_verification"),
        ("network_isolation", "downgrade_medium", ""),
        ("accepted_risk", "defer", ""),
    ],
)
def test_a_reason_decides_the_effect(type_: ExceptionType, reason: str, effect: str, routing: str) -> None:
    found = entry(type_, Reason(reason))

    assert (found.effect, found.routing) == (effect, routing)


@pytest.mark.parametrize("type_", [POLICY, COMPONENT])
def test_what_is_about_to_go_is_no_longer_called_deprecated(type_: ExceptionType) -> None:
    assert entry(type_, Reason.DEPRECATION_IN_PROGRESS).effect is Effect.SUPPRESS_DEPRECATION


@pytest.mark.parametrize("type_", [POLICY, COMPONENT])
def test_a_waived_licence_is_suppressed_and_goes_to_the_lawyers(type_: ExceptionType) -> None:
    found = entry(type_, Reason.LICENSE_WAIVER)

    assert (found.effect, found.routing) == (Effect.SUPPRESS_LICENSE, Routing.LEGAL_REVIEW)


@pytest.mark.parametrize(
    "type_, reason",
    [
        (VULNERABILITY, Reason.LICENSE_WAIVER),
        (VULNERABILITY, Reason.DEPRECATION_IN_PROGRESS),
        (UNKNOWN, Reason.LICENSE_WAIVER),
        (UNKNOWN, Reason.DEPRECATION_IN_PROGRESS),
    ],
)
def test_a_reason_that_does_not_fit_the_type_defers_for_thirty_days_and_is_looked_at(
    type_: ExceptionType, reason: Reason
) -> None:
    found = entry(type_, reason)

    assert (found.effect, found.routing) == (Effect.DEFER_DEFAULT, Routing.MANUAL_REVIEW)
    assert found.longest == timedelta(days=30)


@pytest.mark.parametrize("reason", [Reason.FALSE_POSITIVE, Reason.VENDOR_NOT_AFFECTED])
def test_what_is_unknown_waits_for_the_vendor_and_is_not_suppressed(reason: Reason) -> None:
    found = entry(UNKNOWN, reason)

    assert (found.effect, found.routing) == (Effect.DEFER_VENDOR, Routing.VENDOR_TRACKING)
    assert found.alternatives == ()


def test_only_the_two_pairs_and_the_four_are_unlike_the_other_types() -> None:
    usual = registry()
    unlike = {
        (type_, reason) for type_, reason in usual if usual[type_, reason].effect is not usual[POLICY, reason].effect
    }

    assert len(unlike) == 6


@pytest.mark.parametrize("type_", [VULNERABILITY, POLICY, COMPONENT])
@pytest.mark.parametrize("reason", [Reason.FALSE_POSITIVE, Reason.VENDOR_NOT_AFFECTED])
def test_whoever_awaits_the_vendor_may_defer_in_place_of_suppressing(type_: ExceptionType, reason: Reason) -> None:
    found = entry(type_, reason)

    assert found.effects == (Effect.SUPPRESS, Effect.DEFER_VENDOR)
    assert found.longest_for(Effect.DEFER_VENDOR) == timedelta(days=180)
    assert found.longest_for(Effect.SUPPRESS) == timedelta(days=365)
    assert found.routing_for(Effect.DEFER_VENDOR) is Routing.VENDOR_TRACKING
    assert found.routing_for(Effect.SUPPRESS) is Routing.NOBODY


def test_no_other_pair_has_an_alternative() -> None:
    with_one = [pair for pair, one in registry().items() if one.alternatives]

    assert len(with_one) == 6


def test_an_installation_may_set_effect_term_and_routing() -> None:
    changed = registry(
        {
            "vulnerability/accepted_risk": {
                "effect": "downgrade_low",
                "longest_days": "14",
                "routing": "manual_review",
            },
            "component/license_waiver": {"longest_days": 90},
            "policy/accepted_risk": {"effect": "require_control"},
        }
    )

    accepted = changed[VULNERABILITY, Reason.ACCEPTED_RISK]
    assert (accepted.effect, accepted.longest, accepted.routing) == (
        Effect.DOWNGRADE_LOW,
        timedelta(days=14),
        Routing.MANUAL_REVIEW,
    )
    assert changed[COMPONENT, Reason.LICENSE_WAIVER].longest == timedelta(days=90)
    assert changed[COMPONENT, Reason.LICENSE_WAIVER].routing is Routing.LEGAL_REVIEW
    assert changed[POLICY, Reason.ACCEPTED_RISK].routing is Routing.CONTROL_VERIFICATION
    assert changed[UNKNOWN, Reason.ACCEPTED_RISK] == entry(UNKNOWN, Reason.ACCEPTED_RISK)


def test_a_shortened_term_holds_for_the_alternative_too() -> None:
    changed = registry({"policy/false_positive": {"longest_days": 60}})[POLICY, Reason.FALSE_POSITIVE]

    assert changed.longest_for(Effect.DEFER_VENDOR) == timedelta(days=60)


def test_an_effect_that_became_the_usual_one_is_no_alternative_to_itself() -> None:
    changed = registry({"policy/false_positive": {"effect": "defer_vendor"}})[POLICY, Reason.FALSE_POSITIVE]

    assert changed.effects == (Effect.DEFER_VENDOR,)


@pytest.mark.parametrize("days", [0, -1, 91, "91", "1.5", "soon", True, [], "9" * 70])
def test_a_term_beyond_the_effect_or_none_at_all_is_refused(days: object) -> None:
    assert refused({"policy/accepted_risk": {"longest_days": days}}) == [
        ("/policy~1accepted_risk/longest_days", "effects.longest_days")
    ]


def test_every_mistake_in_the_setting_is_named() -> None:
    assert refused(
        {
            "policy/accepted_risks": {"effect": "defer"},
            "policy/accepted_risk": {"effect": "forget", "routing": "nowhere", "days": "3"},
            "unknown/accepted_risk": "defer",
            "component/accepted_risk": {"effect": 3, "routing": 3},
        }
    ) == [
        ("/component~1accepted_risk/effect", "effects.effect"),
        ("/component~1accepted_risk/routing", "effects.routing"),
        ("/policy~1accepted_risk/days", "effects.unknown"),
        ("/policy~1accepted_risk/effect", "effects.effect"),
        ("/policy~1accepted_risk/routing", "effects.routing"),
        ("/policy~1accepted_risks", "effects.pair"),
        ("/unknown~1accepted_risk", "effects.type"),
    ]


def test_the_refusal_reads_as_a_list_of_what_to_mend() -> None:
    with pytest.raises(EffectsRefused, match=r"/policy~1accepted_risks: .*Did you mean policy/accepted_risk\?"):
        registry({"policy/accepted_risks": {}})


@given(
    st.sampled_from(list(ExceptionType)),
    st.sampled_from(list(Reason)),
    st.sampled_from(list(Effect)),
    st.integers(1, 365),
)
def test_no_override_lets_an_effect_last_longer_than_it_may(
    type_: ExceptionType, reason: Reason, effect: Effect, days: int
) -> None:
    try:
        changed = registry({f"{type_}/{reason}": {"effect": effect.value, "longest_days": days}})[type_, reason]
    except EffectsRefused:
        assert days > LONGEST[effect].days
    else:
        assert all(changed.longest_for(one) <= min(timedelta(days=days), LONGEST[one]) for one in changed.effects)
