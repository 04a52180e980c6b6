"""Who is at which delivery: claimed once at a time, ended only by whoever holds it, given back when it fails."""

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from stellapolicy.kernel.ids import new_id
from stellapolicy.outbox.errors import LeaseLost
from stellapolicy.outbox.models import Delivery, DeliveryStatus, Lane

LEASE: Final = timedelta(minutes=2)
LEASE_EXPIRED: Final = "lease.expired"
# How long a delivery rests after its first, second, … failure; after the last it is given up.
INWARD_PAUSES: Final = tuple(timedelta(seconds=seconds) for seconds in (2, 4, 8, 16, 32, 64, 128, 256, 512))
OUTWARD_PAUSES: Final = tuple(
    timedelta(seconds=seconds) for seconds in (5, 30, 120, 600, 1800, 3600, 7200, 14400, 28800, 28800)
)
_PAUSES: Final = {Lane.INWARD: INWARD_PAUSES, Lane.OUTWARD: OUTWARD_PAUSES}


def claim_next(lane: Lane, *, at: datetime) -> Delivery | None:
    """Take the oldest delivery that is due in a lane and that nobody else holds; None where there is none."""
    with transaction.atomic():
        waiting = Delivery.objects.due(lane, at=at)
        found = (waiting.in_turn() if lane is Lane.INWARD else waiting).unclaimed().first()
        if found is None:
            return None
        found.status, found.lease, found.leased_until = DeliveryStatus.LEASED, new_id(), at + LEASE
        found.attempts += 1
        found.save(update_fields=["status", "lease", "leased_until", "attempts"])
        return found


def hold(claimed: Delivery) -> Delivery:
    """Lock a claimed delivery until the transaction ends, or raise LeaseLost.

    The lock is the lease of whoever is alive: `reap` passes over it however long the work takes, and it falls with
    the connection of a worker that was killed.
    """
    held = None if claimed.lease is None else _of_lease(claimed)
    if held is None:
        raise LeaseLost(str(claimed.pk))
    return held


def finish(held: Delivery, status: DeliveryStatus, *, at: datetime, failure: str = "") -> None:
    """End a delivery that this transaction holds."""
    held.status, held.failure, held.finished_at = status, failure, at
    held.lease = held.leased_until = None
    held.save(update_fields=["status", "failure", "finished_at", "lease", "leased_until"])


def give_back(held: Delivery, *, failure: str, at: datetime) -> None:
    """Let a delivery that this transaction holds wait for its next attempt, or give it up after the last."""
    pauses = _PAUSES[Lane(held.lane)]
    if held.attempts > len(pauses):
        finish(held, DeliveryStatus.DEAD_LETTER, failure=failure, at=at)
        return
    held.status, held.failure, held.available_at = DeliveryStatus.QUEUED, failure, at + pauses[held.attempts - 1]
    held.lease = held.leased_until = None
    held.save(update_fields=["status", "failure", "available_at", "lease", "leased_until"])


def postpone(held: Delivery, *, failure: str, until: datetime) -> None:
    """Let a delivery wait without counting the attempt: it was nobody's failure."""
    held.status, held.failure, held.available_at = DeliveryStatus.QUEUED, failure, until
    held.attempts -= 1
    held.lease = held.leased_until = None
    held.save(update_fields=["status", "failure", "available_at", "attempts", "lease", "leased_until"])


def queue_again(held: Delivery, *, at: datetime) -> None:
    """Let a delivery that ended begin anew."""
    held.status, held.attempts, held.available_at, held.failure = DeliveryStatus.QUEUED, 0, at, ""
    held.finished_at = None
    held.save(update_fields=["status", "attempts", "available_at", "failure", "finished_at"])


def _of_lease(claimed: Delivery) -> Delivery | None:
    if claimed.lease is None:
        return None
    return Delivery.objects.of_lease(claimed.lease).select_for_update().filter(pk=claimed.pk).first()
