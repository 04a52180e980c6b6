"""Importing exceptions from a file: each entry is asked for like any other, by whoever imports it.

INVARIANT: an import approves nothing. What it proposes goes through `request_exception`, with its scopes, levels and
limits, and whoever imported it is its requester, so others decide.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from django.db import transaction

from exceptions.asking import Asked
from exceptions.errors import AlreadyCovered
from exceptions.formats.nodes import refused
from exceptions.formats.reading import read_exceptions
from exceptions.formats.values import Defaults, Entry, Loss, LossKind, ReadFile
from exceptions.models import PolicyException
from exceptions.rules.vocabulary import Reason
from exceptions.services.drafting import longest_term, sketch
from exceptions.services.request import request_exception
from stellapolicy.access.roles import Scope
from stellapolicy.audit.services import Target, record
from stellapolicy.kernel import digest
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.clock import rfc3339
from stellapolicy.kernel.refusals import Fault, Refusal

LONGEST_TICKET: Final = 200
_NUMBER = re.compile(r"EXC-\d{4}-\d{4,}")


class Outcome(StrEnum):
    """What became of an entry."""

    PROPOSED = "proposed"
    """It waits for others to decide; at level A0 it holds, as any request of that level."""
    ALREADY_COVERED = "already_covered"
    """An exception in force says all of it."""
    KNOWN = "known"
    """The same person asks for the very same already."""
    SKIPPED = "skipped"
    """It needs no exception: it ended, or nothing was decided."""
    REFUSED = "refused"
    """It cannot be asked for."""
    UNDONE = "undone"
    """It could be, and another of the file could not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedEntry:
    """One entry of the file and what became of it.

    number: of the exception that was proposed, is known or covers it. faults: why it was refused.
    """

    place: str
    title: str
    outcome: Outcome
    number: str = ""
    state: str = ""
    level: str = ""
    expires_at: datetime | None = None
    why: str = ""
    code: str = ""
    faults: tuple[Fault, ...] = ()
    losses: tuple[Loss, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportResult:
    """What an import came to; with `dry_run`, what it would have come to."""

    format: str
    title: str
    filename: str
    digest: str
    dry_run: bool
    entries: tuple[ImportedEntry, ...]
    notes: tuple[Loss, ...]

    @property
    def counts(self) -> Mapping[str, int]:
        """How many entries came to each outcome, every outcome named."""
        found = Counter(entry.outcome for entry in self.entries)
        return {outcome.value: found[outcome] for outcome in Outcome}


class _Undone(Exception):  # noqa: N818 - reads as a sentence
    """Nothing of the import is to stay."""


def import_exceptions(
    *,
    actor: Actor,
    content: bytes,
    filename: str,
    at: datetime,
    owner_team: str = "",
    environments: Sequence[str] = (),
    services: Sequence[str] = (),
    ticket: str = "",
    reason: Reason | None = None,
    expires_at: datetime | None = None,
    dry_run: bool = False,
    all_or_nothing: bool = False,
) -> ImportResult:
    """Propose what a file holds; the words beside it are said of every entry that does not say it itself.

    The format is known by its content. An end that the file does not state is moved nearer where the level allows less;
    one that it states is refused like any other that is too long. Raises ImportRefused for a file with mistakes in it.
    """
    if not actor.holds_anywhere(Scope.EXCEPTION_WRITE):
        actor.require(Scope.EXCEPTION_WRITE)
    if len(ticket) > LONGEST_TICKET:
        raise refused("/ticket", "too_long", f"a ticket has at most {LONGEST_TICKET} characters")
    defaults = Defaults(
        at=at,
        owner_team=owner_team,
        environments=tuple(environments),
        services=tuple(services),
        ticket=ticket,
        reason=reason,
        expires_at=expires_at,
    )
    file = read_exceptions(content, filename=filename, defaults=defaults)
    entries: list[ImportedEntry] = []
    try:
        with transaction.atomic():
            # INVARIANT: the first write holds numbers and the audit chain of the tenant; all looking comes before it.
            looked_at = [_looked_at(actor, entry, at=at) for entry in file.entries]
            entries = [_kept(actor, one, at=at) for one in looked_at]
            if dry_run or (all_or_nothing and any(one.outcome is Outcome.REFUSED for one in entries)):
                raise _Undone  # noqa: TRY301 - rolls back what was done
            _record(actor, file, entries, content=content, filename=filename, at=at)
    except _Undone:
        entries = list(_forgotten(entries, Outcome.PROPOSED if dry_run else Outcome.UNDONE))
    return ImportResult(
        format=file.format,
        title=file.title,
        filename=filename,
        digest=digest.of_bytes(content),
        dry_run=dry_run,
        entries=tuple(entries),
        notes=file.notes,
    )


def _forgotten(entries: Sequence[ImportedEntry], outcome: Outcome) -> Iterator[ImportedEntry]:
    """Yield entries without the numbers of exceptions that were not kept."""
    kept_from_now = {entry.number for entry in entries if entry.outcome is Outcome.PROPOSED}
    for entry in entries:
        if entry.outcome is Outcome.PROPOSED:
            yield replace(entry, outcome=outcome, number="", state="")
        elif entry.number in kept_from_now:
            yield replace(entry, number="")
        else:
            yield entry


def _looked_at(actor: Actor, entry: Entry, *, at: datetime) -> Entry | ImportedEntry:
    """Return an entry ready to be proposed, or what became of it already."""
    if entry.skipped:
        return _told(entry, Outcome.SKIPPED, why=entry.skipped)
    if entry.asked is None:
        first = entry.faults[0]
        return _told(entry, Outcome.REFUSED, why=first.message, code=first.code, faults=entry.faults)
    if entry.ends_itself or _known(actor, entry.asked) is not None:
        return entry
    try:
        return _within_the_longest_term(actor, entry, entry.asked, at=at)
    except Refusal as refusal:
        return _refused(entry, refusal)


def _kept(actor: Actor, entry: Entry | ImportedEntry, *, at: datetime) -> ImportedEntry:
    """Propose one entry, or say why not; a refusal undoes this entry alone."""
    if isinstance(entry, ImportedEntry):
        return entry
    try:
        with transaction.atomic():
            return _propose(actor, entry, at=at)
    except AlreadyCovered as covered:
        found = _NUMBER.search(covered.detail)
        number = found[0] if found else ""
        return _told(entry, Outcome.ALREADY_COVERED, why=covered.detail, code=covered.code, number=number)
    except Refusal as refusal:
        return _refused(entry, refusal)


def _propose(actor: Actor, entry: Entry, *, at: datetime) -> ImportedEntry:
    asked = entry.asked
    if asked is None:
        raise ValueError("an entry without a draft was told of before")
    known = _known(actor, asked)
    if known is not None:
        why = f"{known.person} asks for this already"
        return _told(entry, Outcome.KNOWN, why=why, number=known.number, state=str(known.state), level=known.level)
    exception = request_exception(actor=actor, asked=asked, at=at)
    return _told(
        entry,
        Outcome.PROPOSED,
        number=exception.number,
        state=str(exception.state),
        level=exception.level,
        expires_at=asked.expires_at,
    )


def _known(actor: Actor, asked: Asked) -> PolicyException | None:
    """Return the undecided request of the same person that is about exactly the same."""
    rows = PolicyException.objects.undecided().filter(
        person=actor.person,
        type=asked.type.value,
        reason=asked.reason.value,
        asked__scope_digest=asked.scope.digest,
    )
    return rows.order_by("created_at", "id").first()


def _within_the_longest_term(actor: Actor, entry: Entry, asked: Asked, *, at: datetime) -> Entry:
    """Move an end that nobody stated to the latest that the level allows."""
    drafted = sketch(asked, actor=actor, at=at)
    latest = drafted.first_start + longest_term(drafted)
    if asked.expires_at <= latest:
        return entry
    moved = Loss(LossKind.GUESSED, "expires_at", f"{rfc3339(latest)} is the latest end that its level allows")
    return replace(entry, asked=replace(asked, expires_at=latest), losses=(*entry.losses, moved))


def _refused(entry: Entry, refusal: Refusal) -> ImportedEntry:
    faults = refusal.faults or (Fault("", refusal.code, refusal.detail),)
    return _told(entry, Outcome.REFUSED, why=refusal.detail, code=refusal.code, faults=_placed(entry, faults))


def _told(
    entry: Entry,
    outcome: Outcome,
    *,
    number: str = "",
    state: str = "",
    level: str = "",
    expires_at: datetime | None = None,
    why: str = "",
    code: str = "",
    faults: tuple[Fault, ...] = (),
) -> ImportedEntry:
    return ImportedEntry(
        place=entry.place,
        title=entry.title,
        outcome=outcome,
        number=number,
        state=state,
        level=level,
        expires_at=expires_at,
        why=why,
        code=code,
        faults=faults,
        losses=entry.losses,
    )


def _placed(entry: Entry, faults: Sequence[Fault]) -> tuple[Fault, ...]:
    """Return faults of a request with the place of its entry before them."""
    return tuple(
        replace(fault, pointer=f"{entry.place}: {fault.pointer}" if fault.pointer else entry.place) for fault in faults
    )


def _record(
    actor: Actor, file: ReadFile, entries: Sequence[ImportedEntry], *, content: bytes, filename: str, at: datetime
) -> None:
    """Record the import itself; each exception it proposed has its own entry."""
    name = digest.of_bytes(content)
    proposed = [entry.number for entry in entries if entry.outcome is Outcome.PROPOSED]
    said = f"{file.title}, {filename[:200]}: {len(proposed)} of {len(entries)} proposed"
    record(actor, "exception.imported", Target("exceptions.import", name), at=at, after_digest=name, reason=said)
