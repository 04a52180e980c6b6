"""People, the roles they hold, the tokens that speak for them, and the pipelines that may have one."""

from stellapolicy.access.models.assignment import RoleAssignment
from stellapolicy.access.models.identity import ExternalIdentity, GroupMapping
from stellapolicy.access.models.token import ApiToken
from stellapolicy.access.models.user import User
from stellapolicy.access.models.workload import WORKLOAD_SCOPES, SpentIdentity, TrustedWorkload

__all__ = [
    "WORKLOAD_SCOPES",
    "ApiToken",
    "ExternalIdentity",
    "GroupMapping",
    "RoleAssignment",
    "SpentIdentity",
    "TrustedWorkload",
    "User",
]
