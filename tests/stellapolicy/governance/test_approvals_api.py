"""Approvals over HTTP: who sees what, what they may do, and what they are told."""

from http import HTTPStatus
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from stellapolicy.access.models import User
from stellapolicy.access.roles import Role
from stellapolicy.governance.models import ApprovalRequest
from stellapolicy.governance.quorum import QuorumRule, Seat
from stellapolicy.kernel.clock import now
from stellapolicy.tenancy import scope
from stellapolicy.tenancy.models import Tenant
from tests.factories import ServiceFactory, person_with
from tests.stellapolicy.conftest import ApiClients
from tests.stellapolicy.governance.table import CAPTAIN, SECURITY, Table

APPROVALS = "/api/v1/approvals"


def signed_in(person: User) -> APIClient:
    client = APIClient(raise_request_exception=False)
    client.force_login(person)
    return client


@pytest.fixture
def stranger(other_tenant: Tenant) -> User:
    """Somebody who holds every role elsewhere."""
    return person_with(other_tenant, *Role)


def waiting(table: Table, *seats: Seat, **said: Any) -> ApprovalRequest:
    """Ask for something now, as somebody else."""
    requester = table.actor(f"requester{ApprovalRequest.objects.count()}", Role.REQUESTER)
    return table.ask(requester, *seats, **{"at": now(), **said})


def ballot(request: ApprovalRequest, **said: Any) -> dict[str, Any]:
    return {"approve": True, "payload_hash": request.payload_hash, "reason": "seen", **said}


def test_a_request_is_asked_read_and_decided(table: Table) -> None:
    request = waiting(table, SECURITY)
    sam = signed_in(table.person("sam", Role.SECURITY))

    read = sam.get(f"{APPROVALS}/{request.pk}").json()
    answer = sam.post(f"{APPROVALS}/{request.pk}:vote", ballot(request), format="json")

    assert read["description"] == ["It is done."]
    assert read["seats"] == [{"name": "security", "asks": "security (security)", "filled_by": None}]
    assert read["possible_votes"] == [{"on_behalf_of": "user:sam", "may_approve": True}]
    assert (read["obstacle"], read["stands"]) == ("", "waits for security (security)")
    assert answer.status_code == HTTPStatus.OK
    assert answer.json()["state"] == "approved"
    assert answer.json()["stands"] == "approved by user:sam"
    assert answer.json()["votes"][0]["person"] == "user:sam"
    assert table.done == [{"deed": "open the door"}]


def test_mine_to_decide_is_what_i_could_approve_now(table: Table) -> None:
    mine, theirs = waiting(table, SECURITY), waiting(table, CAPTAIN)
    sam = signed_in(table.person("sam", Role.SECURITY))

    listed = sam.get(APPROVALS, {"mine_to_decide": "true"}).json()["items"]
    others = sam.get(APPROVALS, {"mine_to_decide": "false"}).json()["items"]

    assert [each["id"] for each in listed] == [str(mine.pk)]
    assert [each["id"] for each in others] == [str(theirs.pk)]


@pytest.mark.parametrize("state,count", [("open", 1), ("approved", 0), ("expired", 0)])
def test_requests_are_listed_by_state(table: Table, state: str, count: int) -> None:
    waiting(table, SECURITY)

    listed = signed_in(table.person("viewer", Role.VIEWER)).get(APPROVALS, {"state": state})

    assert len(listed.json()["items"]) == count


def test_whoever_holds_roles_in_one_service_reads_what_concerns_it_and_no_more(table: Table) -> None:
    here, there = ServiceFactory(), ServiceFactory()
    about = waiting(table, Seat("owner", roles=(Role.SECURITY,), services=(here.pk,)))
    waiting(table, Seat("owner", roles=(Role.SECURITY,), services=(here.pk, there.pk)))
    waiting(table, SECURITY)

    listed = signed_in(table.person("local", Role.SECURITY, service=here)).get(APPROVALS).json()["items"]

    assert [each["id"] for each in listed] == [str(about.pk)]


