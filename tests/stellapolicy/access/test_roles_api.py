"""People and roles over HTTP."""

from http import HTTPStatus
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from stellapolicy.access.models import RoleAssignment, User
from stellapolicy.access.roles import Role
from stellapolicy.tenancy.models import Tenant
from stellapolicy.tenancy.scope import tenant_scope
from tests.factories import UserFactory, person_with
from tests.stellapolicy.conftest import ApiClients

ROLES = "/api/v1/roles"


@pytest.fixture
def ada(tenant: Tenant) -> APIClient:
    """An administrator's client."""
    client = APIClient(raise_request_exception=False)
    client.force_login(person_with(tenant, Role.ADMIN))
    return client


def held(tenant: Tenant, person: User) -> set[str]:
    with tenant_scope(tenant.pk):
        return set(RoleAssignment.objects.of(person).values_list("role", flat=True))


def test_a_harmless_role_is_given_at_once_and_withdrawn(ada: APIClient, tenant: Tenant) -> None:
    robin = UserFactory(username="robin")

    given = ada.post(ROLES, {"username": "robin", "role": "requester"}, format="json")
    before = held(tenant, robin)
    withdrawn = ada.post(f"{ROLES}/{given.json()['role']['id']}:withdraw", {"reason": "left"}, format="json")

    assert (given.status_code, given.json()["request_id"]) == (HTTPStatus.CREATED, None)
    assert (before, held(tenant, robin)) == ({"requester"}, set())
    assert withdrawn.status_code == HTTPStatus.NO_CONTENT


def test_a_powerful_role_waits_under_the_id_of_its_request(ada: APIClient, tenant: Tenant) -> None:
    robin = person_with(tenant, Role.VIEWER)
    second = APIClient()
    second.force_login(person_with(tenant, Role.ADMIN))

    waiting = ada.post(ROLES, {"username": robin.username, "role": "ciso"}, format="json")
    request = second.get(f"/api/v1/approvals/{waiting.json()['request_id']}").json()
    before = held(tenant, robin)
    ballot = {"approve": True, "payload_hash": request["payload_hash"]}
    second.post(f"/api/v1/approvals/{request['id']}:vote", ballot, format="json")

    assert (waiting.status_code, waiting.json()["role"]) == (HTTPStatus.ACCEPTED, None)
    assert request["description"][0] == f"{robin.username} becomes ciso for the whole tenant."
    assert (before, held(tenant, robin)) == ({"viewer"}, {"viewer", "ciso"})


@pytest.mark.parametrize(
    "said,status,code",
    [
        ({"username": "nobody"}, HTTPStatus.NOT_FOUND, "person.not_found"),
        ({"username": "elsewhere"}, HTTPStatus.NOT_FOUND, "person.not_found"),
        ({"role": "king"}, HTTPStatus.UNPROCESSABLE_ENTITY, "body.invalid"),
        ({"team_id": "0" * 32}, HTTPStatus.NOT_FOUND, "team.not_found"),
        ({"service_id": "0" * 32}, HTTPStatus.NOT_FOUND, "service.not_found"),
        ({"service_id": "0" * 32, "team_id": "0" * 32}, HTTPStatus.UNPROCESSABLE_ENTITY, "body.invalid"),
    ],
)
def test_what_is_asked_amiss_is_refused(
    ada: APIClient, other_tenant: Tenant, said: dict[str, Any], status: HTTPStatus, code: str
) -> None:
    UserFactory(username="robin")
    elsewhere = person_with(other_tenant, Role.VIEWER)
    User.objects.filter(pk=elsewhere.pk).update(username="elsewhere")

    answer = ada.post(ROLES, {"username": "robin", "role": "viewer", **said}, format="json")

    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_people_are_listed_with_their_roles_in_this_tenant_alone(
    ada: APIClient, tenant: Tenant, other_tenant: Tenant
) -> None:
    both = person_with(tenant, Role.VIEWER, Role.AUDITOR)
    person_with(other_tenant, Role.CISO)

    people = {each["username"]: each["roles"] for each in ada.get("/api/v1/people").json()["items"]}

    assert len(people) == 2
    assert people[both.username] == ["auditor", "viewer"]


@pytest.mark.parametrize("address", ["/api/v1/people", ROLES])
def test_lists_take_the_same_queries_however_long_they_are(ada: APIClient, tenant: Tenant, address: str) -> None:
    ada.get(address)
    few = queries(ada, address)
    for _ in range(4):
        person_with(tenant, Role.VIEWER, Role.AUDITOR)

    assert queries(ada, address) == few


def queries(client: APIClient, address: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == HTTPStatus.OK
    return len(captured)


def test_giving_and_withdrawing_need_the_scope(api_client: ApiClients, tenant: Tenant) -> None:
    reader = api_client(scopes=["governance:read"])

    given = reader.post(ROLES, {"username": "robin", "role": "viewer"}, format="json")
    withdrawn = reader.post(f"{ROLES}/{tenant.pk}:withdraw", {}, format="json")

    assert {given.status_code, withdrawn.status_code} == {HTTPStatus.FORBIDDEN}
