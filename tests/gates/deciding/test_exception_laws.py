"""The laws of exceptions, over generated releases, feeds and exceptions, through the whole decision of every preset.

Two things the laws do not say. A condition whose approvers asked for a block may hold back what would ship without the
exception: that is what they asked for. And where two exceptions cover a finding the more specific wins, though its
effect may be the weaker: adding a narrower one may worsen what a broader one excused, which the preview shows first.
"""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exceptions.matching.scope import PackageScope, Scope
from exceptions.matching.standing import StandingException
from exceptions.matching.subject import Place
from exceptions.rules.facts import SeenFacts
from exceptions.rules.recheck import Action, Condition, ConditionKind
from exceptions.rules.vocabulary import Effect, ExceptionType, Kind, Reason, State
from gates.checks.base import CheckKind
from gates.checks.exit_codes import Decision
from gates.checks.presets import PRESETS, PresetName
from gates.deciding.decide import decide
from gates.deciding.inputs import FrozenInputs
from gates.deciding.settling import Prepared, Settled, prepare, settle
from policies.evidence.excepting import subject_of
from policies.evidence.knowledge import KevKnowledge
from stellapolicy.kernel import canonical_json
from tests.exceptions.matching import naive
from tests.exceptions.matching.wording import DAY, NOON, standing
from tests.gates.decided import IMAGE, frozen_question, knowing
from tests.reports import Vuln, trivy

MODEST = settings(max_examples=100, deadline=None)
IDS = [f"CVE-2020-{number:04}" for number in range(1, 4)]
PACKAGES = ["lodash", "minimist"]
_ORDER = {Decision.PASS: 0, Decision.WARN: 1, Decision.BLOCK: 2}

VULNS = st.builds(
    Vuln,
    id=st.sampled_from(IDS),
    package=st.sampled_from(PACKAGES),
    version=st.sampled_from(["1.0.0", "1.5.0", "2.0.0"]),
    fixed=st.sampled_from(["", "3.0.0"]),
    severity=st.sampled_from(["LOW", "LOW", "LOW", "MEDIUM", "HIGH", "CRITICAL", "UNKNOWN"]),
    score=st.none() | st.sampled_from([3.1, 5.0, 7.4, 9.8]),
)
_NAMED = st.sets(st.sampled_from(IDS), min_size=1, max_size=2).map(lambda some: tuple(sorted(some)))
_PACKAGED = st.sampled_from([PackageScope("pkg:npm/lodash"), PackageScope("pkg:npm/*s*", "vers:npm/>=1.0.0|<2.0.0")])
_RULED = st.sampled_from(["shop/*", "shop/critical"])
_PLACES = st.sampled_from([(), (), (), ("production",), ("staging",)])
SCOPES = (
    st.builds(Scope, vulnerabilities=_NAMED, environments=_PLACES)
    | st.builds(Scope, packages=st.tuples(_PACKAGED), environments=_PLACES)
    | st.builds(Scope, vulnerabilities=_NAMED, packages=st.tuples(_PACKAGED))
    | st.builds(Scope, rules=st.tuples(_RULED), environments=_PLACES)
)
SEEN = st.builds(
    SeenFacts,
    vulnerability=st.sampled_from(IDS),
    package=st.sampled_from(["", *(f"pkg:npm/{name}" for name in PACKAGES)]),
    severity=st.sampled_from(["unknown", "low", "high", "critical"]),
    epss=st.none() | st.sampled_from([0, 40_000]),
    kev=st.none() | st.booleans(),
    fix=st.none() | st.booleans(),
)
_KINDS = [ConditionKind.KEV_LISTED, ConditionKind.EPSS_RISES, ConditionKind.CVSS_RISES, ConditionKind.FIX_APPEARS]
CONDITIONS = st.builds(
    Condition,
    kind=st.sampled_from(_KINDS),
    action=st.sampled_from([Action.WARN, Action.REQUIRE_REAPPROVAL, Action.REVOKE]),
)


@st.composite
def exceptions(draw: st.DrawFn, conditions: st.SearchStrategy[Condition] = CONDITIONS) -> StandingException:
    """Any exception that was approved, in whatever state and window, whose approvers asked for no block."""
    state = draw(st.sampled_from([State.APPROVED, State.ACTIVE, State.ACTIVE, State.REVALIDATION_REQUIRED]))
    grace = NOON + draw(st.sampled_from([-1, 0, 1])) * DAY if state is State.REVALIDATION_REQUIRED else None
    return standing(
        draw(SCOPES),
        id=f"EXC-2026-{draw(st.integers(1, 9999)):04}",
        type=draw(st.sampled_from([ExceptionType.POLICY, *ExceptionType])),
        reason=draw(st.sampled_from(list(Reason))),
        kind=draw(st.sampled_from(list(Kind))),
        effect=draw(st.sampled_from(list(Effect))),
        starts_at=NOON - draw(st.sampled_from([-1, 0, 5, 5, 5])) * DAY,
        expires_at=NOON + draw(st.sampled_from([2, 9])) * DAY,
        approved_at=NOON - draw(st.integers(0, 3)) * DAY,
        state=state,
        grace_until=grace,
        controls=("waf-rule-1042",),
        conditions=tuple(draw(st.lists(conditions, min_size=1, max_size=3))),
        seen=tuple(draw(st.lists(SEEN, max_size=4))),
    )


SEVERAL = st.lists(exceptions(), min_size=1, max_size=4, unique_by=lambda one: one.id)


