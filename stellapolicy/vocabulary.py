"""What sets of choices are called in the description of the API, where members of one name have several."""

from typing import Any, Final

from stellapolicy.access.roles import Role

ENUM_NAMES: Final[dict[str, Any]] = {  # Any: a path of choices, or their values
    "ApprovalStateEnum": "stellapolicy.governance.models.ApprovalState.choices",
    "BuildSourceEnum": "policies.models.BuildSource.choices",
    "ChannelKindEnum": "stellapolicy.outbox.models.notification.ChannelKind.choices",
    "HeldFeedStateEnum": "policies.models.feeds.HeldState.choices",
    "IntelligenceKindEnum": "policies.models.feeds.IntelligenceKind.choices",
    "RevisionStateEnum": "policies.models.pack.RevisionState.choices",
    "RoleEnum": [role.value for role in Role],
    "WebhookStateEnum": ["active", "paused", "deleted"],
}
