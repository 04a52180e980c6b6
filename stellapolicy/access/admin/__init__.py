"""People, roles, tokens, what is trusted, and the organisation they belong to, in the admin."""

from stellapolicy.access.admin.assignments import RoleAssignmentAdmin
from stellapolicy.access.admin.group_mappings import GroupMappingAdmin
from stellapolicy.access.admin.organisation import EnvironmentAdmin, ServiceAdmin, TeamAdmin
from stellapolicy.access.admin.people import PersonAdmin
from stellapolicy.access.admin.tokens import ApiTokenAdmin
from stellapolicy.access.admin.workloads import TrustedWorkloadAdmin

__all__ = [
    "ApiTokenAdmin",
    "EnvironmentAdmin",
    "GroupMappingAdmin",
    "PersonAdmin",
    "RoleAssignmentAdmin",
    "ServiceAdmin",
    "TeamAdmin",
    "TrustedWorkloadAdmin",
]
