"""Void-if: a change for the worse takes effect by itself, anything else does not."""

from dataclasses import replace
from datetime import timedelta

import pytest

from exceptions.asking import TermsChange
from exceptions.matching.scope import PackageScope, Scope
from exceptions.models import PolicyException
from exceptions.rules.conditions import Action, Condition, ConditionKind
from exceptions.rules.vocabulary import ExceptionType, Reason
from exceptions.services.approval import approve_exception
from exceptions.services.judging import fired_today, look_at
from exceptions.services.recheck import recheck_exception, sweep
from exceptions.services.request import change_terms
from policies.services.evidence import ArtifactReference, Upload, receive_evidence
from policies.services.feeds import load_feed
from stellapolicy.outbox.models import OutboxEvent
from tests.exceptions.desk import DAY, Desk, fresh, waiting
from tests.exceptions.evidence import sign_a_review
from tests.exceptions.services.test_request import scanned
from tests.factories import NOON
from tests.gates.conftest import Shop
from tests.reports import HARMLESS, KEV_CRITICAL, LOG4SHELL, Vuln, digest_of, epss_day, kev_catalogue, trivy

QUIET = HARMLESS.id
LATER = NOON + DAY
LEAVES = Condition(ConditionKind.PACKAGE_VERSION_LEAVES_RANGE, Action.REVOKE)


def list_as_exploited(shop: Shop, *names: str) -> None:
    catalogue = kev_catalogue(*names, released_at="2026-03-03T11:00:00.000Z")
    load_feed(actor=shop.actor, content=catalogue, at=LATER)


def predict(shop: Shop, score: float) -> None:
    day = epss_day({LOG4SHELL: 0.97, QUIET: score}, day="2026-03-03")
    load_feed(actor=shop.actor, content=day, at=LATER)


def moved(exception: PolicyException) -> tuple[str, bool, bool]:
    """Return where it stands, whether it applies and whether it holds back what it covers."""
    kept = fresh(exception)
    return str(kept.state), kept.applies(at=LATER), kept.blocks


def test_nothing_changes_where_nothing_changed(in_shop: Shop, desk: Desk) -> None:
    scanned(in_shop, "shop/api")
    exception = desk.in_force(vulnerability=QUIET)

    assert sweep(at=LATER) == 0
    assert moved(exception) == ("active", True, False)


def test_a_listing_as_exploited_holds_it_back_at_once(in_shop: Shop, desk: Desk) -> None:
    scanned(in_shop, "shop/api")
    exception = desk.in_force(vulnerability=QUIET)

    list_as_exploited(in_shop, LOG4SHELL, QUIET)
    first, second = sweep(at=LATER), sweep(at=LATER)

    assert (first, second) == (1, 0)
    assert moved(exception) == ("revalidation_required", False, True)
    assert "known to be exploited" in fresh(exception).held_because[0]


def test_what_was_approved_as_exploited_stays(in_shop: Shop, desk: Desk) -> None:
    scanned(in_shop, "shop/api")
    exception = desk.ask(vulnerability=LOG4SHELL, reason=Reason.FALSE_POSITIVE, days=60)
    sign_a_review(desk, exception)
    exception = desk.approve(exception)
    assert exception.state == "active"

    list_as_exploited(in_shop, LOG4SHELL, QUIET)

    assert sweep(at=LATER) == 0
    assert moved(exception) == ("active", True, False)


@pytest.mark.parametrize("score, state", [(0.2099, "active"), (0.21, "revalidation_required")])
def test_a_rise_of_the_prediction_asks_for_approval_anew(in_shop: Shop, desk: Desk, score: float, state: str) -> None:
    scanned(in_shop, "shop/api")
    exception = desk.in_force(vulnerability=QUIET)

    predict(in_shop, score)
    sweep(at=LATER)

    assert fresh(exception).state == state
    assert fresh(exception).applies(at=LATER)


def test_the_grace_of_three_days_is_over_by_itself(in_shop: Shop, desk: Desk) -> None:
    scanned(in_shop, "shop/api")
    exception = desk.in_force(vulnerability=QUIET, reason=Reason.FALSE_POSITIVE, days=60)

    predict(in_shop, 0.6)
    sweep(at=LATER)

    kept = fresh(exception)
    assert kept.grace_until == LATER + timedelta(hours=72)
    assert kept.applies(at=LATER + timedelta(hours=72) - timedelta(seconds=1))
    assert not kept.applies(at=LATER + timedelta(hours=72))


