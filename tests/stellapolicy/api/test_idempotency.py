from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection
from rest_framework.test import APIClient

from stellapolicy.access.roles import Role
from stellapolicy.api.idempotency import forget_outlived
from stellapolicy.api.models import IdempotencyRecord
from stellapolicy.api.tasks import purge_idempotency
from stellapolicy.kernel.clock import now
from stellapolicy.tenancy.models import Team, Tenant
from stellapolicy.tenancy.scope import tenant_scope
from tests.factories import person_with, token_for
from tests.stellapolicy.conftest import ApiClients

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.stellapolicy.floor_urls")]

TEAMS = "/api/v1/crews"
KEY = {"Idempotency-Key": "one"}


def count_teams(tenant: Tenant) -> int:
    with tenant_scope(tenant.pk):
        return Team.objects.count()


def test_the_same_request_is_done_once_and_answered_alike(api_client: ApiClients, tenant: Tenant) -> None:
    client = api_client()

    first = client.post(TEAMS, {"slug": "a"}, format="json", headers=KEY)
    second = client.post(TEAMS, {"slug": "a"}, format="json", headers=KEY)

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    assert "Idempotent-Replayed" not in first
    assert second["Idempotent-Replayed"] == "true"
    assert second["Content-Type"] == first["Content-Type"]
    assert count_teams(tenant) == 1


@pytest.mark.parametrize("body, path", [({"slug": "b"}, TEAMS), ({"slug": "a"}, f"{TEAMS}?x=1")])
def test_the_same_key_with_another_request_is_refused(
    body: dict[str, str], path: str, api_client: ApiClients, tenant: Tenant
) -> None:
    client = api_client()
    client.post(TEAMS, {"slug": "a"}, format="json", headers=KEY)

    response = client.post(path, body, format="json", headers=KEY)

    assert response.status_code == 409
    assert response.json()["code"] == "idempotency.key_reused"
    assert count_teams(tenant) == 1


def test_another_caller_may_use_the_same_key(api_client: ApiClients, tenant: Tenant) -> None:
    api_client().post(TEAMS, {"slug": "a"}, format="json", headers=KEY)

    response = api_client().post(TEAMS, {"slug": "b"}, format="json", headers=KEY)

    assert response.status_code == 201
    assert count_teams(tenant) == 2


def test_another_tenant_may_use_the_same_key(api_client: ApiClients, tenant: Tenant, other_tenant: Tenant) -> None:
    api_client().post(TEAMS, {"slug": "a"}, format="json", headers=KEY)

    response = api_client(of=other_tenant).post(TEAMS, {"slug": "a"}, format="json", headers=KEY)

    assert "Idempotent-Replayed" not in response
    assert count_teams(other_tenant) == 1


def test_a_refused_request_may_be_tried_again(api_client: ApiClients, tenant: Tenant) -> None:
    client = api_client()
    refused = client.post(TEAMS, {"slug": "a", "then": "far too long"}, format="json", headers=KEY)

    response = client.post(TEAMS, {"slug": "a"}, format="json", headers=KEY)

    assert (refused.status_code, response.status_code) == (422, 201)


def test_after_24_hours_the_key_is_free(api_client: ApiClients, tenant: Tenant) -> None:
    client = api_client()
    client.post(TEAMS, {"slug": "a"}, format="json", headers=KEY)
    with tenant_scope(tenant.pk):
        IdempotencyRecord.objects.update(at=now() - timedelta(hours=24))

    response = client.post(TEAMS, {"slug": "b"}, format="json", headers=KEY)

    assert response.status_code == 201
    assert "Idempotent-Replayed" not in response


def test_outlived_answers_of_every_tenant_are_forgotten(api_client: ApiClients) -> None:
    api_client().post(TEAMS, {"slug": "a"}, format="json", headers=KEY)

    early = forget_outlived(at=now())
    late = forget_outlived(at=now() + timedelta(hours=24))

    assert (early, late) == (0, 1)


def test_the_daily_task_leaves_young_answers(api_client: ApiClients, tenant: Tenant) -> None:
    api_client().post(TEAMS, {"slug": "a"}, format="json", headers=KEY)

    purge_idempotency()

    with tenant_scope(tenant.pk):
        assert IdempotencyRecord.objects.count() == 1


@pytest.mark.parametrize("key", ["", "a" * 256, "caf\u00e9", "tab\there"])
def test_a_key_that_is_not_printable_is_refused(key: str, api_client: ApiClients) -> None:
    response = api_client().post(TEAMS, {"slug": "a"}, format="json", headers={"Idempotency-Key": key})

    assert response.status_code == 400
    assert response.json()["code"] == "idempotency.key_invalid"


def test_reading_ignores_the_key(api_client: ApiClients, tenant: Tenant) -> None:
    assert api_client().get(TEAMS, headers=KEY).json() == []


@pytest.mark.django_db(transaction=True)
def test_two_requests_at_once_are_done_once(tenant: Tenant) -> None:
    issued = token_for(person_with(tenant, *Role), tenant)
    start = Barrier(2)

    def post(_: int) -> tuple[int, bytes, bool]:
        client = APIClient(raise_request_exception=False)
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {issued.secret}")
        start.wait()
        try:
            response = client.post(TEAMS, {"slug": "a"}, format="json", headers=KEY)
        finally:
            connection.close()
        return response.status_code, response.content, "Idempotent-Replayed" in response

    with ThreadPoolExecutor(2) as pool:
        (first, first_body, first_again), (second, second_body, second_again) = pool.map(post, range(2))

    assert (first, second) == (201, 201)
    assert first_body == second_body
    assert {first_again, second_again} == {True, False}
    assert count_teams(tenant) == 1
