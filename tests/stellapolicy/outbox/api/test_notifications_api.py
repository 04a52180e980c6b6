"""Channels, rules and inboxes over HTTP."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from stellapolicy.access.roles import Role
from stellapolicy.kernel.actor import Actor
from stellapolicy.outbox.services import dispatching
from stellapolicy.outbox.services.events import publish
from stellapolicy.tenancy.models import Tenant
from stellapolicy.tenancy.scope import tenant_scope
from tests.clients import client_of
from tests.factories import NOON, UserFactory, give_roles, token_for

READ, WRITE = "governance:read", "webhook:write"
CHANNEL = {"name": "security", "kind": "in_app", "recipients": ["alice", "bob"]}


def of_person(tenant: Tenant, username: str) -> APIClient:
    person = UserFactory(username=username)
    give_roles(person, tenant, Role.VIEWER)
    client = APIClient(raise_request_exception=False)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token_for(person, tenant, READ).secret}")
    return client


def post(client: APIClient, address: str, body: dict[str, Any] | None = None) -> Any:
    return client.post(f"/api/v1/{address}", body or {}, format="json")


@pytest.fixture
def writer(tenant: Tenant) -> APIClient:
    return client_of(tenant, WRITE, READ)


def rule_over_new_channel(writer: APIClient) -> str:
    channel = post(writer, "notification-channels", CHANNEL).json()
    rule = post(writer, "notification-rules", {"channel_id": channel["id"], "events": ["test.*"]})
    assert rule.status_code == 201, rule.content
    return str(rule.json()["id"])


def happen(actor: Actor) -> None:
    with tenant_scope(actor.tenant_id):
        publish("test.happened", actor=actor, subject="thing:1", data={}, at=NOON)
    dispatching.dispatch(clock=lambda: NOON)


def test_everybody_reads_and_marks_their_own_inbox(tenant: Tenant, actor: Actor, writer: APIClient) -> None:
    rule_over_new_channel(writer)
    happen(actor)
    alice, carol = of_person(tenant, "alice"), of_person(tenant, "carol")

    (notification,) = alice.get("/api/v1/notifications", {"unread": "true"}).json()["items"]
    marked = post(alice, "notifications:mark-read", {"notification_ids": [notification["id"]]})
    unread = alice.get("/api/v1/notifications", {"unread": "true"}).json()["items"]

    assert notification["title"] == "Something happened in a test: thing:1"
    assert (marked.json(), unread) == ({"marked": 1}, [])
    assert carol.get("/api/v1/notifications").json()["items"] == []


def test_a_rule_is_muted_unmuted_and_removed(writer: APIClient) -> None:
    address = f"notification-rules/{rule_over_new_channel(writer)}"

    muted = post(writer, f"{address}:mute", {"until": "2999-01-01T00:00:00Z"})
    past = post(writer, f"{address}:mute", {"until": "2020-01-01T00:00:00Z"})
    unmuted = post(writer, f"{address}:unmute")
    removed = writer.delete(f"/api/v1/{address}")

    assert (muted.status_code, muted.json()["code"]) == (422, "rule.mute_refused")
    assert (past.status_code, past.json()["code"]) == (422, "rule.mute_refused")
    assert unmuted.json()["muted_until"] is None
    assert removed.status_code == 204
    assert post(writer, f"{address}:unmute").json()["code"] == "rule.unknown"


def test_a_channel_is_listed_without_its_secrets_and_removed(writer: APIClient) -> None:
    body = {"name": "chat", "kind": "slack", "url": "https://8.8.8.8/services/secret"}
    made = post(writer, "notification-channels", body).json()

    (listed,) = writer.get("/api/v1/notification-channels").json()["items"]
    removed = writer.delete(f"/api/v1/notification-channels/{made['id']}")

    assert "secret" not in str(listed)
    assert (removed.status_code, writer.get("/api/v1/notification-channels").json()["items"]) == (204, [])


@pytest.mark.parametrize(
    "body,status,code",
    [
        ({"name": "x", "kind": "slack", "url": "https://10.0.0.1/"}, 422, "egress.address_refused"),
        ({"name": "x", "kind": "email", "recipients": ["nobody"]}, 422, "channel.target_refused"),
        ({"name": "x", "kind": "pigeon"}, 422, "body.invalid"),
        ({"name": "security", "kind": "in_app", "recipients": ["alice"]}, 409, "channel.name_taken"),
    ],
)
def test_a_channel_that_cannot_be_is_refused_by_code(
    writer: APIClient, body: dict[str, object], status: int, code: str
) -> None:
    post(writer, "notification-channels", CHANNEL)

    answer = post(writer, "notification-channels", body)

    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_channel_of_another_tenant_is_not_there(writer: APIClient, other_tenant: Tenant) -> None:
    foreign = post(client_of(other_tenant, WRITE), "notification-channels", CHANNEL).json()["id"]

    rule = post(writer, "notification-rules", {"channel_id": foreign, "events": ["test.*"]})

    assert (rule.status_code, rule.json()["code"]) == (404, "channel.unknown")
    assert writer.delete(f"/api/v1/notification-channels/{foreign}").status_code == 404
