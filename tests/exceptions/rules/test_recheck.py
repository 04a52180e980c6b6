from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exceptions.rules.conditions import ABSOLUTE, THRESHOLDS
from exceptions.rules.facts import SeenFacts
from exceptions.rules.recheck import (
    GRACE,
    Action,
    Condition,
    ConditionKind,
    EstateCounts,
    Fired,
    already_true,
    fired,
    grace_left,
    strongest,
)
from tests.exceptions.rules.rows import LODASH, LOG4J, LOG4SHELL, QUIET, row, rows

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
END = NOON + timedelta(days=60)
NOTHING = timedelta(0)
USUAL = {ConditionKind.EPSS_ABOVE: "0.5", ConditionKind.CVSS_ABOVE: "7", ConditionKind.UNKNOWNS_ABOVE: "3"}
RELATIVE = [
    ConditionKind.KEV_LISTED,
    ConditionKind.EPSS_RISES,
    ConditionKind.CVSS_RISES,
    ConditionKind.REACHABILITY_GAINS_PATH,
    ConditionKind.FIX_APPEARS,
    ConditionKind.VEX_WORSENS,
    ConditionKind.NEW_CVE_IN_PACKAGE,
    ConditionKind.PACKAGE_VERSION_LEAVES_RANGE,
    ConditionKind.SCOPE_GREW,
]


def condition(kind: ConditionKind, *, action: Action = Action.REQUIRE_REAPPROVAL, threshold: str = "") -> Condition:
    return Condition(kind, action, threshold or USUAL.get(kind, ""))


def judge(kind: ConditionKind, seen: Sequence[SeenFacts], now: Sequence[SeenFacts], **said: Any) -> tuple[Fired, ...]:
    chosen = condition(kind, threshold=said.pop("threshold", ""), action=said.pop("action", Action.REQUIRE_REAPPROVAL))
    return fired([chosen], **{"seen": seen, "now": now, "expires_at": END, "at": NOON, **said})


@pytest.mark.parametrize(
    "kind, before, now",
    [
        (ConditionKind.KEV_LISTED, {"kev": False}, {"kev": True}),
        (ConditionKind.KEV_LISTED, {"kev": None}, {"kev": True}),
        (ConditionKind.EPSS_RISES, {"epss": 30_000}, {"epss": 50_000}),
        (ConditionKind.EPSS_RISES, {"epss": 49_000}, {"epss": 50_000}),
        (ConditionKind.EPSS_RISES, {"epss": 49_999}, {"epss": 50_000}),
        (ConditionKind.EPSS_RISES, {"epss": 10_000}, {"epss": 30_000}),
        (ConditionKind.EPSS_RISES, {"epss": 60_000}, {"epss": 80_000}),
        (ConditionKind.EPSS_RISES, {"epss": None}, {"epss": 20_000}),
        (ConditionKind.CVSS_RISES, {"cvss": 75}, {"cvss": 76}),
        (ConditionKind.CVSS_RISES, {"severity": "high"}, {"severity": "critical"}),
        (ConditionKind.CVSS_RISES, {"severity": "unknown", "cvss": None}, {"severity": "high"}),
        (ConditionKind.REACHABILITY_GAINS_PATH, {"reachability": "unreachable"}, {"reachability": "reachable"}),
        (ConditionKind.REACHABILITY_GAINS_PATH, {"reachability": "unknown"}, {"reachability": "reachable"}),
        (ConditionKind.FIX_APPEARS, {"fix": False}, {"fix": True}),
        (ConditionKind.FIX_APPEARS, {"fix": None}, {"fix": True}),
        (ConditionKind.VEX_WORSENS, {"vex": "not_affected"}, {"vex": "none"}),
        (ConditionKind.VEX_WORSENS, {"vex": "fixed"}, {"vex": "under_investigation"}),
        (ConditionKind.VEX_WORSENS, {"vex": "not_affected"}, {"vex": "affected"}),
        (ConditionKind.VEX_WORSENS, {"vex": "none"}, {"vex": "affected"}),
    ],
)
def test_a_change_for_the_worse_fires(kind: ConditionKind, before: dict[str, Any], now: dict[str, Any]) -> None:
    (one,) = judge(kind, [row(**before)], [row(**now)])

    assert (one.condition.kind, one.vulnerability, one.package) == (kind, LOG4SHELL, LOG4J)
    assert one.in_words()


