"""Which conditions of terms are true of what they cover today."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Final, TypeAlias
from uuid import UUID

from exceptions import ports
from exceptions.matching.patterns import package_of, wanted_package
from exceptions.matching.scope import PackageScope, Scope
from exceptions.models import ExceptionTerms
from exceptions.ports import Coverage, Selection
from exceptions.rules.conditions import Condition, ConditionKind
from exceptions.rules.facts import SeenFacts
from exceptions.rules.recheck import EstateCounts, Fired, fired
from exceptions.rules.vocabulary import ExceptionType

# What is asked about the packages as such: their other vulnerabilities, and versions that are in scope no longer.
AROUND: Final = frozenset({ConditionKind.NEW_CVE_IN_PACKAGE, ConditionKind.PACKAGE_VERSION_LEAVES_RANGE})
_MOST_PACKAGES: Final = 200
_OUTSIDE: Final = "around:"
Asked: TypeAlias = tuple[ExceptionTerms, ExceptionType]
"""Terms, and the type of their exception."""


def scope_around(scope: Scope, conditions: Iterable[Condition], seen: Iterable[SeenFacts]) -> Scope | None:
    """Return the packages of a scope in whatever version, with all their vulnerabilities, where a condition asks.

    A scope that names no package is about those that were seen. None where no condition asks, or there are none.
    """
    if all(condition.kind not in AROUND for condition in conditions):
        return None
    named = {PackageScope(one.pattern) for one in scope.packages}
    found = named or {PackageScope(one.package) for one in seen if one.package.startswith("pkg:")}
    if not found:
        return None
    packages = tuple(sorted(found))[:_MOST_PACKAGES]
    return replace(scope, vulnerabilities=(), rules=(), packages=packages)


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
    known = [SeenFacts(name, package, versions=tuple(versions)) for name, package, *versions in agreed.known]
    wide = coverage.seen if around is None else around.seen
    ranges = _ranges(scope, wide)
    inner = [one for one in conditions if one.kind not in AROUND]
    outer = [one for one in conditions if one.kind in AROUND]
    found: list[Fired] = []
    for place in ("", *sorted(reached)):
        judge = partial(fired, environment=place, expires_at=agreed.expires_at, at=at)
        found += judge(inner, seen=seen, now=coverage.seen, estate=counts)
        found += judge(outer, seen=[*seen, *known], now=wide, ranges=ranges)
    return tuple(dict.fromkeys(found))


def _ranges(scope: Scope, rows: Iterable[SeenFacts]) -> dict[str, list[str]]:
    """Return by package the version ranges that the scope is about."""
    bound = [(wanted_package(PackageScope(one.pattern)), one.versions) for one in scope.packages if one.versions]
    found: dict[str, list[str]] = {}
    for name in {row.package for row in rows}:
        package = package_of(name)
        for wanted, versions in bound:
            if package is not None and wanted is not None and wanted.covers(package):
                found.setdefault(name, []).append(versions)
    return found
