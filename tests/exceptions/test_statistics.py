"""Counts over exceptions: which decide nothing, whose debt they are, how long decisions took."""

from datetime import timedelta

from exceptions.matching.scope import Scope
from exceptions.models import PolicyException
from exceptions.selectors.statistics import Statistics, shadowed_ids
from exceptions.services.request import extend_exception
from stellapolicy.tenancy.models import Team
from tests.exceptions.desk import DAY, WHY, Desk
from tests.exceptions.services.test_request import scanned
from tests.factories import NOON
from tests.gates.conftest import Shop
from tests.reports import HARMLESS

QUIET = HARMLESS.id
LATER = NOON + timedelta(hours=3)


def test_an_exception_whose_every_finding_another_one_decides_is_shadowed(in_shop: Shop, desk: Desk) -> None:
    scanned(in_shop, "shop/api")
    broad = desk.in_force(vulnerability=QUIET)
    desk.approve(desk.ask(vulnerability=QUIET, package="pkg:npm/quiet", days=9))

    assert shadowed_ids(at=NOON) == [broad.pk]


def test_a_narrower_one_for_one_environment_leaves_the_others_to_the_broader(in_shop: Shop, desk: Desk) -> None:
    scanned(in_shop, "shop/api")
    desk.in_force(vulnerability=QUIET)
    desk.approve(desk.ask(vulnerability=QUIET, package="pkg:npm/quiet", environment="staging", days=9))

    assert shadowed_ids(at=NOON) == []


def test_one_whose_every_environment_others_decide_is_shadowed(in_shop: Shop, desk: Desk) -> None:
    scanned(in_shop, "shop/api")
    both = desk.in_force(scope=Scope(vulnerabilities=(QUIET,), environments=("production", "staging")))
    for place in both.environments:
        desk.approve(desk.ask(vulnerability=QUIET, package="pkg:npm/quiet", environment=place, days=9))

    assert shadowed_ids(at=NOON) == [both.pk]


def test_what_covers_nothing_is_shadowed_by_nothing(in_shop: Shop, desk: Desk) -> None:
    desk.in_force(vulnerability="CVE-2031-0001")

    assert shadowed_ids(at=NOON) == []


def test_debt_is_told_by_team_with_its_age_and_what_is_severe(in_shop: Shop, desk: Desk) -> None:
    scanned(in_shop, "shop/api")
    Team.objects.create(slug="till", name="Till")
    desk.in_force(vulnerability=QUIET, owner_team="till", days=30)
    desk.in_force(vulnerability="CVE-2031-0001", days=5)

    counted = Statistics.of(PolicyException.objects.all(), at=NOON + 3 * DAY)

    assert [(debt.team, debt.exceptions, debt.severe, debt.days) for debt in counted.debt] == [
        ("", 1, 1, 3),
        ("till", 1, 0, 3),
    ]
    assert (counted.applying, counted.expiring) == (2, 1)


def test_the_median_counts_from_asking_to_the_first_yes_or_the_no(in_shop: Shop, desk: Desk) -> None:
    scanned(in_shop, "shop/api")
    for environment, decided_at in (("staging", NOON), ("production", LATER), (None, NOON + DAY)):
        desk.approve(desk.ask(vulnerability=QUIET, environment=environment), at=decided_at)

    assert Statistics.of(PolicyException.objects.all(), at=NOON + DAY).median_decision == LATER - NOON


def test_a_later_end_that_was_agreed_to_is_a_renewal_and_one_that_waits_is_none(in_shop: Shop, desk: Desk) -> None:
    scanned(in_shop, "shop/api")
    renewed, waiting = (desk.in_force(vulnerability=QUIET, environment=one) for one in ("staging", "production"))
    for exception in (renewed, waiting):
        extend_exception(
            actor=desk.actor("ada"), pk=exception.pk, expires_at=exception.expires_at + DAY, rationale=WHY, at=NOON
        )
    desk.approve(renewed)

    assert Statistics.of(PolicyException.objects.all(), at=NOON).renewals == 1
