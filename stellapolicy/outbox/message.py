"""What a webhook receives: a CloudEvent in JSON, signed as Standard Webhooks 1.0 says. Pure."""

import hmac
from base64 import b64decode, b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final
from uuid import UUID

from stellapolicy.kernel import canonical_json
from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.kernel.clock import rfc3339
from stellapolicy.outbox.subscriptions import PublishedEvent

SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - how a secret begins, not one
CONTENT_TYPE: Final = "application/cloudevents+json"


@dataclass(frozen=True, slots=True)
class Message:
    """The bytes to post and the headers that go with them."""

    url: str
    body: bytes
    headers: dict[str, str]


def cloud_event(event: PublishedEvent) -> dict[str, JsonValue]:
    """Return an event in the structured form of CloudEvents 1.0."""
    return {
        "specversion": "1.0",
        "id": str(event.id),
        "source": f"urn:stellapolicy:tenant:{event.tenant_id}",
        "type": event.name,
        "subject": event.subject,
        "time": rfc3339(event.occurred_at),
        "datacontenttype": "application/json",
        "data": event.data,
    }


def signed_message(url: str, event: PublishedEvent, *, secrets: Iterable[str], at: datetime) -> Message:
    """Return what to post at an instant, signed with every secret that is valid then."""
    body = canonical_json.dumps(cloud_event(event))
    moment = str(int(at.timestamp()))
    signatures = (signature(secret, event.id, moment, body) for secret in secrets)
    return Message(
        url=url,
        body=body,
        headers={
            "Content-Type": CONTENT_TYPE,
            "webhook-id": str(event.id),
            "webhook-timestamp": moment,
            "webhook-signature": " ".join(signatures),
        },
    )


def signature(secret: str, message_id: UUID | str, timestamp: str, body: bytes) -> str:
    """Return `v1,` and the base64 HMAC-SHA256 over id, seconds since 1970 and body, joined by dots."""
    key = b64decode(secret.removeprefix(SECRET_PREFIX))
    signed = b".".join((str(message_id).encode(), timestamp.encode(), body))
    return "v1," + b64encode(hmac.digest(key, signed, sha256)).decode()
