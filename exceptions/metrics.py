"""What exceptions measure: whether their worker runs."""

from datetime import datetime, timedelta
from typing import Final

from exceptions.models import PolicyException
from stellapolicy.api.metrics import Gauge
from stellapolicy.tenancy.models import Tenant
from stellapolicy.tenancy.scope import tenant_scope

# Two rounds of the slower worker.
PATIENCE: Final = timedelta(minutes=10)


def overdue(*, at: datetime) -> float:
    """Return how many exceptions a running worker would have begun or ended by now; tenant by tenant, an index each."""
    late = 0
    for tenant in Tenant.objects.order_by("pk").values_list("pk", flat=True):
        with tenant_scope(tenant):
            late += PolicyException.objects.overdue(at=at, by=PATIENCE).count()
    return float(late)


OVERDUE = Gauge("exceptions_overdue", "Exceptions whose beginning or end no worker has recorded in time.", overdue)
