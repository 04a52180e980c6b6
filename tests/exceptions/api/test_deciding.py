"""Deciding over HTTP: votes of people, what refuses them, and what else moves an exception."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from rest_framework.test import APIClient

from exceptions.models import PolicyException
from policies.services.feeds import load_feed
from stellapolicy.access.roles import Role
from stellapolicy.governance.services.delegations import delegate
from stellapolicy.kernel.clock import now, rfc3339
from tests.exceptions.api.office import ODD, Answer, Office, at, body, post, refused
from tests.exceptions.desk import WHY
from tests.factories import TenantFactory, UserFactory, person_with
from tests.reports import HARMLESS, LOG4SHELL, kev_catalogue

pytestmark = pytest.mark.django_db

QUIET = HARMLESS.id


def vote(office: Office, client: APIClient, exception: PolicyException, verb: str = ":approve", **said: Any) -> Answer:
    return post(
        client,
        at(exception, verb),
        {"payload_hash": office.hash_of(exception), "comment": "looked at it", **said},
    )


def test_a_second_person_approves_and_it_applies_at_once(office: Office) -> None:
    exception = office.ask(vulnerability=QUIET)

    told = vote(office, office.session("riley"), exception).json()

    assert (told["state"], told["applies"], told["approval"]["stands"]) == (
        "active",
        True,
        f"approved by {office.user('riley').subject}",
    )
    assert told["approval"]["seats"][0]["filled_by"] == office.user("riley").subject
    assert told["legal_steps"] == ["revalidation_required", "revoked", "expired"]
    assert told["terms"]["version"] == 1


def test_a_release_captain_fills_their_seat_though_they_hold_no_scope_to_approve(office: Office) -> None:
    exception = office.ask(vulnerability="CVE-2031-0001")  # nothing is known of it: critical

    first = vote(office, office.session("casey"), exception).json()
    second = vote(office, office.session("sam"), exception).json()

    assert (first["state"], first["approval"]["lacking"]) == ("proposed", 1)
    assert second["state"] == "active"


def test_nobody_approves_what_they_asked_for(office: Office) -> None:
    exception = office.ask(vulnerability=QUIET, by="riley")

    answer = vote(office, office.session("riley"), exception)

    assert refused(answer) == (403, "second_person_required")
    assert office.session("riley").get(at(exception)).json()["approval"]["obstacle"] != ""


def test_a_superuser_approves_nothing(office: Office) -> None:
    exception = office.ask(vulnerability=QUIET)
    root = UserFactory(is_superuser=True)
    client = APIClient(raise_request_exception=False)
    client.force_login(root)

    answer = post(
        client,
        at(exception, ":approve"),
        {"payload_hash": office.hash_of(exception), "comment": "root"},
        **{"X-Stella-Tenant": "shop"},
    )

    assert refused(answer) == (403, "scope.missing")


def test_somebody_without_a_seat_approves_nothing(office: Office) -> None:
    exception = office.ask(vulnerability=ODD.id)

    assert refused(vote(office, office.session("riley"), exception)) == (403, "approval.seat_missing")


def test_a_token_does_not_vote(office: Office) -> None:
    exception = office.ask(vulnerability=QUIET)
    token = office.token("exception:read", "exception:approve", "governance:read", of="riley")

    answer = vote(office, token, exception)

    assert refused(answer) == (403, "approval.token_refused")
    with office.opened():
        assert PolicyException.objects.get(pk=exception.pk).state == "proposed"


def test_a_vote_over_something_else_is_refused(office: Office) -> None:
    exception = office.ask(vulnerability=QUIET)

    answer = vote(office, office.session("riley"), exception, payload_hash="sha256:" + "0" * 64)

    assert refused(answer) == (409, "approval.payload_mismatch")


@pytest.mark.parametrize("verb", [":approve", ":reject", ":request-changes", ":revoke"])
def test_deciding_needs_a_comment(office: Office, verb: str) -> None:
    exception = office.in_force(vulnerability=QUIET) if verb == ":revoke" else office.ask(vulnerability=QUIET)
    said = {"comment": "  "} | ({"payload_hash": office.hash_of(exception)} if verb in {":approve", ":reject"} else {})

    assert refused(post(office.session("riley"), at(exception, verb), said)) == (422, "reason.missing")


def test_a_second_vote_of_the_same_person_is_refused(office: Office) -> None:
    exception = office.ask(vulnerability="CVE-2031-0001")
    vote(office, office.session("sam"), exception)

    assert refused(vote(office, office.session("sam"), exception)) == (409, "approval.voted_already")


def test_others_in_the_seats_leave_none(office: Office) -> None:
    exception = office.ask(vulnerability="CVE-2031-0001")
    vote(office, office.session("sam"), exception)

    assert refused(vote(office, office.session("kit"), exception)) == (409, "approval.seats_filled")


def test_whoever_stands_in_for_somebody_votes_in_their_stead(office: Office) -> None:
    exception = office.ask(vulnerability=ODD.id)
    with office.opened():
        delegate(
            actor=office.desk.actor("sam", at=now()),
            to=office.user("riley").subject,
            starts_at=now(),
            ends_at=now() + timedelta(days=1),
            reason="holidays",
            at=now(),
        )
    riley = office.session("riley")

    refusal = vote(office, riley, exception, on_behalf_of=office.user("kit").subject)
    told = vote(office, riley, exception, on_behalf_of=office.user("sam").subject).json()

    assert refused(refusal) == (403, "delegation.missing")
    assert told["state"] == "active"
    assert told["approval"]["votes"][0]["holder"] == office.user("sam").subject


def test_a_sign_in_of_long_ago_has_to_be_repeated(office: Office) -> None:
    exception, riley = office.ask(vulnerability=QUIET), office.session("riley")
    hashed = office.hash_of(exception)

    with time_machine.travel(now() + timedelta(minutes=16)):
        answer = post(riley, at(exception, ":approve"), {"payload_hash": hashed, "comment": "late"})

    assert refused(answer) == (403, "access.reauthentication_needed")


def test_a_request_that_waited_too_long_is_voted_on_no_more(office: Office) -> None:
    exception = office.ask(vulnerability=QUIET, days=20)
    hashed = office.hash_of(exception)

    with time_machine.travel(now() + timedelta(days=8)):
        answer = post(office.session("riley"), at(exception, ":approve"), {"payload_hash": hashed, "comment": "late"})

    assert refused(answer) == (409, "approval.expired")


def test_a_window_that_is_over_is_not_approved(office: Office) -> None:
    exception = office.ask(vulnerability=QUIET, days=1)
    hashed = office.hash_of(exception)

    with time_machine.travel(now() + timedelta(days=2)):
        answer = post(office.session("riley"), at(exception, ":approve"), {"payload_hash": hashed, "comment": "late"})

    assert refused(answer) == (409, "exception.window_over")


def test_what_got_worse_since_is_not_approved_unseen(office: Office) -> None:
    exception = office.ask(vulnerability=QUIET)
    with office.opened():
        listed = kev_catalogue(LOG4SHELL, QUIET, released_at=rfc3339(now()))
        load_feed(actor=office.shop.actor, content=listed, at=now())

    answer = vote(office, office.session("riley"), exception)

    assert refused(answer) == (409, "exception.facts_changed")
    assert f"{QUIET} in pkg:npm/quiet is now known to be exploited" in answer.json()["detail"]


def test_evidence_that_the_level_asks_for_has_to_be_there(office: Office) -> None:
    said = body(
        reason="compensating_control",
        scope={"vulnerabilities": ["CVE-2031-0001"]},
        controls=["the gateway drops it"],
    )
    told = post(office.session("ada"), "/api/v1/exceptions", said).json()
    with office.opened():
        exception = PolicyException.objects.get(number=told["number"])
    vote(office, office.session("sam"), exception)

    answer = vote(office, office.session("casey"), exception)

    assert (told["hooks"][0]["mandatory"], told["hooks"][0]["state"]) == (True, "missing")
    assert refused(answer) == (409, "exception.evidence_missing")
    assert office.session("sam").get(at(exception)).json()["approval"]["lacking"] == 1


def test_less_is_approved_than_was_asked_for_and_still_as_their_request(office: Office) -> None:
    exception, riley = office.ask(vulnerability=QUIET), office.session("riley")
    narrow = {"scope": {"vulnerabilities": [QUIET], "environments": ["staging"]}}

    told = vote(office, riley, exception, narrow=narrow).json()

    assert (told["state"], told["terms"]["change"]) == ("active", "narrowed")
    assert told["scope"]["environments"] == ["staging"]
    assert told["person"] == office.user("ada").subject
    assert told["terms"]["person"] == office.user("riley").subject


@pytest.mark.parametrize(
    "narrow,status,code",
    [
        ({"scope": {"vulnerabilities": [QUIET, ODD.id]}}, 422, "exception.not_narrower"),
        ({"expires_at": "2099-01-01T00:00:00Z"}, 422, "exception.not_narrower"),
        ({}, 422, "exception.not_narrower"),
        ({"scope": {"vulnerabilities": ["*"]}}, 422, "exception.invalid"),
        ({"expires": "2099-01-01T00:00:00Z"}, 422, "body.invalid"),
    ],
)
def test_more_is_never_approved_than_was_asked_for(
    office: Office, narrow: dict[str, Any], status: int, code: str
) -> None:
    exception = office.ask(vulnerability=QUIET)

    assert refused(vote(office, office.session("riley"), exception, narrow=narrow)) == (status, code)


def test_one_no_ends_the_request(office: Office) -> None:
    exception = office.ask(vulnerability=QUIET)

    told = vote(office, office.session("sam"), exception, ":reject", comment="there is a fix").json()
    late = vote(office, office.session("riley"), exception)

    assert (told["state"], told["closed_because"], told["legal_steps"]) == ("rejected", "there is a fix", [])
    assert refused(late) == (409, "exception.illegal_transition")
    assert "legal: none, this is final" in late.json()["detail"]


def test_changes_are_asked_for_and_the_same_is_submitted_again(office: Office) -> None:
    exception, ada = office.ask(vulnerability=QUIET), office.session("ada")

    sent_back = post(office.session("riley"), at(exception, ":request-changes"), {"comment": "which release?"}).json()
    early = post(office.session("riley"), at(exception, ":approve"), {"payload_hash": "sha256:x", "comment": "x"})
    silent = post(ada, at(exception, ":resubmit"), {"comment": ""})
    foreign = post(office.session("sam"), at(exception, ":resubmit"), {"comment": "for ada"})
    again = post(ada, at(exception, ":resubmit"), {"comment": "release 1.5"}).json()
    twice = post(ada, at(exception, ":resubmit"), {"comment": "release 1.5"})

    assert sent_back["state"] == "changes_requested"
    assert refused(early) == (409, "exception.illegal_transition")
    assert "legal: proposed, withdrawn, superseded" in early.json()["detail"]
    assert refused(silent) == (422, "reason.missing")
    assert refused(foreign) == (403, "exception.not_yours")
    assert (again["state"], again["pending_terms"]["version"]) == ("proposed", 2)
    assert refused(twice) == (409, "exception.illegal_transition")


@pytest.mark.parametrize("name,code", [("ada", "second_person_required"), ("casey", "exception.not_yours_to_question")])
def test_changes_are_asked_for_by_whoever_could_approve(office: Office, name: str, code: str) -> None:
    exception = office.ask(vulnerability=QUIET)

    answer = post(office.session(name), at(exception, ":request-changes"), {"comment": "why?"})

    assert refused(answer) == (403, code)


def test_whoever_asked_takes_it_back_and_nobody_else(office: Office) -> None:
    exception = office.ask(vulnerability=QUIET)

    foreign = post(office.session("sam"), at(exception, ":withdraw"))
    told = post(office.session("ada"), at(exception, ":withdraw"), {"comment": "fixed"}).json()
    twice = post(office.session("ada"), at(exception, ":withdraw"))

    assert refused(foreign) == (403, "exception.not_yours")
    assert (told["state"], told["waiting"]) == ("withdrawn", None)
    assert refused(twice) == (409, "exception.illegal_transition")


def test_one_person_ends_an_exception(office: Office) -> None:
    exception = office.in_force(vulnerability=QUIET)

    foreign = post(office.session("casey"), at(exception, ":revoke"), {"comment": "no"})
    told = post(office.session("riley"), at(exception, ":revoke"), {"comment": "exploited"}).json()
    twice = post(office.session("riley"), at(exception, ":revoke"), {"comment": "exploited"})

    assert refused(foreign) == (403, "exception.not_yours_to_revoke")
    assert (told["state"], told["applies"]) == ("revoked", False)
    assert refused(twice) == (409, "exception.illegal_transition")


def test_a_token_of_whoever_asked_ends_it_too(office: Office) -> None:
    exception = office.in_force(vulnerability=QUIET)

    told = post(office.token("exception:write", "exception:read"), at(exception, ":revoke"), {"comment": "done"})

    assert told.json()["state"] == "revoked"


def test_a_later_end_waits_for_one_approver_where_nothing_got_worse(office: Office) -> None:
    exception, ada = office.in_force(vulnerability=QUIET, days=5), office.session("ada")
    later = now() + timedelta(days=20)

    told = post(ada, at(exception, ":extend"), {"expires_at": rfc3339(later), "rationale": WHY}).json()
    approved = vote(office, office.session("riley"), exception).json()

    assert (told["applies"], told["pending_terms"]["change"], told["approval"]["lacking"]) == (True, "extension", 1)
    assert approved["expires_at"] == rfc3339(later)


def test_a_later_end_stays_within_the_longest_term_from_the_first_start(office: Office) -> None:
    exception = office.in_force(vulnerability=QUIET, days=5)
    later = rfc3339(now() + timedelta(days=61))

    answer = post(office.session("ada"), at(exception, ":extend"), {"expires_at": later, "rationale": WHY})

    assert refused(answer) == (422, "exception.too_long")
    assert "at most 60 days" in answer.json()["detail"]


def test_what_nobody_agreed_to_yet_is_not_extended(office: Office) -> None:
    exception = office.ask(vulnerability=QUIET)
    later = rfc3339(now() + timedelta(days=9))

    answer = post(office.session("ada"), at(exception, ":extend"), {"expires_at": later, "rationale": WHY})

    assert refused(answer) == (409, "exception.illegal_transition")


def test_rejected_terms_leave_those_in_force_as_they_are(office: Office) -> None:
    exception, ada = office.in_force(vulnerability=QUIET, days=5), office.session("ada")
    ada.patch(at(exception), {"expires_at": rfc3339(now() + timedelta(days=9))}, format="json")

    told = vote(office, office.session("riley"), exception, ":reject", comment="not longer").json()
    nothing = vote(office, office.session("riley"), exception)

    assert (told["state"], told["pending_terms"], told["has_pending_terms"]) == ("active", None, False)
    assert refused(nothing) == (409, "exception.nothing_pending")


def test_a_recheck_says_what_fired_and_what_came_of_it(office: Office) -> None:
    exception = office.in_force(vulnerability=QUIET)
    told = post(office.session("ada"), at(exception, ":recheck"))

    assert told.status_code == 200
    assert told.json()["fired"] == []
    assert told.json()["exception"]["state"] == "active"


def test_what_is_not_in_force_is_not_rechecked(office: Office) -> None:
    exception = office.ask(vulnerability=QUIET)

    assert refused(post(office.session("ada"), at(exception, ":recheck"))) == (409, "exception.illegal_transition")


def test_an_exception_of_another_tenant_is_not_there(office: Office) -> None:
    exception = office.ask(vulnerability=QUIET)
    stranger = person_with(TenantFactory(), *Role)
    client = APIClient(raise_request_exception=False)
    client.force_login(stranger)

    for verb in (":approve", ":reject"):
        answer = post(client, at(exception, verb), {"payload_hash": "sha256:x", "comment": "x"})
        assert refused(answer) == (404, "exception.not_found")
    assert refused(client.get(at(exception))) == (404, "exception.not_found")
