"""`Idempotency-Key`: a POST sent twice is done once, and both times answered alike, for 24 hours.

The same key with another body is a conflict. Requests with the same key wait for each other on an advisory lock held
by the transaction of the request, so the second finds the answer of the first. Refusals are not kept: what was
refused may be tried again.
"""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Final

import orjson
from django.db import connection
from django.http import HttpRequest, HttpResponse

from stellapolicy.api.models import IdempotencyRecord
from stellapolicy.kernel import digest
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.refusals import Refusal
from stellapolicy.tenancy.models import Tenant
from stellapolicy.tenancy.scope import tenant_scope

HEADER: Final = "Idempotency-Key"
REPLAYED: Final = "Idempotent-Replayed"
_KEPT_HEADERS = ("Content-Type", "Location", "ETag")
_LONGEST_KEY = 255


class KeyInvalid(Refusal):
    """The key is not printable ASCII of at most 255 characters."""

    code = "idempotency.key_invalid"
    status = HTTPStatus.BAD_REQUEST
    title = "The idempotency key is not valid"


class KeyReused(Refusal):
    """The key was used for another request."""

    code = "idempotency.key_reused"
    status = HTTPStatus.CONFLICT
    title = "The idempotency key was used before"


@dataclass(frozen=True, slots=True)
class Claim:
    """One request under one key, which this transaction holds alone."""

    actor: Actor
    key: str
    target: str
    request_digest: str


def claim(request: HttpRequest, *, actor: Actor) -> Claim | None:
    """Take the request's key until the transaction ends, waiting for whoever has it; None without a key."""
    key = request.headers.get(HEADER)
    if key is None or request.method != "POST":
        return None
    if not (1 <= len(key) <= _LONGEST_KEY and key.isascii() and key.isprintable()):
        raise KeyInvalid(f"{HEADER} is 1 to {_LONGEST_KEY} printable ASCII characters")
    target = f"{request.method} {request.path}"
    asked = f"{request.META.get('QUERY_STRING', '')}\n{request.content_type}\n".encode()
    taken = Claim(actor, key, target, digest.of_bytes(asked + request.body))
    _lock(taken)
    return taken


def earlier_answer(claimed: Claim, *, at: datetime) -> HttpResponse | None:
    """Return the answer that this very request was given before, if it was."""
    record = (
        IdempotencyRecord.objects.valid(at=at)
        .filter(subject=claimed.actor.subject, key=claimed.key, target=claimed.target)
        .first()
    )
    if record is None:
        return None
    if record.request_digest != claimed.request_digest:
        raise KeyReused(f"{HEADER} {claimed.key} came with another body before")
    response = HttpResponse(bytes(record.body), status=record.status, headers=record.headers)
    response[REPLAYED] = "true"
    return response


def keep(claimed: Claim, response: HttpResponse, *, at: datetime, shown_once: Collection[str]) -> None:
    """Keep a successful answer for 24 hours; members of the body that are shown once are kept as null."""
    if response.status_code >= HTTPStatus.BAD_REQUEST or response.streaming:
        return
    record = IdempotencyRecord(
        tenant_id=claimed.actor.tenant_id,
        subject=claimed.actor.subject,
        key=claimed.key,
        target=claimed.target,
        request_digest=claimed.request_digest,
        status=response.status_code,
        headers={name: response[name] for name in _KEPT_HEADERS if name in response},
        body=_without(response.content, shown_once),
        at=at,
    )
    IdempotencyRecord.objects.bulk_create(
        [record],
        update_conflicts=True,
        unique_fields=["tenant", "subject", "key", "target"],
        update_fields=["request_digest", "status", "headers", "body", "at"],
    )


def forget_outlived(*, at: datetime) -> int:
    """Remove the answers of every tenant that are past their 24 hours, one tenant after the other; return how many."""
    removed = 0
    for tenant in Tenant.objects.order_by("slug"):
        with tenant_scope(tenant.pk):
            count, _ = IdempotencyRecord.objects.outlived(at=at).delete()
        removed += count
    return removed


def _without(body: bytes, members: Collection[str]) -> bytes:
    """INVARIANT: a secret that is shown once is never written into the database."""
    if not members or not body:
        return body
    answer = orjson.loads(body)
    return orjson.dumps({name: None if name in members else value for name, value in answer.items()})


def _lock(claimed: Claim) -> None:
    name = f"{claimed.actor.tenant_id}\n{claimed.actor.subject}\n{claimed.target}\n{claimed.key}"
    number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])