@pytest.mark.parametrize(
    "kind, before, now",
    [
        (ConditionKind.KEV_LISTED, {"kev": True}, {"kev": True}),
        (ConditionKind.KEV_LISTED, {"kev": True}, {"kev": False}),
        (ConditionKind.KEV_LISTED, {"kev": False}, {"kev": None}),
        (ConditionKind.EPSS_RISES, {"epss": 10_000}, {"epss": 29_999}),
        (ConditionKind.EPSS_RISES, {"epss": 50_000}, {"epss": 69_999}),
        (ConditionKind.EPSS_RISES, {"epss": 90_000}, {"epss": 50_000}),
        (ConditionKind.EPSS_RISES, {"epss": 10_000}, {"epss": None}),
        (ConditionKind.CVSS_RISES, {"cvss": 75}, {"cvss": 74}),
        (ConditionKind.CVSS_RISES, {"cvss": None}, {"cvss": 75}),
        (ConditionKind.CVSS_RISES, {"severity": "high"}, {"severity": "unknown"}),
        (ConditionKind.CVSS_RISES, {"severity": "unknown"}, {"severity": "medium"}),
        (ConditionKind.REACHABILITY_GAINS_PATH, {"reachability": "reachable"}, {"reachability": "reachable"}),
        (ConditionKind.REACHABILITY_GAINS_PATH, {"reachability": "unreachable"}, {"reachability": "unknown"}),
        (ConditionKind.FIX_APPEARS, {"fix": True}, {"fix": True}),
        (ConditionKind.FIX_APPEARS, {"fix": True}, {"fix": False}),
        (ConditionKind.VEX_WORSENS, {"vex": "not_affected"}, {"vex": "fixed"}),
        (ConditionKind.VEX_WORSENS, {"vex": "affected"}, {"vex": "affected"}),
        (ConditionKind.VEX_WORSENS, {"vex": "none"}, {"vex": "under_investigation"}),
    ],
)
def test_what_is_no_worse_fires_nothing(kind: ConditionKind, before: dict[str, Any], now: dict[str, Any]) -> None:
    assert judge(kind, [row(**before)], [row(**now)]) == ()


def test_an_exception_approved_for_an_exploited_vulnerability_lives_with_it_in_every_package() -> None:
    seen = [row(kev=True)]

    assert judge(ConditionKind.KEV_LISTED, seen, [row(kev=True), row(kev=True, package=LODASH)]) == ()


def test_a_vulnerability_that_was_not_seen_is_compared_with_nothing_bad() -> None:
    unseen = row(
        vulnerability="CVE-2020-8203", kev=True, epss=20_000, fix=True, reachability="reachable", vex="affected"
    )

    kinds = [
        ConditionKind.KEV_LISTED,
        ConditionKind.EPSS_RISES,
        ConditionKind.CVSS_RISES,
        ConditionKind.REACHABILITY_GAINS_PATH,
        ConditionKind.FIX_APPEARS,
        ConditionKind.VEX_WORSENS,
        ConditionKind.NEW_CVE_IN_PACKAGE,
    ]

    for kind in kinds:
        (one,) = judge(kind, [QUIET], [unseen])
        assert one.before == "not seen"


def test_a_row_is_compared_with_the_vulnerability_as_such_where_its_package_was_not_seen() -> None:
    as_such = row(package="", kev=True, fix=True)

    assert judge(ConditionKind.KEV_LISTED, [as_such], [row(kev=True)]) == ()
    assert judge(ConditionKind.FIX_APPEARS, [as_such], [row(fix=True)]) == ()


