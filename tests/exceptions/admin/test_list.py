"""The list of exceptions: its queues, filters and search, what it shows, what it costs, and the file of it."""

import csv
import json
from io import StringIO

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from exceptions.admin.queues import Queue
from exceptions.models import PolicyException
from exceptions.models.story import CommentKind
from exceptions.rules.vocabulary import ExceptionType, Reason
from exceptions.services.approval import request_changes
from exceptions.services.thread import say
from stellapolicy.access.roles import Role
from stellapolicy.tenancy.models import Team
from tests.exceptions.admin.office import HIGH, LIST, MEDIUM, Office
from tests.exceptions.desk import DAY
from tests.factories import ServiceFactory, UserFactory, person_with
from tests.reports import HARMLESS


def listed(client: Client, **narrowed: str) -> set[str]:
    """Return the numbers of a list."""
    shown = client.get(LIST, narrowed)
    return {row.number for row in shown.context["cl"].result_list}


def test_a_row_says_what_it_is_about_where_it_stands_and_until_when(office: Office) -> None:
    office.in_force(environment="production", days=6)

    shown = office.sign_in("riley").get(LIST).content.decode()

    for words in ("EXC-", "CVE-2023-44487 → production", "active", "days left", "A2", "high", "shop-ada"):
        assert words in shown


@pytest.mark.parametrize(
    "who, queue, numbers",
    [
        ("sam", Queue.MINE, {"waiting"}),
        ("riley", Queue.MINE, set()),
        ("ada", Queue.MINE, set()),
        ("ada", Queue.ASKED, {"waiting", "held", "sent_back"}),
        ("sam", Queue.ASKED, set()),
        ("ada", Queue.QUESTIONS, {"sent_back"}),
        ("sam", Queue.EXPIRING, {"held"}),
        ("sam", Queue.REVALIDATION, set()),
        ("sam", Queue.UNUSED, set()),
        ("sam", Queue.OVER_BROAD, set()),
    ],
)
def test_a_queue_holds_what_it_says(office: Office, who: str, queue: Queue, numbers: set[str]) -> None:
    rows = {"waiting": office.ask(), "held": office.in_force(HARMLESS.id), "sent_back": office.ask(MEDIUM.id)}
    sent_back = rows["sent_back"]
    request_changes(
        actor=office.desk.actor("riley", at=office.at), pk=sent_back.pk, comment="which service?", at=office.at
    )

    assert listed(office.sign_in(who), queue=queue) == {rows[name].number for name in numbers}


def test_a_question_waits_for_whoever_asked_until_it_is_answered(office: Office) -> None:
    row, ada = office.ask(), office.sign_in("ada")
    for who, kind, waits in (("sam", CommentKind.QUESTION, True), ("ada", CommentKind.ANSWER, False)):
        say(actor=office.desk.actor(who, at=office.at), pk=row.pk, text="why?", kind=kind, at=office.at)

        assert (row.number in listed(ada, queue=Queue.QUESTIONS)) is waits


def test_what_covers_many_artifacts_is_over_broad(office: Office) -> None:
    for number in range(26):
        office.scan(f"shop/worker-{number}", [MEDIUM])
    row = office.ask(MEDIUM.id)

    assert listed(office.sign_in("sam"), queue=Queue.OVER_BROAD) == {row.number}


def test_what_another_one_overrules_everywhere_is_shadowed(office: Office) -> None:
    broad = office.in_force(days=5)
    office.in_force(package="pkg:npm/net", days=9)

    assert listed(office.sign_in("sam"), queue=Queue.SHADOWED) == {broad.number}


def test_every_queue_stands_above_the_list_and_says_which_one_is_open(office: Office) -> None:
    shown = office.sign_in("sam").get(LIST, {"queue": Queue.UNUSED}).content.decode()

    assert all(f'href="?queue={queue}"' in shown for queue in Queue)
    assert '<a href="?queue=unused" aria-current="page">' in shown


@pytest.mark.parametrize(
    "narrowed, numbers",
    [
        ({"state": "active"}, {"held"}),
        ({"state": "proposed"}, {"waiting", "elsewhere"}),
        ({"level__exact": "a1"}, {"held"}),
        ({"severity__exact": "high"}, {"waiting"}),
        ({"type__exact": "policy"}, {"elsewhere"}),
        ({"reason__exact": "scheduled_fix"}, {"waiting"}),
        ({"environment": "staging"}, {"held", "waiting"}),
        ({"environment": "production"}, {"held", "waiting", "elsewhere"}),
        ({"service": "checkout"}, {"held", "waiting", "elsewhere"}),
    ],
)
def test_filters_narrow(office: Office, narrowed: dict[str, str], numbers: set[str]) -> None:
    ServiceFactory(slug="checkout")
    rows = {
        "held": office.in_force(HARMLESS.id),
        "waiting": office.ask(reason=Reason.SCHEDULED_FIX),
        "elsewhere": office.ask(MEDIUM.id, environment="production", service="checkout", type=ExceptionType.POLICY),
    }

    assert listed(office.sign_in("riley"), **narrowed) == {rows[name].number for name in numbers}


