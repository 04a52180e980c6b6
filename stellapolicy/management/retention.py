"""Removes what has been kept long enough, in bounded batches, each a transaction of its own."""

from datetime import datetime, timedelta
from typing import Final

from django.contrib.sessions.models import Session
from django.db import transaction

from stellapolicy.audit import services as audit
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.retention import Purge, Reach, purges
from stellapolicy.tenancy.models import Tenant
from stellapolicy.tenancy.scope import tenant_scope

BATCH: Final = 2000
# A task has ten minutes: what is left after so many batches goes tomorrow.
MOST_BATCHES: Final = 200


def purge_everything(*, at: datetime) -> dict[str, int]:
    """Run every registered purge and return how many rows each removed."""
    return {purge.name: _run(purge, at=at) for purge in purges()}


def remove_sessions(before: datetime, limit: int) -> int:
    """Remove sessions that ended; nobody can sign in with them any more."""
    ended = Session.objects.filter(expire_date__lt=before).order_by("expire_date", "pk").values("pk")[:limit]
    count, _ = Session.objects.filter(pk__in=ended).delete()
    return count


def _run(purge: Purge, *, at: datetime) -> int:
    if purge.reach is Reach.INSTALLATION:
        return _in_batches(purge, None, at=at)
    return sum(_in_batches(purge, tenant, at=at) for tenant in Tenant.objects.order_by("slug"))


def _in_batches(purge: Purge, tenant: Tenant | None, *, at: datetime) -> int:
    total = 0
    for _ in range(MOST_BATCHES):
        count = _batch(purge, at=at) if tenant is None else _batch_of(tenant, purge, at=at)
        total += count
        if count < BATCH:
            break
    return total


def _batch_of(tenant: Tenant, purge: Purge, *, at: datetime) -> int:
    with tenant_scope(tenant.pk):
        count = _batch(purge, at=at)
        if count and purge.recorded:
            actor = Actor(tenant_id=tenant.pk, subject="system:retention")
            target = audit.Target("retention", purge.name)
            audit.record(actor, "retention.purged", target, at=at, reason=f"{count} {purge.what}")
    return count


@transaction.atomic
def _batch(purge: Purge, *, at: datetime) -> int:
    return purge.remove(at - purge.kept, BATCH)


SESSIONS = Purge(
    name="sessions",
    what="sessions that ended",
    kept=timedelta(days=1),
    reach=Reach.INSTALLATION,
    remove=remove_sessions,
    recorded=False,
)
