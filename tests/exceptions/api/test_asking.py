"""Asking for an exception over HTTP: what is answered, and everything that is refused before anybody looks."""

from datetime import timedelta
from typing import Any

import pytest

from exceptions.models import PolicyException
from stellapolicy.kernel.clock import now, rfc3339
from tests.exceptions.api.office import EXCEPTIONS, ODD, Office, at, body, post, refused
from tests.factories import ServiceFactory
from tests.reports import HARMLESS

pytestmark = pytest.mark.django_db

YEARS = ("9999-01-01T00:00:00Z", "9999-12-31T00:00:00Z")


def test_a_request_is_answered_with_its_level_its_computation_and_who_could_fill_its_seats(office: Office) -> None:
    answer = post(office.token("exception:write", "exception:read"), EXCEPTIONS, body())

    told = answer.json()
    assert answer.status_code == 201
    assert answer["Location"] == f"{EXCEPTIONS}/{told['number']}"
    assert (told["state"], told["level"], told["effect"], told["applies"]) == ("proposed", "a1", "defer", False)
    assert told["pending_terms"]["level_steps"] == [{"value": 1, "why": "low severity"}]
    assert told["pending_terms"]["scope_in_words"][0] == f"The vulnerability is {HARMLESS.id}."
    seat = told["approval"]["seats"][0]
    assert seat["asks"] == "reviewer (reviewer or security or ciso)"
    assert {"user:shop-riley", "user:shop-sam", "user:shop-kit"} == set(seat["candidates"])
    assert told["approval"]["stands"] == "waits for reviewer (reviewer or security or ciso)"
    assert told["terms"] is None


def test_what_asks_is_a_token_and_who_asks_is_its_person(office: Office) -> None:
    told = post(office.token("exception:write", "exception:read"), EXCEPTIONS, body()).json()

    assert told["requester"].startswith("token:")
    assert told["person"] == office.user("ada").subject


def test_the_same_request_sent_twice_under_one_key_is_made_once(office: Office) -> None:
    client, said = office.token("exception:write", "exception:read"), body()

    first = post(client, EXCEPTIONS, said, **{"Idempotency-Key": "ask-1"})
    again = post(client, EXCEPTIONS, said, **{"Idempotency-Key": "ask-1"})

    assert first.json() == again.json()
    with office.opened():
        assert PolicyException.objects.count() == 1


def test_every_mistake_in_scope_and_recheck_policy_is_told_at_its_place(office: Office) -> None:
    said = body(
        scope={"vulnerabilities": ["CVE-2020-*"], "pakages": ["pkg:npm/quiet"]},
        recheck=[{"kind": "kev_listd", "action": "block"}],
    )

    answer = post(office.token("exception:write"), EXCEPTIONS, said)

    assert refused(answer) == (422, "exception.invalid")
    pointers = {fault["pointer"] for fault in answer.json()["errors"]}
    assert pointers == {"/scope/pakages", "/scope/vulnerabilities/0", "/recheck/0/kind"}


def test_a_misspelt_member_is_a_mistake_and_not_ignored(office: Office) -> None:
    answer = post(office.token("exception:write"), EXCEPTIONS, body(rechek=[]))

    assert refused(answer) == (422, "body.invalid")
    assert [(fault["pointer"], fault["code"]) for fault in answer.json()["errors"]] == [("/rechek", "unknown")]


@pytest.mark.parametrize(
    "said,code,pointer",
    [
        ({"rationale": "because"}, "exception.invalid", "/rationale"),
        ({"scope": {"services": ["api"]}}, "exception.invalid", "/scope"),
        (
            {"scope": {"vulnerabilities": [HARMLESS.id], "environments": ["moon"]}},
            "exception.invalid",
            "/scope/environments/0",
        ),
        ({"owner_team": "nobody"}, "exception.invalid", "/owner_team"),
        ({"effect": "suppress"}, "exception.invalid", "/effect"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "exception.invalid", "/expires_at"),
        ({"starts_at": "2020-01-01T00:00:00Z"}, "exception.invalid", "/starts_at"),
        (
            {"starts_at": "9999-12-30T00:00:00Z", "expires_at": "9999-12-31T00:00:00Z"},
            "exception.invalid",
            "/starts_at",
        ),
        ({"reason": "test_only", "recheck": []}, "exception.invalid", "/recheck"),
        ({"type": "everything"}, "body.invalid", "/type"),
        ({"expires_at": "soon"}, "body.invalid", "/expires_at"),
        ({"tags": ["x" * 61]}, "body.invalid", "/tags/0"),
    ],
)
def test_a_request_that_cannot_be_says_where(office: Office, said: dict[str, Any], code: str, pointer: str) -> None:
    answer = post(office.token("exception:write"), EXCEPTIONS, body(**said))

    assert refused(answer) == (422, code)
    assert pointer in {fault["pointer"] for fault in answer.json()["errors"]}


