"""The facts a policy may read: a fixed, typed catalogue, and the way of facts from and to JSON.

The facts of one finding are one flat mapping from catalogue path to value. A missing key and `UNKNOWN` both say that
nobody knows. Numbers are IEEE doubles read from decimal text, the same on every machine; instants are aware datetimes;
severities are the lower-case words of the scale; strings are in NFC.
"""

import math
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from types import MappingProxyType
from typing import Final

from policies.language.diagnostics import did_you_mean
from policies.language.types import UNKNOWN, Facts, FactValue, Scalar, Statement, Type
from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.kernel.clock import rfc3339
from stellapolicy.kernel.pointers import below
from stellapolicy.kernel.refusals import Fault, Refusal
from stellapolicy.kernel.severity import Severity

__all__ = [
    "CATALOGUE",
    "OPTIONAL_GROUPS",
    "STATEMENT_FIELDS",
    "UNKNOWN",
    "FactSpec",
    "FactValue",
    "Facts",
    "FactsRefused",
    "from_json",
    "mistyped",
    "to_json",
    "value_to_json",
]

OPTIONAL_GROUPS: Final = frozenset({"extra"})
_SIGNALS = "signals."
_SEVERITIES = frozenset(severity.value for severity in Severity) - {Severity.UNKNOWN.value}


@dataclass(frozen=True, slots=True)
class FactSpec:
    """One fact: its path, type, group, meaning and an example as JSON.

    `words` lists every value of a closed string, `minimum` and `maximum` bound a number (both included), `always` says
    that every evaluation knows the fact unless a source failed.
    """

    path: str
    type: Type
    group: str
    description: str
    example: JsonValue
    words: tuple[str, ...] = ()
    always: bool = False
    minimum: float | None = None
    maximum: float | None = None


class FactsRefused(Refusal):
    """Facts that are not of the catalogue, each fault with the JSON Pointer of its place."""

    code = "facts.refused"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = "The facts do not fit the catalogue"


def _read() -> Mapping[str, FactSpec]:
    rows = tomllib.loads(Path(__file__).with_name("facts.toml").read_text(encoding="utf-8"))
    return MappingProxyType({path: _spec(path, row) for path, row in rows.items()})


def _spec(path: str, row: Mapping[str, JsonValue]) -> FactSpec:
    words = row.get("words", ())
    return FactSpec(
        path=path,
        type=Type(str(row["type"])),
        group=str(row.get("group", path.partition(".")[0])),
        description=str(row["description"]),
        example=row["example"],
        words=tuple(str(word) for word in words) if isinstance(words, list) else (),
        always=row.get("always") is True,
        minimum=_bound(row.get("minimum")),
        maximum=_bound(row.get("maximum")),
    )


def _bound(value: JsonValue) -> float | None:
    return float(value) if isinstance(value, int | float) else None


CATALOGUE: Final = _read()

STATEMENT_FIELDS: Final[Mapping[str, FactSpec]] = MappingProxyType(
    {
        "status": FactSpec(
            "status", Type.STRING, "vex", "What is claimed.", "not_affected", CATALOGUE["vex.status"].words[1:]
        ),
        "justification": FactSpec(
            "justification",
            Type.STRING,
            "vex",
            "Why it is claimed.",
            "component_not_present",
            CATALOGUE["vex.justification"].words,
        ),
        "source": FactSpec("source", Type.STRING, "vex", "Who claims it.", "redhat"),
        "trust": FactSpec("trust", Type.NUMBER, "vex", "How far the claim is trusted, 0 to 1.", 0.85),
        "issued_at": FactSpec("issued_at", Type.INSTANT, "vex", "When it was claimed.", "2024-01-05T00:00:00Z"),
    }
)


