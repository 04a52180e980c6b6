"""Many at once, and what exceptions can say at all."""

from datetime import timedelta
from typing import Any

import pytest

from exceptions.models import PolicyException
from exceptions.rules.vocabulary import ExceptionType, Reason
from stellapolicy.access.roles import Role
from stellapolicy.governance.services.delegations import delegate
from stellapolicy.kernel.clock import now
from tests.exceptions.api.office import EXCEPTIONS, ODD, Answer, Office, post, refused
from tests.factories import person_with
from tests.reports import HARMLESS

pytestmark = pytest.mark.django_db

QUIET = HARMLESS.id
BULK, RULES = f"{EXCEPTIONS}/bulk", f"{EXCEPTIONS}/approval-rules"


def bulk(office: Office, name: str, verb: str, *exceptions: PolicyException, **said: Any) -> Answer:
    rows = [{"reference": one.number, "payload_hash": office.hash_of(one)} for one in exceptions]
    return post(office.session(name), BULK, {"verb": verb, "rows": rows, "comment": "looked at them", **said})


def states(office: Office, *exceptions: PolicyException) -> list[str]:
    with office.opened():
        return [str(PolicyException.objects.get(pk=one.pk).state) for one in exceptions]


def test_each_row_has_its_own_answer(office: Office) -> None:
    low, high, own = office.ask(vulnerability=QUIET), office.ask(vulnerability=ODD.id), None
    own = office.ask(vulnerability="CVE-2020-00009", by="riley")

    answer = bulk(office, "riley", "approve", low, high, own)

    told = answer.json()
    assert answer.status_code == 200
    assert (told["done"], told["refused"]) == (1, 2)
    assert [row["done"] for row in told["rows"]] == [True, False, False]
    assert (told["rows"][0]["number"], told["rows"][0]["state"]) == (low.number, "active")
    assert [row["refusal"]["code"] for row in told["rows"][1:]] == ["approval.seat_missing", "second_person_required"]
    assert states(office, low, high, own) == ["active", "proposed", "proposed"]


def test_whoever_stands_in_for_somebody_says_so_in_each_row(office: Office) -> None:
    exception = office.ask(vulnerability=ODD.id)
    sam = office.user("sam").subject
    with office.opened():
        delegate(
            actor=office.desk.actor("sam", at=now()),
            to=office.user("riley").subject,
            starts_at=now(),
            ends_at=now() + timedelta(days=1),
            reason="holidays",
            at=now(),
        )
    row = {"reference": exception.number, "payload_hash": office.hash_of(exception), "on_behalf_of": sam}

    answer = post(office.session("riley"), BULK, {"verb": "approve", "rows": [row], "comment": "for sam"})

    assert answer.json()["done"] == 1
    assert states(office, exception) == ["active"]


def test_all_or_nothing_leaves_everything_as_it_was_where_one_is_refused(office: Office) -> None:
    low, high = office.ask(vulnerability=QUIET), office.ask(vulnerability=ODD.id)

    answer = bulk(office, "riley", "approve", low, high, all_or_nothing=True)

    assert refused(answer) == (409, "exception.bulk_refused")
    assert [(fault["pointer"], fault["code"]) for fault in answer.json()["errors"]] == [
        ("/rows/1", "approval.seat_missing")
    ]
    assert states(office, low, high) == ["proposed", "proposed"]


def test_all_or_nothing_does_all_where_nothing_stands_against_it(office: Office) -> None:
    low, high = office.ask(vulnerability=QUIET), office.ask(vulnerability=ODD.id)

    told = bulk(office, "sam", "approve", low, high, all_or_nothing=True).json()

    assert (told["done"], told["refused"]) == (2, 0)


@pytest.mark.parametrize("verb,state", [("reject", "rejected"), ("request_changes", "changes_requested")])
def test_many_are_sent_away_at_once(office: Office, verb: str, state: str) -> None:
    one, two = office.ask(vulnerability=QUIET), office.ask(vulnerability=ODD.id)

    bulk(office, "sam", verb, one, two)

    assert states(office, one, two) == [state, state]


def test_ones_own_are_withdrawn_and_those_in_force_revoked(office: Office) -> None:
    held, waiting = office.in_force(vulnerability=QUIET), office.ask(vulnerability=ODD.id)
    gone = post(office.session("ada"), BULK, {"verb": "withdraw", "rows": [{"reference": waiting.number}]})
    ended = post(
        office.session("ada"), BULK, {"verb": "revoke", "rows": [{"reference": str(held.pk)}], "comment": "fixed"}
    )

    assert (gone.json()["done"], ended.json()["done"]) == (1, 1)
    assert states(office, held, waiting) == ["revoked", "withdrawn"]


def test_a_row_that_is_not_there_says_so(office: Office) -> None:
    told = post(
        office.session("sam"), BULK, {"verb": "revoke", "rows": [{"reference": "EXC-1999-0001"}], "comment": "x"}
    ).json()

    assert told["rows"][0]["refusal"]["code"] == "exception.not_found"


