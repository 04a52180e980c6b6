"""Settings and declared signals: what the files of a pack say together, and where they disagree."""

from dataclasses import dataclass, field
from typing import Final, TypeAlias

from policies.language import tree
from policies.language.checker.scope import Scope
from policies.language.diagnostics import did_you_mean
from policies.language.ruleset import Settings
from policies.language.types import Type
from policies.language.verdict import Status

_WORDS: Final = {"block": Status.BLOCKED, "warn": Status.WARNED}
_DEFAULTS: Final = (Status.PASS, Status.GUARDED_PASS, Status.WARNED, Status.BLOCKED)
_ON_UNKNOWN: Final = (Status.PASS, Status.WARNED, Status.BLOCKED)
_KEYS: Final = ("default_status", "on_unknown", "strict")
_SIGNALS: Final = "signals"
SettingValue: TypeAlias = Status | bool


@dataclass(slots=True)
class GatheredSettings:
    """The settings of a pack, gathered file by file; each key remembers who said it first."""

    _said: dict[str, SettingValue] = field(default_factory=dict)
    _said_by: dict[str, str] = field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        """The settings the files agree on, defaults for what none of them says."""
        default_status, on_unknown = self._said.get("default_status"), self._said.get("on_unknown")
        return Settings(
            default_status=default_status if isinstance(default_status, Status) else Status.PASS,
            on_unknown=on_unknown if isinstance(on_unknown, Status) else Status.WARNED,
            strict=self._said.get("strict") is True,
        )

    def add(self, scope: Scope, section: tree.Settings) -> None:
        """Take up the settings of a file; what is unknown or disagrees is reported."""
        for entry in section.entries:
            key = entry.path.dotted
            value = _value(scope, key, entry)
            if value is not None and self._agrees(scope, key, value, entry):
                self._said[key] = value

    def _agrees(self, scope: Scope, key: str, value: SettingValue, entry: tree.Entry) -> bool:
        said_by = self._said_by.setdefault(key, scope.gathering.source.name)
        if self._said.get(key, value) == value:
            return True
        scope.gathering.report("E309", entry.span, f"`{key}` differs from the one in {said_by}; a pack has one")
        return False


def _value(scope: Scope, key: str, entry: tree.Entry) -> SettingValue | None:
    if key == "strict":
        if isinstance(entry.value, tree.Boolean):
            return entry.value.value
        scope.gathering.report("E309", entry.value.span, "`strict` is `true` or `false`")
        return None
    if key not in _KEYS:
        hint = did_you_mean(key, _KEYS) or f"the settings are {', '.join(_KEYS)}"
        scope.gathering.report("E309", entry.path.span, f"there is no setting `{key}`", hint=hint)
        return None
    allowed = _DEFAULTS if key == "default_status" else _ON_UNKNOWN
    word = entry.value.value if isinstance(entry.value, tree.Text) else ""
    status = _WORDS.get(word) or next((one for one in allowed if one == word), None)
    if status in allowed:
        return status
    scope.gathering.report("E309", entry.value.span, f"`{key}` is one of {', '.join(allowed)}")
    return None


def declare(scope: Scope, section: tree.Declare) -> None:
    """Take up the signals a file declares; each is `signals.<name>` and has one type in the whole pack."""
    for declaration in section.declarations:
        path = declaration.path.dotted
        kind = Type(declaration.type.value)
        if declaration.path.names[0] != _SIGNALS or len(declaration.path.names) == 1:
            hint = f"write `{_SIGNALS}.{path} = {kind}`"
            scope.gathering.report("E310", declaration.path.span, "only signals are declared", hint=hint)
        elif scope.names.signals.setdefault(path, kind) is not kind:
            message = f"`{path}` is a {scope.names.signals[path]} elsewhere and {kind.phrase} here"
            scope.gathering.report("E310", declaration.span, message)
