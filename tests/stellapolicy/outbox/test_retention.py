"""What is old and waited for by nobody is forgotten; the rest stays."""

from datetime import timedelta

import pytest
from pytest_django import Settings

from stellapolicy.kernel.actor import Actor
from stellapolicy.outbox.models import (
    ChannelKind,
    Delivery,
    DeliveryStatus,
    Digest,
    Notice,
    Notification,
    NotificationMessage,
    OutboxEvent,
    WebhookDelivery,
)
from stellapolicy.outbox.services import dispatching, notifying, outward, retention
from stellapolicy.outbox.services.events import publish
from stellapolicy.outbox.services.notifications import create_channel, create_rule
from stellapolicy.outbox.services.webhooks import create_webhook
from stellapolicy.tenancy.models import Tenant
from stellapolicy.tenancy.scope import tenant_scope
from tests.factories import NOON, almighty
from tests.loopback import loopback

DAY = timedelta(days=1)


@pytest.fixture
def lived(actor: Actor, settings: Settings) -> Actor:
    """A tenant in which an event was told to a webhook and to a person."""
    settings.EGRESS_INTERNAL_HOSTS = {"webhook": ["127.0.0.1"]}
    with loopback() as server, tenant_scope(actor.tenant_id):
        create_webhook(actor=actor, url=server.url(), events=["test.*"], at=NOON)
        channel = create_channel(actor=actor, name="all", kind=ChannelKind.IN_APP, recipients=("alice",), at=NOON)
        create_rule(actor=actor, channel_id=channel.pk, events=["test.*"], digest=Digest.IMMEDIATELY, at=NOON)
        publish("test.happened", actor=actor, subject="thing:1", data={}, at=NOON)
        dispatching.dispatch(clock=lambda: NOON)
        outward.deliver(clock=lambda: NOON)
    return actor


def counts(actor: Actor) -> list[int]:
    with tenant_scope(actor.tenant_id):
        kinds = (OutboxEvent, Delivery, WebhookDelivery, Notice, NotificationMessage, Notification)
        return [kind._default_manager.count() for kind in kinds]


def test_nothing_is_forgotten_before_its_time(lived: Actor) -> None:
    retention.purge(at=NOON + 29 * DAY)

    assert counts(lived) == [1, 3, 1, 1, 1, 1]


def test_places_in_the_queue_are_forgotten_first(lived: Actor) -> None:
    retention.purge(at=NOON + 31 * DAY)

    assert counts(lived) == [1, 0, 1, 1, 1, 1]


def test_all_is_forgotten_after_retention(lived: Actor) -> None:
    retention.purge(at=NOON + 91 * DAY)

    assert counts(lived) == [0, 0, 0, 0, 0, 0]


def test_an_event_that_somebody_waits_for_stays(lived: Actor) -> None:
    Delivery.objects.filter(lane="outward").update(status=DeliveryStatus.QUEUED, finished_at=None)

    retention.purge(at=NOON + 91 * DAY)

    assert counts(lived)[:2] == [1, 1]


def test_the_digests_of_every_tenant_are_composed(actor: Actor, other_tenant: Tenant) -> None:
    for each in (actor, almighty(other_tenant)):
        with tenant_scope(each.tenant_id):
            channel = create_channel(actor=each, name="all", kind=ChannelKind.IN_APP, recipients=("alice",), at=NOON)
            create_rule(actor=each, channel_id=channel.pk, events=["test.*"], digest=Digest.DAILY, at=NOON)
            publish("test.happened", actor=each, subject="thing:1", data={}, at=NOON)
    dispatching.dispatch(clock=lambda: NOON)

    assert notifying.send_digests(at=NOON + DAY) == 2
