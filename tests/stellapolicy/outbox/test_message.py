"""What a webhook receives, to the byte."""

from uuid import UUID

import pytest
from pytest_django import Settings

from stellapolicy.kernel.actor import Actor
from stellapolicy.outbox.errors import SecretUnreadable
from stellapolicy.outbox.message import cloud_event, signature, signed_message
from stellapolicy.outbox.secrets_at_rest import new_webhook_secret, seal, unseal
from stellapolicy.outbox.subscriptions import PublishedEvent
from tests.factories import NOON

TENANT = UUID("01890000-0000-7000-8000-000000000001")
EVENT = PublishedEvent(
    id=UUID("01890000-0000-7000-8000-000000000002"),
    name="gate.decided",
    tenant_id=TENANT,
    actor=Actor(tenant_id=TENANT, subject="token:ci"),
    subject="artifact:1",
    data={"decision": "block"},
    occurred_at=NOON,
    at=NOON,
)


def test_a_signature_is_the_one_of_the_published_example() -> None:
    # The example of the Standard Webhooks specification's reference libraries.
    secret, body = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", b'{"test": 2432232314}'

    made = signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", body)

    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_an_event_is_a_cloud_event() -> None:
    assert cloud_event(EVENT) == {
        "specversion": "1.0",
        "id": "01890000-0000-7000-8000-000000000002",
        "source": "urn:stellapolicy:tenant:01890000-0000-7000-8000-000000000001",
        "type": "gate.decided",
        "subject": "artifact:1",
        "time": "2026-03-02T12:00:00Z",
        "datacontenttype": "application/json",
        "data": {"decision": "block"},
    }


def test_a_message_is_signed_with_every_valid_secret() -> None:
    first, second = new_webhook_secret(), new_webhook_secret()

    message = signed_message("https://example.org/", EVENT, secrets=[first, second], at=NOON)

    moment = message.headers["webhook-timestamp"]
    assert message.headers["webhook-signature"].split() == [
        signature(secret, EVENT.id, moment, message.body) for secret in (first, second)
    ]


def test_a_secret_is_not_kept_in_the_clear_and_never_twice_alike() -> None:
    secret = new_webhook_secret()

    kept = {seal(secret, owner="a"), seal(secret, owner="a")}

    assert len(kept) == 2
    assert all(secret not in each for each in kept)
    assert {unseal(each, owner="a") for each in kept} == {secret}


def test_a_secret_put_into_another_row_cannot_be_read() -> None:
    with pytest.raises(SecretUnreadable):
        unseal(seal("whsec_abc", owner="a"), owner="b")


def test_a_secret_outlives_the_change_of_the_installations_key(settings: Settings) -> None:
    kept = seal("whsec_abc", owner="a")
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another key of the installation"

    assert unseal(kept, owner="a") == "whsec_abc"


def test_a_secret_under_a_key_nobody_knows_is_refused(settings: Settings) -> None:
    kept = seal("whsec_abc", owner="a")
    settings.SECRET_KEY = "another key of the installation"

    with pytest.raises(SecretUnreadable):
        unseal(kept, owner="a")