def test_a_token_does_in_bulk_what_the_single_verb_lets_it_do(office: Office) -> None:
    exception = office.ask(vulnerability=QUIET)
    reading = office.token("exception:read")
    voting = office.token("exception:read", "exception:approve", "governance:read", of="riley")

    withdrawn = post(reading, BULK, {"verb": "withdraw", "rows": [{"reference": exception.number}]})
    rows = [{"reference": exception.number, "payload_hash": office.hash_of(exception)}]
    voted = post(voting, BULK, {"verb": "approve", "rows": rows, "comment": "x"}).json()

    assert refused(withdrawn) == (403, "scope.missing")
    assert voted["rows"][0]["refusal"]["code"] == "approval.token_refused"


@pytest.mark.parametrize(
    "said", [{"rows": []}, {"verb": "extend"}, {"rows": [{"reference": "x"}] * 201}, {"comments": "x"}]
)
def test_a_bulk_that_is_none_is_refused(office: Office, said: dict[str, Any]) -> None:
    whole = {"verb": "revoke", "rows": [{"reference": "EXC-1999-0001"}], "comment": "x", **said}

    assert refused(post(office.session("sam"), BULK, whole)) == (422, "body.invalid")


def test_every_pair_of_type_and_reason_has_its_effect(office: Office) -> None:
    told = office.session("ada").get(f"{EXCEPTIONS}/effects").json()

    pairs = {(one["type"], one["reason"]): one for one in told["effects"]}
    assert set(pairs) == {(kind.value, reason.value) for kind in ExceptionType for reason in Reason}
    suppressing = pairs["vulnerability", "vendor_not_affected"]
    assert (suppressing["effect"], suppressing["longest_days"]) == ("suppress", 365)
    assert suppressing["alternatives"] == [{"effect": "defer_vendor", "longest_days": 180}]
    assert pairs["component", "license_waiver"]["routing"] == "legal_review"
    assert {one["effect"]: one["longest_days"] for one in told["longest"]}["defer_default"] == 30


def test_what_makes_an_exception_void_is_told_with_its_defaults(office: Office) -> None:
    told = office.session("ada").get(f"{EXCEPTIONS}/recheck-policies").json()

    kinds = {one["kind"]: one for one in told["conditions"]}
    assert (kinds["epss_above"]["is_absolute"], kinds["epss_rises"]["is_absolute"]) == (True, False)
    assert kinds["epss_rises"]["threshold"]["usual"] == "0.2"
    assert kinds["kev_listed"]["threshold"] is None
    assert [one["action"] for one in told["actions"]] == ["warn", "require_reapproval", "revoke", "block"]
    accepted = next(one for one in told["defaults"] if one["reason"] == "accepted_risk")
    assert {"kind": "kev_listed", "action": "block", "threshold": "", "environments": []} in accepted["recheck"]
    assert told["grace_hours"] == 72


def test_another_table_of_levels_holds_once_a_second_person_agreed(office: Office) -> None:
    for name in ("first", "second"):
        office.desk.users[name] = person_with(office.shop.tenant, Role.ADMIN)
    first, second = office.session("first"), office.session("second")
    before = first.get(RULES)

    waiting = first.put(RULES, {"preset": "small_team", "reason": "we are four"}, format="json")
    held_back = first.get(RULES).json()
    vote = {"approve": True, "payload_hash": waiting.json()["payload_hash"], "reason": "so we are"}
    voted = post(second, f"/api/v1/approvals/{waiting.json()['id']}:vote", vote)
    after = first.get(RULES).json()

    assert (before.json()["version"], before.json()["preset"]) == (0, "standard")
    assert waiting.status_code == 202
    assert held_back["version"] == 0
    assert voted.status_code == 200, voted.json()
    assert (after["version"], after["preset"]) == (1, "small_team")
    late = first.put(
        RULES, {"preset": "standard", "reason": "back"}, format="json", headers={"If-Match": before["ETag"]}
    )
    assert refused(late) == (412, "precondition.failed")


def test_a_table_that_cannot_be_is_refused_with_every_mistake(office: Office) -> None:
    office.desk.users["boss"] = person_with(office.shop.tenant, Role.ADMIN)
    levels = office.session("ada").get(RULES).json()["levels"]
    levels[1]["people"] = 0
    levels[2]["seats"][0]["roles"] = ["janitor"]

    answer = office.session("boss").put(RULES, {"levels": levels, "reason": "quicker"}, format="json")

    assert refused(answer) == (422, "exception.levels_refused")
    pointers = {fault["pointer"] for fault in answer.json()["errors"]}
    assert {"/levels/1/people", "/levels/2/seats/0/roles/0"} <= pointers


@pytest.mark.parametrize("said", [{}, {"preset": "standard", "levels": []}, {"preset": "none"}])
def test_one_table_is_proposed(office: Office, said: dict[str, Any]) -> None:
    office.desk.users["boss"] = person_with(office.shop.tenant, Role.ADMIN)

    answer = office.session("boss").put(RULES, {"reason": "x", **said}, format="json")

    assert refused(answer) == (422, "body.invalid")


def test_the_same_table_waits_once_and_is_not_for_everybody_to_change(office: Office) -> None:
    office.desk.users["boss"] = person_with(office.shop.tenant, Role.ADMIN)
    said = {"preset": "small_team", "reason": "we are four"}

    first, again = (office.session("boss").put(RULES, said, format="json") for _ in range(2))
    other = office.session("sam").put(RULES, said, format="json")

    assert first.status_code == 202
    assert refused(again) == (409, "approval.asked_already")
    assert refused(other) == (403, "scope.missing")
