"""The rules of a SARIF run, found the way a result points at them, and what a result says of severity.

Source: SARIF 2.1.0, 3.27 (result), 3.49 (reportingDescriptor), 3.52 (reportingDescriptorReference); the property
`security-severity` as code hosts read it.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from policies.importers.ratings import severity_of_word
from policies.importers.shape import (
    Place,
    Record,
    as_record,
    as_text,
    integer,
    items,
    name_text,
    record,
    records,
    refuse,
    text,
    texts,
)
from stellapolicy.kernel import severity as scale
from stellapolicy.kernel.severity import Severity

T = TypeVar("T")

_LEVELS = {
    "error": Severity.HIGH,
    "warning": Severity.MEDIUM,
    "note": Severity.LOW,
    "none": Severity.UNKNOWN,
}
_USUAL_LEVEL = "warning"  # what the standard says of a result and a rule that state none
_WEAKNESS = re.compile(r"\bcwe[-/:_ ]0*(\d{1,6})\b", re.IGNORECASE)
_ARGUMENT = re.compile(r"\{(\d{1,4})\}")
_TENTHS = 10
_WORDS = ("issue_severity", "severity", "Severity", "security_severity", "security-severity")
_CHARACTERS = 100_000


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: what it is called, how bad it says it is, what belongs to it."""

    id: str = ""
    name: str = ""
    title: str = ""
    text: str = ""
    help: str = ""
    help_uri: str = ""
    level: str = ""
    score_tenths: int = -1
    word: str = ""
    precision: str = ""
    tags: tuple[str, ...] = ()
    cwes: tuple[str, ...] = ()
    former_ids: tuple[str, ...] = ()
    messages: tuple[tuple[str, str], ...] = ()


NO_RULE = Rule()


