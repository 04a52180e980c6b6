from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client, RequestFactory
from pytest_django.fixtures import Settings
from rest_framework.test import APIClient

from stellapolicy.access import token_cache
from stellapolicy.access.errors import TenantRefused
from stellapolicy.access.models import ApiToken, RoleAssignment
from stellapolicy.access.roles import Role
from stellapolicy.access.services.tokens import revoke_token
from stellapolicy.access.sign_in import SESSION_KEY, choose_tenant
from stellapolicy.api.address import client_address
from stellapolicy.tenancy.models import Tenant
from stellapolicy.tenancy.scope import tenant_scope
from tests.factories import ServiceFactory, TenantFactory, UserFactory, almighty, give_roles, person_with, token_for
from tests.stellapolicy.conftest import ApiClients

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.stellapolicy.floor_urls")]

ME = "/api/v1/me"


def speaking(secret: str) -> APIClient:
    client = APIClient(raise_request_exception=False)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    return client


def test_a_token_speaks_for_its_tenant_with_its_scopes(api_client: ApiClients, tenant: Tenant) -> None:
    answer = api_client(scopes=["audit:read", "gate:read"]).get(ME).json()

    assert answer["subject"].startswith("token:")
    assert answer["tenant"]["slug"] == "acme"
    assert answer["scopes"] == ["audit:read", "gate:read"]
    assert answer["service_ids"] is None


