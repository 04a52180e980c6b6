"""Approval requests, votes, delegations and settings."""

from stellapolicy.governance.models.approval import ApprovalRequest, ApprovalState, ApprovalVote
from stellapolicy.governance.models.delegation import Delegation
from stellapolicy.governance.models.setting import GovernanceSetting

__all__ = ["ApprovalRequest", "ApprovalState", "ApprovalVote", "Delegation", "GovernanceSetting"]
