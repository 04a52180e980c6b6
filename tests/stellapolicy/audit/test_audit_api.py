from datetime import timedelta

import pytest

from stellapolicy.audit.services import Target, record
from stellapolicy.kernel.actor import Actor
from stellapolicy.tenancy.models import Tenant
from stellapolicy.tenancy.scope import tenant_scope
from tests.factories import NOON, almighty
from tests.stellapolicy.conftest import ApiClients

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.stellapolicy.floor_urls")]

AUDIT = "/api/v1/governance/audit"


@pytest.fixture
def recorded(tenant: Tenant, actor: Actor) -> None:
    with tenant_scope(tenant.pk):
        for number in range(5):
            record(actor, "team.made", Target("tenancy.team", str(number)), at=NOON + timedelta(hours=number))


@pytest.mark.usefixtures("recorded")
def test_the_trail_is_read_newest_first(api_client: ApiClients) -> None:
    items = api_client(scopes=["audit:read"]).get(AUDIT, {"action": "team.made"}).json()["items"]

    assert [item["target_id"] for item in items] == ["4", "3", "2", "1", "0"]
    assert items[0]["action_label"] == "Team made"
    assert items[0]["at"] == "2026-03-02T16:00:00Z"


@pytest.mark.usefixtures("recorded")
def test_the_trail_is_narrowed_by_time_and_target(api_client: ApiClients) -> None:
    auditor = api_client(scopes=["audit:read"])

    by_time = auditor.get(AUDIT, {"since": "2026-03-02T13:00:00Z", "until": "2026-03-02T15:00:00Z"}).json()
    by_target = auditor.get(AUDIT, {"target_type": "tenancy.team", "target_id": "3"}).json()

    assert [item["target_id"] for item in by_time["items"]] == ["2", "1"]
    assert [item["target_id"] for item in by_target["items"]] == ["3"]


def test_a_malformed_instant_is_refused_with_its_place(api_client: ApiClients) -> None:
    response = api_client(scopes=["audit:read"]).get(AUDIT, {"since": "yesterday"})

    assert response.status_code == 400
    assert response.json()["code"] == "query.invalid"
    assert response.json()["errors"][0]["pointer"] == "/since"


def test_the_trail_of_another_tenant_is_not_shown(api_client: ApiClients, other_tenant: Tenant) -> None:
    with tenant_scope(other_tenant.pk):
        record(almighty(other_tenant), "team.made", Target("tenancy.team", "9"), at=NOON)

    items = api_client(scopes=["audit:read"]).get(AUDIT, {"action": "team.made"}).json()["items"]

    assert items == []


def test_the_trail_needs_its_scope(api_client: ApiClients) -> None:
    response = api_client(scopes=["governance:read"]).get(AUDIT)

    assert response.status_code == 403
    assert response.json()["detail"] == "this needs the scope audit:read"
