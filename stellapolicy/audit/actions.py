"""The actions that may be recorded, each with the words a reader sees; apps register theirs as they load."""

from collections.abc import Mapping
from types import MappingProxyType

from stellapolicy.audit.errors import UnknownAction

_LABELS: dict[str, str] = {}


def register(labels: Mapping[str, str]) -> None:
    """Make actions known (`token.issued` → "API token issued"); saying the same twice is harmless."""
    for action, label in labels.items():
        if _LABELS.setdefault(action, label) != label:
            raise ValueError(f"{action} is registered as {_LABELS[action]!r} already")


def label(action: str) -> str:
    """Return the words for an action; refuses an unknown one."""
    try:
        return _LABELS[action]
    except KeyError:
        raise UnknownAction(f"register {action!r} with audit.actions in the app that records it") from None


def known() -> Mapping[str, str]:
    """Return every action with its words."""
    return MappingProxyType(_LABELS)
