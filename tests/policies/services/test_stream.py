"""The inbound stream on a real server: acknowledged after our transaction, tried again, parked, never lost."""

import base64
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from pytest_django.fixtures import Settings
from redis import Redis

from policies.models import Snapshot, VexDocument
from policies.services import stream as inbound
from policies.services.stream import GROUP, TRIES, Drained, Stream, drain
from policies.tasks import consume_events
from stellapolicy.outbox.models import OutboxEvent
from stellapolicy.tenancy.scope import tenant_scope
from tests.factories import NOON
from tests.gates.conftest import Shop, make_shop
from tests.reports import KEV_CRITICAL, LOG4SHELL, digest_of, trivy


@pytest.fixture
def stream() -> Iterator[Stream]:
    client: Any = Redis.from_url(settings.CELERY_BROKER_URL)
    name = f"events-{uuid4()}"
    yield Stream(client, name)
    client.delete(name, f"{name}:parked")
    client.close()


@pytest.fixture
def acme(db: None) -> Shop:
    return make_shop()


def encoded(content: bytes) -> dict[str, str]:
    return {"filename": "report.json", "content_base64": base64.b64encode(content).decode()}


def scan(shop: Shop, image: str = "shop/api") -> dict[str, Any]:
    report = trivy(image, [KEV_CRITICAL], scanned_at=NOON - timedelta(hours=1))
    return {
        "type": "scan.completed",
        "tenant": shop.tenant.slug,
        "data": {"artifact": {"digest": digest_of(image), "name": image}, "reports": [encoded(report)]},
    }


def send(stream: Stream, event: dict[str, Any]) -> None:
    whole = {"specversion": "1.0", "id": str(uuid4()), "source": "/scanner", **event}
    stream.client.xadd(stream.name, {"event": json.dumps(whole)})


def take(stream: Stream, **said: Any) -> Drained:
    return drain(stream, consumer="test", clock=lambda: NOON, patience_seconds=0, **said)


def pending(stream: Stream) -> int:
    summary: Any = stream.client.xpending(stream.name, GROUP)
    count: int = summary["pending"]
    return count


def snapshots(shop: Shop) -> int:
    with tenant_scope(shop.tenant.pk):
        return Snapshot.objects.count()


def test_a_completed_scan_becomes_evidence_and_is_acknowledged(stream: Stream, acme: Shop) -> None:
    send(stream, scan(acme))

    assert take(stream) == Drained(handled=1)
    assert (snapshots(acme), pending(stream)) == (1, 0)


def test_the_same_event_twice_is_one_piece_of_evidence(stream: Stream, acme: Shop) -> None:
    for _ in range(2):
        send(stream, scan(acme))

    assert take(stream) == Drained(handled=2)
    assert snapshots(acme) == 1


def test_published_vex_is_kept(stream: Stream, acme: Shop) -> None:
    statement = {
        "vulnerability": {"name": LOG4SHELL},
        "products": [{"@id": "pkg:npm/log4j@2.14.1"}],
        "status": "under_investigation",
    }
    document = {
        "@context": "https://openvex.dev/ns/v0.2.0",
        "@id": "https://example.org/vex/1",
        "author": "Example",
        "timestamp": "2026-03-01T00:00:00Z",
        "version": 1,
        "statements": [statement],
    }
    data = {"documents": [encoded(json.dumps(document).encode())]}
    send(stream, {"type": "vex.published", "tenant": acme.tenant.slug, "data": data})

    assert take(stream) == Drained(handled=1)
    with tenant_scope(acme.tenant.pk):
        assert VexDocument.objects.count() == 1


