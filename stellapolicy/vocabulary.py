"""What sets of choices are called in the description of the API, where members of one name have several."""

from enum import StrEnum
from typing import Any, Final

from exceptions.rules.conditions import Action, ConditionKind
from exceptions.rules.hooks import HookKind, HookState
from exceptions.rules.vocabulary import Effect, ExceptionType, Kind, Reason, State
from stellapolicy.access.roles import Role


def _of(words: type[StrEnum]) -> list[tuple[str, str]]:
    """Return the choices of an enumeration as models and bodies state them."""
    return [(word.value, word.value.replace("_", " ").capitalize()) for word in words]


ENUM_NAMES: Final[dict[str, Any]] = {  # Any: a path of choices, or their values
    "ApprovalStateEnum": "stellapolicy.governance.models.ApprovalState.choices",
    "BuildSourceEnum": "policies.models.BuildSource.choices",
    "ChannelKindEnum": "stellapolicy.outbox.models.notification.ChannelKind.choices",
    "CommentKindEnum": "exceptions.models.story.CommentKind.choices",
    "ConditionActionEnum": _of(Action),
    "ConditionKindEnum": _of(ConditionKind),
    "ExceptionEffectEnum": _of(Effect),
    "ExceptionKindEnum": _of(Kind),
    "ExceptionReasonEnum": _of(Reason),
    "ExceptionStateEnum": _of(State),
    "ExceptionTypeEnum": _of(ExceptionType),
    "HeldFeedStateEnum": "policies.models.feeds.HeldState.choices",
    "HookKindEnum": _of(HookKind),
    "HookStateEnum": _of(HookState),
    "IntelligenceKindEnum": "policies.models.feeds.IntelligenceKind.choices",
    "RevisionStateEnum": "policies.models.pack.RevisionState.choices",
    "RoleEnum": [role.value for role in Role],
    "WebhookStateEnum": ["active", "paused", "deleted"],
}
