"""Exceptions reach the gate: asked for and approved by people, judged by the one call behind every door."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from exceptions.matching.scope import PackageScope, Scope
from exceptions.models import ExceptionApplication
from exceptions.rules.conditions import Action, Condition, ConditionKind
from exceptions.rules.vocabulary import Effect, ExceptionType, Reason
from exceptions.services import lifecycle
from gates.models import GateDecision
from gates.services.replay import ReplayOutcome, explain_finding, replay
from stellapolicy.tenancy.scope import tenant_scope
from tests.exceptions.desk import DAY, fresh
from tests.factories import NOON
from tests.gates.conftest import Shop, make_shop
from tests.gates.counter import BAD, HOUR, Counter, entry, open_counter, row
from tests.reports import HARMLESS, LOG4SHELL, many, trivy


@pytest.fixture
def counter(shop: Shop) -> Iterator[Counter]:
    """Return a shop in the scope of its tenant, whose feeds know of the finding that blocks its release."""
    with tenant_scope(shop.tenant.pk):
        yield open_counter(shop)


def test_an_excepted_finding_ships_and_raw_it_still_blocks(counter: Counter) -> None:
    before = counter.ask()
    exception = counter.desk.in_force(vulnerability=BAD.id)

    after = counter.ask()

    assert (before.decision, after.decision) == ("block", "warn")
    assert after.body["raw"]["decision"] == "block"
    assert (row(after)["raw_status"], row(after)["status"]) == ("blocked", "deferred")
    assert (row(after)["exception"], entry(after)["id"]) == (exception.number, exception.number)
    assert exception.terms is not None
    assert entry(after)["terms_digest"] == exception.terms.digest


def test_each_finding_it_changed_is_recorded_with_what_it_was(counter: Counter) -> None:
    exception = counter.desk.in_force(vulnerability=BAD.id)

    decision = counter.ask(BAD, HARMLESS)

    (application,) = ExceptionApplication.objects.all()
    assert (application.exception_id, application.run, application.finding) == (
        exception.pk,
        decision.pk,
        row(decision)["key"],
    )
    assert (application.raw_status, application.status, application.effect) == ("blocked", "deferred", "defer")
    assert fresh(exception).last_applied_at == NOON


def test_what_it_did_not_change_is_not_recorded(counter: Counter) -> None:
    counter.desk.in_force(vulnerability=HARMLESS.id)

    decision = counter.ask(HARMLESS)

    assert decision.body["with_exceptions"] is False
    assert not ExceptionApplication.objects.exists()


def test_at_its_end_it_blocks_again_though_no_worker_ran(counter: Counter) -> None:
    exception = counter.desk.in_force(vulnerability=BAD.id, days=1)

    last, over = counter.ask(at=exception.expires_at - timedelta(seconds=1)), counter.ask(at=exception.expires_at)

    assert (last.decision, over.decision) == ("warn", "block")
    assert fresh(exception).state == "active"
    assert over.body["exceptions"] == []


def test_the_answer_after_its_end_is_the_same_once_a_worker_has_recorded_it(counter: Counter) -> None:
    exception = counter.desk.in_force(vulnerability=BAD.id, days=1)
    before = counter.ask(at=exception.expires_at)
    lifecycle.expire_due(at=exception.expires_at)

    after = counter.ask(at=exception.expires_at)

    assert fresh(exception).state == "expired"
    assert after.body_digest == before.body_digest


def test_a_listing_of_what_it_excuses_blocks_at_once_without_any_worker(counter: Counter) -> None:
    exception = counter.desk.in_force(vulnerability=BAD.id, days=5)
    later = NOON + DAY
    counter.know(kev=(LOG4SHELL, BAD.id), at=later)

    decision = counter.ask(at=later)

    assert decision.decision == "block"
    assert entry(decision)["held"] == "blocked"
    held = fresh(exception)
    assert (held.state, held.blocks, held.grace_until) == ("revalidation_required", True, later)


def test_it_goes_on_blocking_where_the_catalogue_alone_would_only_warn(counter: Counter) -> None:
    counter.desk.in_force(vulnerability=BAD.id, days=5)
    counter.know(kev=(LOG4SHELL, BAD.id), at=NOON + DAY)
    counter.ask(at=NOON + DAY)

    elsewhere = counter.ask(HARMLESS, BAD, at=NOON + DAY + HOUR, environment="staging")

    assert "exception.blocks" in {one["code"] for check in elsewhere.body["checks"] for one in check["reasons"]}


def test_an_exception_approved_for_an_exploited_vulnerability_lives_with_that(counter: Counter) -> None:
    high = replace(BAD, severity="HIGH", score=7.5)
    counter.know(kev=(LOG4SHELL, BAD.id), at=NOON + HOUR)
    before = counter.ask(high, at=NOON + HOUR)
    exception = counter.desk.in_force(vulnerability=BAD.id, at=NOON + HOUR)

    after = counter.ask(high, at=NOON + 2 * HOUR)

    assert (before.decision, after.decision, entry(after)["fired"]) == ("block", "warn", [])
    assert fresh(exception).state == "active"


def test_a_risen_prediction_leaves_three_days_from_the_first_decision_that_sees_it(counter: Counter) -> None:
    exception = counter.desk.in_force(vulnerability=BAD.id, days=7)
    risen = NOON + DAY
    counter.know(epss=0.3, at=risen)

    first, second = counter.ask(at=risen), counter.ask(at=risen + HOUR)
    over = counter.ask(at=risen + 3 * DAY)

    assert (first.decision, second.decision, over.decision) == ("warn", "warn", "block")
    assert entry(first)["grace_until"] == entry(second)["grace_until"] == "2026-03-06T12:00:00Z"
    assert (entry(second)["state"], entry(over)["held"]) == ("revalidation_required", "grace_over")
    assert fresh(exception).grace_until == risen + 3 * DAY


def test_a_condition_that_revokes_ends_the_exception_with_the_decision_that_sees_it(counter: Counter) -> None:
    strict = (Condition(ConditionKind.EPSS_RISES, Action.REVOKE, "0.2"),)
    exception = counter.desk.in_force(vulnerability=BAD.id, conditions=strict)
    counter.know(epss=0.3, at=NOON + DAY)

    decision = counter.ask(at=NOON + DAY)

    assert (decision.decision, entry(decision)["held"]) == ("block", "revoked")
    assert fresh(exception).state == "revoked"


def test_the_change_is_told_once_however_many_gates_see_it(counter: Counter) -> None:
    exception = counter.desk.in_force(vulnerability=BAD.id)
    counter.know(epss=0.3, at=NOON + DAY)

    for image in ("shop/api", "shop/web", "shop/api"):
        counter.ask(at=NOON + DAY, image=image)

    told = [one.name for one in exception.events.all()]
    assert told.count("exception.revalidation_required") == 1


def test_a_new_version_inside_the_range_stays_covered_and_one_outside_does_not(counter: Counter) -> None:
    inside = PackageScope("pkg:npm/lodash", "vers:npm/>=4.17.0|<4.17.30")
    counter.desk.in_force(scope=Scope(packages=(inside,)), type=ExceptionType.COMPONENT)

    within = counter.ask(replace(BAD, version="4.17.25"))
    outside = counter.ask(replace(BAD, version="4.18.0"), image="shop/web")

    assert (within.decision, outside.decision) == ("warn", "block")
    assert outside.body["exceptions"] == []


def test_what_is_new_in_the_package_is_seen_by_the_gate_that_judges_it(counter: Counter) -> None:
    watched = (Condition(ConditionKind.NEW_CVE_IN_PACKAGE, Action.BLOCK),)
    about = Scope(vulnerabilities=(BAD.id,), packages=(PackageScope("pkg:npm/lodash"),))
    exception = counter.desk.in_force(scope=about, conditions=watched)
    new = replace(BAD, id="CVE-2026-1", severity="LOW", score=3.0)

    known, changed = counter.ask(BAD, HARMLESS), counter.ask(BAD, new, at=NOON + HOUR)

    assert (entry(known)["fired"], known.decision) == ([], "warn")
    assert (entry(changed)["held"], changed.decision) == ("blocked", "block")
    assert fresh(exception).state == "revalidation_required"
    assert replay(GateDecision.objects.get(pk=changed.pk)).outcome is ReplayOutcome.EXACT


def test_a_version_that_leaves_the_range_is_seen_beside_one_that_is_covered(counter: Counter) -> None:
    watched = (Condition(ConditionKind.PACKAGE_VERSION_LEAVES_RANGE, Action.REQUIRE_REAPPROVAL),)
    inside = Scope(packages=(PackageScope("pkg:npm/lodash", "vers:npm/<4.18.0"),))
    exception = counter.desk.in_force(scope=inside, type=ExceptionType.COMPONENT, conditions=watched)
    outside = replace(BAD, id="CVE-2020-28500", version="4.19.0", severity="LOW", score=3.0)

    counter.ask(BAD, outside, at=NOON + HOUR)

    assert fresh(exception).state == "revalidation_required"


def test_a_downgraded_finding_passes_where_its_severity_was_in_the_way(counter: Counter) -> None:
    counter.desk.in_force(vulnerability=BAD.id, reason=Reason.NETWORK_ISOLATION)

    decision = counter.ask()

    assert decision.decision == "pass"
    assert (row(decision)["raw_severity"], row(decision)["severity"]) == ("critical", "medium")


def test_a_control_is_noted_with_the_finding_it_guards(counter: Counter) -> None:
    counter.desk.in_force(vulnerability=BAD.id, reason=Reason.COMPENSATING_CONTROL, controls=("waf-rule-1042",))

    decision = counter.ask()

    assert (decision.decision, row(decision)["status"]) == ("pass", "guarded_pass")
    assert entry(decision)["controls"] == ["waf-rule-1042"]


def test_a_waiver_of_a_licence_hides_no_vulnerability_of_the_package(counter: Counter) -> None:
    waiver: Any = {"type": ExceptionType.COMPONENT, "reason": Reason.LICENSE_WAIVER}
    exception = counter.desk.in_force(package="pkg:npm/lodash", environment="staging", **waiver)

    decision = counter.ask(environment="staging")

    assert exception.state == "active"
    assert (row(decision)["status"], decision.body["exceptions"]) == ("blocked", [])


def test_an_exception_for_one_environment_says_nothing_in_another(counter: Counter) -> None:
    counter.desk.in_force(vulnerability=BAD.id, environment="staging")

    staging, production = counter.ask(environment="staging"), counter.ask()

    assert (row(staging)["status"], row(production)["status"]) == ("deferred", "blocked")


def test_a_replay_after_the_exception_is_gone_is_exact(counter: Counter) -> None:
    exception = counter.desk.in_force(vulnerability=BAD.id)
    decision = counter.ask()
    lifecycle.revoke_exception(
        actor=counter.desk.actor("sam"), pk=exception.pk, comment="the plan was dropped", at=NOON + HOUR
    )

    result = replay(GateDecision.objects.get(pk=decision.pk))

    assert result.outcome is ReplayOutcome.EXACT
    assert counter.ask(at=NOON + HOUR).decision == "block"


def test_an_explanation_is_that_of_the_policy_without_any_exception(counter: Counter) -> None:
    counter.desk.in_force(vulnerability=BAD.id)
    decision = counter.ask()

    explained = explain_finding(decision, row(decision)["key"])

    assert explained.verdict.status.value == row(decision)["raw_status"]
    assert explained.facts["exception.applied"] is False
    assert (explained.exception, explained.status) == (row(decision)["exception"], "deferred")


def test_an_exception_of_another_tenant_excuses_nothing(shop: Shop) -> None:
    other = make_shop("other")
    with tenant_scope(other.tenant.pk):
        open_counter(other).desk.in_force(vulnerability=BAD.id)

    with tenant_scope(shop.tenant.pk):
        decision = open_counter(shop).ask()

    assert (decision.decision, decision.body["exceptions"]) == ("block", [])


@pytest.mark.parametrize("count", [500, 10_000])
def test_a_decision_under_exceptions_takes_the_same_few_queries_whatever_its_size(counter: Counter, count: int) -> None:
    scope = Scope(packages=(PackageScope("pkg:npm/library-*"),))
    counter.desk.in_force(scope=scope, type=ExceptionType.COMPONENT, reason=Reason.ACCEPTED_RISK)
    counter.ask(HARMLESS, image="shop/warm")

    report = trivy("shop/api", many(count), scanned_at=NOON - HOUR)

    with CaptureQueriesContext(connection) as posted:
        decision = counter.shop.ask("shop/api", report)
    with CaptureQueriesContext(connection) as stored:
        counter.shop.ask("shop/api")

    assert entry(decision)["changed"] > count / 10
    assert [_asked(one) for one in (posted, stored)] == [24, 15]


def _asked(queries: CaptureQueriesContext) -> int:
    """Return how many queries there were, without those that delimit a transaction."""
    return sum(not query["sql"].startswith(("SAVEPOINT", "RELEASE")) for query in queries)


def test_a_suppressed_finding_is_shown_though_it_is_ignored(counter: Counter) -> None:
    counter.desk.in_force(vulnerability=BAD.id, reason=Reason.FALSE_POSITIVE)

    decision = counter.ask()

    assert decision.decision == "pass"
    assert (row(decision)["status"], row(decision)["outcome"]) == ("ignored", "pass")
    assert entry(decision)["effect"] == Effect.SUPPRESS
