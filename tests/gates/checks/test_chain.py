"""Chains: read with every mistake at once, written back whole, run to the end."""

from datetime import timedelta
from typing import NoReturn

import pytest

from gates.checks import chain as chain_module
from gates.checks.base import CheckKind, Outcome, Tier
from gates.checks.chain import ChainRefused, ChainStep, chain_from_json, run_chain, step
from gates.checks.epss_threshold import EpssThresholdOptions
from gates.checks.options import write_options
from gates.checks.presets import PRESETS, Preset
from gates.checks.registry import REGISTRY, RegisteredCheck
from stellapolicy.kernel import canonical_json
from stellapolicy.kernel.canonical_json import JsonValue
from tests.gates.checks.releases import finding, release


def refusal(document: JsonValue) -> ChainRefused:
    with pytest.raises(ChainRefused) as refused:
        chain_from_json(document, tier=Tier.PRODUCTION)
    return refused.value


def test_options_left_out_are_those_shipped_for_the_tier() -> None:
    document: JsonValue = [{"check": "epss_threshold", "options": {"warn_at": 0.1, "grace": "2w"}}]

    (read,) = chain_from_json(document, tier=Tier.PRODUCTION)

    assert isinstance(read.options, EpssThresholdOptions)
    assert (read.options.warn_at, read.options.block_at) == (0.1, 0.6)
    assert read.options.grace == timedelta(days=14)


@pytest.mark.parametrize("written, kept", [("0d", "0m"), ("90m", "90m"), ("120m", "2h"), ("48h", "2d"), ("2w", "14d")])
def test_a_duration_is_kept_in_its_largest_whole_unit(written: str, kept: str) -> None:
    (read,) = chain_from_json([{"check": "release_aggregate", "options": {"min_age": written}}], tier=Tier.STAGING)

    assert write_options(read.options)["min_age"] == kept
    assert chain_from_json([read.to_json()], tier=Tier.STAGING) == (read,)


def test_a_step_without_options_takes_all_of_them_as_shipped() -> None:
    (read,) = chain_from_json([{"check": "kev_blocker"}], tier=Tier.STAGING)

    assert read == step(CheckKind.KEV_BLOCKER, Tier.STAGING)


@pytest.mark.parametrize("preset", PRESETS.values(), ids=lambda preset: preset.name)
def test_a_preset_written_and_read_is_the_same_whatever_the_tier(preset: Preset) -> None:
    document = preset.to_json()["chain"]

    assert chain_from_json(document, tier=Tier.PRODUCTION) == preset.chain
    assert chain_from_json(document, tier=Tier.DEVELOPMENT) == preset.chain
    assert canonical_json.dumps(document)


def test_every_mistake_is_reported_at_once_with_its_pointer() -> None:
    document: JsonValue = [
        {"check": "epss_treshold"},
        {"check": "epss_threshold", "options": {"block_att": 0.5, "warn_at": 7, "mode": "some", "grace": "soon"}},
        {"check": "release_aggregate", "options": {"critical": -1, "only_fixable": "yes", "kinds": []}},
        {"check": "kev_blocker", "options": []},
        {"check": "kev_blocker", "enabled": True},
        "kev_blocker",
    ]

    faults = {fault.pointer: (fault.code, fault.message) for fault in refusal(document).faults}

    assert faults["/0/check"] == (
        "chain.unknown_check",
        "There is no check epss_treshold. Did you mean epss_threshold?",
    )
    assert faults["/1/options/block_att"][0] == "option.unknown"
    assert "Did you mean block_at?" in faults["/1/options/block_att"][1]
    assert faults["/1/options/warn_at"] == ("option.value", "warn_at is a number from 0 to 1, or null")
    assert faults["/1/options/mode"] == ("option.value", "mode is one of all, any")
    assert faults["/1/options/grace"][1] == 'grace is a duration such as "12h", "7d" or "2w", or null'
    assert faults["/2/options/critical"] == ("option.value", "critical is a whole number from 0 up, or null")
    assert faults["/2/options/only_fixable"] == ("option.value", "only_fixable is true or false")
    assert faults["/2/options/kinds"][0] == "option.value"
    assert faults["/3/options"] == ("option.type", "options are an object")
    assert faults["/4"][0] == faults["/5"][0] == "chain.step"
    assert len(faults) == 11


@pytest.mark.parametrize("value", [True, float("nan"), "0.5", 10**400])
def test_a_threshold_that_is_no_plain_number_is_refused(value: JsonValue) -> None:
    document: JsonValue = [{"check": "epss_threshold", "options": {"warn_at": value}}]

    assert refusal(document).faults[0].code == "option.value"


def test_a_chain_that_is_no_list_is_refused() -> None:
    assert refusal({"check": "kev_blocker"}).faults[0].code == "chain.type"


def test_an_empty_chain_is_refused_since_it_would_judge_nothing() -> None:
    assert refusal([]).faults[0].code == "chain.empty"


def test_an_option_name_is_escaped_in_its_pointer() -> None:
    faults = refusal([{"check": "kev_blocker", "options": {"a/b~c": 1}}]).faults

    assert faults[0].pointer == "/0/options/a~1b~0c"


def _fail(*_: object) -> NoReturn:
    raise ZeroDivisionError


def test_a_check_that_fails_blocks_by_its_code_and_the_chain_runs_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = RegisteredCheck(CheckKind.KEV_BLOCKER, _fail, REGISTRY[CheckKind.KEV_BLOCKER].defaults)
    monkeypatch.setattr(chain_module, "REGISTRY", {**REGISTRY, CheckKind.KEV_BLOCKER: broken})

    results = run_chain(PRESETS[next(iter(PRESETS))].chain, release(finding()))

    failed = next(result for result in results if result.check is CheckKind.KEV_BLOCKER)
    assert failed.outcome is Outcome.BLOCK
    assert [reason.code for reason in failed.reasons] == ["check.failed"]
    assert "kev_blocker" in failed.reasons[0].text
    assert failed.reasons[0].value == "ZeroDivisionError"
    assert [result.outcome for result in results if result is not failed] == [Outcome.PASS] * 6


def test_two_checks_of_one_kind_may_stand_in_one_chain() -> None:
    strict = chain_from_json([{"check": "release_aggregate", "options": {"low": 0}}], tier=Tier.STAGING)[0]

    results = run_chain([step(CheckKind.RELEASE_AGGREGATE, Tier.STAGING), strict], release(finding()))

    assert [result.outcome for result in results] == [Outcome.PASS, Outcome.BLOCK]


def test_a_harmless_release_passes_every_preset() -> None:
    for preset in PRESETS.values():
        results = run_chain(preset.chain, release(finding()))
        assert {result.outcome for result in results} == {Outcome.PASS}


def test_a_step_is_written_with_every_option_stated() -> None:
    written = ChainStep(CheckKind.EVIDENCE_FRESHNESS, REGISTRY[CheckKind.EVIDENCE_FRESHNESS].defaults(Tier.PRODUCTION))

    assert written.to_json() == {
        "check": "evidence_freshness",
        "options": {
            "scan_max_age": "7d",
            "database_max_age": "5d",
            "epss_max_age": "2d",
            "kev_max_age": "2d",
            "vex_max_age": "2d",
            "sealed_max_age": "7d",
            "too_old": "block",
            "undated": "block",
        },
    }
