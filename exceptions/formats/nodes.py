"""Values of a file with their places, so that a mistake is told where it is, and reading them with all mistakes."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Final, TypeAlias

from exceptions.errors import ImportRefused
from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.kernel.pointers import below
from stellapolicy.kernel.refusals import Fault

Value: TypeAlias = "str | bool | int | float | list[Node] | dict[str, Node] | None"

MOST_FAULTS: Final = 100
DEEPEST: Final = 32
LONGEST_TEXT: Final = 10_000
LONGEST_NAME: Final = 500
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Node:
    """One value and its place: a line, or a JSON Pointer."""

    value: Value
    place: str


NOTHING: Final = Node(None, "")


def from_json(value: JsonValue, *, pointer: str = "") -> Node:
    """Return a parsed JSON value with its pointers; refuses what is nested too deeply."""
    return _node(value, pointer, DEEPEST)


def _node(value: JsonValue, pointer: str, levels: int) -> Node:
    if levels < 0:
        raise refused(pointer, "too_deep", f"more than {DEEPEST} levels of nesting are not read")
    match value:
        case str() | bool() | int() | float() | None:
            return Node(value, pointer)
        case Mapping():
            members = {name: _node(inner, below(pointer, name), levels - 1) for name, inner in value.items()}
            return Node(members, pointer)
        case _:
            return Node([_node(one, below(pointer, place), levels - 1) for place, one in enumerate(value)], pointer)


def refused(place: str, code: str, message: str) -> ImportRefused:
    """Return the refusal of a file for one mistake that ends the reading."""
    return ImportRefused(message, faults=(Fault(place, f"import.{code}", message),))


@dataclass(slots=True)
class Reader:
    """Takes values apart and gathers every mistake; `refuse` says no to the whole file where there was one."""

    faults: list[Fault] = field(default_factory=list)

    def fault(self, place: str, code: str, message: str) -> None:
        """Add a mistake."""
        self.faults.append(Fault(place, f"import.{code}", message))

    def refuse(self) -> None:
        """Refuse the file where anything was wrong with it."""
        if self.faults:
            count, first = len(self.faults), self.faults[0]
            where = f"{first.pointer}: " if first.pointer else ""
            more = "" if count == 1 else f" (and {count - 1} more)"
            raise ImportRefused(f"{where}{first.message}{more}", faults=tuple(self.faults[:MOST_FAULTS]))

    def record(self, node: Node) -> Mapping[str, Node]:
        """Return the members of an object; nothing where it is missing or none."""
        match node.value:
            case None:
                return {}
            case dict() as members:
                return members
            case _:
                self.fault(node.place, "type", "an object is expected here")
                return {}

    def rows(self, node: Node) -> list[Node]:
        """Return the items of a list; none where it is missing or no list."""
        match node.value:
            case None:
                return []
            case list() as items:
                return items
            case _:
                self.fault(node.place, "type", "a list is expected here")
                return []

    def text(self, node: Node, *, longest: int = LONGEST_TEXT) -> str:
        """Return a text without blanks around it; "" where it is missing."""
        match node.value:
            case None:
                return ""
            case str() as text:
                return self._within(text.strip(), node.place, longest)
            case _:
                self.fault(node.place, "type", "a text is expected here")
                return ""

    def name(self, node: Node, *, longest: int = LONGEST_NAME) -> str:
        """Return a short text of one line."""
        text = self.text(node, longest=longest)
        if text and not text.isprintable():
            self.fault(node.place, "text", "a text of one line is expected here")
            return ""
        return text

    def names(self, node: Node) -> list[Node]:
        """Return the non-empty short texts of a list, each with its place."""
        return [Node(name, one.place) for one in self.rows(node) if (name := self.name(one))]

    def flag(self, node: Node) -> bool:
        """Return true or false; false where it is missing."""
        if node.value is None or isinstance(node.value, bool):
            return bool(node.value)
        self.fault(node.place, "type", "true or false is expected here")
        return False

    def moment(self, node: Node) -> datetime | None:
        """Return an instant: RFC 3339 with its zone, or a day, which means its beginning in UTC."""
        text = self.name(node)
        if not text:
            return None
        found = moment_of(text)
        if found is None:
            self.fault(node.place, "instant", f"{text[:40]!r} is neither a day (2027-01-31) nor an instant with a zone")
        return found

    def _within(self, text: str, place: str, longest: int) -> str:
        if len(text) > longest:
            self.fault(place, "too_long", f"at most {longest} characters are taken, these are {len(text)}")
            return ""
        if _CONTROL.search(text):
            self.fault(place, "text", "a control character is no part of a text")
            return ""
        return text


def moment_of(text: str) -> datetime | None:
    """Return the instant of a text, or the beginning in UTC of a day; None where it is neither."""
    try:
        if _DAY.fullmatch(text):
            day = date.fromisoformat(text)
            return datetime(day.year, day.month, day.day, tzinfo=UTC)
        instant = datetime.fromisoformat(text)
        return None if instant.tzinfo is None else instant.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def member(members: Mapping[str, Node], name: str) -> Node:
    """Return a member of an object, nothing where it is missing."""
    return members.get(name, NOTHING)


def others(members: Mapping[str, Node], known: Iterable[str]) -> Iterator[tuple[str, Node]]:
    """Yield the members that nobody reads and that say something, by name."""
    read = frozenset(known)
    for name in sorted(members):
        if name not in read and members[name].value not in (None, "", [], {}, False):
            yield name, members[name]
