"""Approvals, delegations and settings in the admin: what is shown, what is offered to whom, what the forms do."""

from http import HTTPStatus

import pytest
from django.test import Client
from django.urls import reverse

from stellapolicy.access.models import User
from stellapolicy.access.roles import Role
from stellapolicy.governance.models import ApprovalRequest, ApprovalState, Delegation, GovernanceSetting
from stellapolicy.kernel.clock import now
from stellapolicy.tenancy.scope import tenant_scope
from tests.stellapolicy.governance.table import CAPTAIN, SECURITY, Table, fresh

LIST = reverse("admin:governance_approvalrequest_changelist")


def browser_of(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def page(request: ApprovalRequest, verb: str = "change") -> str:
    return reverse(f"admin:governance_approvalrequest_{verb}", args=[request.pk])


@pytest.fixture
def request_(table: Table) -> ApprovalRequest:
    """A request that waits for two people."""
    return table.ask(table.actor("rita", Role.REQUESTER), SECURITY, CAPTAIN, at=now(), reason="the door sticks")


@pytest.fixture
def sam(table: Table) -> Client:
    """The browser of somebody of security."""
    return browser_of(table.person("sam", Role.SECURITY))


def test_the_page_says_what_will_happen_who_asked_and_which_seats_are_open(
    table: Table, request_: ApprovalRequest, sam: Client
) -> None:
    shown = sam.get(page(request_)).content.decode()

    for words in (
        "It is done.",
        "user:rita",
        "the door sticks",
        "release_captain",
        "open the door",
        request_.payload_hash,
    ):
        assert words in shown
    assert page(request_, "approve") in shown
    assert page(request_, "withdraw") not in shown


@pytest.mark.parametrize(
    "name,roles,offered",
    [
        ("rita", (), {"withdraw"}),
        ("vic", (Role.VIEWER,), set()),
        ("casey", (Role.RELEASE_CAPTAIN,), {"approve", "reject"}),
    ],
)
def test_only_what_this_person_may_do_now_is_offered(
    table: Table, request_: ApprovalRequest, name: str, roles: tuple[Role, ...], offered: set[str]
) -> None:
    shown = browser_of(table.person(name, *roles)).get(page(request_)).content.decode()

    assert {verb for verb in ("approve", "reject", "withdraw") if page(request_, verb) in shown} == offered


def test_two_people_approve_and_it_takes_effect(table: Table, request_: ApprovalRequest, sam: Client) -> None:
    casey = browser_of(table.person("casey", Role.RELEASE_CAPTAIN))

    first = sam.post(page(request_, "approve"), {"holder": "user:sam", "reason": ""}, follow=True)
    second = casey.post(page(request_, "approve"), {"holder": "user:casey", "reason": "fine"}, follow=True)

    assert "others are needed still" in first.content.decode()
    assert "it has taken effect" in second.content.decode()
    assert len(table.done) == 1


def test_a_rejection_takes_a_reason(table: Table, request_: ApprovalRequest, sam: Client) -> None:
    silent = sam.post(page(request_, "reject"), {"holder": "user:sam", "reason": ""})
    state = fresh(request_).state
    sam.post(page(request_, "reject"), {"holder": "user:sam", "reason": "too risky"})

    assert (silent.status_code, state) == (HTTPStatus.OK, ApprovalState.OPEN)
    assert fresh(request_).state == ApprovalState.REJECTED


@pytest.mark.parametrize("verb", ["approve", "reject"])
def test_the_requester_cannot_vote_through_the_form_either(table: Table, request_: ApprovalRequest, verb: str) -> None:
    rita = browser_of(table.person("rita", Role.SECURITY))

    answer = rita.post(page(request_, verb), {"holder": "user:rita", "reason": "please"})

    assert "A second person is needed" in answer.content.decode()
    assert fresh(request_).state == ApprovalState.OPEN


def test_whoever_asked_withdraws(table: Table, request_: ApprovalRequest) -> None:
    browser_of(table.person("rita")).post(page(request_, "withdraw"), {"reason": "not needed"})

    assert fresh(request_).state == ApprovalState.WITHDRAWN


@pytest.mark.parametrize(
    "queue,count", [("mine_to_decide", 1), ("asked_by_me", 0), ("open", 1), ("approved", 0), ("nonsense", 1)]
)
def test_queues_are_judged_as_of_now(request_: ApprovalRequest, sam: Client, queue: str, count: int) -> None:
    shown = sam.get(LIST, {"queue": queue}).content.decode()

    assert shown.count("waits for") == count


def test_the_overview_counts_what_waits_for_me(request_: ApprovalRequest, table: Table, sam: Client) -> None:
    mine = sam.get(reverse("admin:index")).content.decode()
    theirs = browser_of(table.person("vic", Role.VIEWER)).get(reverse("admin:index")).content.decode()

    assert f"{LIST}?queue=mine_to_decide" in mine
    assert "the first lapses" in mine
    assert "nothing waits for you" in theirs


def test_a_setting_is_proposed_and_confirmed_by_two_people(table: Table) -> None:
    ada, bob = (browser_of(table.person(name, Role.ADMIN)) for name in ("ada", "bob"))
    address = reverse("admin:governance_setting_propose", args=["approval_time_out_days"])

    proposed = ada.post(address, {"value": "3", "reason": "faster"}, follow=True)
    request = ApprovalRequest.objects.get()
    bob.post(page(request, "approve"), {"holder": "user:bob", "reason": ""})
    shown = ada.get(reverse("admin:governance_governancesetting_changelist")).content.decode()

    assert "Days a request waits: from 7 to 3." in proposed.content.decode()
    assert GovernanceSetting.objects.get().value == 3
    assert "Days a request waits" in shown


@pytest.mark.parametrize("value", ["", "0", "lots"])
def test_a_value_a_setting_does_not_take_is_told(table: Table, value: str) -> None:
    ada = browser_of(table.person("ada", Role.ADMIN))
    address = reverse("admin:governance_setting_propose", args=["approval_time_out_days"])

    answer = ada.post(address, {"value": value, "reason": "faster"})

    assert answer.status_code == HTTPStatus.OK
    assert not ApprovalRequest.objects.exists()


def test_whoever_does_not_govern_proposes_no_setting_and_sees_no_button(table: Table, sam: Client) -> None:
    address = reverse("admin:governance_setting_propose", args=["approval_time_out_days"])

    shown = sam.get(reverse("admin:governance_governancesetting_changelist")).content.decode()

    assert address not in shown
    assert sam.post(address, {"value": "3", "reason": "x"}).status_code == HTTPStatus.FORBIDDEN
    ada = browser_of(table.person("ada", Role.ADMIN))
    assert ada.get(reverse("admin:governance_setting_propose", args=["nothing"])).status_code == HTTPStatus.NOT_FOUND


def test_a_delegation_is_given_used_and_ended(table: Table, request_: ApprovalRequest, sam: Client) -> None:
    dana = table.person("dana", Role.VIEWER)
    asked = {"user": dana.pk, "last_day": now().date().isoformat(), "reason": "holiday", "roles": ["security"]}

    sam.post(reverse("admin:governance_delegation_new"), asked)
    given = Delegation.objects.get()
    browser_of(dana).post(page(request_, "approve"), {"holder": "user:sam", "reason": "for sam"})
    sam.post(reverse("admin:governance_delegation_end", args=[given.pk]), {"reason": "back"})

    assert (given.delegator, given.delegate, given.roles) == ("user:sam", "user:dana", ["security"])
    assert request_.votes.get().holder == "user:sam"
    with tenant_scope(table.tenant.pk):
        assert Delegation.objects.get().ended_by == "user:sam"
