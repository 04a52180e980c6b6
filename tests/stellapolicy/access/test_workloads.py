"""Who says which pipelines are trusted, and with what."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from pytest_django.fixtures import Settings

from stellapolicy.access import issuers
from stellapolicy.access.errors import ServiceNotFound
from stellapolicy.access.identity_errors import IssuerNotConfigured, WorkloadNotFound, WorkloadTrustedAlready
from stellapolicy.access.models import TrustedWorkload
from stellapolicy.access.services.workloads import withdraw_workload
from stellapolicy.audit.models import Entry
from stellapolicy.env import ConfigurationError
from stellapolicy.kernel.actor import Actor, ScopeMissing
from stellapolicy.tenancy.models import Tenant
from stellapolicy.tenancy.scope import tenant_scope
from tests.factories import NOON, ServiceFactory, almighty
from tests.stellapolicy.access.workloads import trust
from tests.stellapolicy.conftest import ApiClients

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.stellapolicy.floor_urls")]

WORKLOADS = "/api/v1/trusted-workloads"
ASKED = {
    "issuer": "github",
    "repository_id": "42",
    "repository": "acme/api",
    "ref_pattern": "refs/heads/main",
}


@pytest.fixture(autouse=True)
def github(settings: Settings) -> None:
    settings.WORKLOAD_ISSUERS = '[{"provider": "github"}]'


def test_trust_is_said_and_taken_back_with_a_reason(api_client: ApiClients, tenant: Tenant) -> None:
    with tenant_scope(tenant.pk):
        service = ServiceFactory()
    admin = api_client(scopes=["governance:write", "governance:read"])

    said = admin.post(WORKLOADS, {**ASKED, "service_id": str(service.pk)}, format="json")
    taken = admin.post(f"{WORKLOADS}/{said.json()['id']}:withdraw", {"reason": "moved"}, format="json")

    assert said.status_code == 201
    assert said.json()["protected_only"] is True
    assert taken.json()["withdrawn_by"].startswith("token:")
    assert [row["id"] for row in admin.get(WORKLOADS).json()["items"]] == [said.json()["id"]]
    with tenant_scope(tenant.pk):
        entries = Entry.objects.filter(action__startswith="workload.").order_by("seq")
        assert [(entry.action, entry.reason) for entry in entries] == [
            ("workload.trusted", ""),
            ("workload.withdrawn", "moved"),
        ]


def test_the_same_trust_is_said_once(tenant: Tenant) -> None:
    with tenant_scope(tenant.pk):
        service = ServiceFactory()
    trust(tenant, service)

    with pytest.raises(WorkloadTrustedAlready):
        trust(tenant, service)


def test_what_was_withdrawn_may_be_trusted_again(tenant: Tenant, actor: Actor) -> None:
    with tenant_scope(tenant.pk):
        service = ServiceFactory()
    first = trust(tenant, service)
    with tenant_scope(tenant.pk):
        withdraw_workload(actor=actor, pk=first.pk, at=NOON)

    assert trust(tenant, service).pk != first.pk


def test_what_was_withdrawn_cannot_be_withdrawn_again(tenant: Tenant, actor: Actor) -> None:
    workload = trust(tenant)
    with tenant_scope(tenant.pk):
        withdraw_workload(actor=actor, pk=workload.pk, at=NOON)

        with pytest.raises(WorkloadNotFound):
            withdraw_workload(actor=actor, pk=workload.pk, at=NOON)


def test_an_issuer_the_installation_does_not_believe_is_refused(tenant: Tenant) -> None:
    with pytest.raises(IssuerNotConfigured):
        trust(tenant, issuer="gitlab")


def test_the_service_of_another_tenant_is_not_found(tenant: Tenant, other_tenant: Tenant) -> None:
    with tenant_scope(other_tenant.pk):
        foreign = ServiceFactory()

    with pytest.raises(ServiceNotFound):
        trust(tenant, service_id=foreign.pk)


def test_trusting_needs_the_scope_for_the_service(tenant: Tenant, actor: Actor) -> None:
    workload = trust(tenant)
    elsewhere = replace(actor, services=frozenset({uuid4()}))

    with tenant_scope(tenant.pk), pytest.raises(ScopeMissing):
        withdraw_workload(actor=elsewhere, pk=workload.pk, at=datetime.now(tz=UTC))


def test_a_tenant_sees_only_what_it_trusts_itself(api_client: ApiClients, tenant: Tenant, other_tenant: Tenant) -> None:
    foreign = trust(other_tenant)
    admin = api_client(scopes=["governance:write", "governance:read"])

    assert admin.get(WORKLOADS).json()["items"] == []
    assert admin.post(f"{WORKLOADS}/{foreign.pk}:withdraw").json()["code"] == "workload.not_found"


def test_whoever_reads_for_one_service_sees_what_is_trusted_with_it(tenant: Tenant) -> None:
    with tenant_scope(tenant.pk):
        mine, other = ServiceFactory(), ServiceFactory()
    seen, _ = trust(tenant, mine), trust(tenant, other)
    narrow = replace(almighty(tenant), services=frozenset({mine.pk}))

    with tenant_scope(tenant.pk):
        rows = list(TrustedWorkload.objects.visible_to(narrow, "governance:read"))

    assert rows == [seen]


def test_the_public_services_are_known_by_name(settings: Settings) -> None:
    settings.PUBLIC_URL = "https://stella.example.org"
    settings.WORKLOAD_ISSUERS = '[{"provider": "github"}, {"provider": "gitlab", "name": "lab", "audience": "x"}]'

    github, gitlab = issuers.configured()

    assert (github.name, github.audience) == ("github", "https://stella.example.org")
    assert github.issuer == "https://token.actions.githubusercontent.com"
    assert github.keys.url == "https://token.actions.githubusercontent.com/.well-known/jwks"
    assert (gitlab.name, gitlab.audience) == ("lab", "x")
    assert gitlab.keys.url == "https://gitlab.com/oauth/discovery/keys"


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "{}",
        "[1]",
        '[{"provider": "svn"}]',
        '[{"provider": "generic"}]',
        '[{"provider": "generic", "issuer": "https://x"}]',
        '[{"provider": "github", "aud": "x"}]',
        '[{"provider": "github", "audience": 7}]',
        '[{"provider": "github"}, {"provider": "github"}]',
    ],
)
def test_a_setting_that_is_no_list_of_issuers_stops_the_start(text: str, settings: Settings) -> None:
    settings.WORKLOAD_ISSUERS = text

    with pytest.raises(ConfigurationError, match="WORKLOAD_ISSUERS"):
        issuers.configured()
