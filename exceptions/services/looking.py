"""Looking first: what a request would take and do, before anybody asks; nothing is written."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from exceptions import ports
from exceptions.asking import SHORTEST_RATIONALE, Asked
from exceptions.errors import AlreadyCovered
from exceptions.matching.standing import StandingException
from exceptions.ports import Previewed
from exceptions.rules.hooks import HookGroup, mandatory_hooks
from exceptions.rules.levels import ceiling_of
from exceptions.rules.vocabulary import State
from exceptions.services.drafting import Drafted, longest_term, sketch, unfit
from exceptions.services.request import refuse_covered
from exceptions.services.seats import quorum_of
from stellapolicy.governance.quorum import QuorumRule
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.refusals import Refusal

CANDIDATE: Final = "EXC-CANDIDATE"
_UNSAID: Final = "–" * SHORTEST_RATIONALE  # noqa: RUF001 - the dash that says: nothing
"""Stands for reasons that nobody has written yet."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What a request comes to: level and seats, how long it may last, what would flip, and what stands against it."""

    drafted: Drafted
    seats: QuorumRule
    hooks: tuple[HookGroup, ...]
    latest: datetime
    previewed: Previewed
    refusals: tuple[Refusal, ...]


def look_first(*, actor: Actor, asked: Asked, at: datetime, is_open_ended: bool = False) -> Looked:
    """Return what asking for this would come to; raises what cannot even be judged, as `request_exception` does.

    Reasons that nobody has written yet are not missed. is_open_ended: whether its end is yet to be said; then it is
    looked at with the latest possible one, whatever `asked` says.
    """
    if not asked.rationale.strip():
        asked = replace(asked, rationale=_UNSAID)
    if is_open_ended:
        asked = replace(asked, expires_at=(asked.starts_at or at) + timedelta(days=1))
    drafted = sketch(asked, actor=actor, at=at)
    if is_open_ended:
        asked = replace(asked, expires_at=drafted.first_start + longest_term(drafted))
        drafted = sketch(asked, actor=actor, at=at)
    seats = quorum_of(
        drafted.rule,
        within=drafted.within,
        concerned=drafted.coverage.services,
        excluded={*actor.people, *_authors(drafted)},
    )
    previewed = ports.preview().preview(
        actor=actor, scope=asked.scope, added=candidate_of(drafted, at=at), removed=frozenset(), at=at
    )
    return Looked(
        drafted=drafted,
        seats=seats,
        hooks=mandatory_hooks(asked.reason, drafted.rule),
        latest=drafted.first_start + longest_term(drafted),
        previewed=previewed,
        refusals=tuple(_against(drafted, actor=actor, at=at)),
    )


def _against(drafted: Drafted, *, actor: Actor, at: datetime) -> Iterator[Refusal]:
    yield from unfit(drafted)
    try:
        refuse_covered(drafted, actor=actor, at=at)
    except AlreadyCovered as covered:
        yield covered


def _authors(drafted: Drafted) -> frozenset[str]:
    rules = drafted.asked.scope.rules
    return ports.estate().authors_of(rules) if rules else frozenset()


def candidate_of(drafted: Drafted, *, at: datetime) -> StandingException:
    """Return the exception as if it were in force already."""
    asked = drafted.asked
    return StandingException(
        id=CANDIDATE,
        terms_digest="",
        type=asked.type,
        reason=asked.reason,
        kind=drafted.kind,
        effect=drafted.effect,
        scope=asked.scope,
        starts_at=min(drafted.starts_at, at),
        expires_at=asked.expires_at,
        approved_at=at,
        state=State.ACTIVE,
        controls=asked.controls,
        conditions=drafted.conditions,
        seen=drafted.seen,
        ceiling=ceiling_of(drafted.seen),
        known=drafted.known,
    )
