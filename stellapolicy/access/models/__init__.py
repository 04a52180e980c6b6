"""People, the roles they hold and the tokens that speak for them."""

from stellapolicy.access.models.assignment import RoleAssignment
from stellapolicy.access.models.token import ApiToken
from stellapolicy.access.models.user import User

__all__ = ["ApiToken", "RoleAssignment", "User"]
