"""From what an entry says to what is asked for: scope, end and rationale made whole, each loss noted."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from exceptions.asking import SHORTEST_RATIONALE, Asked
from exceptions.formats.content import MOST_ENTRIES
from exceptions.formats.nodes import Reader, refused
from exceptions.formats.values import Defaults, Entry, Loss, LossKind, ReadFile
from exceptions.matching.scope import Scope, read_scope
from exceptions.rules.conditions import Condition
from exceptions.rules.vocabulary import Effect, ExceptionType, Reason
from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.kernel.clock import rfc3339
from stellapolicy.kernel.refusals import Fault

LONGEST_RATIONALE: Final = 4_000
TOO_OPEN: Final = "scope.too_open"
_LONGEST_FILENAME = 100


@dataclass(slots=True, kw_only=True)
class Draft:
    """One entry as far as its file was understood.

    guessed: why the reason is not what the file says. narrower: what bound it there and cannot be said here. scope: by
    dimension, as a client writes it.
    """

    place: str
    title: str
    type: ExceptionType
    reason: Reason
    guessed: str = ""
    scope: dict[str, JsonValue] = field(default_factory=dict)
    said: str = ""
    ends_at: datetime | None = None
    effect: Effect | None = None
    starts_at: datetime | None = None
    controls: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] | None = None
    owner_team: str = ""
    ticket: str = ""
    tags: tuple[str, ...] = ()
    narrower: list[str] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)

    def lose(self, kind: LossKind, member: str, message: str) -> None:
        """Note what is lost or filled in."""
        self.losses.append(Loss(kind, member, message))

    def drop(self, member: str, message: str) -> None:
        """Note what is left out."""
        self.lose(LossKind.DROPPED, member, message)

    def widen(self, member: str, bound: str) -> None:
        """Note what bound the entry there and is no part of a scope here; the rationale says it to whoever decides."""
        self.lose(LossKind.WIDENED, member, f"there it held for {bound} alone, which a scope cannot say")
        self.narrower.append(bound)


@dataclass(slots=True)
class Drafting:
    """Makes entries of drafts, in the order of their file."""

    format: str
    title: str
    filename: str
    defaults: Defaults
    reader: Reader = field(default_factory=Reader)
    entries: list[Entry] = field(default_factory=list)
    notes: list[Loss] = field(default_factory=list)

    def add(self, draft: Draft) -> None:
        """Add what is asked for, or why it is not; a mistake in the values is one of the file."""
        scope = self._scope(draft)
        if scope is None:
            return
        if draft.ends_at is not None and draft.ends_at <= self.defaults.at:
            self.skip(draft.place, draft.title, f"it ended on {rfc3339(draft.ends_at)}", losses=draft.losses)
            return
        asked = Asked(
            type=draft.type,
            reason=self._reason(draft),
            scope=scope,
            expires_at=self._end(draft),
            rationale=self._rationale(draft),
            effect=draft.effect,
            starts_at=draft.starts_at,
            controls=draft.controls,
            conditions=draft.conditions,
            owner_team=draft.owner_team or self.defaults.owner_team,
            ticket=draft.ticket or self.defaults.ticket,
            tags=tuple(sorted({*draft.tags, f"imported:{self.format}"})),
        )
        ends_itself = draft.ends_at is not None
        self._append(
            Entry(
                place=draft.place,
                title=draft.title,
                asked=asked,
                ends_itself=ends_itself,
                losses=tuple(draft.losses),
            )
        )

    def skip(self, place: str, title: str, why: str, *, losses: list[Loss] | None = None) -> None:
        """Add an entry that needs no exception."""
        self._append(Entry(place=place, title=title, skipped=why, losses=tuple(losses or ())))

    def decline(self, place: str, title: str, code: str, message: str) -> None:
        """Add an entry that cannot become an exception; the others of the file can."""
        self._append(Entry(place=place, title=title, faults=(Fault(place, code, message),)))

    def note(self, kind: LossKind, member: str, message: str) -> None:
        """Note what is true of the whole file."""
        self.notes.append(Loss(kind, member, message))

    def done(self) -> ReadFile:
        """Return what was read, or refuse the whole file with every mistake."""
        self.reader.refuse()
        return ReadFile(self.format, self.title, tuple(self.entries), tuple(self.notes))

    def _append(self, entry: Entry) -> None:
        self.entries.append(entry)
        if len(self.entries) > MOST_ENTRIES:
            raise refused(entry.place, "too_many", f"at most {MOST_ENTRIES} entries are read; share them out")

    def _scope(self, draft: Draft) -> Scope | None:
        """Return the scope; a fault of the entry where it names nothing, of the file where a value is wrong."""
        stated: dict[str, JsonValue] = dict(draft.scope)
        for dimension, usual in (("environments", self.defaults.environments), ("services", self.defaults.services)):
            if not stated.get(dimension) and usual:
                stated[dimension] = list(usual)
        faults: list[Fault] = []
        scope = read_scope(stated, faults=faults)
        if not faults:
            return scope
        if all(fault.code == TOO_OPEN for fault in faults):
            bound = f"; {', '.join(draft.narrower)} alone says too little" if draft.narrower else ""
            message = f"it names neither a vulnerability nor a package nor a rule{bound}"
            self.decline(draft.place, draft.title, TOO_OPEN, message)
            return None
        self.reader.faults += [Fault(draft.place, fault.code, fault.message) for fault in faults]
        return None

    def _reason(self, draft: Draft) -> Reason:
        if not draft.guessed:
            return draft.reason
        if self.defaults.reason is not None:
            return self.defaults.reason
        draft.lose(LossKind.GUESSED, "reason", f"{draft.guessed}; taken as {draft.reason.value}")
        return draft.reason

    def _end(self, draft: Draft) -> datetime:
        if draft.ends_at is not None:
            return draft.ends_at
        end = self.defaults.end
        draft.lose(
            LossKind.GUESSED, "expires_at", f"no end is given; it is asked for until {rfc3339(end)} at the latest"
        )
        return end

    def _rationale(self, draft: Draft) -> str:
        """Return why, long enough to be asked for; what is filled up names where it comes from."""
        said = draft.said.strip()
        bound = f" There it held for {', '.join(draft.narrower)} alone." if draft.narrower else ""
        if len(said) + len(bound) > LONGEST_RATIONALE:
            draft.drop("rationale", f"cut after {LONGEST_RATIONALE} characters")
            said = f"{said[: LONGEST_RATIONALE - len(bound) - 1]}…"
        if len(said) >= SHORTEST_RATIONALE:
            return f"{said}{bound}"
        source = f"Imported from {self.title}, {_named(self.filename)}, {draft.place or 'its only entry'}"
        if said:
            draft.lose(
                LossKind.COMPLETED, "rationale", f"shorter than {SHORTEST_RATIONALE} characters; its source is added"
            )
            return f"{said.rstrip('.')}. {source}, where nothing more is said.{bound}"
        draft.lose(LossKind.GUESSED, "rationale", "none is given; its source is named instead")
        return f"{source}, where no reason is given for {draft.title}.{bound}"


def _named(filename: str) -> str:
    shown = "".join(character for character in filename if character.isprintable()).strip()
    return shown[:_LONGEST_FILENAME] or "a file without a name"


def vulnerabilities(*names: str) -> dict[str, JsonValue]:
    """Return a scope, as a client writes it, of these names."""
    return {"vulnerabilities": list(names)}


def with_packages(scope: Mapping[str, JsonValue], *patterns: str) -> dict[str, JsonValue]:
    """Return a scope within these packages; the same where there are none."""
    return {**scope, "packages": list(patterns)} if patterns else dict(scope)