def test_an_exception_is_found_by_its_owner(office: Office) -> None:
    team = Team.objects.create(slug="shop-team", name="Shop")
    owned, _ = office.ask(owner_team="shop-team"), office.ask(MEDIUM.id)

    assert listed(office.sign_in("riley"), owner_team__id__exact=str(team.pk)) == {owned.number}


def test_what_is_over_counts_as_expired_whatever_workers_did(office: Office) -> None:
    row = office.in_force(at=office.at - 3 * DAY, days=2)

    riley = office.sign_in("riley")
    assert listed(riley, state="expired") == {row.number}
    assert listed(riley, state="active") == set()


@pytest.mark.parametrize(
    "term, is_found",
    [
        ("number", True),
        ("cve-2023-44487", True),
        ("CVE-2023-4448", False),
        ("pkg:npm/net", True),
        ("pkg:npm/net@0.7.0", True),
        ("pkg:npm/other", False),
        ("pkg:", False),
        ("SEC-4711", True),
        ("SEC-47", False),
        ("' OR 1=1 --", False),
    ],
)
def test_a_search_names_a_number_a_vulnerability_a_package_or_a_ticket(
    office: Office, term: str, is_found: object
) -> None:
    row = office.ask(package="pkg:npm/net", ticket="SEC-4711")
    office.ask(MEDIUM.id)

    found = listed(office.sign_in("riley"), q=row.number.lower() if term == "number" else term)

    assert found == ({row.number} if is_found else set())


def test_the_list_takes_the_same_queries_however_long_it_is(office: Office) -> None:
    client = office.sign_in("sam")
    _ask_for_many(office, 10)
    client.get(LIST)

    few = _queries(client)
    _ask_for_many(office, 90)
    many = _queries(client)

    assert few == many
    assert PolicyException.objects.count() == 100


def test_whoever_reads_may_look_at_many_and_whoever_writes_may_ask(office: Office) -> None:
    office.ask()
    for person, reads, writes in (
        (office.desk.users["riley"], True, True),
        (person_with(office.shop.tenant, Role.VIEWER), True, False),
        (UserFactory(is_superuser=True), False, False),
    ):
        shown = office.sign_in(person).get(LIST).content.decode()

        assert ("approve_selected" in shown) is reads
        assert ("/exceptions/policyexception/request/" in shown) is writes


def test_a_role_for_one_service_shows_what_stays_within_it_and_ones_own(office: Office) -> None:
    mine, other = ServiceFactory(slug="mine"), ServiceFactory(slug="other")
    narrow = person_with(office.shop.tenant, Role.REVIEWER, service=mine)
    within = office.ask(service=mine.slug)
    office.ask(MEDIUM.id, service=other.slug)
    office.ask(HARMLESS.id)

    assert listed(office.sign_in(narrow)) == {within.number}


def test_the_file_holds_what_the_list_is_narrowed_to_and_no_formulas(office: Office) -> None:
    row = office.ask(ticket="=cmd|' /C calc'!A0")
    office.ask(MEDIUM.id)
    client = office.sign_in("riley")

    sheet = client.get(f"{LIST}export.csv", {"severity__exact": "high"})
    lines = client.get(f"{LIST}export.ndjson", {"severity__exact": "high"})

    read = list(csv.DictReader(StringIO(sheet.content.decode())))
    assert [(one["number"], one["vulnerabilities"], one["ticket"][:2]) for one in read] == [(row.number, HIGH.id, "'=")]
    assert [json.loads(line)["number"] for line in lines.content.decode().splitlines()] == [row.number]
    assert "attachment" in sheet["Content-Disposition"]


def test_the_file_of_nothing_is_empty(office: Office) -> None:
    assert office.sign_in("riley").get(f"{LIST}export.csv").content == b""


def _ask_for_many(office: Office, count: int) -> None:
    already = PolicyException.objects.count()
    for number in range(already, already + count):
        office.ask(f"CVE-2019-{number:05d}", environment=("production", "staging")[number % 2])


def _queries(client: Client) -> int:
    with CaptureQueriesContext(connection) as captured:
        client.get(LIST)
    return len(captured)


@pytest.mark.parametrize("narrowed", [{"environment": "\x00"}, {"level": "a0\x00"}, {"q": "\x00"}, {"\x00": "1"}])
def test_a_filter_that_nothing_can_match_is_none(office: Office, narrowed: dict[str, str]) -> None:
    shown = office.sign_in("sam").get(LIST, narrowed)

    assert (shown.status_code, shown.headers["Location"]) == (302, f"{LIST}?e=1")


@pytest.mark.parametrize("named", ["EXC-%00", "%00", "EXC-2026-0001%00", "EXC-2026-000%D9%A1"])
def test_a_number_that_is_none_has_no_page(office: Office, named: str) -> None:
    office.ask()

    assert office.sign_in("sam").get(f"{LIST}{named}/change/").status_code == 404
