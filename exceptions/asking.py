"""What somebody asks for, as values: a new exception, a change of its terms, something narrower."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from exceptions.matching.scope import Scope
from exceptions.rules.conditions import Condition
from exceptions.rules.vocabulary import Effect, ExceptionType, Reason

SHORTEST_RATIONALE: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """An exception as it is asked for.

    effect: None takes the one its type and reason call for. starts_at: None begins with the request. conditions: None
    takes those its kind calls for.
    """

    type: ExceptionType
    reason: Reason
    scope: Scope
    expires_at: datetime
    rationale: str
    effect: Effect | None = None
    starts_at: datetime | None = None
    controls: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] | None = None
    owner_team: str = ""
    ticket: str = ""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TermsChange:
    """What is to change of the terms; None leaves a member as it is."""

    scope: Scope | None = None
    effect: Effect | None = None
    expires_at: datetime | None = None
    rationale: str | None = None
    controls: tuple[str, ...] | None = None
    conditions: tuple[Condition, ...] | None = None
    ticket: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowing:
    """Less than was asked for: a narrower scope, an earlier end, or both."""

    scope: Scope | None = None
    expires_at: datetime | None = None
