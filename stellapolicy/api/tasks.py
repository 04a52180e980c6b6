"""What workers run for the API floor: ids in, one service call."""

from celery import shared_task

from stellapolicy.api import idempotency
from stellapolicy.kernel.clock import now
from stellapolicy.tenancy.models import Tenant
from stellapolicy.tenancy.scope import tenant_scope


@shared_task(name="api.purge_idempotency", acks_late=True, ignore_result=True)
def purge_idempotency() -> None:
    """Forget the answers that are past their 24 hours, tenant by tenant."""
    for tenant_id in Tenant.objects.order_by("pk").values_list("pk", flat=True):
        with tenant_scope(tenant_id):
            idempotency.forget_outlived(at=now())
