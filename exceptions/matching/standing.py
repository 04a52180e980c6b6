"""An approved exception the way an evaluation freezes it, and whether it applies at an instant."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from exceptions.matching.scope import Scope
from exceptions.rules.facts import SeenFacts
from exceptions.rules.recheck import Condition
from exceptions.rules.vocabulary import IN_FORCE, Effect, ExceptionType, Kind, Reason, State
from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.kernel.clock import rfc3339
from stellapolicy.kernel.severity import RANKS, Severity


class Phase(StrEnum):
    """Where an instant lies in the window of an exception."""

    PENDING = "pending"
    RUNNING = "running"
    EXPIRING = "expiring"
    EXPIRED = "expired"


def standing_of(starts_at: datetime, expires_at: datetime, *, at: datetime, notice: timedelta) -> Phase:
    """Return the phase of a window that begins with `starts_at` and is over at `expires_at`, whatever the state is."""
    if at < starts_at:
        return Phase.PENDING
    if at >= expires_at:
        return Phase.EXPIRED
    return Phase.EXPIRING if expires_at - at <= notice else Phase.RUNNING


def days_left(expires_at: datetime, *, at: datetime) -> int:
    """Return how many whole days are left; 0 on the last day and after it."""
    return max((expires_at - at).days, 0)


@dataclass(frozen=True, slots=True)
class StandingException:
    """What an evaluation has to know of an exception, and nothing that changes afterwards.

    `grace_until` counts only while revalidation is required; `blocks` says that a fired condition holds what it covers
    until somebody decides; `conditions` and `seen` are what its facts are compared with; `ceiling` is the worst
    severity that was looked at when it was approved; `known` is what was there around the scope, where a condition asks
    about that, as (vulnerability, package, versions …).
    """

    id: str
    terms_digest: str
    type: ExceptionType
    reason: Reason
    kind: Kind
    effect: Effect
    scope: Scope
    starts_at: datetime
    expires_at: datetime
    approved_at: datetime
    state: State
    grace_until: datetime | None = None
    blocks: bool = False
    controls: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()
    seen: tuple[SeenFacts, ...] = ()
    ceiling: Severity = Severity.CRITICAL
    known: tuple[tuple[str, ...], ...] = ()

    def bears(self, severity: Severity) -> bool:
        """Whether it may speak of a finding of this severity.

        INVARIANT: nobody agreed to anything worse than what was looked at, so whoever needs little consent (none, where
        a finding only informs) never forgives more by it. What nobody rates counts as critical.
        """
        return _weight(severity) <= _weight(self.ceiling)

    def applies(self, at: datetime) -> bool:
        """Whether it counts at this instant, whatever any worker has or has not done."""
        if self.state not in IN_FORCE or not self.starts_at <= at < self.expires_at:
            return False
        if self.state is not State.REVALIDATION_REQUIRED:
            return True
        return self.grace_until is not None and at < self.grace_until

    def to_json(self) -> dict[str, JsonValue]:
        """Return the exception as it is frozen with an evaluation, every field stated."""
        return {
            "id": self.id,
            "terms_digest": self.terms_digest,
            "type": self.type.value,
            "reason": self.reason.value,
            "kind": self.kind.value,
            "effect": self.effect.value,
            "scope": self.scope.to_json(),
            "starts_at": rfc3339(self.starts_at),
            "expires_at": rfc3339(self.expires_at),
            "approved_at": rfc3339(self.approved_at),
            "state": self.state.value,
            "grace_until": rfc3339(self.grace_until) if self.grace_until else None,
            "blocks": self.blocks,
            "controls": list(self.controls),
            "conditions": [condition.to_json() for condition in self.conditions],
            "seen": [row.to_json() for row in self.seen],
            "ceiling": self.ceiling.value,
            "known": [list(row) for row in self.known],
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, JsonValue]) -> "StandingException":
        """Return the exception that `to_json` wrote; raises ValueError for anything else."""
        match stored:
            case {
                "id": str(identifier),
                "terms_digest": str(terms_digest),
                "scope": Mapping() as scope,
                "grace_until": str() | None as grace_until,
                "blocks": bool(blocks),
                "controls": [*controls],
                "conditions": [*conditions],
                "seen": [*seen],
            }:
                return cls(
                    id=identifier,
                    terms_digest=terms_digest,
                    type=ExceptionType(_text(stored, "type")),
                    reason=Reason(_text(stored, "reason")),
                    kind=Kind(_text(stored, "kind")),
                    effect=Effect(_text(stored, "effect")),
                    scope=Scope.from_json(scope),
                    starts_at=_instant(_text(stored, "starts_at")),
                    expires_at=_instant(_text(stored, "expires_at")),
                    approved_at=_instant(_text(stored, "approved_at")),
                    state=State(_text(stored, "state")),
                    grace_until=_instant(grace_until) if grace_until is not None else None,
                    blocks=blocks,
                    controls=tuple(map(str, controls)),
                    conditions=tuple(Condition.from_json(one) for one in _objects(conditions)),
                    seen=tuple(SeenFacts.from_json(one) for one in _objects(seen)),
                    ceiling=Severity(_text(stored, "ceiling")),
                    known=_rows(stored.get("known", [])),
                )
            case _:
                raise ValueError(f"not a frozen exception: {str(stored)[:200]}")


def _weight(severity: Severity) -> int:
    return RANKS[Severity.CRITICAL if severity is Severity.UNKNOWN else severity]


def _text(stored: Mapping[str, JsonValue], name: str) -> str:
    found = stored.get(name)
    if not isinstance(found, str):
        raise ValueError(f"a frozen exception needs {name}")  # noqa: TRY004 - the caller is told of one kind of mistake
    return found


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError(f"{text} names no time zone")
    return instant


def _rows(stored: JsonValue) -> tuple[tuple[str, ...], ...]:
    """Return rows of a name, a package and versions; what was frozen before they were kept has none."""
    rows = stored if isinstance(stored, list) else []
    return tuple(tuple(map(str, row)) for row in rows if isinstance(row, list))


def _objects(stored: Sequence[JsonValue]) -> list[Mapping[str, JsonValue]]:
    found = [one for one in stored if isinstance(one, Mapping)]
    if len(found) < len(stored):
        raise ValueError("a frozen exception holds conditions and rows as objects")
    return found
