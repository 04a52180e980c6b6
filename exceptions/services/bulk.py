"""Many exceptions at once: the single verb for each, and its own answer for each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import reduce
from operator import or_
from typing import Final, TypeAlias
from uuid import UUID

from django.db import transaction

from exceptions.errors import ExceptionInvalid
from exceptions.models import PolicyException
from exceptions.selectors import exception_of, named_by
from exceptions.services.approval import approve_exception, reject_exception, request_changes
from exceptions.services.lifecycle import revoke_exception
from exceptions.services.request import withdraw_exception
from stellapolicy.access.roles import Scope as Held
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.refusals import Refusal

MOST_ROWS: Final = 200


class Verb(StrEnum):
    """What may be done to many at once."""

    APPROVE = "approve"
    REJECT = "reject"
    REQUEST_CHANGES = "request_changes"
    WITHDRAW = "withdraw"
    REVOKE = "revoke"


@dataclass(frozen=True, slots=True)
class BulkRow:
    """One exception of many; the hash says what was looked at, and is needed where a vote is cast.

    on_behalf_of: whom one stands in for with that vote; nobody where it is one's own.
    """

    reference: str
    payload_hash: str = ""
    on_behalf_of: str = ""


@dataclass(frozen=True, slots=True)
class BulkResult:
    """What became of one row: its exception, or the refusal."""

    reference: str
    exception: PolicyException | None
    refusal: Refusal | None = None

    @property
    def is_done(self) -> bool:
        """Whether the verb took effect."""
        return self.refusal is None


class _Undone(Exception):  # noqa: N818 - reads as a sentence
    """One row was refused where all or none were asked for."""


def act_on_many(
    *, actor: Actor, verb: Verb, rows: Sequence[BulkRow], comment: str, all_or_nothing: bool, at: datetime
) -> list[BulkResult]:
    """Do the same to many exceptions, row by row by the single verb; return what became of each, in their order.

    all_or_nothing: one refusal undoes the others, which then say so by having no exception and no refusal of their own.
    """
    if not 0 < len(rows) <= MOST_ROWS:
        raise ExceptionInvalid(f"between 1 and {MOST_ROWS} rows at once")
    results: list[BulkResult] = []
    try:
        with transaction.atomic():
            _hold(actor, rows)
            results = [_one(actor, verb, row, comment=comment, at=at) for row in rows]
            if all_or_nothing:
                _undo_unless_all(results)
    except _Undone:
        return [BulkResult(one.reference, None, one.refusal) for one in results]
    return results


def _hold(actor: Actor, rows: Sequence[BulkRow]) -> None:
    """Hold all that the actor may see, in one order, before the first is touched: two bulks never wait for each other.

    INVARIANT: a request for approval is held by whoever holds its exception, and the audit chain after both.
    """
    named = [named_by(row.reference) for row in rows]
    wanted = reduce(or_, named)
    seen = PolicyException.objects.visible_to(actor, Held.EXCEPTION_READ).filter(wanted)
    list(seen.locked().order_by("pk").values_list("pk", flat=True))


def _undo_unless_all(results: Sequence[BulkResult]) -> None:
    if any(not one.is_done for one in results):
        raise _Undone


def _one(actor: Actor, verb: Verb, row: BulkRow, *, comment: str, at: datetime) -> BulkResult:
    try:
        with transaction.atomic():
            return BulkResult(row.reference, _VERBS[verb](actor, row, comment, at))
    except Refusal as refusal:
        return BulkResult(row.reference, None, refusal)


_Deed: TypeAlias = Callable[[Actor, BulkRow, str, datetime], PolicyException]


def _vote(cast: Callable[..., PolicyException]) -> _Deed:
    """Return the deed that casts a vote by its single verb."""

    def deed(actor: Actor, row: BulkRow, comment: str, at: datetime) -> PolicyException:
        return cast(
            actor=actor,
            pk=_found(actor, row),
            payload_hash=row.payload_hash,
            comment=comment,
            at=at,
            on_behalf_of=row.on_behalf_of,
        )

    return deed


def _request_changes(actor: Actor, row: BulkRow, comment: str, at: datetime) -> PolicyException:
    return request_changes(actor=actor, pk=_found(actor, row), comment=comment, at=at)


def _withdraw(actor: Actor, row: BulkRow, comment: str, at: datetime) -> PolicyException:
    return withdraw_exception(actor=actor, pk=_found(actor, row), reason=comment, at=at)


def _revoke(actor: Actor, row: BulkRow, comment: str, at: datetime) -> PolicyException:
    return revoke_exception(actor=actor, pk=_found(actor, row), comment=comment, at=at)


def _found(actor: Actor, row: BulkRow) -> UUID:
    return exception_of(actor, row.reference).pk


_VERBS: Final[dict[Verb, _Deed]] = {
    Verb.APPROVE: _vote(approve_exception),
    Verb.REJECT: _vote(reject_exception),
    Verb.REQUEST_CHANGES: _request_changes,
    Verb.WITHDRAW: _withdraw,
    Verb.REVOKE: _revoke,
}
