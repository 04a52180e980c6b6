"""Reports, the registry of effects, and what the overview shows: numbers that lead to their lists."""

from datetime import timedelta
from http import HTTPStatus

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from exceptions.models import PolicyException
from exceptions.rules.effects import registry
from exceptions.rules.vocabulary import Effect, Reason
from exceptions.selectors.trends import debt_by_week, decisions_by_length, owing
from exceptions.services.approval import reject_exception
from exceptions.services.lifecycle import revoke_exception
from stellapolicy.access.roles import Role
from stellapolicy.tenancy.models import Team
from tests.exceptions.admin.office import LIST, MEDIUM, Office, address, hash_of
from tests.exceptions.desk import DAY
from tests.factories import ServiceFactory, person_with
from tests.reports import HARMLESS

REPORTS = reverse("admin:exceptions_policyexception_reports")
EFFECTS = reverse("admin:exceptions_policyexception_effects")
HOUR = timedelta(hours=1)


def test_reports_say_what_is_owed_by_whom_and_how_long_decisions_take(office: Office) -> None:
    Team.objects.create(slug="shop-team", name="Shop")
    office.in_force(owner_team="shop-team")
    office.in_force(HARMLESS.id)

    shown = office.sign_in("riley").get(REPORTS).content.decode()

    for words in (
        "shop-team",
        "<th>shop-ada</th>",
        "half within 1 minute",
        "1 high, 1 others",
        "Exception debt over 12",
    ):
        assert words in shown, words


def test_every_number_of_the_reports_leads_to_its_list(office: Office) -> None:
    office.in_force(days=5)
    riley = office.sign_in("riley")
    reports = riley.get(REPORTS)

    counted = {queue: number for _title, number, queue, _remark in reports.context["tiles"]}
    listed = {queue: riley.get(LIST, {"queue": queue}).context["cl"].result_count for queue in counted}

    assert counted == listed
    assert counted["expiring"] == 1


def test_reports_of_nothing_say_so(office: Office) -> None:
    shown = office.sign_in("riley").get(REPORTS).content.decode()

    assert "Nothing is in force; nobody owes anything." in shown
    assert "Nobody has decided anything yet." in shown


def test_reports_count_only_what_their_reader_may_see(office: Office) -> None:
    mine = ServiceFactory(slug="mine")
    office.ask(service="mine")
    office.in_force(HARMLESS.id)
    narrow = person_with(office.shop.tenant, Role.REVIEWER, service=mine)

    context = office.sign_in(narrow).get(REPORTS).context

    assert context["counted"].applying == 0
    assert context["states"] == [("proposed", 1)]


def test_reports_take_the_same_queries_however_many_there_are(office: Office) -> None:
    riley = office.sign_in("riley")
    office.in_force()
    riley.get(REPORTS)
    counts = []
    for vulnerabilities in ((), (HARMLESS.id, MEDIUM.id)):
        for one in vulnerabilities:
            office.in_force(one)
        with CaptureQueriesContext(connection) as captured:
            riley.get(REPORTS)
        counts.append(len(captured))

    assert counts[0] == counts[1]


def test_the_debt_of_a_week_is_what_was_in_force_when_it_ended(office: Office) -> None:
    ended, held = (
        office.in_force(at=office.at - 20 * DAY, days=10),
        office.in_force(HARMLESS.id, at=office.at - 8 * DAY, days=20),
    )
    rows = PolicyException.objects.all()

    weeks = debt_by_week(rows, at=office.at, weeks=4)

    assert [(week.high, week.other) for week in weeks] == [(0, 0), (1, 0), (0, 1), (0, 1)]
    assert weeks[-1].ended == office.at.date()
    assert {ended.pk, held.pk} == set(rows.values_list("pk", flat=True))


def test_what_was_revoked_is_owed_no_more(office: Office) -> None:
    row = office.in_force(at=office.at - 10 * DAY, days=20)
    revoke_exception(actor=office.desk.actor("sam", at=office.at), pk=row.pk, comment="enough", at=office.at - DAY)
    rows = PolicyException.objects.all()

    assert [week.high for week in debt_by_week(rows, at=office.at, weeks=2)] == [1, 0]
    assert owing(rows, at=office.at, limit=5) == []


def test_who_owes_most_comes_first(office: Office) -> None:
    office.in_force(HARMLESS.id)
    office.in_force(by="casey")

    found = owing(PolicyException.objects.all(), at=office.at, limit=5)

    assert [(one.person, one.exceptions, one.severe) for one in found] == [
        ("user:shop-casey", 1, 1),
        ("user:shop-ada", 1, 0),
    ]


