"""What a file of exceptions comes to: drafts to propose, and everything that was lost or filled in on the way."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from exceptions.asking import Asked
from exceptions.rules.vocabulary import Reason
from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.kernel.refusals import Fault

USUAL_TERM: Final = timedelta(days=30)


class LossKind(StrEnum):
    """What happened to something that one side can say and the other cannot."""

    DROPPED = "dropped"
    """Said on one side, and left out."""
    GUESSED = "guessed"
    """Not said, and filled in."""
    COMPLETED = "completed"
    """Said, but too little, and filled up."""
    WIDENED = "widened"
    """Narrower there than what is asked for here."""


@dataclass(frozen=True, slots=True)
class Loss:
    """One difference between what was given and what came of it; `about` is an exception, or "" for all of them."""

    kind: LossKind
    member: str
    message: str
    about: str = ""

    def to_json(self) -> dict[str, JsonValue]:
        """Return the form the API shows."""
        return {"kind": self.kind.value, "member": self.member, "message": self.message, "about": self.about}


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """What whoever imports says of every entry that does not say it itself.

    expires_at: None ends what has no end after the usual term. reason: None takes the one each format comes nearest to.
    """

    at: datetime
    owner_team: str = ""
    environments: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    ticket: str = ""
    reason: Reason | None = None
    expires_at: datetime | None = None

    @property
    def end(self) -> datetime:
        """When an entry ends that does not say so."""
        return self.expires_at or self.at + USUAL_TERM


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of a file: a draft to propose, or why there is none.

    place: a line or a JSON Pointer. ends_itself: the file states the end; otherwise it may be moved nearer. skipped:
    why it needs no exception. faults: why it cannot become one.
    """

    place: str
    title: str
    asked: Asked | None = None
    ends_itself: bool = False
    losses: tuple[Loss, ...] = ()
    skipped: str = ""
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class ReadFile:
    """A file that was recognised and read; `notes` are about the file as a whole."""

    format: str
    title: str
    entries: tuple[Entry, ...]
    notes: tuple[Loss, ...] = ()
