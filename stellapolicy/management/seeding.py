"""Bootstrap: what every installation and every demo begins with; idempotent, safe twice at once."""

from collections.abc import Callable
from datetime import datetime

from django.db import connection, transaction
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from gates.bootstrap import seed_gates
from policies.bootstrap import seed_packs
from stellapolicy.kernel.actor import Actor
from stellapolicy.schedule import SCHEDULE
from stellapolicy.tenancy.bootstrap import seed_environments, seed_tenant
from stellapolicy.tenancy.models import Tenant
from stellapolicy.tenancy.scope import tenant_scope

# Any number will do, as long as no other part of the product takes it.
_ADVISORY_LOCK = 0x57E11A
DEFAULT_TENANT = "default"


def bootstrap(*, at: datetime, say: Callable[[str], object]) -> None:
    """Seed the schedule and the default tenant; a second bootstrap at the same moment waits and finds all done."""
    with transaction.atomic():
        _wait_for_our_turn()
        _seed_schedule()
        tenant = seed_tenant(slug=DEFAULT_TENANT, name="Default", at=at)
        seed_contents(tenant, at=at)
    say("Bootstrap: schedule, tenant, environments, packs and gates are in place.")


def seed_contents(tenant: Tenant, *, at: datetime) -> Actor:
    """Give a tenant its environments, packs and gates."""
    actor = Actor(tenant_id=tenant.pk, subject="system:bootstrap")
    with tenant_scope(tenant.pk):
        seed_environments()
        seed_packs(actor=actor, at=at)
        seed_gates(actor=actor, at=at)
    return actor


def _wait_for_our_turn() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_ADVISORY_LOCK])


def _seed_schedule() -> None:
    """Create the rows that are missing; what an admin edited stays."""
    for periodic in SCHEDULE:
        interval, _ = IntervalSchedule.objects.get_or_create(
            every=int(periodic.every.total_seconds()), period=IntervalSchedule.SECONDS
        )
        PeriodicTask.objects.get_or_create(
            name=periodic.task,
            defaults={"task": periodic.task, "interval": interval, "description": periodic.does},
        )
