"""Our own format, `stella-exception@1`: one exception a line, as the export writes it and the import reads it.

Described by `docs/schemas/exception-1.json`. `origin` says where a line comes from and how it stood there; on the way
in it is left out, since what was decided elsewhere is proposed here.
"""

from collections.abc import Mapping
from typing import Final

from exceptions.formats.content import plain_json_of
from exceptions.formats.drafts import Draft, Drafting
from exceptions.formats.nodes import LONGEST_NAME, Node, Reader, from_json, member
from exceptions.formats.values import Defaults, LossKind, ReadFile
from exceptions.rules.conditions import Condition, read_conditions
from exceptions.rules.reading import no_such
from exceptions.rules.vocabulary import KIND_OF, Effect, ExceptionType, Reason
from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.kernel.refusals import Fault

FORMAT: Final = "stella-exception@1"
TITLE: Final = "a file of exceptions"
LONGEST_TICKET: Final = 200
LONGEST_TAG: Final = 60
MOST_TEXTS: Final = 50
_NAME = "ndjson"
_MEMBERS = (
    "format",
    "type",
    "reason",
    "effect",
    "scope",
    "starts_at",
    "expires_at",
    "rationale",
    "controls",
    "recheck",
    "owner_team",
    "ticket",
    "tags",
)
_DECIDED = "what was decided elsewhere is proposed here, and decided here"
_DROPPED: Final = {
    "origin": _DECIDED,
    "number": "it gets a number of its own",
    "id": "it gets an id of its own",
    "state": _DECIDED,
    "status": _DECIDED,
    "level": "the level is computed from what is covered here",
    "kind": "the reason says it",
    "approved": _DECIDED,
    "approved_at": _DECIDED,
    "approved_by": _DECIDED,
    "approvals": _DECIDED,
    "requester": "who asks is whoever imports",
}


def looks_like(text: str) -> bool:
    """Whether the first line is an object of this format."""
    first = next(line for line in text.splitlines() if line.strip())
    return first.lstrip().startswith("{") and f'"{FORMAT}"' in first


def read(text: str, *, filename: str, defaults: Defaults) -> ReadFile:
    """Return the drafts of a file, a line each; lines without anything on them are passed over."""
    drafting = Drafting(_NAME, TITLE, filename, defaults)
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            place = f"line {number}"
            _line(drafting, plain_json_of(line, place=place), place=place)
    return drafting.done()


def _line(drafting: Drafting, value: JsonValue, *, place: str) -> None:
    """Add the draft of a line; the mistakes in it are told as `line 3: /scope/packages/0`."""
    reader = Reader()
    node = from_json(value)
    stated = reader.record(node)
    if isinstance(value, Mapping):
        draft = _draft(reader, stated, value, place=place)
        if not reader.faults:
            _note_what_is_left(draft, stated, defaults=drafting.defaults)
            drafting.add(draft)
    drafting.reader.faults += [
        Fault(f"{place}: {fault.pointer}" if fault.pointer else place, fault.code, fault.message)
        for fault in reader.faults
    ]


def _draft(reader: Reader, stated: Mapping[str, Node], value: Mapping[str, JsonValue], *, place: str) -> Draft:
    if member(stated, "format").value != FORMAT:
        reader.fault("/format", "format", f"it is {FORMAT!r} in every line")
    for name in sorted(set(stated) - {*_MEMBERS, *_DROPPED}):
        reader.fault(stated[name].place, "unknown", no_such(name, _MEMBERS))
    type_, reason = reader.name(member(stated, "type")), reader.name(member(stated, "reason"))
    for name, word, choices in (("type", type_, ExceptionType), ("reason", reason, Reason)):
        if word not in list(choices):
            reader.fault(f"/{name}", name, no_such(word, choices) if word else f"{name} is missing")
    effect = reader.name(member(stated, "effect"))
    if effect and effect not in list(Effect):
        reader.fault("/effect", "effect", no_such(effect, Effect))
    scope = value.get("scope")
    if not isinstance(scope, Mapping):
        reader.fault("/scope", "scope", 'an object such as {"vulnerabilities": ["CVE-2021-44228"]} is expected here')
    known = Reason(reason) if reason in list(Reason) else Reason.ACCEPTED_RISK
    return Draft(
        place=place,
        title=_title(scope),
        type=ExceptionType(type_) if type_ in list(ExceptionType) else ExceptionType.VULNERABILITY,
        reason=known,
        effect=Effect(effect) if effect in list(Effect) else None,
        scope=dict(scope) if isinstance(scope, Mapping) else {},
        starts_at=reader.moment(member(stated, "starts_at")),
        ends_at=reader.moment(member(stated, "expires_at")),
        said=reader.text(member(stated, "rationale")),
        controls=_texts(reader, stated, "controls"),
        conditions=_conditions(reader, value, known),
        owner_team=reader.name(member(stated, "owner_team")),
        ticket=reader.name(member(stated, "ticket"), longest=LONGEST_TICKET),
        tags=_texts(reader, stated, "tags", longest=LONGEST_TAG),
    )


def _conditions(reader: Reader, value: Mapping[str, JsonValue], reason: Reason) -> tuple[Condition, ...] | None:
    stated = value.get("recheck")
    if stated is None:
        return None
    return read_conditions(stated, kind=KIND_OF[reason], faults=reader.faults)


def _texts(reader: Reader, stated: Mapping[str, Node], name: str, *, longest: int = LONGEST_NAME) -> tuple[str, ...]:
    listed = reader.rows(member(stated, name))
    if len(listed) > MOST_TEXTS:
        reader.fault(f"/{name}", "too_many", f"at most {MOST_TEXTS} are taken, these are {len(listed)}")
        return ()
    return tuple(filter(None, (reader.name(one, longest=longest) for one in listed)))


def _note_what_is_left(draft: Draft, stated: Mapping[str, Node], *, defaults: Defaults) -> None:
    for name in sorted(set(stated) & set(_DROPPED)):
        draft.drop(name, _DROPPED[name])
    if draft.starts_at is not None and draft.starts_at <= defaults.at:
        draft.lose(LossKind.DROPPED, "starts_at", "it began in the past; here it begins with the request")
        draft.starts_at = None


def _title(scope: JsonValue) -> str:
    """Return what a line is about, as far as it can be seen before it is judged."""
    if isinstance(scope, Mapping):
        for dimension in ("vulnerabilities", "packages", "rules"):
            values = scope.get(dimension)
            if isinstance(values, list) and values:
                first = values[0]
                shown = first.get("pattern", "") if isinstance(first, Mapping) else first
                return str(shown)[:120]
    return "an exception"
