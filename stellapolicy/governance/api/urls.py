"""Addresses of the governance room, below `/api/v1/`."""

from django.urls import URLPattern, path

from stellapolicy.governance.api.delegations import DelegationEnd, Delegations
from stellapolicy.governance.api.settings import SettingProposal, Settings, SettingValueView
from stellapolicy.governance.api.views import Approval, Approvals, ApprovalVoting, ApprovalWithdrawal

urlpatterns: list[URLPattern] = [
    path("approvals", Approvals.as_view(), name="approvals"),
    path("approvals/<uuid:pk>", Approval.as_view(), name="approval"),
    path("approvals/<uuid:pk>:vote", ApprovalVoting.as_view(), name="approval-vote"),
    path("approvals/<uuid:pk>:withdraw", ApprovalWithdrawal.as_view(), name="approval-withdraw"),
    path("delegations", Delegations.as_view(), name="delegations"),
    path("delegations/<uuid:pk>:end", DelegationEnd.as_view(), name="delegation-end"),
    path("governance/settings", Settings.as_view(), name="governance-settings"),
    path("governance/settings/<slug:name>", SettingValueView.as_view(), name="governance-setting"),
    path("governance/settings/<slug:name>:propose", SettingProposal.as_view(), name="governance-setting-propose"),
]