def test_a_threshold_takes_the_place_of_the_usual_rise_of_epss() -> None:
    seen, now = [row(epss=10_000)], [row(epss=15_000)]

    assert judge(ConditionKind.EPSS_RISES, seen, now) == ()
    assert len(judge(ConditionKind.EPSS_RISES, seen, now, threshold="0.05")) == 1
    assert judge(ConditionKind.EPSS_RISES, seen, now, threshold="0.05001") == ()


def test_a_score_has_to_rise_by_its_threshold_unless_the_severity_does() -> None:
    assert judge(ConditionKind.CVSS_RISES, [row(cvss=75)], [row(cvss=84)], threshold="1") == ()
    assert len(judge(ConditionKind.CVSS_RISES, [row(cvss=75)], [row(cvss=85)], threshold="1")) == 1
    critical = row(cvss=76, severity="critical")
    assert len(judge(ConditionKind.CVSS_RISES, [row(cvss=75)], [critical], threshold="1")) == 1


def test_a_vulnerability_seen_in_another_package_is_not_new() -> None:
    assert judge(ConditionKind.NEW_CVE_IN_PACKAGE, [QUIET], [row(package=LODASH)]) == ()


def test_what_names_no_vulnerability_is_no_new_one() -> None:
    assert judge(ConditionKind.NEW_CVE_IN_PACKAGE, [QUIET], [row(vulnerability="")]) == ()


def test_a_package_leaves_its_range_only_where_every_version_is_outside_and_one_was_not_seen() -> None:
    ranges = {LODASH: ["vers:npm/>=4.0.0|<5.0.0"]}
    seen = [row(package=LODASH, versions=("4.17.20", "5.0.1"))]
    kind = ConditionKind.PACKAGE_VERSION_LEAVES_RANGE

    def leaves(*versions: str) -> bool:
        return bool(judge(kind, seen, [row(package=LODASH, versions=versions)], ranges=ranges))

    assert not leaves("4.17.21")
    assert not leaves("5.0.1")
    assert not leaves("4.17.21", "5.1.0")
    assert not leaves()
    assert leaves("5.1.0")
    assert leaves("5.0.1", "5.1.0")
    assert leaves("not a version")


def test_without_a_range_no_version_leaves_it() -> None:
    assert judge(ConditionKind.PACKAGE_VERSION_LEAVES_RANGE, [QUIET], [row(versions=("9",))]) == ()


@pytest.mark.parametrize(
    "kind, threshold, below, above",
    [
        (ConditionKind.EPSS_ABOVE, "0.5", {"epss": 50_000}, {"epss": 50_001}),
        (ConditionKind.CVSS_ABOVE, "7", {"cvss": 70}, {"cvss": 71}),
        (ConditionKind.KEV_IS_LISTED, "", {"kev": None}, {"kev": True}),
    ],
)
def test_an_absolute_condition_asks_what_is_and_is_refused_where_it_is_true_already(
    kind: ConditionKind, threshold: str, below: dict[str, Any], above: dict[str, Any]
) -> None:
    chosen = condition(kind, threshold=threshold)

    assert judge(kind, [QUIET], [row(**below)], threshold=threshold) == ()
    assert len(judge(kind, [row(**above)], [row(**above)], threshold=threshold)) == 1
    assert already_true([chosen], seen=[row(**below)]) == ()
    assert already_true([chosen], seen=[row(**below), row(**above, package=LODASH)]) == (chosen,)


def test_a_condition_that_compares_is_never_true_already() -> None:
    worst = row(kev=True, epss=97_000, reachability="reachable", fix=True, vex="affected", severity="critical")

    assert already_true([condition(kind) for kind in ConditionKind if kind not in ABSOLUTE], seen=[worst]) == ()


def counts(**said: int) -> EstateCounts:
    return EstateCounts(
        **{"artifacts": 20, "services": 2, "unknowns": 0, "seen_artifacts": 20, "seen_services": 2, **said}
    )


