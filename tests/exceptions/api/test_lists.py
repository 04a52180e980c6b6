"""Lists of exceptions over HTTP: what narrows them, what they cost, and who sees which."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine

from exceptions.models import ExceptionTerms, PolicyException
from exceptions.models.story import CommentKind
from exceptions.rules.vocabulary import ExceptionType
from exceptions.services.thread import say
from stellapolicy.access.roles import Role
from stellapolicy.governance.models import ApprovalRequest
from stellapolicy.kernel.clock import now
from stellapolicy.kernel.ids import new_id
from stellapolicy.tenancy.models import Team
from tests.exceptions.api.office import EXCEPTIONS, ODD, Office, at, count_queries, post, refused
from tests.factories import ServiceFactory, person_with
from tests.reports import HARMLESS, LOG4SHELL

pytestmark = pytest.mark.django_db

QUIET = HARMLESS.id
DAY = timedelta(days=1)


def numbers(office: Office, name: str = "sam", **query: Any) -> list[str]:
    """Return the numbers of a list, the newest first."""
    answer = office.session(name).get(EXCEPTIONS, query)
    assert answer.status_code == 200, answer.json()
    return [row["number"] for row in answer.json()["items"]]


def test_a_row_says_enough_to_decide_by(office: Office) -> None:
    exception = office.ask(vulnerability=QUIET)

    row = office.session("riley").get(EXCEPTIONS).json()["items"][0]

    assert (row["number"], row["state"], row["applies"]) == (exception.number, "proposed", False)
    assert row["scope"]["vulnerabilities"] == [QUIET]
    assert row["waiting"]["payload_hash"] == office.hash_of(exception)
    assert (row["waiting"]["may_approve"], row["waiting"]["lacking"]) == (True, 1)


@pytest.mark.parametrize(
    "query,expected",
    [
        ({"state": "proposed"}, [3, 2]),
        ({"state": "draft"}, [3, 2]),
        ({"state": "pending_review"}, [3, 2]),
        ({"state": ["active", "proposed"]}, [3, 2, 1]),
        ({"state": "expired"}, []),
        ({"severity": "low"}, [2, 1]),
        ({"severity": ["high", "critical"]}, [3]),
        ({"level": ["a1", "a2"]}, [3, 2, 1]),
        ({"level": "a4"}, []),
        ({"type": "component"}, [2]),
        ({"type": "policy"}, []),
        ({"reason": "accepted_risk"}, [3, 2, 1]),
        ({"reason": "test_only"}, []),
        ({"vulnerability": QUIET.lower()}, [1]),
        ({"vulnerability": "CVE-2020-0000"}, []),
        ({"purl": "pkg:npm/quiet@9.9.9"}, [2]),
        ({"purl": "pkg:npm/quieter"}, []),
        ({"environment": "staging"}, [3]),
        ({"applies": "true"}, [1]),
        ({"applies": "false"}, [3, 2]),
        ({"expiring_within": "6"}, [1]),
        ({"expiring_within": "4"}, []),
        ({"unused": "true"}, []),
        ({"unused": "false"}, [3, 2, 1]),
        ({"over_broad": "true"}, []),
    ],
)
def test_a_list_is_narrowed(office: Office, query: dict[str, Any], expected: list[int]) -> None:
    office.in_force(vulnerability=QUIET)
    office.ask(type=ExceptionType.COMPONENT, package="pkg:npm/quiet")
    office.ask(vulnerability=ODD.id, environment="staging")

    assert numbers(office, **query) == [f"EXC-{now().year}-{place:04d}" for place in expected]


def test_a_pattern_is_found_by_what_it_may_cover_and_by_itself(office: Office) -> None:
    exception = office.ask(type=ExceptionType.COMPONENT, package="pkg:npm/qui*")

    assert numbers(office, purl="pkg:npm/quiet") == [exception.number]
    assert numbers(office, purl="pkg:npm/qui*") == [exception.number]
    assert numbers(office, purl="pkg:npm/q*") == []
    assert numbers(office, purl="pkg:pypi/quiet") == []


@pytest.mark.parametrize(
    "query,code",
    [
        ({"purl": "lodash"}, "query.invalid"),
        ({"state": "sleeping"}, "query.invalid"),
        ({"expiring_within": "-1"}, "query.invalid"),
        ({"expiring_within": "1e300"}, "query.invalid"),
        ({"expirng_within": "3"}, "query.unknown"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(office: Office, query: dict[str, str], code: str) -> None:
    assert refused(office.session("sam").get(EXCEPTIONS, query)) == (400, code)


def test_a_word_that_is_none_of_those_taken_is_answered_with_these(office: Office) -> None:
    answer = office.session("sam").get(EXCEPTIONS, {"type": "banana"})

    (error,) = answer.json()["errors"]
    assert (error["pointer"], error["code"]) == ("/type", "invalid_choice")
    assert error["message"] == '"banana" is not one of vulnerability, policy, unknown, component'


def test_the_state_is_as_it_is_now_whatever_workers_did(office: Office) -> None:
    exception = office.in_force(vulnerability=QUIET, days=2)

    with time_machine.travel(now() + 3 * DAY):
        gone = numbers(office, state="expired")
        row = office.session("sam").get(EXCEPTIONS).json()["items"][0]

    assert gone == [exception.number]
    assert (row["state"], row["applies"]) == ("expired", False)


def test_exceptions_are_found_by_team_requester_and_service(office: Office) -> None:
    with office.opened():
        team = Team.objects.create(slug="till-team", name="Till")
        ServiceFactory(slug="till", team=team)
    mine = office.ask(vulnerability=QUIET, owner_team="till-team", service="till")
    office.ask(vulnerability=ODD.id, by="riley")

    assert numbers(office, owner="till-team") == [mine.number]
    assert numbers(office, requester=office.user("ada").subject) == [mine.number]
    assert numbers(office, service="till") == [mine.number]


def test_mine_to_decide_is_what_i_could_approve_now(office: Office) -> None:
    low, high = office.ask(vulnerability=QUIET), office.ask(vulnerability=ODD.id)

    assert numbers(office, "riley", mine_to_decide="true") == [low.number]
    assert numbers(office, "riley", mine_to_decide="false") == [high.number]
    assert numbers(office, "ada", mine_to_decide="true") == []


def test_questions_for_me_are_changes_asked_for_and_questions_not_answered(office: Office) -> None:
    sent_back, asked, other = (office.ask(vulnerability=name) for name in (QUIET, ODD.id, "CVE-2031-0001"))
    post(office.session("riley"), at(sent_back, ":request-changes"), {"comment": "which release?"})
    post(office.session("sam"), at(asked, "/thread"), {"text": "which host?", "kind": "question"})

    assert numbers(office, "ada", questions_for_me="true") == [asked.number, sent_back.number]
    assert numbers(office, "ada", questions_for_me="false") == [other.number]
    assert numbers(office, "sam", questions_for_me="true") == []

    post(office.session("ada"), at(asked, "/thread"), {"text": "the till", "kind": "answer"})

    assert numbers(office, "ada", questions_for_me="true") == [sent_back.number]


def test_pages_follow_each_other_without_gap_or_repetition(office: Office) -> None:
    made = [office.ask(vulnerability=f"CVE-2031-000{place}").number for place in range(5)]
    client, seen = office.session("sam"), list[str]()
    cursor: str | None = ""

    while cursor is not None:
        page = client.get(EXCEPTIONS, {"limit": "2"} | ({"cursor": cursor} if cursor else {})).json()
        seen += [row["number"] for row in page["items"]]
        cursor = page["next_cursor"]

    assert seen == made[::-1]


def test_whoever_is_responsible_for_one_service_sees_what_stays_within_it(office: Office) -> None:
    with office.opened():
        till = ServiceFactory(slug="till")
        office.desk.users["tilly"] = person_with(office.shop.tenant, Role.REVIEWER, service=till)
    within = office.ask(vulnerability=QUIET, service="till")
    wide = office.ask(vulnerability=ODD.id)

    assert numbers(office, "tilly") == [within.number]
    assert refused(office.session("tilly").get(at(wide))) == (404, "exception.not_found")
    assert office.session("tilly").get(f"{EXCEPTIONS}/stats").json()["by_state"]["proposed"] == 1


def fill(office: Office, count: int) -> None:
    """Copy the first request until there are so many, each with the approval it waits for."""
    with office.opened():
        first = PolicyException.objects.with_terms().earliest("created_at")
        terms, request = first.asked, ApprovalRequest.objects.get(target_id=str(first.asked_id))
        there = PolicyException.objects.count()
        rows = [(new_id(), new_id(), f"EXC-1999-{place:04d}") for place in range(there, count)]
        copies = [copied(first, id=pk, number=number, asked_id=None) for pk, _, number in rows]
        PolicyException.objects.bulk_create(copies)
        ExceptionTerms.objects.bulk_create(copied(terms, id=of, exception_id=pk) for pk, of, _ in rows)
        for copy, (_, of, _) in zip(copies, rows, strict=True):
            copy.asked_id = of
        PolicyException.objects.bulk_update(copies, ["asked"])
        ApprovalRequest.objects.bulk_create(copied(request, id=new_id(), target_id=str(of)) for _, of, _ in rows)


def copied(row: Any, **changed: Any) -> Any:
    values = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
    return type(row)(**{**values, **changed})


@pytest.mark.parametrize(
    "address,query",
    [
        (EXCEPTIONS, {"limit": "500"}),
        (EXCEPTIONS, {"limit": "500", "mine_to_decide": "true"}),
        (EXCEPTIONS, {"limit": "500", "questions_for_me": "false", "unused": "false", "state": "proposed"}),
        (f"{EXCEPTIONS}/by-vulnerability", {}),
        (f"{EXCEPTIONS}/stats", {}),
    ],
)
def test_a_list_costs_the_same_however_long_it_is(office: Office, address: str, query: dict[str, str]) -> None:
    office.ask(vulnerability=QUIET)
    fill(office, 10)
    sam = office.session("sam")
    few = count_queries(sam, address, query)

    fill(office, 300)

    assert count_queries(sam, address, query) == few


def test_requests_about_one_vulnerability_stand_together_and_are_decided_row_by_row(office: Office) -> None:
    one, two = office.ask(vulnerability=QUIET), office.ask(vulnerability=QUIET, environment="staging")
    office.ask(vulnerability=LOG4SHELL)
    riley = office.session("riley")

    groups = riley.get(f"{EXCEPTIONS}/by-vulnerability").json()["items"]
    rows = [
        {"reference": row["number"], "payload_hash": row["waiting"]["payload_hash"]} for row in groups[0]["exceptions"]
    ]
    said = {"verb": "approve", "rows": rows[::-1], "comment": "both seen"}
    done = post(riley, f"{EXCEPTIONS}/bulk", said).json()

    assert [(group["vulnerability"], group["count"]) for group in groups] == [(QUIET, 2), (LOG4SHELL, 1)]
    assert [row["reference"] for row in rows] == [one.number, two.number]
    assert (done["done"], done["refused"]) == (2, 0)


def test_groups_are_paged_by_their_name(office: Office) -> None:
    for place in range(3):
        office.ask(vulnerability=f"CVE-2031-000{place}")
    client = office.session("sam")

    first = client.get(f"{EXCEPTIONS}/by-vulnerability", {"limit": "2"}).json()
    rest = client.get(f"{EXCEPTIONS}/by-vulnerability", {"limit": "2", "cursor": first["next_cursor"]}).json()

    assert [group["vulnerability"] for group in first["items"] + rest["items"]] == [
        "CVE-2031-0000",
        "CVE-2031-0001",
        "CVE-2031-0002",
    ]
    assert rest["next_cursor"] is None


def test_what_was_said_does_not_count_against_whoever_said_it(office: Office) -> None:
    exception = office.ask(vulnerability=QUIET)
    with office.opened():
        say(
            actor=office.desk.actor("ada", at=now()),
            pk=exception.pk,
            text="anything else?",
            kind=CommentKind.QUESTION,
            at=now(),
        )

    assert numbers(office, "ada", questions_for_me="true") == []