@dataclass(frozen=True, slots=True)
class Severeness:
    """How bad a result is, and the words the report has for it."""

    severity: Severity
    label: str
    score_tenths: int = -1


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of the driver and of every extension of a run."""

    driver: tuple[Rule, ...]
    extensions: tuple[tuple[Rule, ...], ...]
    by_id: dict[str, Rule] = field(default_factory=dict)

    def of(self, result: Record, place: Place) -> tuple[str, Rule]:
        """Return the id a result gives its rule, and the rule, which may be known by nothing but that id."""
        reference = record(result, "rule", place)
        inner = (place, "rule")
        identifier = name_text(result, "ruleId", place) or name_text(reference, "id", inner)
        index = _index(result, "ruleIndex", place)
        if index < 0:
            index = _index(reference, "index", inner)
        component = _index(record(reference, "toolComponent", inner), "index", (inner, "toolComponent"))
        rules = self.driver if component < 0 else _at(self.extensions, component) or ()
        pointed = _at(rules, index)
        if pointed is not None and (not identifier or _is_of(identifier, pointed.id)):
            return identifier or pointed.id, pointed
        return identifier, self._named(identifier)

    def _named(self, identifier: str) -> Rule:
        """Return the rule of that id, or of the nearest id above it (`CA1000/1` is a case of `CA1000`)."""
        while identifier:
            known = self.by_id.get(identifier)
            if known is not None:
                return known
            identifier = identifier.rpartition("/")[0]
        return NO_RULE


def read_rules(tool: Record, place: Place) -> Rules:
    """Return the rules of a tool; of two rules with one id the first is meant."""
    driver = _rules(record(tool, "driver", place), (place, "driver"))
    extensions = tuple(_rules(extension, here) for extension, here in records(tool, "extensions", place))
    by_id: dict[str, Rule] = {}
    for rule in (*driver, *(rule for rules in extensions for rule in rules)):
        by_id.setdefault(rule.id, rule)
    return Rules(driver, extensions, by_id)


def severeness(result: Record, place: Place, rule: Rule) -> Severeness:
    """Return how bad a result is: by its score, else by its rule's, else by a plain word, else by its level.

    A score in `security-severity` is no CVSS: tools write the middle of a band into it where they know no score.
    """
    level = name_text(result, "level", place) or rule.level or _USUAL_LEVEL
    if level not in _LEVELS:
        raise refuse((place, "level"), f"{level[:40]!r} is not a level of SARIF")
    properties = record(result, "properties", place)
    inner = (place, "properties")
    score = _score(properties, inner)
    score = rule.score_tenths if score < 0 else score
    if score > 0:
        return Severeness(scale.of_cvss(score), level, score)
    word = _word(properties) or rule.word
    severity = severity_of_word(word)
    return Severeness(_LEVELS[level] if severity is Severity.UNKNOWN else severity, level, score)


def weaknesses(*said: str) -> tuple[str, ...]:
    """Return the weaknesses that tags, ids and names speak of, in the one spelling `CWE-79`."""
    return tuple(sorted({f"CWE-{number}" for one in said for number in _WEAKNESS.findall(one[:_CHARACTERS])}))


def message_of(result: Record, place: Place, rule: Rule, common: Record) -> str:
    """Return the message of a result in plain words; `common` are the messages of the whole tool."""
    message = record(result, "message", place)
    inner = (place, "message")
    plain = text(message, "text", inner)
    key = text(message, "id", inner)
    if not plain and key:
        shared = common.get(key)
        plain = dict(rule.messages).get(key, "") or (
            text(shared, "text", (inner, "id")) if isinstance(shared, dict) else ""
        )
    arguments = [as_text(value, (inner, "arguments")) for value in items(message, "arguments", inner)]
    if not arguments:
        return plain
    return _ARGUMENT.sub(lambda hole: arguments[int(hole[1])] if int(hole[1]) < len(arguments) else hole[0], plain)


def _rules(component: Record, place: Place) -> tuple[Rule, ...]:
    return tuple([_rule(row, here) for row, here in records(component, "rules", place)])


def _rule(row: Record, place: Place) -> Rule:
    properties = record(row, "properties", place)
    inner = (place, "properties")
    tags = _tags(properties, inner)
    related = [
        text(record(one, "target", here), "id", (here, "target")) for one, here in records(row, "relationships", place)
    ]
    configuration = record(row, "defaultConfiguration", place)
    return Rule(
        id=name_text(row, "id", place),
        name=name_text(row, "name", place),
        title=_message_text(row, "shortDescription", place),
        text=_message_text(row, "fullDescription", place),
        help=_message_text(row, "help", place),
        help_uri=text(row, "helpUri", place),
        level=name_text(configuration, "level", (place, "defaultConfiguration")),
        score_tenths=_score(properties, inner),
        word=_word(properties),
        precision=str(properties.get("precision") or "")[:40],
        tags=tags,
        cwes=weaknesses(*tags, *related, *_stated_weaknesses(properties)),
        former_ids=texts(row, "deprecatedIds", place),
        messages=tuple(
            (name, text(as_record(said, (place, "messageStrings")), "text", ((place, "messageStrings"), name)))
            for name, said in sorted(record(row, "messageStrings", place).items())
        ),
    )


def _message_text(row: Record, name: str, place: Place) -> str:
    return text(record(row, name, place), "text", (place, name))[:_CHARACTERS]


def _tags(properties: Record, place: Place) -> tuple[str, ...]:
    values = properties.get("tags")
    return texts(properties, "tags", place) if isinstance(values, list) else ()


def _stated_weaknesses(properties: Record) -> Iterator[str]:
    for name in ("cwe", "cwes", "CWE"):
        value = properties.get(name)
        yield from (str(one) for one in (value if isinstance(value, list) else [value]) if one)


def _word(properties: Record) -> str:
    """Return a severity in words out of a property bag, which anybody may fill with anything."""
    words = (properties.get(name) for name in _WORDS)
    return next((word for word in words if isinstance(word, str) and word), "")[:100]


def _score(properties: Record, place: Place) -> int:
    """Return `security-severity` in tenths, -1 when absent; it is a number or, more often, a text."""
    written = properties.get("security-severity")
    if written is None or written == "":
        return -1
    try:
        score = float(written) if isinstance(written, str | int | float) else -1.0
    except ValueError:
        return -1  # a word; it is looked at among the words
    if not 0 <= score <= _TENTHS:
        raise refuse((place, "security-severity"), f"{str(written)[:40]!r} is not a score from 0 to 10")
    return round(score * _TENTHS)


def _index(row: Record, name: str, place: Place) -> int:
    value = integer(row, name, place)
    return -1 if value is None else value


def _at(rows: Sequence[T], index: int) -> T | None:
    return rows[index] if 0 <= index < len(rows) else None


def _is_of(identifier: str, rule: str) -> bool:
    return identifier == rule or identifier.startswith(f"{rule}/")
