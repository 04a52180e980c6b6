"""What rules mean: priorities, restriction, time, VEX, and everything else a verdict says."""

from datetime import UTC, datetime, timedelta

import pytest

from policies.language.types import UNKNOWN
from policies.language.verdict import (
    STATUS_WORDS,
    Obligation,
    ObligationKind,
    Status,
    most_restrictive,
)
from stellapolicy.kernel.severity import Severity
from tests.policies.language.evaluation.compiling import judged, program

NEW_YEAR = datetime(2027, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def test_without_a_matching_rule_the_default_status_holds() -> None:
    assert judged("rule r { when kev.listed then block }", kev__listed=False).status is Status.PASS
    assert judged("settings { default_status = warned } rule r { when kev.listed then block }").worst is Status.BLOCKED


def test_the_first_priority_that_yields_a_status_ends_the_search() -> None:
    body = """
      rule early priority 10 { when kev.listed then warn because "early" }
      rule late { when kev.listed then block because "late" }
    """

    verdict = judged(body, kev__listed=True)

    assert (verdict.status, verdict.rule, verdict.because) == (Status.WARNED, "p/early", "early")
    assert verdict.matched_rules == ("p/early",)


def test_within_a_priority_the_most_restrictive_status_wins_whatever_the_names_are() -> None:
    statuses = [status for status in Status if status not in (Status.DEFERRED, Status.REQUIRES_VEX, Status.ESCALATED)]
    rules = [f'rule r{number} {{ when true then status := "{status}" }}' for number, status in enumerate(statuses)]

    for rest in range(1, len(rules) + 1):
        assert judged("\n".join(rules[:rest])).status is statuses[rest - 1]
        assert judged("\n".join(reversed(rules[:rest]))).status is statuses[rest - 1]


def test_equal_statuses_are_credited_to_the_first_name() -> None:
    verdict = judged("rule b { when true then block } rule a { when true then block } rule c { when true then warn }")

    assert verdict.rule == "p/a"
    assert verdict.matched_rules == ("p/a", "p/b", "p/c")


def test_a_later_rule_may_still_annotate_and_add_a_message() -> None:
    body = """
      rule early priority 10 { when true then block }
      rule late { when true then status := "pass" annotate note := "late" warn message "look" }
      rule silent { when true then warn }
    """

    verdict = judged(body)

    assert verdict.status is Status.BLOCKED
    assert verdict.annotations == (("note", "late"),)
    assert verdict.messages == ("look",)
    assert verdict.matched_rules == ("p/early", "p/late")


def test_a_rule_with_an_unknown_condition_that_could_be_worse_leaves_the_verdict_undecided() -> None:
    body = """
      rule sure { when severity.normalized == "high" then warn because "high" }
      rule maybe { when epss.score > 0.9 then block because "likely exploited" }
    """

    verdict = judged(body, severity__normalized="high")

    assert (verdict.status, verdict.worst, verdict.undecided) == (Status.WARNED, Status.BLOCKED, True)
    assert (verdict.rule, verdict.because) == ("p/maybe", "likely exploited")
    assert verdict.unknown_facts == ("epss.score",)
    assert verdict.matched_rules == ("p/sure",)
    assert verdict.obligations == (Obligation(ObligationKind.LEARN_FACT, "epss.score"),)


@pytest.mark.parametrize("setting,status", [("pass", Status.PASS), ("warn", Status.WARNED), ("block", Status.BLOCKED)])
def test_an_undecided_verdict_takes_what_on_unknown_says(setting: str, status: Status) -> None:
    body = f"settings {{ on_unknown = {setting} }} rule r {{ when kev.listed then block }}"

    assert judged(body).status is status


def test_on_unknown_never_lowers_a_status_that_is_certain() -> None:
    body = """
      settings { on_unknown = pass }
      rule sure { when true then warn }
      rule maybe { when kev.listed then block }
    """

    assert judged(body).status is Status.WARNED


def test_an_unknown_rule_that_could_not_be_worse_changes_nothing() -> None:
    body = "rule sure { when true then block } rule maybe { when kev.listed then warn }"

    verdict = judged(body)

    assert (verdict.status, verdict.undecided, verdict.unknown_facts) == (Status.BLOCKED, False, ())


def test_an_unknown_rule_after_the_priority_that_settled_changes_nothing() -> None:
    body = "rule sure priority 10 { when true then warn } rule maybe { when kev.listed then block }"

    assert judged(body).undecided is False


def test_a_permissive_rule_with_an_unknown_condition_does_not_match() -> None:
    body = """
      rule dismissed priority 10 { when vex.status == "not_affected" then ignore }
      rule critical { when severity.normalized == "critical" then block }
    """

    assert judged(body, severity__normalized="critical").status is Status.BLOCKED


def test_only_the_facts_that_would_decide_are_missed() -> None:
    body = """rule r {
      when (finding.kind == "licence" and license.satisfies(["MIT"])) or (kev.listed and epss.score > 0.5) then block
    }"""

    assert judged(body, finding__kind="secret", kev__listed=True).unknown_facts == ("epss.score",)


def test_else_runs_on_false_and_never_on_unknown() -> None:
    body = 'rule r { when kev.listed then block else status := "guarded_pass" }'

    assert judged(body, kev__listed=False).status is Status.GUARDED_PASS
    assert judged(body, kev__listed=False).matched_rules == ()
    assert judged(body, kev__listed=False).rule == "p/r"
    assert judged(body).status is Status.WARNED
    assert judged(body).worst is Status.BLOCKED


@pytest.mark.parametrize("word,status", STATUS_WORDS.items())
def test_every_word_a_status_can_be_assigned_with(word: str, status: Status | None) -> None:
    assert judged(f'rule r {{ when true then status := "{word}" }}').status is (status or Status.PASS)


@pytest.mark.parametrize(
    "word,status",
    [
        ("not_affected", Status.IGNORED),
        ("fixed", Status.IGNORED),
        ("under_investigation", Status.WARNED),
        ("affected", Status.BLOCKED),
        ("none", Status.BLOCKED),
    ],
)
def test_a_vex_status_becomes_a_status_and_affected_leaves_it_to_later_rules(word: str, status: Status) -> None:
    body = "rule vex priority 10 { when true then status := vex.status } rule rest { when true then block }"

    assert judged(body, vex__status=word).status is status


def test_an_unknown_vex_status_is_no_better_than_any_it_could_be() -> None:
    verdict = judged("rule vex { when true then status := vex.status }")

    assert (verdict.undecided, verdict.worst, verdict.unknown_facts) == (True, Status.WARNED, ("vex.status",))


def test_a_computed_status_of_no_known_word_could_be_the_worst() -> None:
    body = "declare { signals.word = string } rule r { when true then status := signals.word }"

    assert judged(body, signals__word="blocked").status is Status.BLOCKED
    assert judged(body, signals__word="fine, surely").worst is Status.BLOCKED


def test_a_warning_assigns_only_where_its_rule_assigns_nothing_else() -> None:
    body = 'rule r { when true then status := vex.status warn message "watch" }'

    assert judged(body, vex__status="fixed").status is Status.IGNORED
    assert judged(body, vex__status="affected").status is Status.WARNED
    assert judged(body, vex__status="fixed").messages == ("watch",)


@pytest.mark.parametrize(
    "role,named", [('to "ciso"', "ciso"), ("", "anyone entitled"), ("to service.team", "payments")]
)
def test_an_escalation_waits_for_the_role_it_names(role: str, named: str) -> None:
    verdict = judged(f"rule r {{ when true then escalate {role} }}", service__team="payments")

    assert verdict.status is Status.ESCALATED
    assert verdict.obligations == (Obligation(ObligationKind.RELEASE_BY, named),)


def test_severity_is_the_stated_one_until_a_rule_overrides_it() -> None:
    body = 'rule r { when env.exposure == "internet" then severity := "Critical" } rule q { when false then block }'

    assert judged(body, severity__normalized="low", env__exposure="internet").severity is Severity.CRITICAL
    assert judged(body, severity__normalized="low", env__exposure="none").severity is Severity.LOW
    assert judged(body).severity is Severity.UNKNOWN


def test_of_several_assignments_the_first_priority_counts_and_within_it_the_cautious_one() -> None:
    body = """
      rule a priority 10 { when true then severity := "low" score := 3 confidence := 0.9 annotate n := 2 }
      rule b priority 10 { when true then severity := "high" score := 7 confidence := 0.4 annotate n := 1 }
      rule c { when true then severity := "critical" score := 100 confidence := 0 annotate n := 0 annotate m := 5 }
    """

    verdict = judged(body)

    assert (verdict.severity, verdict.score, verdict.confidence) == (Severity.HIGH, 7.0, 0.4)
    assert verdict.annotations == (("m", 5.0), ("n", 1.0))


def test_what_is_unknown_is_not_assigned() -> None:
    verdict = judged(
        "rule r { when true then score := epss.score annotate n := cvss.score / 0 block }", cvss__score=1.0
    )

    assert (verdict.status, verdict.score, verdict.annotations) == (Status.BLOCKED, None, ())


def test_annotations_are_plain_values() -> None:
    body = """rule r { when true then
      annotate a.severity := severity.normalized  annotate a.when := run.at  annotate a.flag := kev.listed
      annotate a.list := ["x", "y"]  annotate a.open := exists(epss.score) and epss.score > 0.5
    }"""

    verdict = judged(body, severity__normalized="high", run__at=NEW_YEAR, kev__listed=True)

    assert dict(verdict.annotations) == {
        "a.flag": True,
        "a.list": ("x", "y"),
        "a.open": False,
        "a.severity": "high",
        "a.when": "2027-01-01T00:00:00Z",
    }


def test_an_exception_is_requested_with_its_fields() -> None:
    body = (
        'rule r { when true then block requestException { type = "vulnerability" days = 30 tags = ["a"] until = 7d } }'
    )

    assert judged(body).requested_exception == (
        ("days", 30.0),
        ("tags", ("a",)),
        ("type", "vulnerability"),
        ("until", "7d"),
    )


def test_severities_compare_by_rank_in_any_case() -> None:
    body = 'rule r { when severity.normalized >= "HIGH" then block }'

    found = {word: judged(body, severity__normalized=word).status for word in ("none", "medium", "high", "critical")}

    assert [word for word, status in found.items() if status is Status.BLOCKED] == ["high", "critical"]
    assert judged(body, severity__normalized="unknown").undecided
    assert judged(body, severity__normalized=UNKNOWN).undecided


def test_vex_forms_have_a_value_without_statements() -> None:
    body = """
      rule any { when vex.any(status == "fixed") then annotate any := true else annotate any := false }
      rule all { when vex.all(status == "fixed") then annotate all := true else annotate all := false }
      rule count { when true then annotate count := vex.count() annotate latest := vex.latest().status }
    """

    assert dict(judged(body, vex__statements=()).annotations) == {
        "any": False,
        "all": False,
        "count": 0.0,
        "latest": "none",
    }


def test_inside_a_statement_fields_come_first_and_facts_by_their_full_path() -> None:
    body = 'rule r { when vex.any(status == "fixed" and vex.status == "none" and trust > epss.score) then block }'

    statements = ({"status": "fixed", "trust": 0.8},)

    assert judged(body, vex__statements=statements, vex__status="none", epss__score=0.5).status is Status.BLOCKED


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_latest_statement_is_found_by_its_date_and_never_by_its_place(order: tuple[int, int]) -> None:
    statements = (
        {"status": "affected", "issued_at": NEW_YEAR},
        {"status": "fixed", "issued_at": NEW_YEAR + MICROSECOND},
    )
    body = 'rule r { when vex.latest().status == "fixed" then block }'

    verdict = judged(body, vex__statements=tuple(statements[place] for place in order))

    assert verdict.status is Status.BLOCKED


def test_profiles_add_up_and_a_missing_source_is_unknown() -> None:
    body = """
      profile trust {
        map sources { source "nvd" => -0.25 }
        env places { if env.tier == "production" then 1  if env.exposure == "internet" then 0.5 }
        base := 0.5
      }
      rule r {
        when true
        then score := profile.trust.base + profile.trust.places + profile.trust.sources[advisory.source]
      }
    """

    assert judged(body, env__tier="production", env__exposure="internet", advisory__source="nvd").score == 1.75
    assert judged(body, env__tier="staging", env__exposure="internet", advisory__source="nvd").score == 0.75
    assert judged(body, env__tier="production", env__exposure="internet", advisory__source="other").score is None
    assert judged(body, env__tier="production", advisory__source="nvd").score is None


def test_the_same_facts_give_the_same_object() -> None:
    found = program("rule r { when kev.listed then block }")

    assert found.evaluate({"kev.listed": True}) is found.evaluate({"kev.listed": True, "epss.score": 0.5})


def test_the_more_restrictive_of_two_statuses_is_the_same_from_both_sides() -> None:
    assert most_restrictive(Status.PASS, Status.IGNORED) is most_restrictive(Status.IGNORED, Status.PASS) is Status.PASS
