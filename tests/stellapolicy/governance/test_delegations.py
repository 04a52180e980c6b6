"""Standing in for somebody: as far as it was given, while it holds, never twice, never handed on."""

from dataclasses import replace
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from rest_framework.test import APIClient

from stellapolicy.access.roles import Role, Scope
from stellapolicy.audit.models import Entry
from stellapolicy.governance import errors
from stellapolicy.governance.models import ApprovalState, ApprovalVote, Delegation
from stellapolicy.governance.quorum import Seat
from stellapolicy.governance.selectors import mine_to_decide, voter_of
from stellapolicy.governance.services.delegations import delegate, end_delegation
from stellapolicy.governance.voting import possibilities
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.clock import now, rfc3339
from tests.factories import NOON, ServiceFactory
from tests.stellapolicy.governance.table import CAPTAIN, LATER, SECURITY, Table, fresh


def lend(actor: Actor, to: Actor, **said: Any) -> Delegation:
    said = {"starts_at": NOON, "ends_at": NOON + timedelta(days=7), "reason": "holiday", "at": NOON, **said}
    return delegate(actor=actor, to=to.person, **said)


@pytest.fixture
def sam(table: Table) -> Actor:
    """Somebody of security, who goes on holiday."""
    return table.actor("sam", Role.SECURITY)


@pytest.fixture
def dana(table: Table) -> Actor:
    """Somebody who only looks on, until they stand in."""
    return table.actor("dana", Role.VIEWER)


@pytest.fixture
def rita(table: Table) -> Actor:
    """Somebody who asks."""
    return table.actor("rita", Role.REQUESTER)


def test_a_delegate_votes_from_the_seat_of_whom_they_stand_in_for(
    table: Table, sam: Actor, dana: Actor, rita: Actor
) -> None:
    request = table.ask(rita)
    lend(sam, dana)

    table.say(dana, request, on_behalf_of=sam.person)

    assert fresh(request).state == ApprovalState.APPROVED
    vote = ApprovalVote.objects.get()
    assert (vote.person, vote.holder) == ("user:dana", "user:sam")
    assert list(Entry.objects.filter(action="delegation.given").values_list("actor", flat=True)) == ["user:sam"]


def test_without_saying_for_whom_a_delegate_votes_as_themselves(
    table: Table, sam: Actor, dana: Actor, rita: Actor
) -> None:
    lend(sam, dana)

    with pytest.raises(errors.SeatMissing):
        table.say(dana, table.ask(rita))


@pytest.mark.parametrize(
    "window", [(timedelta(hours=1), timedelta(days=1)), (timedelta(days=-2), timedelta(minutes=5))]
)
def test_before_it_begins_and_from_the_instant_it_ends_nobody_stands_in(
    table: Table, sam: Actor, dana: Actor, rita: Actor, window: tuple[timedelta, timedelta]
) -> None:
    lend(sam, dana, starts_at=NOON + window[0], ends_at=NOON + window[1])

    with pytest.raises(errors.DelegationMissing):
        table.say(dana, table.ask(rita), on_behalf_of=sam.person, at=LATER)


def test_once_ended_nobody_stands_in(table: Table, sam: Actor, dana: Actor, rita: Actor) -> None:
    given = lend(sam, dana)
    end_delegation(actor=sam, pk=given.pk, at=LATER, reason="back")

    with pytest.raises(errors.DelegationMissing):
        table.say(dana, table.ask(rita), on_behalf_of=sam.person, at=LATER)
    with pytest.raises(errors.DelegationEnded):
        end_delegation(actor=sam, pk=given.pk, at=LATER)


def test_a_delegation_is_not_handed_on(table: Table, sam: Actor, dana: Actor, rita: Actor) -> None:
    eve = table.actor("eve", Role.VIEWER)
    lend(sam, dana)
    lend(dana, eve)
    request = table.ask(rita)

    with pytest.raises(errors.DelegationMissing):
        table.say(eve, request, on_behalf_of=sam.person)
    with pytest.raises(errors.SeatMissing):
        table.say(eve, request, on_behalf_of=dana.person)


