"""Reading one exception: whole, with a look at today, its history, and what else covers the same."""

from datetime import timedelta
from typing import Any

import pytest

from exceptions.models import PolicyException
from exceptions.services.applications import Applied, record_applications
from policies.services.feeds import load_feed
from stellapolicy.kernel.clock import now, rfc3339
from stellapolicy.kernel.ids import new_id
from stellapolicy.tenancy.models import Service, Team
from tests.exceptions.api.office import EXCEPTIONS, ODD, Office, at, count_queries, post, refused
from tests.factories import ServiceFactory
from tests.reports import HARMLESS, LOG4SHELL, kev_catalogue

pytestmark = pytest.mark.django_db

QUIET = HARMLESS.id


def offered(told: dict[str, Any]) -> set[str]:
    """Return what may be done."""
    return {offer["verb"] for offer in told["offers"] if offer["may"]}


def test_an_exception_is_found_by_its_number_in_any_case_and_by_its_id(office: Office) -> None:
    exception, sam = office.ask(vulnerability=QUIET), office.session("sam")

    answers = [
        sam.get(f"{EXCEPTIONS}/{named}").json()["id"]
        for named in (exception.number, exception.number.lower(), exception.pk)
    ]

    assert answers == [str(exception.pk)] * 3


@pytest.mark.parametrize("reference", ["EXC-1999-0001", "nothing", "00000000-0000-7000-8000-000000000000"])
def test_what_is_not_there_is_not_found(office: Office, reference: str) -> None:
    assert refused(office.session("sam").get(f"{EXCEPTIONS}/{reference}")) == (404, "exception.not_found")


def test_everybody_is_told_what_they_may_do_now_and_why_not(office: Office) -> None:
    exception = office.ask(vulnerability=QUIET)

    ada, riley = (office.session(name).get(at(exception)).json() for name in ("ada", "riley"))

    assert offered(ada) == {"withdraw", "change", "attach-evidence", "say"}
    assert offered(riley) == {"approve", "reject", "request-changes", "attach-evidence", "say"}
    why = {offer["verb"]: offer["why_not"] for offer in ada["offers"]}
    assert why["approve"].startswith("A second person is needed")
    assert why["extend"] == "It is proposed."


def test_what_is_in_force_may_be_ended_extended_and_rechecked(office: Office) -> None:
    exception = office.in_force(vulnerability=QUIET)

    told = office.session("ada").get(at(exception)).json()

    assert offered(told) == {"revoke", "extend", "change", "recheck", "attach-evidence", "say"}
    assert told["latest_end"] == rfc3339(exception.starts_at + timedelta(days=60))


def test_whoever_has_the_version_is_told_that_there_is_nothing_new(office: Office) -> None:
    exception, sam = office.ask(vulnerability=QUIET), office.session("sam")
    seen = sam.get(at(exception))["ETag"]

    assert sam.get(at(exception), headers={"If-None-Match": seen}).status_code == 304
    post(office.session("ada"), at(exception, "/thread"), {"text": "soon"})
    assert sam.get(at(exception), headers={"If-None-Match": seen}).status_code == 200


def test_the_facts_of_today_stand_beside_those_that_were_seen(office: Office) -> None:
    exception, sam = office.in_force(vulnerability=QUIET), office.session("sam")
    with office.opened():
        listed = kev_catalogue(LOG4SHELL, QUIET, released_at=rfc3339(now()))
        load_feed(actor=office.shop.actor, content=listed, at=now())

    plain, told = (sam.get(at(exception), query) for query in ({}, {"facts": "today"}))

    assert "today" not in plain.json()
    assert not told.has_header("ETag")
    today = told.json()["today"]
    assert (today["findings"], today["artifacts"], today["complete"]) == (1, 1, True)
    worse = [change for change in today["changes"] if change["worse"]]
    assert {(change["field"], change["before"], change["now"]) for change in worse} == {("kev", "not listed", "listed")}
    assert ("kev_listed", "block") in {(one["kind"], one["action"]) for one in today["fired"]}


def test_what_else_covers_the_same_is_told_with_who_wins(office: Office) -> None:
    broad = office.in_force(vulnerability=QUIET)
    narrow = office.ask(vulnerability=QUIET, package="pkg:npm/quiet")
    with office.opened():
        office.desk.approve(narrow, at=now())
    sam = office.session("sam")

    shadowed = sam.get(at(broad), {"overlaps": "true"}).json()["overlaps"]["found"]
    shadowing = sam.get(at(narrow), {"overlaps": "true"}).json()["overlaps"]["found"]

    assert [(one["number"], one["shadows"], one["findings"]) for one in shadowed] == [(narrow.number, True, 1)]
    assert [(one["number"], one["shadows"]) for one in shadowing] == [(broad.number, False)]
    assert shadowed[0]["said"] == f"{narrow.number} shadows this one for 1 finding."


