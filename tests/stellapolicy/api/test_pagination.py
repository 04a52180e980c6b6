from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from stellapolicy.access.models import ApiToken
from stellapolicy.access.roles import Role
from stellapolicy.audit import actions
from stellapolicy.audit.services import Target, record
from stellapolicy.tenancy.models import Tenant
from stellapolicy.tenancy.scope import tenant_scope
from tests.factories import NOON, almighty, person_with, token_for
from tests.stellapolicy.conftest import ApiClients

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.stellapolicy.floor_urls")]

AUDIT = "/api/v1/governance/audit"
WHICH = {"action": "row.made"}


def record_rows(tenant: Tenant, *numbers: int) -> None:
    actions.register({"row.made": "Row made"})
    with tenant_scope(tenant.pk):
        for number in numbers:
            record(almighty(tenant), "row.made", Target("row", str(number)), at=NOON)


def pages(client: APIClient, *, limit: int, path: str = AUDIT) -> Iterator[list[str]]:
    query = {**WHICH, "limit": str(limit)}
    while True:
        page = client.get(path, query).json()
        yield [item["target_id"] for item in page["items"]]
        if page["next_cursor"] is None:
            return
        query["cursor"] = page["next_cursor"]


@pytest.fixture
def auditor(api_client: ApiClients) -> APIClient:
    return api_client(scopes=["audit:read", "governance:write"])


@pytest.mark.parametrize("limit, expected", [(2, [2, 2, 1]), (5, [5]), (4, [4, 1]), (500, [5])])
def test_pages_hold_every_row_once(limit: int, expected: list[int], auditor: APIClient, tenant: Tenant) -> None:
    record_rows(tenant, 1, 2, 3, 4, 5)

    found = list(pages(auditor, limit=limit))

    assert [len(page) for page in found] == expected
    assert [number for page in found for number in page] == ["5", "4", "3", "2", "1"]


def test_rows_that_arrive_meanwhile_repeat_and_skip_nothing(auditor: APIClient, tenant: Tenant) -> None:
    record_rows(tenant, 1, 2, 3, 4)
    walk = pages(auditor, limit=2)

    first = next(walk)
    record_rows(tenant, 5, 6)
    rest = [number for page in walk for number in page]

    assert (first, rest) == (["4", "3"], ["2", "1"])


def test_equal_instants_are_told_apart_by_the_rest_of_the_key(auditor: APIClient, tenant: Tenant) -> None:
    ApiToken.objects.all().delete()
    person = person_with(tenant, *Role)
    issued = token_for(person, tenant, "governance:write")
    for number in range(6):
        token_for(person, tenant, name=f"t{number}", at=NOON if number % 2 else NOON + timedelta(days=1))
    auditor.credentials(HTTP_AUTHORIZATION=f"Bearer {issued.secret}")

    names: list[str] = []
    query = {"limit": "1"}
    while query.get("cursor", "") is not None:
        page = auditor.get("/api/v1/tokens", query).json()
        names += [item["name"] for item in page["items"]]
        query["cursor"] = page["next_cursor"]

    assert len(names) == len(set(names)) == 7


def test_a_page_costs_the_same_queries_whatever_its_size(auditor: APIClient, tenant: Tenant) -> None:
    record_rows(tenant, *range(30))
    auditor.get(AUDIT)
    counts = []

    for limit in (1, 10, 30):
        with CaptureQueriesContext(connection) as captured:
            auditor.get(AUDIT, {"limit": limit})
        counts.append(len(captured))

    assert len(set(counts)) == 1


@pytest.mark.parametrize("limit", ["0", "501", "-1", "ten", "", "1e2", "9" * 5000, "\u0663"])
def test_a_limit_out_of_range_is_refused(limit: str, auditor: APIClient) -> None:
    response = auditor.get(AUDIT, {"limit": limit})

    assert response.status_code == 400
    assert response.json()["code"] == "limit.refused"


@pytest.mark.parametrize("cursor", ["x", "\u00e9", "AAAA", "=", "a" * 3000, "eyJ2IjpbMV19"])
def test_a_made_up_cursor_is_refused(cursor: str, auditor: APIClient) -> None:
    response = auditor.get(AUDIT, {"cursor": cursor})

    assert response.status_code == 400
    assert response.json()["code"] == "cursor.refused"


def test_a_tampered_cursor_is_refused(auditor: APIClient, tenant: Tenant) -> None:
    record_rows(tenant, 1, 2, 3)
    cursor = auditor.get(AUDIT, {"limit": 1}).json()["next_cursor"]
    middle = len(cursor) // 2
    flipped = cursor[:middle] + ("A" if cursor[middle] != "A" else "B") + cursor[middle + 1 :]

    response = auditor.get(AUDIT, {"limit": 1, "cursor": flipped})

    assert response.json()["code"] == "cursor.refused"


def test_the_cursor_of_another_tenant_is_refused(
    auditor: APIClient, api_client: ApiClients, tenant: Tenant, other_tenant: Tenant
) -> None:
    record_rows(tenant, 1, 2, 3)
    cursor = auditor.get(AUDIT, {"limit": 1}).json()["next_cursor"]

    response = api_client(scopes=["audit:read"], of=other_tenant).get(AUDIT, {"limit": 1, "cursor": cursor})

    assert response.status_code == 400
    assert response.json()["code"] == "cursor.refused"


def test_the_cursor_of_another_question_is_refused(auditor: APIClient, tenant: Tenant) -> None:
    record_rows(tenant, 1, 2, 3)
    cursor = auditor.get(AUDIT, {"limit": "1", **WHICH}).json()["next_cursor"]

    response = auditor.get(AUDIT, {"limit": 1, "action": "token.issued", "cursor": cursor})

    assert response.json()["code"] == "cursor.refused"


def test_the_size_of_a_page_may_change_underway(auditor: APIClient, tenant: Tenant) -> None:
    record_rows(tenant, 1, 2, 3)
    cursor = auditor.get(AUDIT, {"limit": "1", **WHICH}).json()["next_cursor"]

    page = auditor.get(AUDIT, {"limit": "2", "cursor": cursor, **WHICH}).json()

    assert [item["target_id"] for item in page["items"]] == ["2", "1"]
