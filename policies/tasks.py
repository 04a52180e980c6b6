"""What workers run: ids in, one service call."""

import platform
from uuid import UUID

import structlog
from celery import current_app, shared_task

from policies.models import FeedName
from policies.services import feed_notices, runs
from policies.services import stream as inbound
from policies.services.feed_fetch import fetch_feed
from stellapolicy.egress.errors import Sealed
from stellapolicy.kernel.clock import now
from stellapolicy.tenancy.models import Tenant
from stellapolicy.tenancy.scope import tenant_scope

log = structlog.get_logger(__name__)


@shared_task(name="feeds.fetch", acks_late=True, ignore_result=True)
def fetch_feeds() -> None:
    """Ask every feed that has an address whether it is new."""
    for name in FeedName:
        try:
            fetched = fetch_feed(name=name, at=now())
        except Sealed as refusal:
            log.info("feeds.not_fetched", feed=name.value, code=refusal.code)
            return
        log.info("feeds.fetched", feed=name.value, outcome=fetched.outcome.value, code=fetched.code)


@shared_task(name="feeds.tell_tenants", acks_late=True, ignore_result=True)
def tell_tenants() -> None:
    """Let each tenant hear of what the feeds changed, in a task of its own."""
    for tenant_id in feed_notices.tenants_to_tell(at=now()):
        current_app.send_task("feeds.tell_tenant", kwargs={"tenant_id": str(tenant_id)})


@shared_task(name="feeds.tell_tenant", acks_late=True, ignore_result=True)
def tell_tenant(*, tenant_id: str) -> None:
    """Tell one tenant which of its artifacts a feed concerns."""
    feed_notices.tell_tenant(tenant_id=UUID(tenant_id), at=now())


@shared_task(name="policies.consume_events", acks_late=True, ignore_result=True)
def consume_events() -> None:
    """Act upon events from outside, where a stream is named."""
    stream = inbound.open_stream()
    if stream is not None:
        inbound.drain(stream, consumer=platform.node(), clock=now)


@shared_task(name="policies.write_columns", acks_late=True, ignore_result=True)
def write_columns() -> None:
    """Write the columns of snapshots that have none yet."""
    from policies.services import columns  # noqa: PLC0415 - the columnar library is large, and only workers need it

    for tenant in Tenant.objects.order_by("pk"):
        with tenant_scope(tenant.pk):
            columns.write_missing(at=now())


@shared_task(name="policies.compact_columns", acks_late=True, ignore_result=True)
def compact_columns() -> None:
    """Put small columnar files together."""
    from policies.services import columns  # noqa: PLC0415 - the columnar library is large, and only workers need it

    for tenant in Tenant.objects.order_by("pk"):
        with tenant_scope(tenant.pk):
            columns.compact(at=now())


@shared_task(name="policies.perform_run", acks_late=True, ignore_result=True)
def perform_run(*, run_id: str) -> None:
    """Do one piece of long work, if nobody else does."""
    runs.perform(run_id=UUID(run_id), clock=now)


@shared_task(name="policies.drain_runs", acks_late=True, ignore_result=True)
def drain_runs() -> None:
    """Do the long work that waits."""
    runs.drain(clock=now)


@shared_task(name="policies.reap_runs", acks_late=True, ignore_result=True)
def reap_runs() -> None:
    """Give back what lost workers held."""
    runs.reap(at=now())
