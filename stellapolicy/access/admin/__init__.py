"""People, roles, tokens and the organisation they belong to, in the admin."""

from stellapolicy.access.admin.assignments import RoleAssignmentAdmin
from stellapolicy.access.admin.organisation import EnvironmentAdmin, ServiceAdmin, TeamAdmin
from stellapolicy.access.admin.people import PersonAdmin
from stellapolicy.access.admin.tokens import ApiTokenAdmin

__all__ = ["ApiTokenAdmin", "EnvironmentAdmin", "PersonAdmin", "RoleAssignmentAdmin", "ServiceAdmin", "TeamAdmin"]
