"""Whoever is let into one service reads what is about it, and nothing of the others."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from stellapolicy.access.roles import Role
from stellapolicy.tenancy.models import Service
from stellapolicy.tenancy.scope import tenant_scope
from tests.clients import client_of, question
from tests.factories import ServiceFactory, person_with, token_for
from tests.gates.conftest import Shop, make_shop
from tests.reports import KEV_CRITICAL, trivy

SCOPES = ("evidence:write", "gate:evaluate", "gate:read", "findings:read")


@pytest.fixture
def shop(db: None) -> Shop:
    """Return a shop of today, since over HTTP the present is the instant of a question."""
    return make_shop(at=datetime.now(tz=UTC))


@pytest.fixture
def desk(shop: Shop) -> Service:
    """Return a service that owns the repositories below desk/."""
    with tenant_scope(shop.tenant.pk):
        return ServiceFactory(slug="desk", repositories=["desk/*"])


def limited_to(shop: Shop, service: Service) -> APIClient:
    """Return a client whose token acts in one service alone."""
    person = person_with(shop.tenant, Role.ADMIN)
    issued = token_for(person, shop.tenant, *SCOPES, service_id=service.pk)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {issued.secret}")
    return client


def asked(client: APIClient, name: str) -> Any:
    scanned_at = datetime.now(tz=UTC) - timedelta(minutes=5)
    body = question(name, trivy(name, [KEV_CRITICAL], scanned_at=scanned_at))
    return client.post("/api/v1/gates/evaluations", body, format="json").json()


def queued(client: APIClient, name: str) -> Any:
    scanned_at = datetime.now(tz=UTC) - timedelta(minutes=5)
    body = question(name, trivy(name, [KEV_CRITICAL], scanned_at=scanned_at))
    return client.post("/api/v1/gates/jobs", body, format="json").json()


def test_decisions_of_other_services_are_not_there(shop: Shop, desk: Service) -> None:
    everywhere, here = client_of(shop.tenant, *SCOPES), limited_to(shop, desk)
    own, foreign = asked(everywhere, "desk/api"), asked(everywhere, "shop/api")

    listed = here.get("/api/v1/gates/decisions").json()["items"]

    assert [row["id"] for row in listed] == [own["id"]]
    assert here.get(own["links"]["self"]).status_code == 200
    for link in ("self", "report"):
        assert here.get(foreign["links"][link]).status_code == 404
    assert here.get(f"{foreign['links']['explain']}?finding=x").status_code == 404
    assert here.post(foreign["links"]["replay"]).status_code == 404


def test_jobs_of_other_services_are_not_there(shop: Shop, desk: Service) -> None:
    everywhere, here = client_of(shop.tenant, *SCOPES), limited_to(shop, desk)
    own, foreign = queued(everywhere, "desk/api"), queued(everywhere, "shop/api")

    listed = here.get("/api/v1/gates/jobs").json()["items"]

    assert [row["id"] for row in listed] == [own["id"]]
    assert here.get(own["status_url"]).status_code == 200
    assert here.get(foreign["status_url"]).status_code == 404


def test_whoever_may_ask_a_gate_may_read_what_it_answered(shop: Shop) -> None:
    pipeline = client_of(shop.tenant, "evidence:write", "gate:evaluate")

    answer = asked(pipeline, "shop/api")

    assert pipeline.get(answer["links"]["self"]).status_code == 200
