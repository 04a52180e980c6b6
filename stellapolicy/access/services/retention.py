"""Removes what nobody needs any more of the tokens that pipelines were given; the audit trail keeps what they did."""

from datetime import datetime, timedelta
from typing import Final

from stellapolicy.access.models import ApiToken, SpentIdentity

# Long enough to look at a token's page while somebody asks what a run of last week did.
KEPT_AFTER_END: Final = timedelta(days=7)


def forget_ended_workload_tokens(*, at: datetime) -> int:
    """Remove, in every tenant, pipelines' tokens that ended a week ago, and spent ID tokens past their end."""
    SpentIdentity.objects.outlived(at=at).delete()
    removed, _ = ApiToken.objects.of_workloads().ended_before(at - KEPT_AFTER_END).delete()
    return removed
