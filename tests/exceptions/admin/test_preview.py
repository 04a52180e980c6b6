"""What would flip: as a page, as a part of one, and as a line of many; it decides again and writes nothing."""

from http import HTTPStatus

import pytest

from exceptions.models import ExceptionApplication
from exceptions.rules.vocabulary import Reason
from gates.models import GateDecision
from stellapolicy.access.roles import Role
from stellapolicy.audit.models import Entry
from tests.exceptions.admin.office import Office, address
from tests.exceptions.desk import DAY
from tests.factories import ServiceFactory, person_with
from tests.reports import KEV_CRITICAL, LOG4SHELL


def written() -> tuple[int, int, int]:
    """Return how much there is of what a decision writes."""
    return GateDecision.objects.count(), Entry.objects.count(), ExceptionApplication.objects.count()


def test_a_request_shows_which_decisions_would_flip_and_decides_nothing(office: Office) -> None:
    office.scan("shop/web", [KEV_CRITICAL])
    row = office.ask(LOG4SHELL)
    before = written()

    shown = office.sign_in("sam").get(address(row, "preview")).content.decode()

    assert "If it were approved now:" in shown
    assert "1 decision of 2 would change." in shown
    assert "shop/web" in shown
    assert written() == before


def test_a_part_is_no_whole_page(office: Office) -> None:
    row = office.ask(LOG4SHELL)
    sam = office.sign_in("sam")

    part = sam.get(address(row, "preview"), {"part": "1"}).content.decode()
    line = sam.get(address(row, "preview"), {"part": "row"}).content.decode()

    assert "<html" not in part
    assert "If it were approved now:" in part
    assert "none of 1" in line


@pytest.mark.parametrize("days, words", [(5, "If it ended now:"), (-1, "It is over")], ids=["in force", "over"])
def test_one_in_force_shows_what_becomes_of_releases_once_it_ends(office: Office, days: int, words: str) -> None:
    row = office.in_force(at=office.at - 3 * DAY, days=3 + days)

    assert words in office.sign_in("sam").get(address(row, "preview")).content.decode()


def test_new_terms_are_held_against_those_in_force(office: Office) -> None:
    row = office.in_force(reason=Reason.SCHEDULED_FIX)
    later = (office.at + 9 * DAY).date().isoformat()
    office.sign_in("ada").post(address(row, "extend"), {"expires_at": later, "rationale": "The freeze. " * 6})

    shown = office.sign_in("sam").get(address(row, "preview")).content.decode()

    assert "If the new terms took the place of those in force now" in shown


def test_whoever_may_not_see_the_exception_sees_no_preview(office: Office) -> None:
    row = office.ask()
    narrow = person_with(office.shop.tenant, Role.SECURITY, service=ServiceFactory())

    assert office.sign_in(narrow).get(address(row, "preview")).status_code == HTTPStatus.NOT_FOUND