def test_a_fix_that_appears_ends_an_acceptance_and_warns_of_a_plan(in_shop: Shop, desk: Desk) -> None:
    scanned(in_shop, "shop/api")
    accepted = desk.in_force(vulnerability=QUIET)
    planned = desk.in_force(vulnerability=QUIET, reason=Reason.SCHEDULED_FIX, days=20)

    fixed = Vuln(QUIET, "quiet", "1.0.0", "1.0.1", "LOW", 3.1)
    in_shop.ask("shop/api", trivy("shop/api", [KEV_CRITICAL, fixed], scanned_at=NOON))
    first, second = sweep(at=LATER), sweep(at=LATER)

    # The gate that saw the fix first has held the acceptance already.
    assert (first, second) == (1, 0)
    assert fresh(accepted).state == "revalidation_required"
    assert fresh(planned).state == "active"
    assert OutboxEvent.objects.filter(name="exception.warned").count() == 1


def test_a_condition_may_revoke(in_shop: Shop, desk: Desk) -> None:
    scanned(in_shop, "shop/api")
    condition = Condition(ConditionKind.EPSS_ABOVE, Action.REVOKE, "0.5")
    exception = desk.in_force(vulnerability=QUIET, conditions=(condition,))

    predict(in_shop, 0.51)
    sweep(at=LATER)

    assert fresh(exception).state == "revoked"


def test_it_applies_again_once_it_is_approved_with_the_facts_of_today(in_shop: Shop, desk: Desk) -> None:
    scanned(in_shop, "shop/api")
    exception = desk.in_force(vulnerability=QUIET)
    predict(in_shop, 0.4)
    sweep(at=LATER)

    change_terms(actor=desk.actor("ada", at=LATER), pk=exception.pk, change=TermsChange(), at=LATER)
    request = waiting(exception)
    assert request is not None
    approve_exception(
        actor=desk.actor("riley", at=LATER),
        pk=exception.pk,
        payload_hash=request.payload_hash,
        comment="still fine",
        at=LATER,
    )

    kept = fresh(exception)
    assert (kept.state, kept.grace_until, kept.held_because) == ("active", None, [])
    assert sweep(at=LATER) == 0


def test_anybody_who_may_write_asks_for_a_recheck(in_shop: Shop, desk: Desk) -> None:
    scanned(in_shop, "shop/api")
    exception = desk.in_force(vulnerability=QUIET)
    list_as_exploited(in_shop, LOG4SHELL, QUIET)

    kept, found = recheck_exception(actor=desk.actor("ada", at=LATER), pk=exception.pk, at=LATER)

    assert kept.state == "revalidation_required"
    assert next(one.action for one in found) is Action.BLOCK


def test_a_condition_of_an_environment_fires_there_alone(in_shop: Shop, desk: Desk) -> None:
    scanned(in_shop, "shop/api")
    condition = Condition(ConditionKind.EPSS_ABOVE, Action.REVOKE, "0.5", environments=("staging",))
    in_production = desk.in_force(vulnerability=QUIET, environment="production", conditions=(condition,))
    anywhere = desk.in_force(vulnerability=QUIET, conditions=(condition,), days=20)

    predict(in_shop, 0.51)
    sweep(at=LATER)

    assert (fresh(in_production).state, fresh(anywhere).state) == ("active", "revoked")


def test_a_version_that_left_the_range_is_told_though_nothing_is_covered_any_more(in_shop: Shop, desk: Desk) -> None:
    scanned(in_shop, "shop/api")
    scope = Scope(vulnerabilities=(QUIET,), packages=(PackageScope("pkg:npm/quiet", "vers:npm/>=1.0.0|<2.0.0"),))
    exception = desk.in_force(scope=scope, conditions=(LEAVES,))
    assert sweep(at=LATER) == 0

    moved_on = Vuln(QUIET, "quiet", "3.0.0", "", "LOW", 3.1)
    in_shop.ask("shop/api", trivy("shop/api", [KEV_CRITICAL, moved_on], scanned_at=NOON))

    assert sweep(at=LATER) == 1
    assert fresh(exception).state == "revoked"
    assert "3.0.0" in fresh(exception).closed_because


def test_what_was_outside_the_range_when_it_was_asked_for_did_not_leave_it(in_shop: Shop, desk: Desk) -> None:
    beside = Vuln("CVE-2020-00002", "quiet", "5.0.0", "", "LOW", 3.1)
    in_shop.ask("shop/api", trivy("shop/api", [HARMLESS], scanned_at=NOON - DAY))
    in_shop.ask("shop/web", trivy("shop/web", [beside], scanned_at=NOON - DAY))
    scope = Scope(vulnerabilities=(QUIET,), packages=(PackageScope("pkg:npm/quiet", "vers:npm/<2.0.0"),))
    exception = desk.in_force(scope=scope, conditions=(LEAVES,))

    at_once = (exception.state, sweep(at=LATER))
    in_shop.ask("shop/web", trivy("shop/web", [replace(beside, version="6.0.0")], scanned_at=NOON))

    assert at_once == ("active", 0)
    assert sweep(at=LATER) == 1
    assert "6.0.0" in fresh(exception).closed_because


