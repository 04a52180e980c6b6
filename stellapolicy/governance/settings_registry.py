"""The settings there are: each registered by the room that reads it, with its default and what it means."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import TypeAlias

from django_stubs_ext import StrOrPromise

from stellapolicy.governance.errors import SettingRefused, SettingUnknown

SettingValue: TypeAlias = bool | int | str | timedelta
StoredValue: TypeAlias = bool | int | str


class SettingType(StrEnum):
    """What values a setting takes. A duration travels as whole seconds."""

    BOOLEAN = "boolean"
    INTEGER = "integer"
    CHOICE = "choice"
    DURATION = "duration"


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting. `opens_gate`: whether the wrong value lets something through; `choices`: value to words."""

    name: str
    type: SettingType
    default: SettingValue
    title: StrOrPromise
    help: StrOrPromise
    opens_gate: bool
    choices: Mapping[str, StrOrPromise] = field(default_factory=dict)
    smallest: int = 0
    largest: int = 2**31 - 1

    def read(self, stored: object) -> SettingValue:
        """Return a value as the product uses it, from how it is stored and travels; refuses any other."""
        match self.type, stored:
            case SettingType.BOOLEAN, bool():
                return stored
            case SettingType.INTEGER, int() if not isinstance(stored, bool) and self._within(stored):
                return stored
            case SettingType.DURATION, int() if not isinstance(stored, bool) and self._within(stored):
                return timedelta(seconds=stored)
            case SettingType.CHOICE, str() if stored in self.choices:
                return stored
            case _:
                raise SettingRefused(f"{self.name} is {self.values_in_words()}")

    def store(self, value: SettingValue) -> StoredValue:
        """Return a value as it is stored and travels."""
        return int(value.total_seconds()) if isinstance(value, timedelta) else value

    def values_in_words(self) -> str:
        """Return which values it takes."""
        match self.type:
            case SettingType.BOOLEAN:
                return "true or false"
            case SettingType.CHOICE:
                return "one of " + ", ".join(sorted(self.choices))
            case SettingType.INTEGER:
                return f"a whole number from {self.smallest} to {self.largest}"
            case SettingType.DURATION:
                return f"a whole number of seconds from {self.smallest} to {self.largest}"

    def _within(self, number: int) -> bool:
        return self.smallest <= number <= self.largest


_SETTINGS: dict[str, Setting] = {}


def register(
    name: str,
    *,
    type: SettingType,  # noqa: A002 - the word of the domain
    default: SettingValue,
    title: StrOrPromise,
    help: StrOrPromise,  # noqa: A002 - the word of the domain
    opens_gate: bool,
    choices: Mapping[str, StrOrPromise] | None = None,
    smallest: int = 0,
    largest: int = 2**31 - 1,
) -> Setting:
    """Make a setting known, in `apps.ready`, and return it; saying the same twice is harmless."""
    setting = Setting(name, type, default, title, help, opens_gate, dict(choices or {}), smallest, largest)
    if setting.read(setting.store(default)) != default:
        raise ValueError(f"{default!r} is no value of {name}")
    if _SETTINGS.setdefault(name, setting) != setting:
        raise ValueError(f"{name} is registered already")
    return setting


def setting_named(name: str) -> Setting:
    """Return a setting by its name."""
    if name not in _SETTINGS:
        raise SettingUnknown(f"there is no setting {name[:100]!r}")
    return _SETTINGS[name]


def settings() -> tuple[Setting, ...]:
    """Return every setting by name."""
    return tuple(_SETTINGS[name] for name in sorted(_SETTINGS))
