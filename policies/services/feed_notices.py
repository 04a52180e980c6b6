"""Tells the tenants what a feed changed: once for the installation, then each tenant of the artifacts it concerns."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from celery import current_app
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.db.models.functions import Greatest
from kombu.exceptions import OperationalError

from policies.intelligence import affected_artifacts
from policies.models.feeds import FeedChange, FeedNotice
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.outbox.services import events
from stellapolicy.tenancy.models import Tenant
from stellapolicy.tenancy.scope import tenant_scope

log = structlog.get_logger(__name__)

ARTIFACTS_AT_ONCE = 500
CVES_SHOWN = 100
# What a tenant has not heard of by then it finds by itself: every gate asks for the present knowledge.
TOLD_WITHIN = timedelta(days=7)
_SUBJECT = "system:feeds"


def announce(change: FeedChange, *, actor: Actor, at: datetime) -> None:
    """Publish a change in the tenant that loaded it, and let a worker tell every tenant after the commit."""
    events.publish(
        "intelligence.changed",
        actor=actor,
        subject=f"feed:{change.name}",
        data={
            **_stated(change),
            "rows": change.row_count,
            "added": change.added,
            "changed": change.changed,
            "removed": change.removed,
        },
        at=at,
    )
    transaction.on_commit(_wake_a_worker)


def tenants_to_tell(*, at: datetime) -> list[UUID]:
    """Return the tenants that have yet to hear of a change; one statement."""
    told = FeedNotice.objects.filter(tenant=OuterRef(OuterRef("pk")), change=OuterRef("pk"))
    untold = FeedChange.objects.filter(
        ~Exists(told), is_past=False, loaded_at__gte=Greatest(OuterRef("created_at"), at - TOLD_WITHIN)
    )
    return list(Tenant.objects.filter(Exists(untold)).order_by("slug").values_list("pk", flat=True))


def tell_tenant(*, tenant_id: UUID, at: datetime) -> int:
    """Tell one tenant of every change it has yet to hear of, a transaction each; return how many artifacts it concerns.

    Two workers at once tell once: the notice is a row that only one of them can write.
    """
    tenant = Tenant.objects.get(pk=tenant_id)
    untold = list(FeedChange.objects.untold(tenant=tenant, at=at, within=TOLD_WITHIN))
    return sum(_tell(tenant, change, at=at) for change in untold)


def _tell(tenant: Tenant, change: FeedChange, *, at: datetime) -> int:
    with tenant_scope(tenant.pk):
        _, is_ours = FeedNotice.objects.get_or_create(tenant=tenant, change=change, defaults={"told_at": at})
        if not is_ours:
            return 0
        if change.wholesale:
            _publish(tenant, change, {"everything": True, "artifacts": [], "part": 1, "parts": 1}, at=at)
            return 0
        artifacts = affected_artifacts(change)
        parts = list(_parts(artifacts))
        for number, part in enumerate(parts, start=1):
            data: dict[str, JsonValue] = {"everything": False, "artifacts": part, "part": number, "parts": len(parts)}
            _publish(tenant, change, data, at=at)
        return len(artifacts)


def _publish(tenant: Tenant, change: FeedChange, data: dict[str, JsonValue], *, at: datetime) -> None:
    actor = Actor(tenant_id=tenant.pk, subject=_SUBJECT)
    events.publish("feed.affected", actor=actor, subject=f"feed:{change.name}", data={**_stated(change), **data}, at=at)


def _parts(artifacts: Sequence[str]) -> Iterator[list[str]]:
    for start in range(0, len(artifacts), ARTIFACTS_AT_ONCE):
        yield list(artifacts[start : start + ARTIFACTS_AT_ONCE])


def _stated(change: FeedChange) -> dict[str, JsonValue]:
    cves = list(change.events.order_by("cve").values_list("cve", flat=True)[:CVES_SHOWN])
    return {
        "change": change.pk,
        "feed": change.name,
        "version": change.version,
        "model_date": change.model_date.isoformat(),
        "wholesale": change.wholesale,
        "cve_count": change.event_count,
        "cves": cves,
    }


def _wake_a_worker() -> None:
    """Ask a worker to look at once; without a broker the periodic round finds the change."""
    try:
        current_app.send_task("feeds.tell_tenants", retry=False)
    except OperationalError as error:
        log.warning("feeds.worker_not_woken", reason=str(error))