def test_two_people_do_not_stand_in_for_each_other(sam: Actor, dana: Actor) -> None:
    lend(sam, dana)

    with pytest.raises(errors.DelegationLoop):
        lend(dana, sam, starts_at=NOON + timedelta(days=6), ends_at=NOON + timedelta(days=8))
    lend(dana, sam, starts_at=NOON + timedelta(days=7), ends_at=NOON + timedelta(days=8))


def test_whoever_stood_in_and_whom_they_stood_in_for_have_both_spoken(
    table: Table, sam: Actor, dana: Actor, rita: Actor
) -> None:
    request = table.ask(rita, SECURITY, CAPTAIN)
    lend(sam, dana)
    table.say(dana, request, on_behalf_of=sam.person)

    with pytest.raises(errors.VotedAlready):
        table.say(sam, request)
    with pytest.raises(errors.VotedAlready):
        table.say(table.actor("dana", Role.RELEASE_CAPTAIN), request)


def test_whoever_has_voted_does_not_vote_again_for_another(table: Table, sam: Actor, rita: Actor) -> None:
    casey = table.actor("casey", Role.RELEASE_CAPTAIN)
    request = table.ask(rita, SECURITY, CAPTAIN)
    lend(sam, casey)
    table.say(casey, request)

    with pytest.raises(errors.VotedAlready):
        table.say(casey, request, on_behalf_of=sam.person)


def test_the_requester_decides_for_nobody_and_nobody_decides_for_the_requester(
    table: Table, sam: Actor, dana: Actor, rita: Actor
) -> None:
    lend(sam, rita)
    boss = table.actor("boss", Role.SECURITY)
    lend(boss, dana)

    with pytest.raises(errors.SecondPersonRequired):
        table.say(rita, table.ask(rita), on_behalf_of=sam.person)
    with pytest.raises(errors.SecondPersonRequired):
        table.say(dana, table.ask(boss), on_behalf_of=boss.person)


def test_the_delegate_of_the_requester_does_not_decide_in_their_own_name_either(
    table: Table, sam: Actor, rita: Actor
) -> None:
    lend(rita, sam)

    with pytest.raises(errors.SecondPersonRequired, match="stand in for user:rita"):
        table.say(sam, table.ask(rita))


@pytest.mark.parametrize("part", [{"roles": [Role.SECURITY]}, {"roles": [Role.CISO]}, {"scopes": [Scope.GATE_BYPASS]}])
def test_only_what_was_named_is_handed_on(
    table: Table, sam: Actor, dana: Actor, rita: Actor, part: dict[str, Any]
) -> None:
    request = table.ask(rita)
    lend(sam, dana, **part)

    votes = possibilities(voter_of(dana, at=LATER), request, (), at=LATER)

    assert [vote.holder for vote in votes] == ([sam.person] if part == {"roles": [Role.SECURITY]} else [])


def test_a_role_is_handed_on_with_the_scopes_it_brings(table: Table, sam: Actor, dana: Actor, rita: Actor) -> None:
    request = table.ask(rita, Seat("approver", scope=Scope.EXCEPTION_APPROVE))
    lend(sam, dana, roles=[Role.SECURITY])

    table.say(dana, request, on_behalf_of=sam.person)

    assert fresh(request).state == ApprovalState.APPROVED


def test_for_one_service_it_reaches_no_further(table: Table, sam: Actor, dana: Actor, rita: Actor) -> None:
    service = ServiceFactory()
    lend(sam, dana, service_id=service.pk)
    here = table.ask(rita, replace(SECURITY, services=(service.pk,)))

    with pytest.raises(errors.SeatMissing):
        table.say(dana, table.ask(rita), on_behalf_of=sam.person)
    table.say(dana, here, on_behalf_of=sam.person)


