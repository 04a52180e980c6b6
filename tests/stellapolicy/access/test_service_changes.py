"""A service changes hands, weight or claims with a second person only."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from stellapolicy.access.models import User
from stellapolicy.access.roles import Role
from stellapolicy.access.services.organisation import ServiceTerms, describe_service
from stellapolicy.governance.models import ApprovalRequest
from stellapolicy.kernel.actor import Actor
from stellapolicy.tenancy.models import Service, Team, Tenant
from stellapolicy.tenancy.scope import tenant_scope
from tests.factories import NOON, ServiceFactory, TeamFactory, UserFactory, give_roles

SAID: dict[str, Any] = {"name": "P", "team": "theirs", "tier": 0, "repositories": ["pay/*"], "labels": {}}
ADDRESS = "/api/v1/services/payments"


def admin(tenant: Tenant, name: str) -> APIClient:
    person = UserFactory(username=name)
    give_roles(person, tenant, Role.ADMIN)
    client = APIClient(raise_request_exception=False)
    client.force_login(person)
    return client


@pytest.fixture
def ada(tenant: Tenant) -> APIClient:
    with tenant_scope(tenant.pk):
        TeamFactory(slug="mine")
        ServiceFactory(slug="payments", name="P", team=TeamFactory(slug="theirs"), tier=0, repositories=["pay/*"])
    return admin(tenant, "ada")


def lets_decide_for_mine(tenant: Tenant, name: str) -> None:
    with tenant_scope(tenant.pk):
        mine = Team.objects.get(slug="mine")
    give_roles(User.objects.get(username=name), tenant, Role.REVIEWER, Role.RELEASE_CAPTAIN, team=mine)


def stored(tenant: Tenant) -> dict[str, Any]:
    with tenant_scope(tenant.pk):
        row = Service.objects.select_related("team").get(slug="payments")
        said = {"name": row.name, "team": row.team.slug, "tier": row.tier}
        return {**said, "repositories": row.repositories, "labels": row.labels}


def votes(client: APIClient, request_id: str) -> str:
    waiting = client.get(f"/api/v1/approvals/{request_id}").json()
    said = {"approve": True, "payload_hash": waiting["payload_hash"], "reason": "seen"}
    answer = client.post(f"/api/v1/approvals/{request_id}:vote", said, format="json")
    return "" if answer.status_code == 200 else str(answer.json()["code"])


@pytest.mark.parametrize(
    "change", [{"tier": 3}, {"repositories": ["*"]}, {"repositories": []}, {"labels": {"app": "other"}}]
)
def test_what_loosens_a_service_waits_for_a_second_person(
    change: dict[str, Any], ada: APIClient, tenant: Tenant
) -> None:
    asked = ada.put(ADDRESS, {**SAID, **change}, format="json")
    before = stored(tenant)

    assert (asked.status_code, before) == (202, SAID)
    assert votes(admin(tenant, "bob"), asked.json()["request_id"]) == ""
    assert stored(tenant) == {**SAID, **change}


def test_a_move_to_who_decides_waits_for_somebody_who_gains_nothing(ada: APIClient, tenant: Tenant) -> None:
    bob, carol = admin(tenant, "bob"), admin(tenant, "carol")
    lets_decide_for_mine(tenant, "ada")
    lets_decide_for_mine(tenant, "bob")

    request_id = ada.put(ADDRESS, {**SAID, "team": "mine"}, format="json").json()["request_id"]

    assert votes(ada, request_id) == votes(bob, request_id) == "second_person_required"
    assert stored(tenant)["team"] == "theirs"
    assert votes(carol, request_id) == ""
    assert stored(tenant)["team"] == "mine"


def test_whoever_came_to_decide_for_the_new_team_since_does_not_confirm(ada: APIClient, tenant: Tenant) -> None:
    bob = admin(tenant, "bob")
    lets_decide_for_mine(tenant, "ada")
    request_id = ada.put(ADDRESS, {**SAID, "team": "mine"}, format="json").json()["request_id"]
    lets_decide_for_mine(tenant, "bob")

    assert votes(bob, request_id) == "role.own"


@pytest.mark.parametrize("change", [{"name": "Payments"}, {"team": "mine"}])
def test_what_opens_nothing_is_described_at_once(change: dict[str, Any], ada: APIClient, tenant: Tenant) -> None:
    assert ada.put(ADDRESS, {**SAID, **change}, format="json").status_code == 200
    assert stored(tenant) == {**SAID, **change}


def test_a_change_asked_of_a_service_that_changed_since_is_refused(ada: APIClient, tenant: Tenant) -> None:
    request_id = ada.put(ADDRESS, {**SAID, "tier": 3}, format="json").json()["request_id"]
    ada.put(ADDRESS, {**SAID, "name": "Payments"}, format="json")

    assert votes(admin(tenant, "bob"), request_id) == "organisation.service_changed"
    assert stored(tenant)["tier"] == 0


def test_whoever_decides_reads_each_difference(ada: APIClient, tenant: Tenant) -> None:
    request_id = ada.put(ADDRESS, {**SAID, "tier": 3}, format="json").json()["request_id"]

    waiting = ada.get(f"/api/v1/approvals/{request_id}").content.decode()

    assert "Its tier: 0 becomes 3." in waiting


def test_the_command_line_of_the_installation_asks_nobody(ada: APIClient, tenant: Tenant) -> None:
    actor = Actor(tenant.pk, "command:setup", frozenset({"governance:write"}))

    with tenant_scope(tenant.pk):
        described = describe_service(actor=actor, terms=ServiceTerms(slug="payments", **{**SAID, "tier": 3}), at=NOON)

        assert (described.service is not None, ApprovalRequest.objects.count()) == (True, 0)
