"""Which conditions of terms are true of what they cover today."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias
from uuid import UUID

from exceptions import ports
from exceptions.matching.around import known_rows, ranges_of, scope_around
from exceptions.matching.scope import Scope
from exceptions.models import ExceptionTerms
from exceptions.ports import Coverage, Selection
from exceptions.rules.conditions import Condition
from exceptions.rules.facts import SeenFacts
from exceptions.rules.recheck import EstateCounts, Fired, fired
from exceptions.rules.vocabulary import ExceptionType

_OUTSIDE: Final = "around:"
Asked: TypeAlias = tuple[ExceptionTerms, ExceptionType]
"""Terms, and the type of their exception."""


def look_at(batch: Sequence[Asked], *, at: datetime) -> dict[UUID, tuple[Coverage, Coverage | None]]:
    """Return what each of these terms covers, and what lies around it where a condition asks; one look for all.

    A look that was cut short is taken again by halves, so that none hides another.
    """
    selections = [one for terms, type_ in batch for one in _selections(terms, type_)]
    found = ports.estate().covered_each(selections, at=at)
    if len(batch) < 2 or all(one.complete for one in found.values()):  # noqa: PLR2004 - two halves
        return {terms.pk: (found[str(terms.pk)], found.get(f"{_OUTSIDE}{terms.pk}")) for terms, _ in batch}
    half = len(batch) // 2
    return {**look_at(batch[:half], at=at), **look_at(batch[half:], at=at)}


def _selections(terms: ExceptionTerms, type_: ExceptionType) -> Iterator[Selection]:
    scope = terms.selector()
    yield Selection(str(terms.pk), scope, type_)
    around = scope_around(scope, terms.recheck_policy(), terms.seen_facts())
    if around is not None:
        yield Selection(f"{_OUTSIDE}{terms.pk}", around, type_)


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed:
    """What today is held against: the conditions of terms, and what those who ask and agree look at.

    known: what lies around it, as (vulnerability, package, versions …); rows kept before versions were have none.
    """

    conditions: Sequence[Condition]
    scope: Scope
    seen: Sequence[SeenFacts]
    known: Iterable[Sequence[str]]
    artifacts: int
    services: int
    expires_at: datetime


def fired_today(
    terms: ExceptionTerms, coverage: Coverage, around: Coverage | None = None, *, at: datetime
) -> tuple[Fired, ...]:
    """Return which conditions of terms are true of what they cover now, and of the packages around it."""
    agreed = Agreed(
        conditions=terms.recheck_policy(),
        scope=terms.selector(),
        seen=terms.seen_facts(),
        known=terms.counts.get("known", []),
        artifacts=int(terms.counts.get("artifacts", 0)),
        services=int(terms.counts.get("services", 0)),
        expires_at=terms.expires_at,
    )
    return fired_against(agreed, coverage, around, at=at)


def fired_against(agreed: Agreed, coverage: Coverage, around: Coverage | None, *, at: datetime) -> tuple[Fired, ...]:
    """Return which conditions are true of what is covered, and of the packages around it."""
    counts = EstateCounts(
        artifacts=coverage.breadth.artifacts,
        services=coverage.breadth.services,
        unknowns=coverage.unknowns,
        seen_artifacts=agreed.artifacts,
        seen_services=agreed.services,
    )
    conditions, seen, scope = agreed.conditions, agreed.seen, agreed.scope
    places = {place for condition in conditions for place in condition.environments}
    # What may reach an environment is judged as if it were there: nobody knows yet what will be promoted where.
    reached = places & set(scope.environments) if scope.environments else places
    wide = coverage.seen if around is None else around.seen
    found = (
        one
        for place in ("", *sorted(reached))
        for one in fired(
            conditions,
            seen=seen,
            now=coverage.seen,
            around=wide,
            known=known_rows(agreed.known),
            ranges=ranges_of(scope, wide),
            environment=place,
            estate=counts,
            expires_at=agreed.expires_at,
            at=at,
        )
    )
    return tuple(dict.fromkeys(found))
