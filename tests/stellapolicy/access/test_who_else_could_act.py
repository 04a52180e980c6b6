"""Where two people are needed, whoever could act as somebody counts as that somebody."""

from typing import Any
from uuid import uuid4

import pytest
from rest_framework.test import APIClient

from stellapolicy.access.errors import OwnRoles, ServiceNotFound, TeamNotFound
from stellapolicy.access.models import ApiToken, RoleAssignment, User
from stellapolicy.access.ports import HeldDeed
from stellapolicy.access.roles import Role
from stellapolicy.access.services.people import assign_role, complete_role_grant, create_person
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.refusals import Refusal
from stellapolicy.tenancy.models import Tenant
from stellapolicy.tenancy.scope import tenant_scope
from tests.factories import NOON, UserFactory, almighty, give_roles

PASSWORD = "Kx29-ffaq-19zz!"


def admin(tenant: Tenant, name: str) -> APIClient:
    person = UserFactory(username=name)
    give_roles(person, tenant, Role.ADMIN)
    return signed_in(person)


def signed_in(person: User) -> APIClient:
    client = APIClient(raise_request_exception=False)
    client.force_login(person)
    return client


def bearer(secret: str) -> APIClient:
    client = APIClient(raise_request_exception=False)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    return client


def token(client: APIClient, username: str, name: str = "x") -> dict[str, Any]:
    asked = {"username": username, "name": name, "scopes": ["governance:write", "governance:read"]}
    issued: dict[str, Any] = client.post("/api/v1/tokens", asked, format="json").json()
    return issued


def asks(client: APIClient) -> str:
    asked = client.post("/api/v1/roles", {"username": "robin", "role": "ciso", "reason": "new"}, format="json")
    return str(asked.json()["request_id"])


def votes(client: APIClient, request_id: str) -> str:
    waiting = client.get(f"/api/v1/approvals/{request_id}").json()
    said = {"approve": True, "payload_hash": waiting["payload_hash"], "reason": "seen"}
    answer = client.post(f"/api/v1/approvals/{request_id}:vote", said, format="json")
    return "" if answer.status_code == 200 else str(answer.json()["code"])


@pytest.fixture
def mallory(tenant: Tenant) -> APIClient:
    UserFactory(username="robin")
    return admin(tenant, "mallory")


def test_whoever_issued_a_token_does_not_decide_what_it_asks(mallory: APIClient, tenant: Tenant) -> None:
    admin(tenant, "bob")
    carol = admin(tenant, "carol")
    speaking = bearer(token(mallory, "bob")["secret"])
    first, cached = asks(speaking), speaking.get("/api/v1/me").status_code

    assert (votes(mallory, first), cached) == ("second_person_required", 200)
    assert votes(carol, first) == ""


def test_a_token_from_the_cache_still_says_who_issued_it(mallory: APIClient, tenant: Tenant) -> None:
    admin(tenant, "bob")
    speaking = bearer(token(mallory, "bob")["secret"])
    speaking.get("/api/v1/me")

    assert votes(mallory, asks(speaking)) == "second_person_required"


def test_whoever_rotated_a_token_does_not_decide_what_it_asks(mallory: APIClient, tenant: Tenant) -> None:
    bob = admin(tenant, "bob")
    token(bob, "bob")
    kept = ApiToken.objects.get(name="x")

    rotated = mallory.post(f"/api/v1/tokens/{kept.pk}:rotate", {}, format="json").json()

    assert votes(mallory, asks(bearer(rotated["secret"]))) == "second_person_required"


def test_whoever_issued_a_token_is_behind_those_it_issues(mallory: APIClient, tenant: Tenant) -> None:
    admin(tenant, "bob"), admin(tenant, "carol")
    speaking = bearer(token(mallory, "bob")["secret"])

    token(speaking, "carol", name="y")

    assert ApiToken.objects.get(name="y").issued_by_people == ["user:bob", "user:mallory"]


def test_a_token_of_ones_own_has_nobody_else_behind_it(mallory: APIClient) -> None:
    token(mallory, "mallory")

    assert ApiToken.objects.get().issued_by_people == []


def test_nobody_gives_themselves_a_role_by_the_token_of_another(tenant: Tenant) -> None:
    mallory = UserFactory(username="mallory")
    actor = Actor(
        tenant.pk,
        "token:x",
        frozenset({"governance:write"}),
        extra={"person": "user:bob", "issued_by": mallory.subject},
    )

    with tenant_scope(tenant.pk), pytest.raises(OwnRoles):
        assign_role(actor=actor, user=mallory, role=Role.VIEWER, at=NOON)


def test_whoever_chose_a_password_does_not_decide_what_its_person_asks(mallory: APIClient, tenant: Tenant) -> None:
    person = User.objects.get(username="mallory")
    actor = Actor(tenant.pk, person.subject, frozenset({"governance:write"}), extra={"person": person.subject})
    with tenant_scope(tenant.pk):
        puppet = create_person(actor=actor, username="puppet", email="", password=PASSWORD, at=NOON)
    give_roles(puppet, tenant, Role.ADMIN)
    client = signed_in(puppet)

    assert (puppet.created_by, puppet.password_set_by) == ("user:mallory", "user:mallory")
    assert votes(mallory, asks(client)) == "second_person_required"


def test_a_person_made_with_a_password_does_not_decide_what_its_chooser_asks(
    mallory: APIClient, tenant: Tenant
) -> None:
    puppet = UserFactory(username="puppet", password_set_by="user:mallory")
    give_roles(puppet, tenant, Role.ADMIN)

    assert votes(signed_in(puppet), asks(mallory)) == "second_person_required"


def test_a_person_without_a_password_is_nobodys(tenant: Tenant) -> None:
    with tenant_scope(tenant.pk):
        person = create_person(actor=almighty(tenant), username="dora", email="", at=NOON)

    assert person.password_set_by == ""


@pytest.mark.parametrize("place,refusal", [("team_id", TeamNotFound), ("service_id", ServiceNotFound)])
def test_a_role_for_what_is_gone_is_not_widened_to_the_tenant(
    place: str, refusal: type[Refusal], tenant: Tenant
) -> None:
    person = UserFactory()
    asked = {"user_id": str(person.pk), "username": person.username, "role": "ciso", "team_id": None}
    deed = HeldDeed({**asked, "service_id": None, place: str(uuid4())}, "user:a", "user:a", "because")

    with tenant_scope(tenant.pk):
        with pytest.raises(refusal):
            complete_role_grant(actor=almighty(tenant), deed=deed, at=NOON)

        assert not RoleAssignment.objects.of(person).exists()