def test_longer_than_allowed_is_refused_with_the_maximum(office: Office) -> None:
    answer = post(office.token("exception:write"), EXCEPTIONS, body(days=61))

    assert refused(answer) == (422, "exception.too_long")
    assert "at most 60 days" in answer.json()["detail"]
    assert answer.json()["errors"][0]["pointer"] == "/expires_at"


def test_an_absolute_condition_that_is_true_already_is_refused(office: Office) -> None:
    scope = {"vulnerabilities": [ODD.id]}
    recheck = [{"kind": "cvss_above", "action": "revoke", "threshold": "7"}]

    answer = post(office.token("exception:write"), EXCEPTIONS, body(scope=scope, recheck=recheck))

    assert refused(answer) == (422, "exception.condition_already_true")


def test_the_highest_level_asks_for_a_ticket(office: Office) -> None:
    scope = {"vulnerabilities": ["CVE-2021-44228"]}

    answer = post(office.token("exception:write"), EXCEPTIONS, body(scope=scope, ticket=""))

    assert refused(answer) == (422, "exception.ticket_missing")


def test_what_an_exception_in_force_says_already_is_refused_with_a_link_to_it(office: Office) -> None:
    there = office.in_force(vulnerability=HARMLESS.id, days=10)

    answer = post(office.token("exception:write"), EXCEPTIONS, body())

    assert refused(answer) == (409, "already_covered")
    assert f"/api/v1/exceptions/{there.number}" in answer.json()["detail"]


def test_a_token_of_one_service_may_not_ask_for_the_whole_tenant(office: Office) -> None:
    with office.opened():
        service = ServiceFactory(slug="till")
    narrow = office.token("exception:write", service_id=service.pk)

    assert refused(post(narrow, EXCEPTIONS, body())) == (403, "scope.missing")
    scope = {"vulnerabilities": [HARMLESS.id], "services": ["till"]}
    assert post(narrow, EXCEPTIONS, body(scope=scope)).status_code == 201


def test_terms_are_changed_for_whoever_saw_the_version_that_is_there(office: Office) -> None:
    exception, ada = office.ask(vulnerability=HARMLESS.id), office.session("ada")
    seen = ada.get(at(exception))["ETag"]
    change = {"ticket": "SEC-2", "expires_at": rfc3339(now() + timedelta(days=3))}

    changed = ada.patch(at(exception), change, format="json", headers={"If-Match": seen})
    late = ada.patch(at(exception), change, format="json", headers={"If-Match": seen})

    assert changed.status_code == 200
    assert (changed.json()["ticket"], changed.json()["pending_terms"]["version"]) == ("SEC-2", 2)
    assert refused(late) == (412, "precondition.failed")


def test_a_vote_meanwhile_is_another_version(office: Office) -> None:
    exception, ada = office.ask(vulnerability="CVE-2021-44228"), office.session("ada")
    seen = ada.get(at(exception))["ETag"]
    with office.opened():
        office.desk.approve(exception, by=["sam"], at=now())

    late = ada.patch(at(exception), {"ticket": "SEC-2"}, format="json", headers={"If-Match": seen})

    assert refused(late) == (412, "precondition.failed")


def test_new_terms_of_an_exception_in_force_wait_beside_those_that_hold(office: Office) -> None:
    exception, ada = office.in_force(vulnerability=HARMLESS.id), office.session("ada")
    narrower = {"vulnerabilities": [HARMLESS.id], "environments": ["staging"]}

    told = ada.patch(at(exception), {"scope": narrower}, format="json").json()

    assert (told["state"], told["applies"], told["has_pending_terms"]) == ("active", True, True)
    assert told["terms"]["scope"]["environments"] == []
    assert told["pending_terms"]["scope"]["environments"] == ["staging"]
    assert told["waiting"]["payload_hash"] == told["approval"]["payload_hash"]


def test_only_whoever_asked_changes_what_is_undecided(office: Office) -> None:
    exception = office.ask(vulnerability=HARMLESS.id)

    answer = office.session("sam").patch(at(exception), {"ticket": "X-1"}, format="json")

    assert refused(answer) == (403, "exception.not_yours")


def test_a_change_of_nothing_is_refused(office: Office) -> None:
    exception = office.ask(vulnerability=HARMLESS.id)

    assert refused(office.session("ada").patch(at(exception), {}, format="json")) == (422, "body.invalid")


def test_what_has_ended_is_not_changed(office: Office) -> None:
    exception, ada = office.ask(vulnerability=HARMLESS.id), office.session("ada")
    assert post(ada, at(exception, ":withdraw")).status_code == 200

    answer = ada.patch(at(exception), {"ticket": "X-1"}, format="json")

    assert refused(answer) == (409, "exception.illegal_transition")
    assert "legal: none, this is final" in answer.json()["detail"]
