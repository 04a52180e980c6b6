"""The laws of gates, over generated releases, for every preset and for every check alone."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gates.checks.base import CheckInput, CheckKind, Outcome, Tier
from gates.checks.chain import ChainStep, run_chain, step
from gates.checks.combine import combine
from gates.checks.exit_codes import Decision, GateMode
from gates.checks.presets import PRESETS
from stellapolicy.kernel import canonical_json
from tests.gates.checks.generated import STATUSES, releases
from tests.gates.checks.laws import LAWS

Chain = tuple[ChainStep, ...]
CHAINS: dict[str, Chain] = {
    **{f"preset {name}": preset.chain for name, preset in PRESETS.items()},
    **{
        f"{kind} alone in {tier}": (step(kind, tier),) for kind in CheckKind for tier in (Tier.PRODUCTION, Tier.STAGING)
    },
}
MODEST = settings(max_examples=100, deadline=None)


def decide(chain: Chain, subject: CheckInput) -> Decision:
    return combine(run_chain(chain, subject), mode=GateMode.ENFORCE).verdict


@pytest.mark.parametrize("name", LAWS)
@given(case=st.data())
@MODEST
def test_the_law_holds_for_every_preset_and_every_check_alone(name: str, case: st.DataObject) -> None:
    law = LAWS[name]
    before, after = case.draw(law.pairs)

    for title, chain in CHAINS.items():
        first, second = decide(chain, before), decide(chain, after)
        assert law.holds(first, second), f"{title}: {name}, yet {first} became {second}"


@given(subject=releases(STATUSES), seed=st.integers())
@MODEST
def test_the_order_of_findings_changes_nothing_but_their_own_order(subject: CheckInput, seed: int) -> None:
    findings = list(subject.findings)
    random.Random(seed).shuffle(findings)  # noqa: S311 - a seeded shuffle, not a secret
    shuffled = CheckInput(
        subject.at, subject.environment, findings, subject.release, subject.evidence, subject.feeds, subject.is_sealed
    )

    for chain in CHAINS.values():
        first, second = run_chain(chain, subject), run_chain(chain, shuffled)
        assert [canonical_json.dumps(one.to_json()) for one in first] == [
            canonical_json.dumps(one.to_json()) for one in second
        ]


@given(subject=releases(STATUSES, connected=st.just({})))
@MODEST
def test_what_a_feed_nobody_connected_could_have_said_is_held_against_nobody(subject: CheckInput) -> None:
    held = {Outcome.WARN, Outcome.BLOCK}

    for chain in CHAINS.values():
        reasons = [reason for result in run_chain(chain, subject) for reason in result.reasons]
        assert not [one for one in reasons if one.outcome in held and one.code in _ABOUT_FEEDS]


_ABOUT_FEEDS = frozenset(
    {"evidence.kev_unknown", "evidence.epss_unknown", "evidence.feed_undated", "evidence.feed_not_configured"}
)
