"""YAML read event by event: every value with its line, bounded in number and depth, and nothing constructed.

What is written plainly is a text, true, false or nothing: `1.10` stays the version it is, a day stays its ten
characters. An alias is another reading of what it points to, and counts again each time.
"""

from collections.abc import Iterator
from typing import Any, Final

import yaml

from exceptions.formats.nodes import DEEPEST, Node, Value, refused

MOST_VALUES: Final = 100_000
_NOTHING = frozenset({"", "~", "null", "Null", "NULL"})
_FLAGS: Final = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
# The parser in C reads a file of five megabytes in seconds; it keeps its own stack, so that nesting cannot end it.
_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # Any: two classes of one interface


def yaml_of(text: str) -> Node:
    """Return the one document of a YAML text; each place is `line n`."""
    try:
        return _Tree(yaml.parse(text, Loader=_LOADER)).document()
    except yaml.MarkedYAMLError as failure:
        mark = failure.problem_mark or failure.context_mark
        place = f"line {mark.line + 1}" if mark else ""
        raise refused(place, "not_yaml", f"this is not YAML: {failure.problem or failure.context}") from None
    except yaml.YAMLError as failure:
        raise refused("", "not_yaml", f"this is not YAML: {str(failure)[:200]}") from None


class _Tree:
    """Builds nodes from events."""

    def __init__(self, events: Iterator[Any]) -> None:  # Any: events of the library
        self._events = events
        self._anchors: dict[str, Node] = {}
        self._left = MOST_VALUES

    def document(self) -> Node:
        """Return the value of the only document."""
        root = Node(None, "")
        documents = 0
        for event in self._events:
            match event:
                case yaml.DocumentStartEvent():
                    documents += 1
                    if documents > 1:
                        raise refused(_line(event), "too_many_documents", "one YAML document is expected in the file")
                    root = self._value(next(self._events), DEEPEST)
                case _:
                    continue
        return root

    def _value(self, event: Any, levels: int) -> Node:  # noqa: ANN401 - an event of the library
        if isinstance(event, yaml.AliasEvent):
            return self._again(event, levels)
        self._count(_line(event), 1)
        if levels < 0:
            raise refused(_line(event), "too_deep", f"more than {DEEPEST} levels of nesting are not read")
        node = Node(self._content(event, levels), _line(event))
        if event.anchor:
            self._anchors[event.anchor] = node
        return node

    def _content(self, event: Any, levels: int) -> Value:  # noqa: ANN401 - an event of the library
        match event:
            case yaml.SequenceStartEvent():
                return list(self._items(levels - 1))
            case yaml.MappingStartEvent():
                return self._members(levels - 1)
            case _:
                return _scalar(event)

    def _items(self, levels: int) -> Iterator[Node]:
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            yield self._value(event, levels)

    def _members(self, levels: int) -> dict[str, Node]:
        members: dict[str, Node] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._value(event, levels)
            if not isinstance(event, yaml.ScalarEvent):
                raise refused(key.place, "type", "a name is expected here")
            name = str(event.value)
            if name in members:
                raise refused(key.place, "twice", f"{name[:60]!r} is given twice")
            members[name] = self._value(next(self._events), levels)
        return members

    def _again(self, event: Any, levels: int) -> Node:  # noqa: ANN401 - an event of the library
        """Return what an alias points to; one that points to what holds it has nothing to point to yet."""
        found = self._anchors.get(event.anchor)
        if found is None:
            raise refused(_line(event), "alias", f"the alias {str(event.anchor)[:60]!r} points to nothing before it")
        self._count(_line(event), _size(found, levels, self._left, place=_line(event)))
        return found

    def _count(self, place: str, values: int) -> None:
        self._left -= values
        if self._left < 0:
            raise refused(place, "too_many_values", f"more than {MOST_VALUES} values are not read, aliases counted")


def _size(node: Node, levels: int, most: int, *, place: str) -> int:
    """Return how many values a node holds, itself included; never looks at many more than `most`."""
    if levels < 0:
        raise refused(place, "too_deep", f"more than {DEEPEST} levels of nesting are not read")
    match node.value:
        case list() as items:
            inner = iter(items)
        case dict() as members:
            inner = iter(members.values())
        case _:
            return 1
    size = 1
    for one in inner:
        size += _size(one, levels - 1, most - size, place=place)
        if size > most:
            break
    return size


def _scalar(event: Any) -> Value:  # noqa: ANN401 - an event of the library
    text = str(event.value)
    is_plain = event.implicit[0] and event.style in (None, "")
    if not is_plain:
        return text
    if text in _NOTHING:
        return None
    return _FLAGS.get(text, text)


def _line(event: Any) -> str:  # noqa: ANN401 - an event of the library
    return f"line {event.start_mark.line + 1}"
