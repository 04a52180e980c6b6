"""Exceptions and the levels that decide about them in the admin, and what the overview shows of both."""

from exceptions.admin.levels import ApprovalTableAdmin
from exceptions.admin.overview import show
from exceptions.admin.policy_exceptions import PolicyExceptionAdmin
from stellapolicy.admin import dashboard

dashboard.register(show, place=5)

__all__ = ["ApprovalTableAdmin", "PolicyExceptionAdmin"]
