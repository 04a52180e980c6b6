"""What the gates room does not keep: the way of a question through the queue, long after its decision was made."""

from datetime import datetime, timedelta
from typing import Final

from gates.models import GateJob, GateJobRequest
from stellapolicy.kernel.retention import Purge, Reach
from stellapolicy.tenancy.scope import current_tenant

KEPT_JOBS: Final = timedelta(days=90)


def remove_finished_jobs(before: datetime, limit: int) -> int:
    """Remove jobs of the tenant of the scope that ended before an instant; their decisions stay."""
    ended = GateJob.objects.filter(tenant_id=current_tenant(), finished_at__lt=before)
    jobs = list(ended.order_by("finished_at", "pk").values_list("pk", flat=True)[:limit])
    GateJobRequest.objects.filter(job__in=jobs).delete()
    GateJob.objects.filter(pk__in=jobs).delete()
    return len(jobs)


JOBS = Purge(
    name="gates.jobs",
    what="finished jobs of the queue (their decisions stay)",
    kept=KEPT_JOBS,
    reach=Reach.TENANT,
    remove=remove_finished_jobs,
)
