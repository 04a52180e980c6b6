"""What workers run for the audit trail."""

from uuid import UUID

from celery import shared_task

from stellapolicy.audit.services import verify_chain
from stellapolicy.kernel.clock import now
from stellapolicy.tenancy.models import Tenant


@shared_task(name="audit.verify", acks_late=True, ignore_result=True)
def verify() -> None:
    """Have the chain of every tenant walked, each by a task of its own."""
    for tenant_id in Tenant.objects.order_by("slug").values_list("pk", flat=True):
        verify_tenant.delay(tenant_id=str(tenant_id))


@shared_task(name="audit.verify_tenant", acks_late=True, ignore_result=True)
def verify_tenant(*, tenant_id: str) -> None:
    """Walk the chain of one tenant."""
    verify_chain(tenant_id=UUID(tenant_id), at=now())