def test_exceptions_for_other_places_do_not_overlap(office: Office) -> None:
    here = office.in_force(vulnerability=QUIET, environment="production")
    office.in_force(vulnerability=QUIET, environment="staging")

    overlaps = office.session("sam").get(at(here), {"overlaps": "true"}).json()["overlaps"]

    assert overlaps == {"found": [], "complete": True}


@pytest.mark.parametrize("query", [{"facts": "yesterday"}, {"overlaps": "perhaps"}, {"fact": "today"}])
def test_a_look_that_is_none_is_refused(office: Office, query: dict[str, str]) -> None:
    exception = office.ask(vulnerability=QUIET)

    assert refused(office.session("sam").get(at(exception), query)) == (400, "query.invalid")


@pytest.mark.parametrize("query", [{}, {"facts": "today"}, {"overlaps": "true"}])
def test_reading_one_costs_the_same_whatever_it_holds(office: Office, query: dict[str, str]) -> None:
    exception, sam = office.in_force(vulnerability=QUIET), office.session("sam")
    few = count_queries(sam, at(exception), query)
    for place in range(3):
        office.scan(f"shop/more-{place}")
        post(office.session("ada"), at(exception, "/thread"), {"text": f"line {place}"})
    apply(office, exception.number, 300)

    assert count_queries(sam, at(exception), query) == few


def apply(office: Office, number: str, count: int) -> None:
    """Let an exception change so many findings of one decision."""
    with office.opened():
        row = PolicyException.objects.with_terms().get(number=number)
        assert row.terms is not None
        record_applications(
            [Applied(row.pk, row.terms.pk, f"finding {place}", "fail", "deferred", "defer") for place in range(count)],
            run=new_id(),
            artifact_digest="sha256:" + "0" * 64,
            environment="production",
            program_digest="sha256:" + "1" * 64,
            is_present=True,
            at=now(),
        )


def test_each_time_it_changed_a_verdict_is_told(office: Office) -> None:
    exception, sam = office.in_force(vulnerability=QUIET), office.session("sam")
    apply(office, exception.number, 3)

    page = sam.get(at(exception, "/applications"), {"limit": "2"}).json()
    rest = sam.get(at(exception, "/applications"), {"limit": "2", "cursor": page["next_cursor"]}).json()

    assert len(page["items"]) + len(rest["items"]) == 3
    assert (page["items"][0]["raw_status"], page["items"][0]["status"]) == ("fail", "deferred")
    assert page["items"][0]["terms_version"] == 1
    assert sam.get(at(exception, "/applications"), {"environment": "staging"}).json()["items"] == []
    told = sam.get(at(exception)).json()
    assert told["applications"] == 3
    assert told["last_applied_at"] == page["items"][0]["at"]


def test_everything_that_happened_is_told_in_order(office: Office) -> None:
    exception = office.in_force(vulnerability=QUIET)

    events = office.session("sam").get(at(exception, "/events")).json()["items"]

    assert [event["sequence"] for event in events] == list(range(1, len(events) + 1))
    assert [event["name"] for event in events][:2] == ["exception.requested", "exception.approved"]
    assert events[1]["title"] == "An exception was approved"
    assert events[1]["audit_seq"] > events[0]["audit_seq"]


def test_every_version_of_its_terms_is_told_with_how_it_was_decided(office: Office) -> None:
    exception, ada = office.in_force(vulnerability=QUIET), office.session("ada")
    ada.patch(at(exception), {"expires_at": rfc3339(now() + timedelta(days=9))}, format="json")

    newest, first = ada.get(at(exception, "/versions")).json()["items"]

    assert (first["version"], first["is_in_force"], first["decision"]["state"]) == (1, True, "approved")
    assert (newest["version"], newest["is_in_force"], newest["decision"]["state"]) == (2, False, "open")
    assert first["decision"]["votes"][0]["person"] == office.user("riley").subject
    assert first["seen"][-1]["vulnerability"] == QUIET


def test_a_question_and_its_answer_stand_in_the_thread(office: Office) -> None:
    exception = office.ask(vulnerability=QUIET)
    sam, ada = office.session("sam"), office.session("ada")

    asked = post(sam, at(exception, "/thread"), {"text": "which host?", "kind": "question"})
    post(ada, at(exception, "/thread"), {"text": "the till", "kind": "answer"})
    silent = post(ada, at(exception, "/thread"), {"text": "  "})

    assert (asked.status_code, asked.json()["kind"]) == (201, "question")
    lines = ada.get(at(exception, "/thread")).json()["items"]
    assert [(line["kind"], line["text"]) for line in lines] == [("question", "which host?"), ("answer", "the till")]
    assert refused(silent) == (422, "reason.missing")


