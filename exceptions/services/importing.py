"""Importing exceptions from a file: each entry is asked for like any other, by whoever imports it.

INVARIANT: an import approves nothing. What it proposes is judged as by `request_exception`, with its scopes, levels and
limits, and whoever imported it is its requester, so others decide.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final, TypeAlias

from django.db import connection, transaction

from exceptions.asking import Asked
from exceptions.errors import AlreadyCovered
from exceptions.formats.nodes import refused
from exceptions.formats.reading import read_exceptions
from exceptions.formats.values import Defaults, Entry, Loss, LossKind, ReadFile
from exceptions.models import PolicyException
from exceptions.rules.vocabulary import Level, Reason
from exceptions.services.drafting import Drafted, draft, longest_term, sketch, unfit
from exceptions.services.request import keep_request, refuse_covered
from stellapolicy.access.roles import Scope
from stellapolicy.audit.services import Target, record
from stellapolicy.kernel import digest
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.clock import rfc3339
from stellapolicy.kernel.refusals import Fault, Refusal
from stellapolicy.tenancy.scope import tenant_scope

LONGEST_TICKET: Final = 200
MOST_AT_ONCE: Final = 50


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


@dataclass(frozen=True, slots=True)
class _Ready:
    """One entry as it can be asked for: everything it takes was looked at."""

    entry: Entry
    drafted: Drafted


_Looked: TypeAlias = _Ready | ImportedEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class _Import:
    """One import: who brings which file, and when."""

    actor: Actor
    file: ReadFile
    filename: str
    digest: str
    at: datetime


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

    Called outside a transaction, it keeps at most 50 entries in each of its own, so that others write meanwhile; one
    that is cut off has kept whole batches. With `all_or_nothing`, or inside a transaction, all of it is one.
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
    brought = _Import(actor=actor, file=file, filename=filename, digest=digest.of_bytes(content), at=at)
    if dry_run:
        entries = _foretold(brought)
    elif all_or_nothing:
        entries = _all_or_none(brought)
    else:
        entries = _batch_by_batch(brought)
    return ImportResult(
        format=file.format,
        title=file.title,
        filename=filename,
        digest=brought.digest,
        dry_run=dry_run,
        entries=tuple(entries),
        notes=file.notes,
    )


def _foretold(brought: _Import) -> list[ImportedEntry]:
    """Return what would come of it; nothing is written, not even to be taken back."""
    told: list[ImportedEntry] = []
    first: dict[tuple[str, str, str], Drafted] = {}
    with tenant_scope(brought.actor.tenant_id):
        for entry in brought.file.entries:
            looked = _looked_at(brought, entry)
            if isinstance(looked, ImportedEntry):
                told.append(looked)
                continue
            earlier = first.setdefault(_key(looked.drafted.asked), looked.drafted)
            told.append(_foreseen(looked, earlier))
    return told


def _foreseen(looked: _Ready, earlier: Drafted) -> ImportedEntry:
    """Return what would become of an entry, after an `earlier` one of the file about the very same."""
    entry, drafted = looked.entry, looked.drafted
    level = drafted.judged.level
    if earlier is drafted or (level is Level.A0 and earlier.asked.expires_at < drafted.asked.expires_at):
        return _told(entry, Outcome.PROPOSED, level=level.value, expires_at=drafted.asked.expires_at)
    why = "another entry of the file asks for this already"
    if level is Level.A0:
        return _told(entry, Outcome.ALREADY_COVERED, why=why, code=AlreadyCovered.code)
    return _told(entry, Outcome.KNOWN, why=why, level=earlier.judged.level.value)


def _all_or_none(brought: _Import) -> list[ImportedEntry]:
    """Return what became of all of it, which is nothing where one entry is refused."""
    entries: list[ImportedEntry] = []
    try:
        with tenant_scope(brought.actor.tenant_id), transaction.atomic():
            entries = _kept(brought, brought.file.entries)
            if any(one.outcome is Outcome.REFUSED for one in entries):
                raise _Undone  # noqa: TRY301 - rolls back what was done
    except _Undone:
        return list(_forgotten(entries))
    return entries


def _batch_by_batch(brought: _Import) -> list[ImportedEntry]:
    """Return what became of each entry; a batch stays whatever becomes of the next.

    Inside somebody's transaction nothing is given free before its end, so all of it is one batch.
    """
    entries = brought.file.entries
    size = max(1, len(entries)) if connection.in_atomic_block else MOST_AT_ONCE
    done: list[ImportedEntry] = []
    for begin in range(0, max(1, len(entries)), size):
        with tenant_scope(brought.actor.tenant_id):
            done += _kept(brought, entries[begin : begin + size])
    return done


def _kept(brought: _Import, batch: Sequence[Entry]) -> list[ImportedEntry]:
    """Propose one batch, and record that it came from the file."""
    # INVARIANT: the first write holds numbers and the audit chain of the tenant; all looking comes before it.
    looked = [_looked_at(brought, entry) for entry in batch]
    entries = [one if isinstance(one, ImportedEntry) else _asked_for(brought, one) for one in looked]
    _record(brought, entries)
    return entries


def _forgotten(entries: Sequence[ImportedEntry]) -> Iterator[ImportedEntry]:
    """Yield entries without the numbers of exceptions that were not kept."""
    kept_from_now = {entry.number for entry in entries if entry.outcome is Outcome.PROPOSED}
    for entry in entries:
        if entry.outcome is Outcome.PROPOSED:
            yield replace(entry, outcome=Outcome.UNDONE, number="", state="")
        elif entry.number in kept_from_now:
            yield replace(entry, number="")
        else:
            yield entry


def _looked_at(brought: _Import, entry: Entry) -> _Looked:
    """Return an entry ready to be asked for, or what became of it already; nothing is written."""
    if entry.skipped:
        return _told(entry, Outcome.SKIPPED, why=entry.skipped)
    if entry.asked is None:
        first = entry.faults[0]
        return _told(entry, Outcome.REFUSED, why=first.message, code=first.code, faults=entry.faults)
    if (known := _known(brought.actor, entry.asked)) is not None:
        return _already_asked_for(entry, known)
    try:
        ready = _drafted(brought.actor, entry, entry.asked, at=brought.at)
        refuse_covered(ready.drafted, actor=brought.actor, at=brought.at)
    except Refusal as refusal:
        return _refused(entry, refusal)
    return ready


def _drafted(actor: Actor, entry: Entry, asked: Asked, *, at: datetime) -> _Ready:
    """Return what a request comes to; an end that nobody stated is moved to the latest that the level allows."""
    if entry.ends_itself:
        return _Ready(entry, draft(asked, actor=actor, at=at))
    drafted = sketch(asked, actor=actor, at=at)
    latest = drafted.first_start + longest_term(drafted)
    if asked.expires_at > latest:
        moved = Loss(LossKind.GUESSED, "expires_at", f"{rfc3339(latest)} is the latest end that its level allows")
        entry = replace(entry, losses=(*entry.losses, moved))
        return _Ready(entry, draft(replace(asked, expires_at=latest), actor=actor, at=at))
    for refusal in unfit(drafted):
        raise refusal
    return _Ready(entry, drafted)


def _asked_for(brought: _Import, ready: _Ready) -> ImportedEntry:
    """Ask for one entry, or say why not; a refusal undoes this entry alone."""
    entry, drafted = ready.entry, ready.drafted
    known = _known(brought.actor, drafted.asked)
    if known is not None:
        return _already_asked_for(entry, known)
    try:
        exception = keep_request(actor=brought.actor, drafted=drafted, at=brought.at)
    except Refusal as refusal:
        return _refused(entry, refusal)
    return _told(
        entry,
        Outcome.PROPOSED,
        number=exception.number,
        state=str(exception.state),
        level=exception.level,
        expires_at=drafted.asked.expires_at,
    )


def _key(asked: Asked) -> tuple[str, str, str]:
    """Return what two requests of one person have in common that are about exactly the same."""
    return asked.type.value, asked.reason.value, asked.scope.digest


def _known(actor: Actor, asked: Asked) -> PolicyException | None:
    """Return the undecided request of the same person that is about exactly the same."""
    type_, reason, scope = _key(asked)
    rows = PolicyException.objects.undecided().filter(
        person=actor.person, type=type_, reason=reason, asked__scope_digest=scope
    )
    return rows.order_by("created_at", "id").first()


def _already_asked_for(entry: Entry, known: PolicyException) -> ImportedEntry:
    why = f"{known.person} asks for this already"
    return _told(entry, Outcome.KNOWN, why=why, number=known.number, state=str(known.state), level=known.level)


def _refused(entry: Entry, refusal: Refusal) -> ImportedEntry:
    """Return what a refusal makes of an entry: it cannot be asked for, or need not be."""
    if isinstance(refusal, AlreadyCovered):
        why, code = refusal.detail, refusal.code
        return _told(entry, Outcome.ALREADY_COVERED, why=why, code=code, number=refusal.number)
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


def _record(brought: _Import, entries: Sequence[ImportedEntry]) -> None:
    """Record the import itself, by batch; each exception it proposed has its own entry."""
    proposed = sum(1 for entry in entries if entry.outcome is Outcome.PROPOSED)
    said = f"{brought.file.title}, {brought.filename[:200]}: {proposed} of {len(entries)} proposed"
    target = Target("exceptions.import", brought.digest)
    record(brought.actor, "exception.imported", target, at=brought.at, after_digest=brought.digest, reason=said)