@pytest.mark.parametrize(
    "said, fires",
    [
        ({"artifacts": 25}, False),
        ({"artifacts": 26}, True),
        ({"artifacts": 14, "seen_artifacts": 10}, False),
        ({"artifacts": 4, "seen_artifacts": 0}, False),
        ({"artifacts": 5, "seen_artifacts": 0}, True),
        ({"artifacts": 1}, False),
        ({"services": 3}, True),
        ({"services": 1}, False),
    ],
)
def test_a_scope_grew_by_a_quarter_and_five_artifacts_or_by_a_service(said: dict[str, int], *, fires: bool) -> None:
    assert bool(judge(ConditionKind.SCOPE_GREW, [], [], estate=counts(**said))) is fires


def test_growth_is_measured_by_its_threshold() -> None:
    assert judge(ConditionKind.SCOPE_GREW, [], [], estate=counts(artifacts=40), threshold="100") == ()
    assert len(judge(ConditionKind.SCOPE_GREW, [], [], estate=counts(artifacts=41), threshold="100")) == 1


def test_unknowns_are_too_many_above_their_threshold() -> None:
    assert judge(ConditionKind.UNKNOWNS_ABOVE, [], [], estate=counts(unknowns=3)) == ()
    (one,) = judge(ConditionKind.UNKNOWNS_ABOVE, [], [], estate=counts(unknowns=4))
    assert one.in_words() == "unknown findings covered: 4, more than 3"


def test_without_counts_nothing_is_said_of_the_estate() -> None:
    assert judge(ConditionKind.UNKNOWNS_ABOVE, [], []) == judge(ConditionKind.SCOPE_GREW, [], []) == ()


def test_the_end_is_near_from_the_stated_days_on() -> None:
    from_then = END - timedelta(days=7)

    def near(at: datetime) -> bool:
        return bool(judge(ConditionKind.EXPIRY_WITHIN, [], [], threshold="7", at=at))

    assert not near(from_then - timedelta(microseconds=1))
    assert near(from_then)
    assert near(END)


def test_a_condition_for_an_environment_fires_only_there() -> None:
    only_production = Condition(ConditionKind.KEV_LISTED, Action.BLOCK, environments=("production",))

    def fires(environment: str) -> bool:
        found = fired(
            [only_production], seen=[QUIET], now=[row(kev=True)], environment=environment, expires_at=END, at=NOON
        )
        return bool(found)

    assert fires("production")
    assert not fires("staging")
    assert not fires("")


@pytest.mark.parametrize(
    "kind, action, now, grace",
    [
        (ConditionKind.KEV_LISTED, Action.REQUIRE_REAPPROVAL, {"kev": True}, NOTHING),
        (ConditionKind.KEV_IS_LISTED, Action.REQUIRE_REAPPROVAL, {"kev": True}, NOTHING),
        (ConditionKind.REACHABILITY_GAINS_PATH, Action.REQUIRE_REAPPROVAL, {"reachability": "reachable"}, NOTHING),
        (ConditionKind.CVSS_RISES, Action.REQUIRE_REAPPROVAL, {"severity": "critical", "cvss": 98}, NOTHING),
        (ConditionKind.CVSS_ABOVE, Action.REQUIRE_REAPPROVAL, {"severity": "critical", "cvss": 98}, NOTHING),
        (ConditionKind.CVSS_RISES, Action.REQUIRE_REAPPROVAL, {"cvss": 89}, GRACE),
        (ConditionKind.EPSS_RISES, Action.REQUIRE_REAPPROVAL, {"epss": 50_000}, GRACE),
        (ConditionKind.EPSS_RISES, Action.BLOCK, {"epss": 50_000}, NOTHING),
        (ConditionKind.FIX_APPEARS, Action.REQUIRE_REAPPROVAL, {"fix": True}, GRACE),
        (ConditionKind.VEX_WORSENS, Action.REQUIRE_REAPPROVAL, {"vex": "none"}, GRACE),
    ],
)
def test_there_are_seventy_two_hours_of_grace_but_none_for_what_cannot_wait(
    kind: ConditionKind, action: Action, now: dict[str, Any], grace: timedelta
) -> None:
    (one,) = judge(kind, [QUIET], [row(**now)], action=action)

    assert timedelta(hours=72) == GRACE
    assert one.grace == grace


