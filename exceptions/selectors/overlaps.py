"""Which exceptions cover the same findings as another one, and which of the two wins."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Case, Q, Value, When

from exceptions import ports
from exceptions.matching.first_look import finding_keys, scope_keys
from exceptions.matching.index import in_order
from exceptions.matching.scope import Scope
from exceptions.matching.specificity import specificity
from exceptions.matching.standing import StandingException
from exceptions.models import PolicyException
from exceptions.models.exception import PolicyExceptionQuerySet
from exceptions.ports import Coverage, Selection
from exceptions.rules.strength import is_as_strong
from exceptions.rules.vocabulary import ExceptionType
from exceptions.rules.wording import counted
from exceptions.selectors import standing_form

MOST_LOOKED_AT: Final = 100


@dataclass(frozen=True, slots=True)
class Overlap:
    """Another exception in force that covers some of the same findings today.

    shadows: whether the other one wins there, being narrower or later. does_less: whether the winner then does less
    than the loser would.
    """

    exception: PolicyException
    findings: int
    specificity: int
    shadows: bool
    does_less: bool

    def in_words(self) -> str:
        """Return what that means as a sentence."""
        shared = counted(self.findings, "finding")
        said = (
            f"{self.exception.number} {'shadows this one' if self.shadows else 'is shadowed by this one'} for {shared}"
        )
        return f"{said}, and does less there." if self.does_less and self.shadows else f"{said}."


@dataclass(frozen=True, slots=True)
class Overlaps:
    """Every overlap that was found; `complete` is False where more exceptions or findings were there than looked at."""

    found: tuple[Overlap, ...] = ()
    complete: bool = True


def overlaps_of(subject: StandingException, *, among: PolicyExceptionQuerySet, at: datetime) -> Overlaps:
    """Return what covers the same findings today as an exception does, or would; two reads of the estate at most."""
    coverage = ports.covered(subject.scope, type=subject.type, at=at)
    if not coverage.findings:
        return Overlaps(complete=coverage.complete)
    others = _candidates(among.exclude(number=subject.id), subject.scope, coverage, at=at)
    near = others[:MOST_LOOKED_AT]
    selections = [
        Selection(row.number, row.terms.selector(), ExceptionType(row.type)) for row in near if row.terms is not None
    ]
    covered = ports.estate().covered_each(selections, at=at) if selections else {}
    ours = _keys(coverage)
    found = [
        _overlap(subject, row, len(shared))
        for row in near
        if row.number in covered and (shared := ours & _keys(covered[row.number]))
    ]
    complete = coverage.complete and len(others) == len(near) and all(one.complete for one in covered.values())
    return Overlaps(tuple(sorted(found, key=lambda one: (not one.shadows, one.exception.number))), complete)


def _candidates(
    rows: PolicyExceptionQuerySet, scope: Scope, coverage: Coverage, *, at: datetime
) -> list[PolicyException]:
    """Return those in force that are not certainly about something else, one more than is looked at."""
    packages = {*finding_keys(one.seen.package for one in coverage.findings), *scope_keys(scope)}
    kept = rows.in_force(at=at).filter(Q(packages=[]) | Q(packages__overlap=sorted(packages)))
    if scope.environments:
        kept = kept.filter(Q(environments=[]) | Q(environments__overlap=list(scope.environments)))
    if scope.services:
        kept = kept.filter(Q(services=[]) | Q(services__overlap=list(scope.services)))
    names = sorted({*scope.vulnerabilities, *(one.seen.vulnerability for one in coverage.findings)})
    near = Case(When(vulnerabilities__overlap=names, then=Value(0)), default=Value(1))
    return list(kept.select_related("terms").order_by(near, "number")[: MOST_LOOKED_AT + 1])


def _keys(coverage: Coverage) -> set[tuple[object, str]]:
    return {(one.artifact.id, one.key) for one in coverage.findings}


def _overlap(subject: StandingException, row: PolicyException, findings: int) -> Overlap:
    other = standing_form(row)
    winner, loser = in_order([subject, other])
    return Overlap(
        exception=row,
        findings=findings,
        specificity=specificity(other.scope),
        shadows=winner is other,
        does_less=not is_as_strong(winner.effect, loser.effect),
    )
