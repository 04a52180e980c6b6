"""What would flip, over HTTP: nothing is written, and the answer is what gates would say."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from exceptions.models import PolicyException
from gates.models import GateDecision
from stellapolicy.kernel.clock import now
from tests.exceptions.api.office import EXCEPTIONS, Office, at, body, post, refused
from tests.reports import HARMLESS, LOG4SHELL, Vuln

pytestmark = pytest.mark.django_db

QUIET = HARMLESS.id
# Held back by the baseline, and by nothing else that the image has.
HOLE = Vuln("CVE-2024-00007", "hole", "1.0.0", "1.0.1", "CRITICAL", 9.8)
LOOK = f"{EXCEPTIONS}/preview"


@pytest.fixture
def blocked(office: Office) -> str:
    """An image that one finding keeps out of production."""
    office.scan("shop/blocked", HOLE)
    return "shop/blocked"


def production(told: dict[str, Any], image: str) -> dict[str, Any]:
    """Return the line of an image before production."""
    (line,) = [
        flip for flip in told["flips"] if (flip["artifact"]["name"], flip["environment"]) == (image, "production")
    ]
    return dict(line)


def test_an_approval_is_seen_to_let_a_release_pass_before_anybody_approves(office: Office, blocked: str) -> None:
    exception, sam = office.ask(vulnerability=HOLE.id), office.session("sam")

    told = sam.get(at(exception, "/preview")).json()

    line = production(told, blocked)
    assert (told["number"], told["when"], told["complete"]) == (exception.number, "approved", True)
    assert (line["before"], line["flips"]) == ("block", True)
    assert line["after"] != "block"
    assert told["flipping"] >= 1
    assert {sample["identifier"] for sample in told["samples"]} == {HOLE.id}


def test_the_end_of_an_exception_is_seen_to_hold_the_release_back_again(office: Office, blocked: str) -> None:
    exception = office.ask(vulnerability=HOLE.id)
    with office.opened():
        office.desk.approve(exception, at=now())

    told = office.session("sam").get(at(exception, "/preview")).json()

    line = production(told, blocked)
    assert told["when"] == "expired"
    assert line["before"] != "block"
    assert (line["after"], line["flips"]) == ("block", True)


def test_a_preview_writes_nothing(office: Office, blocked: str) -> None:
    exception, sam = office.ask(vulnerability=HOLE.id), office.session("sam")
    with office.opened():
        decisions = GateDecision.objects.count()

    with CaptureQueriesContext(connection) as captured:
        sam.get(at(exception, "/preview"))
        post(office.session("ada"), LOOK, body())

    written = [each["sql"] for each in captured if each["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]
    assert [sql for sql in written if "exceptions_" in sql or "gates_" in sql] == []
    with office.opened():
        assert GateDecision.objects.count() == decisions
        assert PolicyException.objects.count() == 1


@pytest.mark.parametrize("when", ["approved", "expired"])
def test_what_cannot_happen_any_more_is_not_previewed(office: Office, when: str) -> None:
    exception = office.ask(vulnerability=QUIET)
    post(office.session("ada"), at(exception, ":withdraw"))

    answer = office.session("sam").get(at(exception, "/preview"), {"when": when})

    assert refused(answer) == (409, "exception.nothing_pending")


def test_a_supposition_that_is_none_is_refused(office: Office) -> None:
    exception = office.ask(vulnerability=QUIET)

    assert refused(office.session("sam").get(at(exception, "/preview"), {"when": "noon"})) == (400, "query.invalid")


def test_a_look_says_what_asking_would_take(office: Office, blocked: str) -> None:
    told = post(office.session("ada"), LOOK, body(scope={"vulnerabilities": [HOLE.id]})).json()

    assert (told["level"], told["people"], told["effect"]) == ("a3", 2, "defer")
    assert [seat["name"] for seat in told["seats"]] == ["security", "release_captain"]
    assert office.user("casey").subject in told["seats"][1]["candidates"]
    assert (told["covered"]["findings"], told["covered"]["artifacts"]) == (1, 1)
    assert told["objections"] == []
    assert production(told["preview"], blocked)["flips"]
    with office.opened():
        assert not PolicyException.objects.exists()


def test_a_look_tells_what_asking_would_be_refused_for(office: Office) -> None:
    scope = {"vulnerabilities": [LOG4SHELL]}

    told = post(office.token("exception:write"), LOOK, body(scope=scope, ticket="", days=30)).json()

    assert {one["code"] for one in told["objections"]} == {"exception.too_long", "exception.ticket_missing"}
    assert (told["needs_ticket"], told["needs_signed_evidence"]) == (True, True)


def test_what_is_covered_already_is_told_and_not_refused(office: Office) -> None:
    office.in_force(vulnerability=QUIET, days=10)

    told = post(office.session("ada"), LOOK, body()).json()

    assert [(one["code"], one["status"]) for one in told["objections"]] == [("already_covered", 409)]


def test_a_narrower_and_weaker_one_is_seen_to_shadow_what_is_in_force(office: Office) -> None:
    strong = post(office.session("ada"), EXCEPTIONS, body(reason="false_positive", days=9)).json()
    with office.opened():
        office.desk.approve(PolicyException.objects.get(number=strong["number"]), at=now())
    weak = office.ask(vulnerability=QUIET, package="pkg:npm/quiet", days=20)

    told = office.session("sam").get(at(weak, "/preview")).json()["overlaps"]["found"]

    assert [(one["number"], one["shadows"], one["does_less"]) for one in told] == [(strong["number"], False, True)]


def test_a_look_at_nonsense_is_refused_as_asking_would_be(office: Office) -> None:
    answer = post(office.session("ada"), LOOK, body(scope={"services": ["till"]}))

    assert refused(answer) == (422, "exception.invalid")