def test_what_was_critical_already_does_not_become_it() -> None:
    (one,) = judge(ConditionKind.CVSS_RISES, [row(severity="critical", cvss=90)], [row(severity="critical", cvss=98)])

    assert one.grace == GRACE
    assert one.in_words() == f"severity of {LOG4SHELL} in {LOG4J} rose to critical 9.8 (critical 9 when approved)"


def test_the_shortest_grace_counts_of_those_that_do_more_than_warn() -> None:
    worse = [row(kev=True, epss=60_000)]
    rises = condition(ConditionKind.EPSS_RISES)
    warns = condition(ConditionKind.KEV_LISTED, action=Action.WARN)
    listed = condition(ConditionKind.KEV_LISTED)

    def left(*conditions: Condition) -> timedelta:
        return grace_left(fired(conditions, seen=[QUIET], now=worse, expires_at=END, at=NOON))

    assert left(rises, warns) == GRACE
    assert left(rises, listed) == NOTHING


def test_every_kind_of_condition_says_what_happened() -> None:
    worse = row(
        vulnerability="CVE-2020-8203",
        package=LODASH,
        severity="critical",
        cvss=98,
        kev=True,
        epss=97_000,
        fix=True,
        reachability="reachable",
        vex="affected",
        versions=("5.1.0",),
    )
    everything = [
        condition(kind, threshold="90" if kind is ConditionKind.EXPIRY_WITHIN else "") for kind in ConditionKind
    ]

    found = fired(
        everything,
        seen=[QUIET],
        now=[worse],
        estate=counts(unknowns=4, services=3),
        ranges={LODASH: ["vers:npm/>=4.0.0|<5.0.0"]},
        expires_at=END,
        at=NOON,
    )

    assert {one.condition.kind for one in found} == set(ConditionKind)
    assert all("{" not in one.in_words() and one.now for one in found)


conditions = st.lists(
    st.builds(condition, st.sampled_from(list(ConditionKind)), action=st.sampled_from(list(Action))).filter(
        lambda chosen: chosen.kind is not ConditionKind.EXPIRY_WITHIN
    ),
    max_size=8,
)


@given(conditions, st.lists(rows, max_size=5), st.lists(rows, max_size=5), st.randoms(use_true_random=False))
def test_neither_the_order_of_conditions_nor_that_of_rows_makes_a_difference(
    chosen: list[Condition], seen: list[SeenFacts], now: list[SeenFacts], chance: Any
) -> None:
    first = fired(chosen, seen=seen, now=now, expires_at=END, at=NOON)
    for shuffled in (chosen, seen, now):
        chance.shuffle(shuffled)

    second = fired(chosen, seen=seen, now=now, expires_at=END, at=NOON)

    assert first == second
    assert strongest(first) == strongest(reversed(first))


@given(st.lists(rows, max_size=6), st.sampled_from(list(Action)))
def test_nothing_that_compares_fires_where_nothing_changed(seen: list[SeenFacts], action: Action) -> None:
    chosen = [condition(kind, action=action) for kind in RELATIVE]
    ranges = {LODASH: ["vers:npm/>=4.0.0|<5.0.0"]}

    found = fired(chosen, seen=seen, now=seen, estate=counts(), ranges=ranges, expires_at=END, at=NOON)

    assert found == ()


@given(conditions, st.lists(rows, max_size=5), st.lists(rows, max_size=5))
def test_the_strongest_action_comes_first(chosen: list[Condition], seen: list[SeenFacts], now: list[SeenFacts]) -> None:
    found = fired(chosen, seen=seen, now=now, expires_at=END, at=NOON)

    assert strongest(found) == (found[0].action if found else None)


def test_only_kinds_with_a_number_take_a_threshold() -> None:
    assert set(THRESHOLDS) == set(USUAL) | {
        ConditionKind.EPSS_RISES,
        ConditionKind.CVSS_RISES,
        ConditionKind.SCOPE_GREW,
        ConditionKind.EXPIRY_WITHIN,
    }
