"""What access lets a second person confirm."""

from django.utils.translation import gettext_lazy as _

from stellapolicy.access.ports import HeldKind, register_kind
from stellapolicy.access.roles import Scope
from stellapolicy.access.services.group_mappings import KIND as GROUP_MAPPING
from stellapolicy.access.services.group_mappings import complete_group_mapping, describe_group_mapping
from stellapolicy.access.services.organisation import (
    SERVICE_CHANGE,
    complete_service_change,
    describe_service_change,
)
from stellapolicy.access.services.people import ROLE_GRANT, complete_role_grant, describe_role_grant


def register() -> None:
    """Make it known."""
    register_kind(
        HeldKind(
            name=ROLE_GRANT,
            title=_("Role for somebody"),
            scope=Scope.GOVERNANCE_WRITE,
            setting="role_grants_need_second_person",
            describe=describe_role_grant,
            complete=complete_role_grant,
        )
    )
    register_kind(
        HeldKind(
            name=GROUP_MAPPING,
            title=_("Role for a group"),
            scope=Scope.GOVERNANCE_WRITE,
            setting="role_grants_need_second_person",
            describe=describe_group_mapping,
            complete=complete_group_mapping,
        )
    )
    register_kind(
        HeldKind(
            name=SERVICE_CHANGE,
            title=_("Service described anew"),
            scope=Scope.GOVERNANCE_WRITE,
            setting="role_grants_need_second_person",
            describe=describe_service_change,
            complete=complete_service_change,
        )
    )
