"""What governance joins together once every app is loaded."""

from django.core.signals import request_finished, request_started
from django.utils.translation import gettext_lazy as _

from stellapolicy.access.roles import Scope
from stellapolicy.governance import selectors
from stellapolicy.governance.approvals import ApprovalKind, register
from stellapolicy.governance.services import settings as setting_changes
from stellapolicy.governance.services.holding import adopt_kinds
from stellapolicy.governance.settings import register_settings


def wire() -> None:
    """Register settings and kinds, take over what access holds back, and remember settings for one request each."""
    register_settings()
    register(
        ApprovalKind(
            setting_changes.KIND,
            _("Change of a setting"),
            Scope.GOVERNANCE_WRITE,
            setting_changes.describe_setting,
            setting_changes.complete_setting,
        )
    )
    adopt_kinds()
    request_started.connect(_begin, dispatch_uid="governance.settings.begin")
    request_finished.connect(_end, dispatch_uid="governance.settings.end")


def _begin(**_signal: object) -> None:
    selectors.begin_remembering()


def _end(**_signal: object) -> None:
    selectors.forget()
