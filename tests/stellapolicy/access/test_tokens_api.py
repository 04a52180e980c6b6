import pytest

from stellapolicy.access.models import ApiToken
from stellapolicy.access.roles import Role
from stellapolicy.tenancy.models import Tenant
from tests.factories import person_with, token_for
from tests.stellapolicy.access.test_sign_in import ME, speaking
from tests.stellapolicy.conftest import ApiClients

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.stellapolicy.floor_urls")]

TOKENS = "/api/v1/tokens"


def test_an_issued_token_speaks_at_once(api_client: ApiClients) -> None:
    admin = api_client(scopes=["governance:write", "gate:read"])

    response = admin.post(TOKENS, {"name": "ci", "scopes": ["gate:read"], "lifetime_days": 7}, format="json")

    assert response.status_code == 201
    assert speaking(response.json()["secret"]).get(ME).json()["scopes"] == ["gate:read"]


def test_a_token_gives_no_scope_it_lacks_even_if_its_person_holds_it(api_client: ApiClients) -> None:
    admin = api_client(scopes=["governance:write"])

    response = admin.post(TOKENS, {"name": "ci", "scopes": ["gate:bypass"]}, format="json")

    assert response.status_code == 403
    assert response.json()["code"] == "token.scopes_exceeded"


def test_the_list_shows_no_secret_and_no_foreign_token(
    api_client: ApiClients, tenant: Tenant, other_tenant: Tenant
) -> None:
    token_for(person_with(other_tenant, Role.VIEWER), other_tenant, name="foreign")
    issued = token_for(person_with(tenant, Role.VIEWER), tenant, "gate:read", name="mine")

    response = api_client(scopes=["governance:write"]).get(TOKENS)

    names = {token["name"] for token in response.json()["items"]}
    assert "mine" in names
    assert "foreign" not in names
    assert issued.secret not in response.content.decode()
    assert issued.token.digest not in response.content.decode()


def test_a_token_is_rotated_and_revoked(api_client: ApiClients, tenant: Tenant) -> None:
    admin = api_client(scopes=["governance:write", "gate:read"])
    issued = token_for(person_with(tenant, Role.VIEWER), tenant, "gate:read", name="ci")

    rotated = admin.post(f"{TOKENS}/{issued.token.pk}:rotate").json()
    revoked = admin.post(f"{TOKENS}/{rotated['id']}:revoke", {"reason": "leaked"}, format="json")

    assert speaking(issued.secret).get(ME).json()["code"] == "token.revoked"
    assert speaking(rotated["secret"]).get(ME).json()["code"] == "token.revoked"
    assert revoked.json()["revoked_by"].startswith("token:")


def test_a_foreign_token_is_not_found(api_client: ApiClients, other_tenant: Tenant) -> None:
    foreign = token_for(person_with(other_tenant, Role.VIEWER), other_tenant)

    response = api_client(scopes=["governance:write"]).post(f"{TOKENS}/{foreign.token.pk}:revoke")

    assert response.status_code == 404
    assert response.json()["code"] == "token.not_found"
    assert ApiToken.objects.get(pk=foreign.token.pk).revoked_at is None


def test_tokens_need_the_scope(api_client: ApiClients) -> None:
    response = api_client(scopes=["governance:read"]).get(TOKENS)

    assert response.status_code == 403
    assert response.json()["code"] == "scope.missing"


def test_a_repeated_issue_makes_one_token_and_shows_its_secret_once(api_client: ApiClients) -> None:
    admin = api_client(scopes=["governance:write", "gate:read"])
    asked = {"name": "ci", "scopes": ["gate:read"]}

    first = admin.post(TOKENS, asked, format="json", headers={"Idempotency-Key": "k"})
    second = admin.post(TOKENS, asked, format="json", headers={"Idempotency-Key": "k"})

    assert second["Idempotent-Replayed"] == "true"
    assert first.json()["secret"]
    assert second.json() == {**first.json(), "secret": None}
    assert ApiToken.objects.filter(name="ci").count() == 1


@pytest.mark.parametrize(
    "body, pointer",
    [
        ({"scopes": ["gate:read"]}, "/name"),
        ({"name": "ci", "scopes": []}, "/scopes"),
        ({"name": "ci", "scopes": ["everything"]}, "/scopes/0"),
        ({"name": "ci", "scopes": ["gate:read"], "lifetime_days": 0}, "/lifetime_days"),
    ],
)
def test_a_faulty_request_names_the_place(body: dict[str, object], pointer: str, api_client: ApiClients) -> None:
    response = api_client(scopes=["governance:write", "gate:read"]).post(TOKENS, body, format="json")

    assert response.status_code == 422
    assert [fault["pointer"] for fault in response.json()["errors"]] == [pointer]


def test_a_token_for_a_stranger_is_refused(api_client: ApiClients) -> None:
    body = {"name": "ci", "scopes": ["gate:read"], "username": "nobody"}

    response = api_client(scopes=["governance:write", "gate:read"]).post(TOKENS, body, format="json")

    assert response.status_code == 404
    assert response.json()["code"] == "person.not_found"
