"""Approvals, delegations and settings in the admin."""

from stellapolicy.admin import dashboard
from stellapolicy.governance.admin.approvals import ApprovalRequestAdmin
from stellapolicy.governance.admin.delegations import DelegationAdmin
from stellapolicy.governance.admin.overview import show
from stellapolicy.governance.admin.settings import GovernanceSettingAdmin

dashboard.register(show, place=5)

__all__ = ["ApprovalRequestAdmin", "DelegationAdmin", "GovernanceSettingAdmin"]
