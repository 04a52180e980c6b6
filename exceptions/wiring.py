"""What exceptions join together once every app is loaded."""

from uuid import UUID

from django.utils.translation import gettext_lazy as _

from exceptions.metrics import OVERDUE
from exceptions.models import ExceptionTerms, PolicyException
from exceptions.selectors import KIND
from exceptions.services import approval, approval_levels, attestations, recheck, superseding
from exceptions.services.applications import APPLICATIONS
from exceptions.services.leaving import KEYS, LEFT, RECHECKING, SUPERSEDING
from exceptions.services.story import RECORDED, TOLD
from stellapolicy.access.roles import Scope
from stellapolicy.api import metrics
from stellapolicy.audit import actions
from stellapolicy.governance.approvals import ApprovalKind, register
from stellapolicy.governance.models import ApprovalRequest
from stellapolicy.kernel import retention
from stellapolicy.outbox import names
from stellapolicy.outbox.subscriptions import subscribe


def wire() -> None:
    """Register everything that lower rooms ask for by name."""
    actions.register(RECORDED)
    names.register(TOLD)
    names.register(LEFT)
    metrics.register(OVERDUE)
    retention.register(APPLICATIONS)
    register(
        ApprovalKind(
            KIND,
            _("Exception from policy"),
            Scope.EXCEPTION_APPROVE,
            approval.describe_terms,
            approval.complete_terms,
            may_be_automatic=True,
            needs_comment=True,
            closed=approval.follow_closing,
            hold=_hold,
        )
    )
    register(
        ApprovalKind(
            approval_levels.KIND,
            _("Approval levels of exceptions"),
            Scope.GOVERNANCE_WRITE,
            approval_levels.describe_levels,
            approval_levels.complete_levels,
        )
    )
    subscribe("exception.approved", key="exceptions.sign", act=attestations.sign_approval)
    for name in ("feed.affected", "vex.published", "advisory.affected", "evidence.changed"):
        subscribe(name, key="exceptions.recheck", act=recheck.follow_facts)
    subscribe(RECHECKING, key=KEYS[RECHECKING], act=recheck.follow_left)
    subscribe(SUPERSEDING, key=KEYS[SUPERSEDING], act=superseding.follow_left)


def _hold(request: ApprovalRequest) -> None:
    """Hold the exception of a request before the request itself."""
    terms = ExceptionTerms.objects.filter(pk=UUID(request.target_id)).values("exception_id")
    list(PolicyException.objects.locked().filter(pk__in=terms).values_list("pk", flat=True))
