"""The governance app."""

from importlib import import_module

from django.apps import AppConfig

from stellapolicy.audit import actions
from stellapolicy.outbox import names

_TOLD = {
    "approval.requested": "Approval asked for",
    "approval.approved": "Approval reached",
    "approval.rejected": "Approval rejected",
    "approval.withdrawn": "Approval request withdrawn",
    "approval.expired": "Approval request expired",
}


class GovernanceConfig(AppConfig):
    """Two people: approval requests, quorum, and the settings that stand behind them."""

    name = "stellapolicy.governance"
    label = "governance"

    def ready(self) -> None:
        """Name the actions, register settings and kinds, and take over what lower rooms hold back."""
        import_module("stellapolicy.governance.wiring").wire()
        actions.register(
            {
                **_TOLD,
                "approval.agreed": "Approval voted for",
                "approval.refused": "Approval voted against",
                "delegation.given": "Votes delegated",
                "delegation.ended": "Delegation ended",
                "setting.changed": "Governance setting changed",
            }
        )
        names.register(_TOLD)
