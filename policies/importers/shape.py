"""Reading somebody else's JSON with the place always at hand: a wrong value is refused with its JSON Pointer."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import TypeAlias, TypeVar

from policies.importers.limits import STANDARD
from policies.importers.ratings import score_tenths
from policies.importers.refusals import ShapeInvalid
from stellapolicy.kernel import digest
from stellapolicy.kernel.pointers import below
from stellapolicy.kernel.refusals import Fault

T = TypeVar("T")
Record: TypeAlias = Mapping[str, object]
Place: TypeAlias = "tuple[()] | tuple[Place, str | int]"

ROOT: Place = ()
IDENTIFIER_CHARACTERS = 200
NAME_CHARACTERS = 1_024
LICENCE_CHARACTERS = 1_000_000
_MARK = 12  # digits of a digest, enough to tell two long names apart
_GO_TIME = re.compile(r"(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(\.\d+)? ([+-]\d{4})(?: \w+)?")
_KINDS = {str: "a text", dict: "an object", list: "a list", bool: "true or false", int: "an integer", float: "a number"}


def pointer(place: Place) -> str:
    """Return the RFC 6901 JSON Pointer of a place; the document itself is ""."""
    steps: list[str] = []
    while place:
        place, step = place
        steps.append(below("", step))
    return "".join(reversed(steps))


def refuse(place: Place, message: str) -> ShapeInvalid:
    """Return the refusal of the value at a place."""
    return ShapeInvalid.at(pointer(place), message)


def _unexpected(place: Place, wanted: type, value: object) -> ShapeInvalid:
    found = "null" if value is None else _KINDS.get(type(value), type(value).__name__)
    return refuse(place, f"expected {_KINDS[wanted]}, found {found}")


def as_record(value: object, place: Place) -> Record:
    """Return the object at a place."""
    if isinstance(value, dict):
        return value
    raise _unexpected(place, dict, value)


def record(parent: Record, name: str, place: Place) -> Record:
    """Return the object under a name, an empty one when it is absent or null."""
    value = parent.get(name)
    if value is None:
        return {}
    return as_record(value, (place, name))


def as_text(value: object, place: Place) -> str:
    """Return the text at a place; NUL, which no database keeps, becomes the replacement character."""
    if isinstance(value, str):
        return value if "\0" not in value else value.replace("\0", "\ufffd")
    raise _unexpected(place, str, value)


def text(parent: Record, name: str, place: Place) -> str:
    """Return the text under a name, "" when it is absent or null."""
    value = parent.get(name)
    if value is None:
        return ""
    if value.__class__ is str and "\0" not in value:  # the way of nearly every text, without a call
        return value
    return as_text(value, (place, name))


def name_text(parent: Record, name: str, place: Place, *, limit: int = NAME_CHARACTERS) -> str:
    """Return a text that names something, stripped, refused beyond `limit` characters."""
    value = text(parent, name, place).strip()
    if len(value) > limit:
        raise refuse((place, name), f"longer than {limit} characters")
    return value


def required_name(parent: Record, name: str, place: Place, *, limit: int = IDENTIFIER_CHARACTERS) -> str:
    """Return a text that must be there and name something."""
    value = name_text(parent, name, place, limit=limit)
    if not value:
        raise refuse((place, name), "is missing or empty")
    return value


def shortened(name: str) -> str:
    """Return a name that fits an identifier; some packages state the whole text of their licence as its name."""
    if len(name) <= IDENTIFIER_CHARACTERS:
        return name
    mark = digest.of_bytes(name.encode()).removeprefix("sha256:")[:_MARK]
    return f"{name[: IDENTIFIER_CHARACTERS - _MARK - 2].rstrip()}… {mark}"


def texts(parent: Record, name: str, place: Place) -> tuple[str, ...]:
    """Return the non-empty texts of the list under a name, in their order."""
    inner = (place, name)
    values = (as_text(value, (inner, index)).strip() for index, value in enumerate(items(parent, name, place)))
    return tuple([value for value in values if value])


def items(parent: Record, name: str, place: Place) -> list[object]:
    """Return the list under a name, an empty one when it is absent or null."""
    value = parent.get(name)
    if value is None:
        return []
    if isinstance(value, list):
        return value
    raise _unexpected((place, name), list, value)


def records(parent: Record, name: str, place: Place) -> Iterator[tuple[Record, Place]]:
    """Yield every object of the list under a name, with its place."""
    inner = (place, name)
    for index, value in enumerate(items(parent, name, place)):
        here = (inner, index)
        yield as_record(value, here), here


def flag(parent: Record, name: str, place: Place) -> bool | None:
    """Return the boolean under a name, None when it is absent or null."""
    value = parent.get(name)
    if value is None or isinstance(value, bool):
        return value
    raise _unexpected((place, name), bool, value)


def integer(parent: Record, name: str, place: Place) -> int | None:
    """Return the integer under a name, None when it is absent or null."""
    value = parent.get(name)
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise _unexpected((place, name), int, value)


def number(parent: Record, name: str, place: Place) -> float | None:
    """Return the number under a name, None when it is absent or null."""
    value = parent.get(name)
    if value is None:
        return None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    raise _unexpected((place, name), float, value)


def tenths_at(score: float | None, place: Place) -> int:
    """Return a CVSS score in tenths, -1 when there is none; refused outside 0 to 10."""
    if score is None:
        return -1
    try:
        return score_tenths(score)
    except ValueError as failure:
        raise refuse(place, str(failure)) from None


def instant(parent: Record, name: str, place: Place) -> datetime | None:
    """Return the instant under a name in UTC; None when absent, null, "" or the year 1 that Go writes for nothing."""
    written = text(parent, name, place)
    if not written or written.startswith("0001-01-01"):
        return None
    try:
        return parse_instant(written)
    except ValueError as failure:
        raise refuse((place, name), str(failure)) from None


def parse_instant(written: str) -> datetime:
    """Return an instant in UTC from RFC 3339 or Go's default spelling; without a zone it is UTC.

    Raises ValueError when the text is neither.
    """
    go_time = _GO_TIME.fullmatch(written)
    spelled = f"{go_time[1]}T{go_time[2]}{go_time[3] or ''}{go_time[4]}" if go_time else written
    try:
        moment = datetime.fromisoformat(spelled)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"{written[:60]!r} is not an instant (RFC 3339)") from None


def read_each(
    parent: Record,
    name: str,
    place: Place,
    read: Callable[[Record, Place], T],
) -> list[T]:
    """Return what `read` makes of every object in a list; the faults of several rows are reported together."""
    made: list[T] = []
    faults: list[Fault] = []
    inner = (place, name)
    for index, value in enumerate(items(parent, name, place)):
        here = (inner, index)
        try:
            made.append(read(as_record(value, here), here))
        except ShapeInvalid as refusal:
            faults += refusal.faults
            if len(faults) >= STANDARD.faults:
                break
    if faults:
        raise ShapeInvalid.of(tuple(faults[: STANDARD.faults]))
    return made
