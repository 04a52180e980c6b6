"""Teams, services and environments are made once and described anew by who may govern."""

from typing import Any

import pytest

from stellapolicy.audit.models import Entry
from stellapolicy.tenancy.models import Environment, Service, Tenant
from stellapolicy.tenancy.scope import tenant_scope
from tests.clients import client_of
from tests.factories import TenantFactory

SERVICE = {
    "slug": "api",
    "name": "API",
    "team": "shop",
    "tier": 1,
    "repositories": ["shop/*"],
    "labels": {"app": "api"},
}
PLACE = {"slug": "edge", "name": "Edge", "tier": "production", "exposure": "internet"}


@pytest.fixture
def tenant(db: None) -> Tenant:
    return TenantFactory()


def test_a_service_is_made_listed_and_described_anew(tenant: Tenant) -> None:
    client = client_of(tenant, "governance:write", "governance:read")
    client.post("/api/v1/teams", {"slug": "shop", "name": "Shop"}, format="json")

    made = client.post("/api/v1/services", SERVICE, format="json")
    described = client.put("/api/v1/services/api", {**SERVICE, "name": "The API", "tier": 0}, format="json")

    assert (made.status_code, made.json()["labels"]) == (201, {"app": "api"})
    assert described.status_code == 200
    assert client.get("/api/v1/services").json()["items"] == [described.json()]
    with tenant_scope(tenant.pk):
        assert (Service.objects.get().repositories, Service.objects.get().tier) == (["shop/*"], 0)
        assert set(Entry.objects.values_list("action", flat=True)) >= {"service.made", "service.described"}


def test_an_environment_keeps_the_tier_it_was_made_with(tenant: Tenant) -> None:
    client = client_of(tenant, "governance:write", "governance:read")
    client.post("/api/v1/environments", PLACE, format="json")

    client.put("/api/v1/environments/edge", {"name": "Far edge", "tier": "development"}, format="json")

    with tenant_scope(tenant.pk):
        environment = Environment.objects.get(slug="edge")
    assert (environment.name, environment.tier, environment.exposure) == ("Far edge", "production", "internal")


@pytest.mark.parametrize(
    "method,address,body,code",
    [
        ("post", "teams", {"slug": "shop", "name": "Again"}, "organisation.slug_taken"),
        ("post", "services", {**SERVICE, "team": "nobody"}, "organisation.slug_unknown"),
        ("put", "services/nothing", {"name": "x", "team": "shop"}, "organisation.slug_unknown"),
        ("put", "teams/nothing", {"name": "x"}, "organisation.slug_unknown"),
        ("put", "environments/nothing", {"name": "x"}, "organisation.slug_unknown"),
    ],
)
def test_what_cannot_be_is_refused_with_its_code(
    tenant: Tenant, method: str, address: str, body: dict[str, Any], code: str
) -> None:
    client = client_of(tenant, "governance:write")
    client.post("/api/v1/teams", {"slug": "shop", "name": "Shop"}, format="json")

    problem = getattr(client, method)(f"/api/v1/{address}", body, format="json")

    assert problem.json()["code"] == code


@pytest.mark.parametrize(
    "body",
    [
        {**SERVICE, "tier": 4},
        {**SERVICE, "slug": "not a slug"},
        {**SERVICE, "labels": {str(number): "x" for number in range(51)}},
        {**SERVICE, "labels": {"x" * 101: "x"}},
        {**SERVICE, "repositories": ["x"] * 101},
    ],
)
def test_a_service_beyond_measure_is_refused(tenant: Tenant, body: dict[str, Any]) -> None:
    client = client_of(tenant, "governance:write")
    client.post("/api/v1/teams", {"slug": "shop", "name": "Shop"}, format="json")

    assert client.post("/api/v1/services", body, format="json").status_code in {400, 422}


def test_who_only_reads_makes_nothing(tenant: Tenant) -> None:
    client = client_of(tenant, "governance:read")

    assert client.post("/api/v1/teams", {"slug": "shop", "name": "Shop"}, format="json").status_code == 403
    assert client.get("/api/v1/teams").json()["items"] == []


def test_nothing_of_another_tenant_is_listed_or_changed(tenant: Tenant) -> None:
    client_of(tenant, "governance:write").post("/api/v1/teams", {"slug": "shop", "name": "Shop"}, format="json")
    stranger = client_of(TenantFactory(), "governance:write", "governance:read")

    assert stranger.get("/api/v1/teams").json()["items"] == []
    assert stranger.put("/api/v1/teams/shop", {"name": "Mine"}, format="json").status_code == 404
