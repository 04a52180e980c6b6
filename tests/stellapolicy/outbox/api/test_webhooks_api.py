"""Webhooks and events over HTTP."""

from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from stellapolicy.kernel.actor import Actor
from stellapolicy.outbox.services import dispatching, outward
from stellapolicy.outbox.services.events import publish
from stellapolicy.tenancy.models import Tenant
from stellapolicy.tenancy.scope import tenant_scope
from tests.clients import client_of
from tests.factories import NOON, almighty
from tests.loopback import loopback

READ, WRITE = "governance:read", "webhook:write"
BODY = {"url": "https://8.8.8.8/hook", "events": ["test.*"], "description": "chat"}


def made(tenant: Tenant, **other: Any) -> dict[str, Any]:
    answer = client_of(tenant, WRITE).post("/api/v1/webhooks", {**BODY, **other}, format="json")
    assert answer.status_code == 201, answer.content
    return dict(answer.json())


def happen(actor: Actor, subject: str = "thing:1") -> None:
    with tenant_scope(actor.tenant_id):
        publish("test.happened", actor=actor, subject=subject, data={"number": 1}, at=NOON)


def test_a_created_webhook_shows_its_secret_and_never_again(tenant: Tenant) -> None:
    created = made(tenant)

    read = client_of(tenant, READ).get(f"/api/v1/webhooks/{created['id']}").json()
    assert created["secret"].startswith("whsec_")
    assert "secret" not in read
    assert (read["state"], read["events"]) == ("active", ["test.*"])


def test_an_idempotency_key_brings_back_the_webhook_without_its_secret(tenant: Tenant) -> None:
    client = client_of(tenant, WRITE)

    first, second = (
        client.post("/api/v1/webhooks", BODY, format="json", headers={"Idempotency-Key": "once"}).json()
        for _ in range(2)
    )

    assert (second["id"], second["secret"]) == (first["id"], None)


@pytest.mark.parametrize(
    "change,status,code",
    [
        ({"url": "http://8.8.8.8/"}, 422, "egress.not_allowed"),
        ({"url": "nonsense"}, 422, "egress.not_allowed"),
        ({"url": "https://127.0.0.1/"}, 422, "egress.address_refused"),
        ({"url": f"https://{'a' * 64}.example/"}, 422, "egress.not_allowed"),
        ({"url": "https://a..example/"}, 422, "egress.not_allowed"),
        ({"events": ["test.never"]}, 422, "event.unknown"),
        ({"events": []}, 422, "body.invalid"),
        ({"events": "test.*"}, 422, "body.invalid"),
        ({"url": 7}, 422, "egress.not_allowed"),
    ],
)
def test_a_webhook_that_cannot_be_is_refused_by_code(
    tenant: Tenant, change: dict[str, object], status: int, code: str
) -> None:
    answer = client_of(tenant, WRITE).post("/api/v1/webhooks", {**BODY, **change}, format="json")

    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_reading_does_not_bring_writing(tenant: Tenant) -> None:
    assert client_of(tenant, READ).post("/api/v1/webhooks", BODY, format="json").status_code == 403
    assert client_of(tenant, WRITE).get("/api/v1/webhooks").status_code == 403


def test_a_webhook_is_paused_resumed_tested_given_a_new_secret_and_deleted(tenant: Tenant) -> None:
    client = client_of(tenant, WRITE, READ)
    address = f"/api/v1/webhooks/{made(tenant)['id']}"

    paused = client.post(f"{address}:pause", {"reason": "too loud"}, format="json")
    while_paused = client.post(f"{address}:ping")
    resumed = client.post(f"{address}:resume")
    pinged = client.post(f"{address}:ping")
    rotated = client.post(f"{address}:rotate")
    deleted = client.delete(address)

    assert (paused.json()["state"], paused.json()["pause_reason"]) == ("paused", "too loud")
    assert (while_paused.status_code, while_paused.json()["code"]) == (409, "webhook.paused")
    assert resumed.json()["state"] == "active"
    assert UUID(pinged.json()["event_id"]).version == 7
    assert rotated.json()["secret"].startswith("whsec_")
    assert (deleted.status_code, client.get(address).status_code) == (204, 404)


def test_the_log_of_a_webhook_says_how_each_attempt_went_and_an_event_can_be_sent_again(
    tenant: Tenant, actor: Actor, settings: Settings
) -> None:
    settings.EGRESS_INTERNAL_HOSTS = {"webhook": ["127.0.0.1"]}
    client = client_of(tenant, WRITE, READ)
    with loopback() as server:
        address = f"/api/v1/webhooks/{made(tenant, url=server.url())['id']}"
        happen(actor)
        dispatching.dispatch(clock=lambda: NOON)
        outward.deliver(clock=lambda: NOON)
        (attempt,) = client.get(f"{address}/deliveries").json()["items"]

        again = client.post(f"{address}/deliveries/{attempt['id']}:redeliver")
        underway = client.post(f"{address}/deliveries/{attempt['id']}:redeliver")

    assert (attempt["event_name"], attempt["outcome"], attempt["response_status"]) == (
        "test.happened",
        "succeeded",
        200,
    )
    assert (again.status_code, again.json()["event_id"]) == (202, attempt["event_id"])
    assert (underway.status_code, underway.json()["code"]) == (409, "delivery.underway")


@pytest.mark.parametrize("door", ["", ":rotate", ":pause", ":resume", ":ping", "/deliveries"])
def test_the_webhook_of_another_tenant_is_not_there(tenant: Tenant, foreign_webhook: UUID, door: str) -> None:
    client = client_of(tenant, WRITE, READ)
    address = f"/api/v1/webhooks/{foreign_webhook}{door}"

    answer = client.post(address) if door.startswith(":") else client.get(address)

    assert (answer.status_code, answer.json()["code"]) == (404, "webhook.unknown")


def test_events_are_listed_newest_first_and_narrowed(tenant: Tenant, actor: Actor, other_tenant: Tenant) -> None:
    for subject in ("thing:1", "thing:2"):
        happen(actor, subject)
    happen(almighty(other_tenant), "foreign")
    client = client_of(tenant, READ)

    everything = client.get("/api/v1/events", {"name": "test.happened"}).json()["items"]
    narrowed = client.get("/api/v1/events", {"subject": "thing:1"}).json()["items"]

    assert [event["subject"] for event in everything] == ["thing:2", "thing:1"]
    assert [event["title"] for event in narrowed] == ["Something happened in a test"]


@pytest.mark.parametrize("address", ["/api/v1/events", "/api/v1/webhooks"])
def test_a_list_costs_the_same_queries_however_long(tenant: Tenant, actor: Actor, address: str) -> None:
    client = client_of(tenant, READ)
    made(tenant)
    happen(actor)
    client.get(address)  # the token is known from now on
    few = queries(client, address)
    for _ in range(5):
        made(tenant)
        happen(actor)

    assert queries(client, address) == few


def queries(client: Any, address: str) -> int:
    with CaptureQueriesContext(connection) as asked:
        assert client.get(address).status_code == 200
    return len(asked)


def test_every_event_there_is_is_listed_with_its_words(tenant: Tenant) -> None:
    items = client_of(tenant, READ).get("/api/v1/event-types").json()["items"]

    assert {"name": "gate.decided", "title": "A gate decided"} in items
    assert items == sorted(items, key=lambda item: item["name"])