def from_json(document: Mapping[str, JsonValue], *, signals: Mapping[str, Type] | None = None) -> Facts:
    """Return facts read from a flat JSON object of catalogue paths; `null` and severity `unknown` mean unknown.

    `signals` gives the declared types of `signals.*`; without it a signal takes the type its JSON shows.
    Raises FactsRefused with every fault, each at its JSON Pointer.
    """
    reading = _Reading(signals)
    facts = {path: reading.fact(path, value) for path, value in document.items() if value is not None}
    if reading.faults:
        summary = f"{len(reading.faults)} of the facts cannot be used; the first: {reading.faults[0].message}"
        raise FactsRefused(summary, faults=tuple(reading.faults))
    return {path: value for path, value in facts.items() if value is not UNKNOWN}


def to_json(facts: Facts) -> dict[str, JsonValue]:
    """Return facts as the flat JSON object `from_json` reads, sorted by path, what is unknown left out."""
    return {path: value_to_json(facts[path]) for path in sorted(facts) if facts[path] is not UNKNOWN}


def value_to_json(value: FactValue) -> JsonValue:
    """Return one fact as JSON; what is unknown, or no finite number, is null."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, datetime):
        return rfc3339(value)
    if isinstance(value, tuple):
        return [item if isinstance(item, str) else _statement_to_json(item) for item in value]
    return value


def _statement_to_json(statement: Statement) -> dict[str, JsonValue]:
    return {name: value_to_json(statement[name]) for name in sorted(statement) if statement[name] is not UNKNOWN}


def mistyped(facts: Facts, signals: Mapping[str, Type]) -> tuple[Fault, ...]:
    """Return what is wrong with facts that were not read from JSON: values that are not of their type."""
    faults: list[Fault] = []
    for path in sorted(facts):
        spec = CATALOGUE.get(path)
        wanted = signals.get(path) if spec is None else spec.type
        if wanted is not None and facts[path] is not UNKNOWN and not _is_of(wanted, facts[path]):
            faults.append(
                Fault(below("", path), "fact.wrong_type", f"{type(facts[path]).__name__} is not {wanted.phrase}")
            )
    return tuple(faults)


def _is_of(wanted: Type, value: FactValue) -> bool:
    if wanted is Type.INSTANT:
        return isinstance(value, datetime) and value.tzinfo is not None
    if wanted is Type.NUMBER:
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, _PYTHON_TYPES[wanted])


_PYTHON_TYPES: Final[Mapping[Type, type]] = {
    Type.BOOL: bool,
    Type.STRING: str,
    Type.SEVERITY: str,
    Type.STRINGS: tuple,
    Type.STATEMENTS: tuple,
}


class _Reading:
    """One reading of a JSON object; gathers every fault instead of stopping at the first."""

    def __init__(self, signals: Mapping[str, Type] | None) -> None:
        self._signals = signals
        self.faults: list[Fault] = []

    def fact(self, path: str, value: JsonValue) -> FactValue:
        """Return one fact, or UNKNOWN after reporting what is wrong with it."""
        pointer = below("", path)
        if path.startswith(_SIGNALS):
            return self._signal(path, value, pointer)
        spec = CATALOGUE.get(path)
        if spec is None:
            hint = did_you_mean(path, CATALOGUE)
            return self._refuse(pointer, "fact.unknown_path", f"`{path}` is not a fact" + (f"; {hint}" if hint else ""))
        if spec.type is Type.STATEMENTS:
            return self._statements(value, pointer)
        return self._of_spec(spec, value, pointer)

    def _signal(self, path: str, value: JsonValue, pointer: str) -> FactValue:
        if self._signals is None:
            return self._of_type(_natural_type(value), value, pointer)
        if path not in self._signals:
            return self._refuse(pointer, "fact.undeclared_signal", f"`{path}` is not declared")
        return self._of_type(self._signals[path], value, pointer)

    def _of_spec(self, spec: FactSpec, value: JsonValue, pointer: str) -> FactValue:
        if not spec.words:
            return self._within(spec, self._of_type(spec.type, value, pointer), pointer)
        word = value.lower() if isinstance(value, str) else None
        if word in spec.words:
            return word
        return self._refuse(pointer, "fact.unknown_word", f"{_shown(value)} is none of {', '.join(spec.words)}")

    def _within(self, spec: FactSpec, value: FactValue, pointer: str) -> FactValue:
        if not isinstance(value, float) or value is UNKNOWN:
            return value
        low, high = spec.minimum, spec.maximum
        if (low is None or low <= value) and (high is None or value <= high):
            return value
        bounds = f"at least {low:g}" if high is None else f"from {low:g} to {high:g}"
        return self._refuse(pointer, "fact.out_of_range", f"{value:g} is not {bounds}")

    def _of_type(self, wanted: Type, value: JsonValue, pointer: str) -> FactValue:
        match wanted, value:
            case (Type.BOOL, bool()):
                found: FactValue = value
            case (Type.NUMBER, int() | float()) if not isinstance(value, bool):
                found = self._number(value, pointer)
            case (Type.STRING, str()):
                found = unicodedata.normalize("NFC", value)
            case (Type.SEVERITY, str()):
                found = self._severity(value, pointer)
            case (Type.INSTANT, str()):
                found = self._instant(value, pointer)
            case (Type.STRINGS, list() | tuple()):
                found = self._strings(value, pointer)
            case _:
                found = self._refuse(pointer, "fact.wrong_type", f"{_shown(value)} is not a {wanted}")
        return found

    def _number(self, value: float, pointer: str) -> FactValue:
        try:
            number = float(value)
        except OverflowError:
            return self._refuse(pointer, "fact.wrong_type", "the number is too large for a double")
        if number - number != 0:
            return self._refuse(pointer, "fact.wrong_type", f"{_shown(value)} is not a finite number")
        return number

    def _severity(self, value: str, pointer: str) -> FactValue:
        word = value.lower()
        if word == Severity.UNKNOWN:
            return UNKNOWN
        if word in _SEVERITIES:
            return word
        return self._refuse(pointer, "fact.unknown_word", f"{_shown(value)} is not a severity")

    def _instant(self, value: str, pointer: str) -> FactValue:
        try:
            instant = datetime.fromisoformat(value)
            if instant.tzinfo is None:
                return self._refuse(pointer, "fact.wrong_type", f"{_shown(value)} is an instant without a zone")
            return instant.astimezone(UTC)
        except (ValueError, OverflowError):
            return self._refuse(pointer, "fact.wrong_type", f"{_shown(value)} is not an instant")

    def _strings(self, value: list[JsonValue] | tuple[JsonValue, ...], pointer: str) -> FactValue:
        strings = []
        for index, item in enumerate(value):
            if isinstance(item, str):
                strings.append(unicodedata.normalize("NFC", item))
            else:
                self._refuse(f"{pointer}/{index}", "fact.wrong_type", f"{_shown(item)} is not a string")
        return tuple(strings)

    def _statements(self, value: JsonValue, pointer: str) -> FactValue:
        if not isinstance(value, list | tuple):
            return self._refuse(pointer, "fact.wrong_type", f"{_shown(value)} is not a list of statements")
        return tuple(self._statement(item, f"{pointer}/{index}") for index, item in enumerate(value))

    def _statement(self, value: JsonValue, pointer: str) -> Statement:
        if not isinstance(value, Mapping):
            self._refuse(pointer, "fact.wrong_type", f"{_shown(value)} is not a statement")
            return {}
        known = {name: item for name, item in value.items() if item is not None}
        return {name: self._field(name, item, below(pointer, name)) for name, item in known.items()}

    def _field(self, name: str, value: JsonValue, pointer: str) -> Scalar:
        spec = STATEMENT_FIELDS.get(name)
        if spec is None:
            self._refuse(pointer, "fact.unknown_path", f"`{name}` is not a field of a statement")
            return UNKNOWN
        found = self._of_spec(spec, value, pointer)
        return UNKNOWN if isinstance(found, tuple) else found

    def _refuse(self, pointer: str, code: str, message: str) -> FactValue:
        self.faults.append(Fault(pointer, code, message))
        return UNKNOWN


def _natural_type(value: JsonValue) -> Type:
    if isinstance(value, bool):
        return Type.BOOL
    if isinstance(value, int | float):
        return Type.NUMBER
    return Type.STRING if isinstance(value, str) else Type.STRINGS


def _shown(value: JsonValue) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "…"  # noqa: PLR2004 - the length a message can carry