@pytest.mark.parametrize(
    "took, place", [(2 * HOUR, 0), (5 * HOUR, 1), (2 * DAY, 2), (6 * DAY, 3)], ids=["hours", "day", "days", "week"]
)
def test_a_decision_is_counted_by_how_long_it_took(office: Office, took: timedelta, place: int) -> None:
    row = office.ask(at=office.at - took, days=20)
    reject_exception(
        actor=office.desk.actor("sam", at=office.at),
        pk=row.pk,
        payload_hash=hash_of(row),
        comment="no",
        at=office.at,
    )

    counts = [one.count for one in decisions_by_length(PolicyException.objects.all())]

    assert counts == [int(one == place) for one in range(5)]


def test_all_forty_entries_of_the_registry_are_shown(office: Office) -> None:
    answer = office.sign_in("riley").get(EFFECTS)

    rows = answer.context["rows"]
    assert sum(len(entries) for _reason, _kind, entries in rows) == len(registry()) == 40
    assert "at most 365 days" in answer.content.decode()
    assert all(effect.value.replace("_", " ") in answer.content.decode().lower() for effect in Effect)


def test_what_a_setting_narrows_is_shown_narrowed(office: Office, settings: object) -> None:
    settings.EXCEPTION_EFFECTS = {"vulnerability/accepted_risk": {"longest_days": "7"}}  # type: ignore[attr-defined]

    rows = office.sign_in("riley").get(EFFECTS).context["rows"]

    entries = {(reason, type_): entry for reason, _kind, found in rows for type_, entry in found}
    assert entries[Reason.ACCEPTED_RISK.value, "vulnerability"].longest == 7 * DAY


@pytest.mark.parametrize("address", [REPORTS, EFFECTS, reverse("admin:exceptions_policyexception_groups")])
def test_pages_beside_the_list_are_for_people_who_signed_in(office: Office, address: str) -> None:
    assert office.sign_in("riley").get(address).status_code == HTTPStatus.OK
    assert Client().get(address).status_code == HTTPStatus.FOUND


def test_the_overview_counts_what_waits_ends_is_owed_and_is_overdue(office: Office) -> None:
    office.ask()
    office.in_force(HARMLESS.id, days=6)
    office.in_force(MEDIUM.id)

    tiles = {str(one.title): one for one in office.sign_in("sam").get(reverse("admin:index")).context["tiles"]}

    assert tiles["Mine to decide"].value == "1"
    assert "Exceptions to decide" not in tiles
    assert tiles["Exceptions ending"].value == "2"
    assert tiles["Exception debt"].value == "2"
    assert (tiles["Overdue workers"].value, tiles["Overdue workers"].tone) == ("0", "good")


def test_the_overview_counts_the_questions_for_the_reader(office: Office) -> None:
    row = office.ask()
    office.sign_in("sam").post(address(row, "request_changes"), {"comment": "name the service"})

    counted = {
        who: next(
            tile.value
            for tile in office.sign_in(who).get(reverse("admin:index")).context["tiles"]
            if str(tile.title) == "Questions for me"
        )
        for who in ("ada", "sam")
    }

    assert counted == {"ada": "1", "sam": "0"}


def test_an_end_that_no_worker_recorded_makes_workers_overdue(office: Office) -> None:
    row = office.in_force(at=office.at - 3 * DAY, days=2)
    sam = office.sign_in("sam")

    tile = next(one for one in sam.get(reverse("admin:index")).context["tiles"] if str(one.title) == "Overdue workers")

    assert (tile.value, tile.tone) == ("1", "bad")
    assert row.number in sam.get(tile.href).content.decode()


def test_every_tile_of_exceptions_leads_to_a_list_that_opens(office: Office) -> None:
    sam = office.sign_in("sam")
    tiles = [one for one in sam.get(reverse("admin:index")).context["tiles"] if "/exceptions/" in one.href]

    assert len(tiles) == 4
    assert {sam.get(tile.href).status_code for tile in tiles} == {HTTPStatus.OK}


def test_the_pages_of_exceptions_stand_in_the_sidebar_and_the_open_one_is_marked(office: Office) -> None:
    shown = office.sign_in("riley").get(REPORTS).context["sidebar_navigation"]

    section = next(group for group in shown if str(group["title"]) == "Exceptions")
    assert [(str(item["title"]), item["active"]) for item in section["items"]] == [
        ("Exceptions", False),
        ("By vulnerability", False),
        ("Reports", True),
        ("Effects", False),
        ("Approval levels", False),
    ]