def test_a_changed_advisory_is_told_with_the_artifacts_it_is_about(stream: Stream, acme: Shop) -> None:
    send(stream, scan(acme))
    advisory = {"type": "advisory.changed", "tenant": acme.tenant.slug, "data": {"vulnerabilities": [LOG4SHELL]}}
    send(stream, advisory)

    assert take(stream) == Drained(handled=2)
    with tenant_scope(acme.tenant.pk):
        told = OutboxEvent.objects.get(name="advisory.affected")
    assert told.data == {"vulnerabilities": [LOG4SHELL], "artifacts": [digest_of("shop/api")]}


def test_an_advisory_about_nothing_of_ours_is_told_to_nobody(stream: Stream, acme: Shop) -> None:
    data = {"vulnerabilities": ["CVE-1999-0001"]}
    send(stream, {"type": "advisory.changed", "tenant": acme.tenant.slug, "data": data})

    take(stream)

    with tenant_scope(acme.tenant.pk):
        assert not OutboxEvent.objects.filter(name="advisory.affected").exists()


POISON: list[tuple[dict[str, Any], str]] = [
    ({"type": "moon.landed", "tenant": "acme", "data": {}}, "event.malformed"),
    ({"type": "advisory.changed", "tenant": "nowhere", "data": {"vulnerabilities": ["CVE-1"]}}, "tenant.unknown"),
]


@pytest.mark.parametrize("event, code", POISON)
def test_poison_is_parked_at_its_fifth_try_with_the_reason(
    stream: Stream, acme: Shop, event: dict[str, Any], code: str
) -> None:
    send(stream, event)

    rounds = [take(stream) for _ in range(TRIES)]

    assert rounds == [*[Drained(waiting=1)] * (TRIES - 1), Drained(parked=1)]
    ((_, reason),) = stream.parked_messages()
    assert reason.startswith(code)
    assert pending(stream) == 0


def test_poison_keeps_nobody_else_waiting(stream: Stream, acme: Shop) -> None:
    send(stream, {"type": "moon.landed", "tenant": "acme", "data": {}})
    send(stream, scan(acme))

    assert take(stream) == Drained(handled=1, waiting=1)


def test_a_message_without_an_event_is_poison_too(stream: Stream, acme: Shop) -> None:
    stream.client.xadd(stream.name, {"something": "else"})

    for _ in range(TRIES):
        take(stream)

    assert len(stream.parked_messages()) == 1


def test_what_was_parked_is_tried_again_on_request(stream: Stream, acme: Shop) -> None:
    send(stream, {"type": "moon.landed", "tenant": "acme", "data": {}})
    for _ in range(TRIES):
        take(stream)

    assert stream.requeue() == 1

    assert stream.parked_messages() == []
    assert take(stream) == Drained(waiting=1)


def test_a_worker_that_dies_before_it_acknowledges_loses_nothing(stream: Stream, acme: Shop) -> None:
    send(stream, scan(acme))
    stream.prepare()
    taken = list(stream.messages(consumer="lost", limit=10, patience_seconds=0))
    assert len(taken) == 1
    assert snapshots(acme) == 0

    assert take(stream) == Drained(handled=1)
    assert snapshots(acme) == 1


def test_a_message_another_worker_holds_is_left_to_it(stream: Stream, acme: Shop) -> None:
    send(stream, scan(acme))
    stream.prepare()
    list(stream.messages(consumer="busy", limit=10, patience_seconds=0))

    assert drain(stream, consumer="test", clock=lambda: NOON, patience_seconds=60) == Drained()


def test_nothing_is_read_where_no_stream_is_named(settings: Settings) -> None:
    settings.EVENTS_STREAM = ""

    assert inbound.open_stream() is None
    consume_events()


def test_the_worker_reads_the_stream_the_settings_name(stream: Stream, acme: Shop, settings: Settings) -> None:
    settings.EVENTS_STREAM, settings.EVENTS_URL = stream.name, settings.CELERY_BROKER_URL
    send(stream, {"type": "advisory.changed", "tenant": acme.tenant.slug, "data": {"vulnerabilities": ["CVE-1"]}})

    consume_events()

    assert pending(stream) == 0