@pytest.mark.parametrize(
    "said,status,code",
    [
        ({"payload_hash": "sha256:" + "0" * 64}, HTTPStatus.CONFLICT, "approval.payload_mismatch"),
        ({"on_behalf_of": "user:nobody"}, HTTPStatus.FORBIDDEN, "delegation.missing"),
        ({"approve": False, "reason": ""}, HTTPStatus.UNPROCESSABLE_ENTITY, "reason.missing"),
        ({"approve": "perhaps"}, HTTPStatus.UNPROCESSABLE_ENTITY, "body.invalid"),
    ],
)
def test_a_refused_vote_says_why_and_leaves_nothing(
    table: Table, said: dict[str, Any], status: HTTPStatus, code: str
) -> None:
    request = waiting(table, SECURITY)
    sam = signed_in(table.person("sam", Role.SECURITY))

    answer = sam.post(f"{APPROVALS}/{request.pk}:vote", ballot(request, **said), format="json")

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not request.votes.exists()


def test_a_token_is_told_that_a_person_has_to_sign_in(table: Table, api_client: ApiClients) -> None:
    request = waiting(table, SECURITY)

    answer = api_client(scopes=["governance:read", "exception:approve"]).post(
        f"{APPROVALS}/{request.pk}:vote", ballot(request), format="json"
    )

    assert (answer.status_code, answer.json()["code"]) == (HTTPStatus.FORBIDDEN, "approval.token_refused")


def test_a_token_votes_where_the_rule_lets_it(table: Table, api_client: ApiClients) -> None:
    request = waiting(table, rule=QuorumRule((SECURITY,), tokens_vote=True))

    answer = api_client(scopes=["governance:read"]).post(
        f"{APPROVALS}/{request.pk}:vote", ballot(request), format="json"
    )

    assert answer.json()["state"] == "approved"
    assert answer.json()["votes"][0]["subject"].startswith("token:")


def test_a_superuser_without_a_role_may_not_even_ask(table: Table) -> None:
    request = waiting(table, SECURITY)
    root = table.person("root")
    root.is_superuser = True
    root.save()

    answer = signed_in(root).post(
        f"{APPROVALS}/{request.pk}:vote", ballot(request), format="json", headers={"X-Stella-Tenant": "acme"}
    )

    assert (answer.status_code, answer.json()["code"]) == (HTTPStatus.FORBIDDEN, "scope.missing")


def test_a_request_is_withdrawn_by_whoever_asked(table: Table) -> None:
    request = waiting(table, SECURITY)
    rita, sam = table.person("requester0"), table.person("sam", Role.SECURITY)

    refused = signed_in(sam).post(f"{APPROVALS}/{request.pk}:withdraw", {}, format="json")
    answer = signed_in(rita).post(f"{APPROVALS}/{request.pk}:withdraw", {"reason": "done"}, format="json")

    assert (refused.status_code, refused.json()["code"]) == (HTTPStatus.FORBIDDEN, "approval.not_yours")
    assert (answer.json()["state"], answer.json()["stands"]) == ("withdrawn", "withdrawn")


@pytest.mark.parametrize("verb", ["", ":vote", ":withdraw"])
def test_another_tenant_finds_nothing(stranger: User, table: Table, verb: str) -> None:
    request = waiting(table, SECURITY)
    address, client = f"{APPROVALS}/{request.pk}{verb}", signed_in(stranger)
    scope._current.set(None)

    answer = client.post(address, ballot(request), format="json") if verb else client.get(address)

    assert (answer.status_code, answer.json()["code"]) == (HTTPStatus.NOT_FOUND, "approval.not_found")


@pytest.mark.parametrize("query", [{}, {"mine_to_decide": "true"}])
def test_a_list_takes_the_same_queries_however_long_it_is(table: Table, query: dict[str, str]) -> None:
    sam = signed_in(table.person("sam", Role.SECURITY))
    waiting(table, SECURITY)
    sam.get(APPROVALS, query)

    few = count_queries(sam, query)
    for _ in range(5):
        table.say(
            table.actor(f"s{ApprovalRequest.objects.count()}", Role.CISO, at=now()),
            waiting(table, SECURITY, Seat("ciso", roles=("ciso",))),
            at=now(),
        )

    assert count_queries(sam, query) == few


def count_queries(client: APIClient, query: dict[str, str]) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(APPROVALS, query).status_code == HTTPStatus.OK
    return len(captured)