def test_a_version_in_either_of_two_ranges_left_neither(in_shop: Shop, desk: Desk) -> None:
    in_shop.ask("shop/api", trivy("shop/api", [HARMLESS], scanned_at=NOON - DAY))
    ranges = ("vers:npm/<2.0.0", "vers:npm/>=3.0.0|<4.0.0")
    packages = tuple(PackageScope("pkg:npm/quiet", one) for one in ranges)
    exception = desk.in_force(scope=Scope((QUIET,), packages=packages), conditions=(LEAVES,))

    in_shop.ask("shop/api", trivy("shop/api", [replace(HARMLESS, version="1.5.0")], scanned_at=NOON))

    assert sweep(at=LATER) == 0
    assert fresh(exception).state == "active"


def test_what_was_kept_as_known_before_its_versions_were_is_read(in_shop: Shop, desk: Desk) -> None:
    scanned(in_shop, "shop/api")
    terms = desk.ask(vulnerability=QUIET, conditions=(LEAVES,)).asked
    assert terms is not None
    assert terms.counts["known"] == [[QUIET, "pkg:npm/quiet", "1.0.0"]]
    terms.counts = {**terms.counts, "known": [[QUIET, "pkg:npm/quiet"]]}

    coverage, around = look_at([(terms, ExceptionType.VULNERABILITY)], at=LATER)[terms.pk]

    assert fired_today(terms, coverage, around, at=LATER) == ()


def test_another_vulnerability_of_the_package_is_new_and_those_known_before_are_not(in_shop: Shop, desk: Desk) -> None:
    beside = Vuln("CVE-2020-00002", "quiet", "1.0.0", "", "LOW", 3.1)
    in_shop.ask("shop/api", trivy("shop/api", [KEV_CRITICAL, HARMLESS, beside], scanned_at=NOON - DAY))
    condition = Condition(ConditionKind.NEW_CVE_IN_PACKAGE, Action.REQUIRE_REAPPROVAL)
    exception = desk.in_force(vulnerability=QUIET, conditions=(condition,))
    assert sweep(at=LATER) == 0

    new = Vuln("CVE-2026-00003", "quiet", "1.0.0", "", "LOW", 3.1)
    scan = trivy("shop/api", [KEV_CRITICAL, HARMLESS, beside, new], scanned_at=NOON)
    about = ArtifactReference(digest_of("shop/api"), "shop/api")
    receive_evidence(actor=in_shop.actor, artifact=about, uploads=[Upload("scan.json", scan)], at=NOON)

    assert sweep(at=LATER) == 1
    assert fresh(exception).state == "revalidation_required"
    assert fresh(exception).held_because == ["CVE-2026-00003 in pkg:npm/quiet is new since the approval"]


def test_what_must_be_approved_anew_covers_no_other_request(in_shop: Shop, desk: Desk) -> None:
    scanned(in_shop, "shop/api")
    held = desk.in_force(vulnerability=QUIET, days=20)
    predict(in_shop, 0.4)
    sweep(at=LATER)
    assert moved(held) == ("revalidation_required", True, False)

    replacement = desk.ask(vulnerability=QUIET, days=10, at=LATER)

    assert replacement.state == "proposed"


def test_a_score_that_moves_every_day_is_warned_of_once_in_each_tenth(in_shop: Shop, desk: Desk) -> None:
    scanned(in_shop, "shop/api")
    warning = Condition(ConditionKind.EPSS_RISES, Action.WARN, "0.2")
    exception = desk.in_force(vulnerability=QUIET, conditions=(warning,), days=20)

    told = []
    for day, score in enumerate((0.41, 0.42, 0.48, 0.31, 0.49, 0.63, 0.45), start=3):
        content = epss_day({LOG4SHELL: 0.97, QUIET: score}, day=f"2026-03-{day:02}")
        at = NOON + (day - 2) * DAY
        load_feed(actor=in_shop.actor, content=content, at=at)
        sweep(at=at)
        told.append(OutboxEvent.objects.filter(name="exception.warned").count())

    assert told == [1, 1, 1, 1, 1, 2, 2]
    assert fresh(exception).state == "active"
