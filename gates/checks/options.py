"""The options of a check: typed values, read from JSON with every mistake reported at once, written back the same."""

import re
from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, fields, replace
from datetime import timedelta
from difflib import get_close_matches
from enum import StrEnum
from typing import Any, ClassVar, Protocol, TypeVar

from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.kernel.pointers import below
from stellapolicy.kernel.refusals import Fault

_DURATION = re.compile(r"([0-9]{1,5})([mhdw])")
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_WRITTEN_UNITS = (("d", timedelta(days=1)), ("h", timedelta(hours=1)), ("m", timedelta(minutes=1)))


class Options(Protocol):
    """A frozen dataclass whose every field says by `option` how it is read."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]  # Any: dataclasses leave a field's type open


_Options = TypeVar("_Options", bound=Options)
_Choice = TypeVar("_Choice", bound=StrEnum)


class WrongKindError(ValueError):
    """A JSON value that an option does not take."""


@dataclass(frozen=True, slots=True)
class OptionKind:
    """What values an option takes, in words and as the way from JSON and back."""

    expects: str
    read: Callable[[JsonValue], object]
    write: Callable[[Any], JsonValue]  # Any: each kind writes the type that its own `read` returned


def option(kind: OptionKind) -> dict[str, OptionKind]:
    """Return the metadata of a field that is read from JSON: `field(metadata=option(…))`."""
    return {"kind": kind}


def number(low: float, high: float) -> OptionKind:
    """A number within bounds, both included."""

    def read(value: JsonValue) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise WrongKindError
        return float(value)

    return OptionKind(f"a number from {low:g} to {high:g}", read, float)


def count() -> OptionKind:
    """A whole number from 0 up."""

    def read(value: JsonValue) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise WrongKindError
        return value

    return OptionKind("a whole number from 0 up", read, int)


def flag() -> OptionKind:
    """True or false."""

    def read(value: JsonValue) -> bool:
        if not isinstance(value, bool):
            raise WrongKindError
        return value

    return OptionKind("true or false", read, bool)


def duration() -> OptionKind:
    """A length of time as in the policy language: `90m`, `12h`, `7d`, `2w`."""

    def read(value: JsonValue) -> timedelta:
        found = _DURATION.fullmatch(value) if isinstance(value, str) else None
        if found is None:
            raise WrongKindError
        return int(found[1]) * _UNITS[found[2]]

    return OptionKind('a duration such as "12h", "7d" or "2w"', read, duration_text)


def choice(choices: type[_Choice]) -> OptionKind:
    """One word of a closed list."""

    def read(value: JsonValue) -> _Choice:
        if value not in list(choices):
            raise WrongKindError
        return choices(value)

    return OptionKind("one of " + ", ".join(sorted(choices)), read, str)


def some_of(choices: type[_Choice]) -> OptionKind:
    """A list of at least one word of a closed list; order and repetition do not matter."""

    def read(value: JsonValue) -> tuple[_Choice, ...]:
        if not isinstance(value, list) or not value or any(item not in list(choices) for item in value):
            raise WrongKindError
        return tuple(sorted({choices(item) for item in value}))

    return OptionKind("a list of at least one of " + ", ".join(sorted(choices)), read, lambda words: [*map(str, words)])


def maybe(kind: OptionKind) -> OptionKind:
    """The same values, or null."""

    def read(value: JsonValue) -> object:
        return None if value is None else kind.read(value)

    def write(value: object) -> JsonValue:
        return None if value is None else kind.write(value)

    return OptionKind(f"{kind.expects}, or null", read, write)


def duration_text(length: timedelta) -> str:
    """Return a length of whole minutes in its largest exact unit ("7d", "12h", "90m")."""
    for unit, size in _WRITTEN_UNITS:
        if length % size == timedelta(0) and length:
            return f"{length // size}{unit}"
    return "0m"


def read_options(stated: JsonValue, *, defaults: _Options, pointer: str, faults: list[Fault]) -> _Options:
    """Return the defaults with what is stated in their place; every mistake is added to `faults` with its pointer."""
    if not isinstance(stated, Mapping):
        faults.append(Fault(pointer, "option.type", "options are an object"))
        return defaults
    kinds = {one.name: one.metadata["kind"] for one in fields(defaults)}
    values: dict[str, object] = {}
    for name in sorted(stated):
        place = below(pointer, name)
        if name not in kinds:
            faults.append(Fault(place, "option.unknown", _unknown(name, kinds)))
            continue
        try:
            values[name] = kinds[name].read(stated[name])
        except WrongKindError:
            faults.append(Fault(place, "option.value", f"{name} is {kinds[name].expects}"))
    return replace(defaults, **values)


def write_options(options: Options) -> dict[str, JsonValue]:
    """Return options as JSON, every one stated, so that a later change of a default changes no stored gate."""
    return {one.name: one.metadata["kind"].write(getattr(options, one.name)) for one in fields(options)}


def did_you_mean(word: str, candidates: Mapping[str, object]) -> str:
    """Return the closest candidate as a question with a space in front, or nothing."""
    found = get_close_matches(word[:64], sorted(candidates), n=1)
    return f" Did you mean {found[0]}?" if found else ""


def _unknown(name: str, kinds: Mapping[str, object]) -> str:
    return f"There is no option {name}.{did_you_mean(name, kinds)} Options are: {', '.join(sorted(kinds))}."