@st.composite
def releases(draw: st.DrawFn, presets: Sequence[PresetName] = tuple(PRESETS)) -> Prepared:
    """Any release of a few findings before any preset, judged without exceptions."""
    vulns = draw(st.lists(VULNS, min_size=1, max_size=4, unique_by=lambda one: (one.id, one.package)))
    epss = {name: draw(st.sampled_from([100, 100, 100, 30_000, 70_000])) for name in IDS}
    listed = draw(st.sets(st.sampled_from(IDS), max_size=1))
    due = KevKnowledge(date(2026, 12, 24), ransomware=False)
    frozen = frozen_question(
        trivy(IMAGE, vulns, scanned_at=NOON - timedelta(hours=1)),
        at=NOON,
        preset=draw(st.sampled_from(presets)),
        knowledge=knowing(NOON, epss=epss, kev=dict.fromkeys(sorted(listed), due)),
        exceptions=(),
    )
    return prepare(*frozen)


def rank(settled: Settled) -> int:
    return _ORDER[settled.ruled.combined.verdict]


def winners(settled: Settled) -> dict[int, str]:
    """Return which exception won where."""
    found = ((place, one.exception) for place, one in enumerate(settled.release.findings))
    return {place: exception.id for place, exception in found if exception is not None}


@given(release=releases(), several=SEVERAL)
@MODEST
def test_exceptions_never_worsen_what_would_be_decided_without_any(
    release: Prepared, several: list[StandingException]
) -> None:
    settled = settle(release, several)

    assert rank(settled) <= _ORDER[release.raw.combined.verdict]
    for raw, now in zip(release.raw.findings, settled.ruled.findings, strict=True):
        assert now.verdict.status.restrictiveness <= max(raw.verdict.status.restrictiveness, 3 * raw.verdict.undecided)


@given(release=releases(), several=SEVERAL, more=exceptions())
@MODEST
def test_adding_an_exception_never_worsens_and_removing_it_never_improves(
    release: Prepared, several: list[StandingException], more: StandingException
) -> None:
    others = [one for one in several if one.id != more.id]

    without, with_it = settle(release, others), settle(release, [*others, more])

    if winners(without).items() <= winners(with_it).items():  # it takes nothing from a broader one
        assert rank(with_it) <= rank(without)


@given(release=releases(), several=SEVERAL)
@MODEST
def test_a_finding_outside_every_scope_is_the_very_same(release: Prepared, several: list[StandingException]) -> None:
    frozen = release.inputs
    place = Place(frozen.subject.digest, frozen.subject.name, environment=frozen.place.name)

    settled = settle(release, several)

    for stored, raw, now in zip(release.stored, release.raw.findings, settled.ruled.findings, strict=True):
        subject = subject_of(stored, raw.verdict)
        if not naive.in_scope(several, subject, place):
            assert now is raw


@given(release=releases(), one=exceptions())
@MODEST
def test_at_the_instant_of_its_end_an_exception_is_as_good_as_none(release: Prepared, one: StandingException) -> None:
    ended = replace(one, starts_at=NOON - DAY, expires_at=NOON)

    settled = settle(release, [ended])

    assert settled.ruled.combined.verdict is release.raw.combined.verdict
    assert settled.ruled.findings == release.raw.findings


@given(release=releases(), several=SEVERAL, seed=st.integers())
@MODEST
def test_the_order_of_exceptions_makes_no_difference(
    release: Prepared, several: list[StandingException], seed: int
) -> None:
    shuffled = list(several)
    random.Random(seed).shuffle(shuffled)  # noqa: S311 - a seeded shuffle, not a secret

    assert settle(release, several) == settle(release, shuffled)


@given(release=releases(), several=SEVERAL)
@MODEST
def test_a_frozen_question_is_answered_again_byte_for_byte(release: Prepared, several: list[StandingException]) -> None:
    inputs = replace(release.inputs, exceptions=tuple(sorted(several, key=lambda one: one.id)))
    first = decide(inputs, release.program, release.stored, ())

    again = decide(FrozenInputs.from_json(inputs.to_json()), release.program, release.stored, ())

    assert canonical_json.dumps(again.body) == canonical_json.dumps(first.body)


@given(release=releases(), several=SEVERAL)
@MODEST
def test_the_body_gives_the_answer_without_exceptions_as_it_would_be_given(
    release: Prepared, several: list[StandingException]
) -> None:
    inputs = replace(release.inputs, exceptions=tuple(sorted(several, key=lambda one: one.id)))

    body: Any = decide(inputs, release.program, release.stored, ()).body

    alone: Any = decide(release.inputs, release.program, release.stored, ()).body
    assert (body["raw"]["decision"], body["raw"]["blocked_by"]) == (alone["decision"], alone["blocked_by"])
    assert body["raw"]["counts"] == {name: alone["counts"][name] for name in ("by_severity", "by_status")}
    assert body["with_exceptions"] is any(one["changed"] for one in body["exceptions"])


@given(release=releases(), one=exceptions(st.just(Condition(ConditionKind.KEV_LISTED, Action.BLOCK))))
@MODEST
def test_only_a_block_that_its_approvers_asked_for_holds_back_what_would_ship(
    release: Prepared, one: StandingException
) -> None:
    settled = settle(release, [one])

    if rank(settled) > _ORDER[release.raw.combined.verdict]:
        assert settled.ruled.combined.blocked_by == "exception_recheck"
        assert any(standing.blocks for standing in settled.release.standings)


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_checks_exceptions(preset: PresetName) -> None:
    assert [step.kind for step in PRESETS[preset].chain].count(CheckKind.EXCEPTION_RECHECK) == 1
