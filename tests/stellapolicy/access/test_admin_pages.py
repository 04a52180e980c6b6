"""Pipelines, groups and locks in the admin."""

import json
from http import HTTPStatus
from uuid import uuid4

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from stellapolicy.access.models import GroupMapping, TrustedWorkload, User
from stellapolicy.access.roles import Role
from stellapolicy.governance.models import ApprovalRequest
from stellapolicy.tenancy.models import Service, Tenant
from stellapolicy.tenancy.scope import tenant_scope
from tests.factories import ServiceFactory, UserFactory, give_roles, person_with
from tests.stellapolicy.access.workloads import trust

pytestmark = pytest.mark.django_db

WORKLOADS, MAPPINGS = "/admin/access/trustedworkload/", "/admin/access/groupmapping/"


@pytest.fixture(autouse=True)
def github(settings: Settings) -> None:
    settings.WORKLOAD_ISSUERS = json.dumps([{"provider": "github"}])


@pytest.fixture
def service(tenant: Tenant) -> Service:
    with tenant_scope(tenant.pk):
        return ServiceFactory()


@pytest.fixture
def browser(tenant: Tenant) -> Client:
    client = Client()
    client.force_login(person_with(tenant, Role.ADMIN))
    return client


def asked(service: Service) -> dict[str, str]:
    return {
        "issuer": "github",
        "repository": "acme/api",
        "repository_id": "42",
        "ref_pattern": "refs/heads/main",
        "protected_only": "on",
        "service": str(service.pk),
    }


def test_a_pipeline_is_trusted_and_withdrawn(browser: Client, service: Service, tenant: Tenant) -> None:
    trusted = browser.post(f"{WORKLOADS}trust/", asked(service), follow=True)
    with tenant_scope(tenant.pk):
        workload = TrustedWorkload.objects.get()
    withdrawn = browser.post(f"{WORKLOADS}{workload.pk}/withdraw/", {"reason": "moved"}, follow=True)

    assert "acme/api is trusted." in trusted.content.decode()
    assert "acme/api is trusted no longer." in withdrawn.content.decode()


def test_a_refusal_is_said_in_the_form(browser: Client, service: Service, tenant: Tenant) -> None:
    trust(tenant, service)

    answer = browser.post(f"{WORKLOADS}trust/", asked(service))

    assert "Trusted already" in answer.content.decode()


def test_without_an_issuer_nothing_is_offered(browser: Client, settings: Settings) -> None:
    settings.WORKLOAD_ISSUERS = "[]"

    page = browser.get(WORKLOADS).content.decode()

    assert "WORKLOAD_ISSUERS" in page
    assert f"{WORKLOADS}trust/" not in page


def test_a_mapping_asked_for_waits(browser: Client, tenant: Tenant) -> None:
    answer = browser.post(f"{MAPPINGS}map/", {"group": "sec", "role": "ciso", "reason": "onboarding"}, follow=True)

    assert "It waits for a second person." in answer.content.decode()
    with tenant_scope(tenant.pk):
        assert ApprovalRequest.objects.count() == 1
        assert not GroupMapping.objects.exists()


def test_only_an_administrator_trusts_or_maps(tenant: Tenant) -> None:
    client = Client()
    client.force_login(person_with(tenant, Role.AUDITOR))

    answers = [client.get(f"{WORKLOADS}trust/"), client.get(f"{MAPPINGS}map/")]

    assert [answer.status_code for answer in answers] == [HTTPStatus.FORBIDDEN] * 2


def test_a_locked_person_is_unlocked_from_their_page(browser: Client, tenant: Tenant) -> None:
    alice: User = UserFactory(username=f"alice-{uuid4().hex}")
    give_roles(alice, tenant, Role.VIEWER)
    for _ in range(5):
        Client().post("/admin/login/", {"username": alice.username, "password": "wrong"})
    page = f"/admin/access/user/{alice.pk}/"

    locked = browser.get(f"{page}change/").content.decode()
    browser.post(f"{page}unlock/", {"reason": "called me"})
    unlocked = browser.get(f"{page}change/").content.decode()

    assert "Locked after too many wrong passwords from 127.0.0.1" in locked
    assert "Locked after" not in unlocked


def test_who_holds_a_role_for_a_team_is_shown_to_readers_of_the_whole_tenant(
    browser: Client, service: Service, tenant: Tenant
) -> None:
    give_roles(UserFactory(username="robin"), tenant, Role.REVIEWER, team=service.team)
    narrow = Client()
    narrow.force_login(person_with(tenant, Role.AUDITOR, service=service))
    page = f"/admin/tenancy/team/{service.team_id}/change/"

    shown, hidden = browser.get(page), narrow.get(page)

    assert (shown.status_code, "robin" in shown.content.decode()) == (HTTPStatus.OK, True)
    assert (hidden.status_code, "robin" in hidden.content.decode()) == (HTTPStatus.OK, False)