def test_what_the_delegator_lost_meanwhile_is_lost_to_the_delegate(
    table: Table, sam: Actor, dana: Actor, rita: Actor
) -> None:
    lend(sam, dana)
    person = table.person("sam")
    person.is_active = False
    person.save()

    with pytest.raises(errors.SeatMissing):
        table.say(dana, table.ask(rita), on_behalf_of=sam.person)


def test_requests_wait_for_the_delegate_too(table: Table, sam: Actor, dana: Actor, rita: Actor) -> None:
    request = table.ask(rita)
    before = mine_to_decide(dana, at=LATER)

    lend(sam, dana)

    assert (before, mine_to_decide(dana, at=LATER)) == ([], [request])


@pytest.mark.parametrize(
    "said",
    [
        {"ends_at": NOON},
        {"ends_at": NOON - timedelta(days=1)},
        {"ends_at": NOON + timedelta(days=31)},
        {"starts_at": NOON + timedelta(days=8)},
        {"scopes": ["everything"]},
        {"roles": ["king"]},
        {"service_id": ServiceFactory},
        {"to": "user:nobody"},
        {"to": "sam"},
        {"to": "user:sam"},
    ],
)
def test_what_cannot_be_delegated_is_refused(sam: Actor, dana: Actor, said: dict[str, Any]) -> None:
    if "service_id" in said:
        said = {"service_id": sam.tenant_id}
    to = replace(dana, subject="x", extra={"person": said.pop("to", dana.person)})

    with pytest.raises(errors.DelegationRefused):
        lend(sam, to, **said)


def test_it_takes_a_reason_and_a_person(table: Table, sam: Actor, dana: Actor) -> None:
    with pytest.raises(errors.ReasonMissing):
        lend(sam, dana, reason=" ")
    with pytest.raises(errors.TokenMayNotVote):
        lend(table.token_of(sam), dana)


def test_others_do_not_end_it_but_whoever_governs_does(table: Table, sam: Actor, dana: Actor, rita: Actor) -> None:
    given = lend(sam, dana)

    with pytest.raises(errors.NotYours):
        end_delegation(actor=rita, pk=given.pk, at=LATER)
    with pytest.raises(errors.DelegationNotFound):
        end_delegation(actor=table.actor("lost"), pk=given.pk, at=LATER)
    end_delegation(actor=table.actor("ada", Role.ADMIN), pk=given.pk, at=LATER)

    assert Delegation.objects.get().ended_by == "user:ada"


def test_the_database_lets_a_delegation_only_end(sam: Actor, dana: Actor) -> None:
    given = lend(sam, dana)

    with pytest.raises(IntegrityError, match="only ends"), transaction.atomic():
        Delegation.objects.filter(pk=given.pk).update(ends_at=NOON + timedelta(days=900))
    with pytest.raises(IntegrityError, match="only ends"), transaction.atomic():
        Delegation.objects.filter(pk=given.pk).delete()


def test_over_http_one_delegates_lists_and_ends(table: Table, sam: Actor, dana: Actor) -> None:
    client = APIClient()
    client.force_login(table.person("sam"))
    ends_at: datetime = now() + timedelta(days=3)
    body = {"delegate": dana.person, "ends_at": rfc3339(ends_at), "reason": "holiday"}

    given = client.post("/api/v1/delegations", body, format="json")
    listed = client.get("/api/v1/delegations", {"in_force": "true", "delegator": "user:sam"}).json()["items"]
    ended = client.post(f"/api/v1/delegations/{given.json()['id']}:end", {}, format="json")
    after = client.get("/api/v1/delegations", {"in_force": "true"}).json()["items"]

    assert given.status_code == HTTPStatus.CREATED
    assert [each["delegate"] for each in listed] == ["user:dana"]
    assert ended.json()["ended_by"] == "user:sam"
    assert after == []