@pytest.mark.parametrize("below", ["/events", "/applications", "/versions", "/thread", "/evidence", "/preview"])
def test_what_belongs_to_a_hidden_exception_is_hidden(office: Office, below: str) -> None:
    exception = office.ask(vulnerability=QUIET)
    with office.opened():
        till = ServiceFactory(slug="till")
    narrow = office.token("exception:read", of="sam", service_id=till.pk)

    assert refused(narrow.get(at(exception, below))) == (404, "exception.not_found")


def token_of_till(office: Office, of: str, *scopes: str) -> Any:
    """Return a client whose token is bound to the service `till`."""
    with office.opened():
        till = Service.objects.filter(slug="till").first() or ServiceFactory(slug="till", repositories=["shop/till"])
    return office.token(*scopes, of=of, service_id=till.pk)


def test_what_once_held_everywhere_stays_hidden_from_who_reads_one_service(office: Office) -> None:
    reader = token_of_till(office, "sam", "exception:read")
    office.scan("shop/till")
    exception = office.in_force(vulnerability=QUIET)
    narrowed = {"scope": {"vulnerabilities": [QUIET], "services": ["till"]}}
    changed = office.session("ada").patch(at(exception), narrowed, format="json")
    within = office.ask(vulnerability=ODD.id, service="till")

    assert changed.status_code == 200
    for below in ("", "/versions", "/applications"):
        assert refused(reader.get(at(exception, below))) == (404, "exception.not_found")
        assert reader.get(at(within, below)).status_code == 200
    assert [row["number"] for row in reader.get(EXCEPTIONS).json()["items"]] == [within.number]


def test_what_was_only_proposed_elsewhere_hides_itself_and_nothing_else(office: Office) -> None:
    reader = token_of_till(office, "sam", "exception:read")
    office.scan("shop/till")
    exception, ada = office.in_force(vulnerability=QUIET, service="till"), office.session("ada")
    ada.patch(at(exception), {"scope": {"vulnerabilities": [QUIET]}}, format="json")
    assert refused(reader.get(at(exception))) == (404, "exception.not_found")

    post(ada, at(exception, ":withdraw"), {"comment": "too much"})

    assert [row["version"] for row in reader.get(at(exception, "/versions")).json()["items"]] == [1]
    assert [row["version"] for row in ada.get(at(exception, "/versions")).json()["items"]] == [2, 1]


def test_a_token_of_one_service_is_not_its_person_elsewhere(office: Office) -> None:
    mine = token_of_till(office, "ada", "exception:read", "exception:write")
    exception = office.in_force(vulnerability=QUIET)

    assert refused(mine.get(at(exception))) == (404, "exception.not_found")
    assert refused(post(mine, at(exception, ":revoke"), {"comment": "no longer"})) == (404, "exception.not_found")
    assert office.session("ada").get(at(exception)).json()["state"] == "active"


def test_counts_say_what_holds_and_whose_debt_it_is(office: Office) -> None:
    with office.opened():
        Team.objects.create(slug="till-team", name="Till")
    held = office.in_force(vulnerability=QUIET, owner_team="till-team", days=10)
    office.ask(vulnerability=ODD.id)
    later = rfc3339(now() + timedelta(days=20))
    post(office.session("ada"), at(held, ":extend"), {"expires_at": later, "rationale": "The upgrade is late; " * 4})
    with office.opened():
        office.desk.approve(held, at=now())

    told = office.session("sam").get(f"{EXCEPTIONS}/stats").json()

    assert (told["by_state"]["active"], told["by_state"]["proposed"], told["by_state"]["expired"]) == (1, 1, 0)
    assert (told["by_severity"]["low"], told["by_level"]["a1"], told["by_kind"]["acceptance"]) == (1, 1, 1)
    assert (told["applying"], told["expiring"], told["unused"], told["over_broad"]) == (1, 0, 0, 0)
    assert told["renewals"] == 1
    assert [(debt["team"], debt["exceptions"], debt["severe"]) for debt in told["debt"]] == [("till-team", 1, 0)]
    assert told["median_decision_seconds"] == 0


def test_counts_of_nothing_are_nothing(office: Office) -> None:
    told = office.session("sam").get(f"{EXCEPTIONS}/stats").json()

    assert (told["applying"], told["debt"], told["median_decision_seconds"]) == (0, [], None)