def test_nobody_is_challenged_to_sign_in() -> None:
    response = APIClient().get(ME)

    assert response.status_code == 401
    assert response.json()["code"] == "auth.missing"
    assert response["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("header", ["Bearer", "Bearer ", "Basic YTpi", "Bearer two words", "Bearer caf\u00e9", "x"])
def test_a_header_that_holds_no_token_is_refused(header: str, db: None) -> None:
    response = APIClient(headers={"Authorization": header}).get(ME)

    assert response.status_code == 401
    assert response.json()["code"] == "token.malformed"


def test_a_secret_that_nobody_was_given_is_refused(tenant: Tenant) -> None:
    issued = token_for(person_with(tenant, Role.VIEWER), tenant, "gate:read")
    forged = issued.secret[:-1] + ("0" if issued.secret[-1] != "0" else "1")

    response = speaking(forged).get(ME)

    assert response.status_code == 401
    assert response.json()["code"] == "token.unknown"
    assert response["WWW-Authenticate"].startswith("Bearer")


def test_an_expired_token_is_refused_and_stays_to_say_so(tenant: Tenant) -> None:
    long_ago = datetime.now(tz=UTC) - timedelta(days=100)
    issued = token_for(person_with(tenant, Role.VIEWER), tenant, "gate:read", at=long_ago)

    codes = [speaking(issued.secret).get(ME).json()["code"] for _ in range(2)]

    assert codes == ["token.expired", "token.expired"]
    assert ApiToken.objects.filter(pk=issued.token.pk).exists()


def test_a_revoked_token_is_refused(tenant: Tenant) -> None:
    issued = token_for(person_with(tenant, Role.VIEWER), tenant, "gate:read")
    with tenant_scope(tenant.pk):
        revoke_token(actor=almighty(tenant), pk=issued.token.pk, at=datetime.now(tz=UTC))

    response = speaking(issued.secret).get(ME)

    assert response.status_code == 401
    assert response.json()["code"] == "token.revoked"


def test_the_token_of_a_disabled_person_is_refused(tenant: Tenant) -> None:
    person = person_with(tenant, Role.VIEWER)
    issued = token_for(person, tenant, "gate:read")
    person.is_active = False
    person.save()

    response = speaking(issued.secret).get(ME)

    assert response.status_code == 401
    assert response.json()["code"] == "person.disabled"


def test_a_token_loses_what_its_person_loses(tenant: Tenant) -> None:
    person = person_with(tenant, Role.VIEWER, Role.AUDITOR)
    issued = token_for(person, tenant, "audit:read", "gate:read")
    with tenant_scope(tenant.pk):
        RoleAssignment.objects.filter(role=Role.AUDITOR).delete()

    scopes = speaking(issued.secret).get(ME).json()["scopes"]

    assert scopes == ["gate:read"]


@pytest.mark.parametrize("named", ["acme", "id"])
def test_a_token_may_name_its_own_tenant(named: str, api_client: ApiClients, tenant: Tenant) -> None:
    header = str(tenant.pk) if named == "id" else named

    response = api_client(scopes=["gate:read"]).get(ME, headers={"X-Stella-Tenant": header})

    assert response.status_code == 200


def test_a_token_cannot_choose_another_tenant(api_client: ApiClients, other_tenant: Tenant) -> None:
    response = api_client(scopes=["gate:read"]).get(ME, headers={"X-Stella-Tenant": other_tenant.slug})

    assert response.status_code == 403
    assert response.json()["code"] == "tenant.refused"


def test_the_last_use_of_a_token_is_written_once_a_minute(tenant: Tenant) -> None:
    issued = token_for(person_with(tenant, Role.VIEWER), tenant, "gate:read")
    speaking(issued.secret).get(ME)
    first = ApiToken.objects.get().last_used_at
    assert first is not None

    speaking(issued.secret).get(ME)
    unchanged = ApiToken.objects.get().last_used_at
    ApiToken.objects.update(last_used_at=first - timedelta(minutes=2))
    token_cache.forget(issued.token.digest)
    speaking(issued.secret).get(ME)

    assert unchanged == first
    assert (ApiToken.objects.get().last_used_at or first) > first


def test_a_token_for_one_service_reaches_no_further(tenant: Tenant) -> None:
    with tenant_scope(tenant.pk):
        service = ServiceFactory()
    issued = token_for(person_with(tenant, Role.SERVICE), tenant, "gate:evaluate", service_id=service.pk)

    answer = speaking(issued.secret).get(ME).json()

    assert answer["service_ids"] == [str(service.pk)]
    assert answer["scopes"] == ["gate:evaluate"]


def test_a_role_for_a_team_reaches_the_services_of_the_team(tenant: Tenant) -> None:
    with tenant_scope(tenant.pk):
        mine = ServiceFactory()
        ServiceFactory()
    client = Client()
    client.force_login(person_with(tenant, Role.REVIEWER, team=mine.team))

    answer = client.get(ME).json()

    assert answer["service_ids"] == [str(mine.pk)]
    assert "exception:approve" in answer["scopes"]


def test_a_role_for_one_service_does_not_spread_to_the_tenant(tenant: Tenant) -> None:
    with tenant_scope(tenant.pk):
        service = ServiceFactory()
    person = person_with(tenant, Role.VIEWER)
    give_roles(person, tenant, Role.REVIEWER, service=service)
    client = Client()
    client.force_login(person)

    answer = client.get(ME).json()

    assert "exception:approve" not in answer["scopes"]
    assert "exception:approve" in answer["service_scopes"][str(service.pk)]


def test_a_person_works_in_the_first_of_their_tenants(tenant: Tenant, other_tenant: Tenant) -> None:
    person = person_with(other_tenant, Role.VIEWER)
    give_roles(person, tenant, Role.AUDITOR)
    client = Client()
    client.force_login(person)

    answer = client.get(ME).json()

    assert answer["tenant"]["slug"] == "acme"
    assert [each["slug"] for each in answer["tenants"]] == ["acme", "globex"]
    assert "audit:read" in answer["scopes"]


def test_a_person_chooses_among_their_tenants_by_header(tenant: Tenant, other_tenant: Tenant) -> None:
    person = person_with(other_tenant, Role.VIEWER)
    give_roles(person, tenant, Role.AUDITOR)
    client = Client()
    client.force_login(person)

    answer = client.get(ME, headers={"X-Stella-Tenant": "globex"}).json()

    assert answer["tenant"]["slug"] == "globex"
    assert "audit:read" not in answer["scopes"]


def test_a_person_cannot_choose_the_tenant_of_others(tenant: Tenant, other_tenant: Tenant) -> None:
    client = Client()
    client.force_login(person_with(tenant, Role.VIEWER))

    response = client.get(ME, headers={"X-Stella-Tenant": "globex"})

    assert response.status_code == 403
    assert response.json()["code"] == "tenant.refused"


def test_a_person_without_any_role_has_no_tenant(db: None) -> None:
    TenantFactory()
    client = Client()
    client.force_login(UserFactory())

    response = client.get(ME)

    assert response.status_code == 403
    assert response.json()["code"] == "tenant.missing"


def test_being_a_superuser_brings_no_scope(tenant: Tenant) -> None:
    client = Client()
    client.force_login(UserFactory(is_superuser=True))

    answer = client.get(ME).json()

    assert answer["tenant"]["slug"] == "acme"
    assert answer["scopes"] == []


def test_the_session_of_a_disabled_person_dies_at_the_next_request(tenant: Tenant) -> None:
    person = person_with(tenant, Role.VIEWER)
    client = Client()
    client.force_login(person)
    person.is_active = False
    person.save()

    response = client.get(ME)

    assert response.status_code == 401


def test_a_session_may_not_write_without_its_csrf_token(tenant: Tenant) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(person_with(tenant, Role.ADMIN))

    response = client.post("/api/v1/tokens", {}, content_type="application/json")

    assert response.status_code == 403
    assert response.json()["code"] == "csrf.refused"


def test_pages_that_belong_to_nobody_open_no_tenant(db: None) -> None:
    client = Client()
    client.force_login(UserFactory())

    assert client.get("/healthz").status_code == 200
    assert client.get("/api/v1/openapi.json").status_code == 200


def test_a_person_goes_on_in_the_tenant_they_chose(tenant: Tenant, other_tenant: Tenant) -> None:
    person = person_with(tenant, Role.VIEWER)
    give_roles(person, other_tenant, Role.VIEWER)
    client = Client()
    client.force_login(person)
    session = client.session
    choose_tenant(session, person, "globex")
    session.save()

    assert client.get(ME).json()["tenant"]["slug"] == "globex"


def test_a_tenant_that_was_chosen_and_lost_is_forgotten(tenant: Tenant, other_tenant: Tenant) -> None:
    person = person_with(tenant, Role.VIEWER)
    client = Client()
    client.force_login(person)
    session = client.session
    session[SESSION_KEY] = str(other_tenant.pk)
    session.save()

    assert client.get(ME).json()["tenant"]["slug"] == "acme"


def test_nobody_chooses_a_tenant_that_is_not_theirs(tenant: Tenant, other_tenant: Tenant) -> None:
    person = person_with(tenant, Role.VIEWER)

    with pytest.raises(TenantRefused):
        choose_tenant(Client().session, person, "globex")


def test_a_page_of_the_admin_is_closed_to_somebody_without_a_tenant(db: None) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(UserFactory())

    assert client.get("/admin/").status_code == 403


@pytest.mark.parametrize(
    "forwarded, expected",
    [
        ("203.0.113.9, 192.0.2.7", "192.0.2.7"),
        ("2001:db8::1", "2001:db8::1"),
        ("forged", ""),
        (None, "127.0.0.1"),
    ],
)
def test_behind_the_proxy_the_address_it_added_counts(forwarded: str | None, expected: str, settings: Settings) -> None:
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}

    assert client_address(RequestFactory(headers=headers).get(ME)) == expected


def test_without_a_proxy_a_forwarded_address_is_only_a_claim() -> None:
    assert client_address(RequestFactory().get(ME, headers={"X-Forwarded-For": "192.0.2.7"})) == "127.0.0.1"
